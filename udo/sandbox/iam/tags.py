"""The tags that resources have now, by their ARNs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.ssm.models import ssm_backends

from udo.sandbox.strict.ssm.sessions import sessions_are_of_who_started_them

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask

Tags = Mapping[str, str]


def tags_of(ask: Ask, arn: str) -> Tags:
    """The tags of a resource; none of what is not there, or of a service that keeps none here."""
    parts = arn.split(":", 5)
    look = _LOOKS.get(parts[2]) if len(parts) == 6 and "*" not in parts[5].split("/") else None
    try:
        return look(ask, arn, parts[5]) if look else {}
    except (ClientError, BotoCoreError):
        return {}


def _of_group(ask: Ask, _arn: str, rest: str) -> Tags:
    known = ask.backend(autoscaling_backends).autoscaling_groups
    group = known.get(rest.rpartition("autoScalingGroupName/")[2])
    return {} if group is None else _dict(group.tags)


def _of_ec2(ask: Ask, _arn: str, rest: str) -> Tags:
    found: Tags = ask.backend(ec2_backends).tags.get(rest.rpartition("/")[2], {})
    return dict(found)


def _of_codedeploy(ask: Ask, arn: str, _rest: str) -> Tags:
    return _dict(ask.lookup("codedeploy").list_tags_for_resource(ResourceArn=arn)["Tags"])


def _of_cloudwatch(ask: Ask, arn: str, _rest: str) -> Tags:
    return _dict(ask.lookup("cloudwatch").list_tags_for_resource(ResourceARN=arn)["Tags"])


def _of_ssm(ask: Ask, _arn: str, rest: str) -> Tags:
    kind, _, name = rest.partition("/")
    if kind == "session":
        return sessions_are_of_who_started_them(ask.backend(ssm_backends), name)
    kinds = {"parameter": "Parameter", "document": "Document"}
    if kind not in kinds:
        return {}
    path = f"/{name}" if kind == "parameter" and "/" in name else name
    found = ask.lookup("ssm").list_tags_for_resource(ResourceType=kinds[kind], ResourceId=path)
    return _dict(found["TagList"])


def _of_elb(ask: Ask, arn: str, _rest: str) -> Tags:
    return _dict(ask.lookup("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"])


def _of_iam(ask: Ask, _arn: str, rest: str) -> Tags:
    kind, _, path = rest.partition("/")
    name = path.rpartition("/")[2]
    client = ask.lookup("iam")
    if kind == "user":
        return _dict(client.list_user_tags(UserName=name)["Tags"])
    return _dict(client.list_role_tags(RoleName=name)["Tags"]) if kind == "role" else {}


def _of_stack(ask: Ask, arn: str, _rest: str) -> Tags:
    return _dict(ask.lookup("cloudformation").describe_stacks(StackName=arn)["Stacks"][0].get("Tags"))


def _of_sns(ask: Ask, arn: str, _rest: str) -> Tags:
    return _dict(ask.lookup("sns").list_tags_for_resource(ResourceArn=arn)["Tags"])


def _dict(rows: Any) -> Tags:
    return {
        str(row.get("Key") or row.get("key")): str(row.get("Value") or row.get("value") or "") for row in rows or ()
    }


_LOOKS: Mapping[str, Callable[[Ask, str, str], Tags]] = {
    "autoscaling": _of_group,
    "cloudformation": _of_stack,
    "cloudwatch": _of_cloudwatch,
    "codedeploy": _of_codedeploy,
    "ec2": _of_ec2,
    "elasticloadbalancing": _of_elb,
    "iam": _of_iam,
    "sns": _of_sns,
    "ssm": _of_ssm,
}
