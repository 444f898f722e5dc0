"""A denied call says which action is missing, or which policy denies it, whatever service said so."""

from __future__ import annotations

import pytest

from udo.aws.errors import refused
from udo.errors import PermissionDenied

USER = "User: arn:aws:iam::123456789012:user/anna is not authorized to perform:"
ROLE = "arn:aws:iam::123456789012:role/host"
# Source: IAM User Guide, "Troubleshoot access denied error messages"; messages as they are met.
CASES = [
    (
        "autoscaling:CreateLaunchConfiguration",
        f"{USER} iam:PassRole on resource: {ROLE} because no identity-based policy allows the iam:PassRole action",
        "the IAM action iam:PassRole is missing",
    ),
    (
        "ec2:CreateLaunchTemplate",
        f"You are not authorized to perform this operation. {USER} ec2:CreateLaunchTemplate on resource: a because no "
        "identity-based policy allows the ec2:CreateLaunchTemplate action. Encoded authorization failure message: xY",
        "the IAM action ec2:CreateLaunchTemplate is missing",
    ),
    (
        "ec2:DescribeInstances",
        "You are not authorized to perform this operation.",
        "the IAM action ec2:DescribeInstances is missing",
    ),
    (
        "autoscaling:DeleteAutoScalingGroup",
        f"{USER} autoscaling:DeleteAutoScalingGroup on resource: g with an explicit deny in an identity-based policy",
        "the IAM action autoscaling:DeleteAutoScalingGroup is denied by a statement of an identity-based policy",
    ),
    (
        "ec2:RunInstances",
        f"{USER} ec2:RunInstances on resource: i with an explicit deny in a service control policy: arn:aws:orgs:x",
        "the IAM action ec2:RunInstances is denied by a statement of a service control policy",
    ),
    (
        "ssm:PutParameter",
        f"{USER} ssm:PutParameter on resource: p because no permissions boundary allows the ssm:PutParameter action",
        "the IAM action ssm:PutParameter is missing in the permissions boundary",
    ),
    (
        "autoscaling:UpdateAutoScalingGroup",
        "You are not authorized to use launch template: lt-0123456789abcdef0",
        "one of ec2:RunInstances, ec2:CreateTags and iam:PassRole is missing for what the template names",
    ),
    ("s3:HeadObject", "Forbidden", "the IAM action s3:GetObject is missing"),
    ("s3:GetObject", f'{USER} s3:ListBucket on resource: "b" because no', "the IAM action s3:ListBucket is missing"),
]


@pytest.mark.parametrize(("action", "told", "hint"), CASES, ids=[f"{row[0]} {row[2][-20:]}" for row in CASES])
def test_a_denial_names_what_to_change(action: str, told: str, hint: str) -> None:
    error = refused(action, {"Error": {"Code": "AccessDenied", "Message": told}})
    assert isinstance(error, PermissionDenied)
    assert error.hint == hint
    assert error.message.startswith(f"{action}: {told[:40]}")
    assert "Encoded" not in error.message
