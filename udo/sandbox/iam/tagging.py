"""The tags that a request puts on things, and the permission to put them on what is just being made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from udo.sandbox.iam import reference
from udo.sandbox.iam.named.ec2 import resource
from udo.sandbox.strict.rules import rule

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask

# Source: Service Authorization Reference of each: the action that tags what is made; CloudWatch's, Systems Manager's
# and EC2's are met in errors. Auto Scaling and CodeDeploy ask for none.
_WITH = {
    "cloudformation": "TagResource",
    "cloudwatch": "TagResource",
    "sns": "TagResource",
    "ssm": "AddTagsToResource",
    "elasticloadbalancing": "AddTags",
}
_OF_IAM = {"CreateUser": "TagUser", "CreateRole": "TagRole", "CreatePolicy": "TagPolicy"}


def request_tags(ask: Ask, kind: str = "") -> dict[str, str]:
    """The tags that a request names; those of EC2 for a kind of things."""
    rows: list[Any] = []
    for name in ("Tags", "tags", "Tag"):
        found = ask.params.get(name) or ()
        rows += [{"Key": key, "Value": value} for key, value in found.items()] if isinstance(found, dict) else found
    for one in ask.params.get("TagSpecifications") or ():
        rows += one.get("Tags") or () if kind in ("", one.get("ResourceType")) else ()
    return {str(row.get("Key", "")): str(row.get("Value") or "") for row in rows if isinstance(row, Mapping)}


def tag_keys(ask: Ask, kind: str = "") -> tuple[str, ...]:
    """The keys of tags that a request puts or takes away."""
    return (*request_tags(ask, kind), *ask.named("TagKeys", "tagKeys"))


def puts(ask: Ask) -> bool:
    """Whether a request names tags for what it makes."""
    return not ask.asked.operation.startswith(("Describe", "List", "Get")) and bool(request_tags(ask))


@rule("iam", "CreateLaunchTemplate", "PutMetricAlarm", "PutParameter", moto="asks for no permission to tag")
def tags_of_new_things_need_a_permission(ask: Ask) -> Iterator[tuple[str, str, str, Mapping[str, tuple[str, ...]]]]:
    """With `--iam` whoever tags what is being made needs the action that tags: ec2:CreateTags, with the operation as
    ec2:CreateAction, TagResource of CloudWatch and CloudFormation, ssm:AddTagsToResource. Auto Scaling and CodeDeploy
    ask for none.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html; errors of CloudWatch and
    Systems Manager as they are met; Service Authorization Reference, dependent actions.
    """
    operation = ask.asked.operation
    if ask.prefix == "ec2":
        made = {"ec2:createaction": (operation,)}
        for one in ask.params.get("TagSpecifications") or ():
            kind = str(one.get("ResourceType", ""))
            values = {**made, **tag_values(request_tags(ask, kind))}
            yield "ec2:CreateTags", resource(ask, kind, "*"), kind, values
        return
    name = _OF_IAM.get(operation, "") if ask.prefix == "iam" else _WITH.get(ask.prefix, "")
    if not name or operation == name:
        return
    from udo.sandbox.iam.resources import resources

    values = {**tag_values(request_tags(ask)), f"{ask.prefix}:createaction": (operation,)}
    for arn, of in resources(ask, reference.action(ask.prefix, operation)):
        if of is not None and of.is_required:
            # A composite alarm is put by who may put any, and tagged like every other.
            tagged = [ask.arn(f"alarm:{one}") for one in ask.named("AlarmName")] if arn == "*" else [arn]
            yield from ((f"{ask.prefix}:{name}", one, of.name, values) for one in tagged)


def tag_values(tags: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The values of conditions that tags of a request have."""
    if not tags:
        return {}
    return {"aws:tagkeys": tuple(tags), **{f"aws:requesttag/{key.lower()}": (value,) for key, value in tags.items()}}
