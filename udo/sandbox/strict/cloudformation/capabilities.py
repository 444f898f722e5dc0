"""What a template may do only where its sender says so: make things of IAM."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from udo.sandbox.strict.rules import Refusal, rule

_IAM, _NAMED = "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"
# Source: CloudFormation User Guide, "Acknowledging IAM resources in CloudFormation templates".
_NAMES = {
    "AWS::IAM::AccessKey": "",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::UserToGroupAddition": "",
}


def wanted(template: Mapping[str, Any]) -> list[str]:
    """The capabilities that a template needs."""
    of_iam = [one for one in template["Resources"].values() if one["Type"] in _NAMES]
    if not of_iam:
        return []
    named = any(_NAMES[one["Type"]] in one.get("Properties", {}) for one in of_iam if _NAMES[one["Type"]])
    return [_NAMED if named else _IAM]


def reason(template: Mapping[str, Any]) -> str:
    """Why it needs them."""
    kinds = sorted({one["Type"] for one in template["Resources"].values() if one["Type"] in _NAMES})
    return f"The following resource(s) require capabilities: [{', '.join(kinds)}]" if kinds else ""


@rule("cloudformation", "CreateChangeSet", "CreateStack", "UpdateStack", moto="makes roles without being allowed to")
def roles_are_made_with_leave(template: Mapping[str, Any], granted: Iterable[str]) -> None:
    """A template that makes things of IAM needs a capability, with names of its own CAPABILITY_NAMED_IAM.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html.
    """
    given = set(granted)
    if _NAMED in given:
        given.add(_IAM)
    if lacking := [one for one in wanted(template) if one not in given]:
        raise Refusal("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(lacking)}]")
