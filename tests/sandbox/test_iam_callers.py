"""Whose policies count: of users, their groups, roles and sessions, within boundaries; and whose keys are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Clients = Callable[[str], Any]
ACCOUNT = "123456789012"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DESCRIBE = {"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}


def document(*statements: Any) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def told(call: Callable[..., Any], **params: Any) -> str:
    """The code and the words of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


@pytest.fixture
def signing(world: Any, session: Callable[[], Any]) -> Callable[..., Any]:
    """Clients that sign with keys as STS gives them."""

    def make(keys: Any, service: str) -> Any:
        made = session()
        made.set_credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys.get("SessionToken"))
        world.attach(made)
        return made.create_client(service, region_name="us-west-2")

    return make


def test_policies_of_groups_and_attached_ones_count(world: Any, as_user: Callable[..., Clients]) -> None:
    iam, own = world.client("iam"), as_user()
    assert "DescribeVpcs" in told(own("ec2").describe_vpcs)
    iam.create_group(GroupName="operators")
    iam.put_group_policy(GroupName="operators", PolicyName="p", PolicyDocument=document(DESCRIBE))
    assert "DescribeVpcs" in told(own("ec2").describe_vpcs)
    iam.add_user_to_group(GroupName="operators", UserName="operator")
    assert own("ec2").describe_vpcs()["Vpcs"]
    arn = iam.create_policy(PolicyName="zones", PolicyDocument=document(DESCRIBE))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="operator", PolicyArn=arn)
    iam.remove_user_from_group(GroupName="operators", UserName="operator")
    assert own("ec2").describe_vpcs()["Vpcs"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document({**DESCRIBE, "Effect": "Deny"}), SetAsDefault=True)
    assert "DescribeVpcs" in told(own("ec2").describe_vpcs)


def test_policies_of_aws_count(world: Any, as_user: Callable[..., Clients]) -> None:
    own = as_user()("ec2")
    name = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"
    world.client("iam").attach_user_policy(UserName="operator", PolicyArn=name)
    vpc = own.describe_vpcs()["Vpcs"][0]["VpcId"]
    assert f"ec2:DeleteVpc on resource: arn:aws:ec2:us-west-2:{ACCOUNT}:vpc/{vpc} because" in told(
        own.delete_vpc, VpcId=vpc
    )


@pytest.fixture
def role(world: Any) -> str:
    """A role that its account may assume, and that may describe VPCs."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    iam = world.client("iam")
    made = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=document(trust))["Role"]
    iam.put_role_policy(RoleName="deployer", PolicyName="p", PolicyDocument=document(DESCRIBE))
    return str(made["Arn"])


def test_a_session_of_a_role_may_do_what_the_role_may(
    role: str, as_user: Callable[..., Clients], signing: Callable[..., Any]
) -> None:
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role}
    own = as_user(assume)
    keys = own("sts").assume_role(RoleArn=role, RoleSessionName="night")["Credentials"]
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/night"
    assert signing(keys, "sts").get_caller_identity()["Arn"] == who
    assert signing(keys, "ec2").describe_vpcs()["Vpcs"]
    assert f"User: {who} is not authorized to perform: ec2:DescribeImages" in told(signing(keys, "ec2").describe_images)
    assert "ec2:DescribeVpcs" in told(own("ec2").describe_vpcs)


def test_a_session_policy_takes_away_and_gives_nothing(
    role: str, as_user: Callable[..., Clients], signing: Callable[..., Any]
) -> None:
    sts = as_user(EVERYTHING)("sts")
    less = document({**EVERYTHING, "Action": "ec2:DescribeImages"})
    keys = sts.assume_role(RoleArn=role, RoleSessionName="night", Policy=less)["Credentials"]
    assert "because no session policy allows the ec2:DescribeVpcs action" in told(signing(keys, "ec2").describe_vpcs)
    assert "because no identity-based policy allows" in told(signing(keys, "ec2").describe_images)


def test_a_role_stays_within_its_boundary(
    world: Any, role: str, as_user: Callable[..., Clients], signing: Callable[..., Any]
) -> None:
    iam = world.client("iam")
    arn = iam.create_policy(PolicyName="edge", PolicyDocument=document({**EVERYTHING, "Action": "s3:*"}))["Policy"][
        "Arn"
    ]
    iam.put_role_permissions_boundary(RoleName="deployer", PermissionsBoundary=arn)
    keys = as_user(EVERYTHING)("sts").assume_role(RoleArn=role, RoleSessionName="night")["Credentials"]
    assert "because no permissions boundary allows the ec2:DescribeVpcs" in told(signing(keys, "ec2").describe_vpcs)


@pytest.mark.parametrize(
    ("principal", "own", "allowed"),
    [
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, [], False),
        ({"AWS": ACCOUNT}, [EVERYTHING], True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/operator"}, [], True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/operator"}, [{**EVERYTHING, "Effect": "Deny"}], False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/other"}, [EVERYTHING], False),
        ({"Service": "ec2.amazonaws.com"}, [EVERYTHING], False),
        ("*", [EVERYTHING], True),
    ],
)
def test_a_role_is_assumed_by_whom_it_trusts(
    world: Any, as_user: Callable[..., Clients], principal: Any, own: Any, allowed: bool
) -> None:
    sts = as_user(*own)("sts")
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    made = world.client("iam").create_role(RoleName="night", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    if allowed:
        assert sts.assume_role(RoleArn=made, RoleSessionName="night")["Credentials"]
    else:
        who = f"User: arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: sts:AssumeRole on resource:"
        assert told(sts.assume_role, RoleArn=made, RoleSessionName="night") == f"AccessDenied: {who} {made}"


def test_a_trust_may_want_an_external_id_and_an_absent_role_is_denied(
    world: Any, as_user: Callable[..., Clients]
) -> None:
    sts = as_user(EVERYTHING)("sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    when = {"StringEquals": {"sts:ExternalId": "42"}}
    iam = world.client("iam")
    iam.create_role(RoleName="x", AssumeRolePolicyDocument=document({**trust, "Condition": when}))
    named = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/x", "RoleSessionName": "night"}
    assert "sts:AssumeRole" in told(sts.assume_role, **named)
    assert sts.assume_role(**named, ExternalId="42")["Credentials"]
    assert "sts:AssumeRole" in told(sts.assume_role, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/y", RoleSessionName="night")


def test_a_session_ends_and_needs_its_token(
    world: Any, role: str, as_user: Callable[..., Clients], signing: Callable[..., Any]
) -> None:
    keys = as_user(EVERYTHING)("sts").assume_role(RoleArn=role, RoleSessionName="night", DurationSeconds=900)[
        "Credentials"
    ]
    bare = {name: keys[name] for name in ("AccessKeyId", "SecretAccessKey")}
    assert told(signing(bare, "ec2").describe_vpcs).startswith("AuthFailure:")
    world.clock.step(899)
    assert signing(keys, "ec2").describe_vpcs()
    world.clock.step(2)
    assert told(signing(keys, "ec2").describe_vpcs).startswith("RequestExpired:")
    assert told(signing(keys, "sts").get_caller_identity).startswith("ExpiredToken:")


def test_a_key_that_is_inactive_or_gone_is_unknown(world: Any, as_user: Callable[..., Clients]) -> None:
    own, iam = as_user(EVERYTHING), world.client("iam")
    (key,) = iam.list_access_keys(UserName="operator")["AccessKeyMetadata"]
    iam.update_access_key(UserName="operator", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert told(own("sts").get_caller_identity).startswith("InvalidClientTokenId:")
    assert told(own("ssm").get_parameters, Names=["a"]).startswith("UnrecognizedClientException:")
    iam.update_access_key(UserName="operator", AccessKeyId=key["AccessKeyId"], Status="Active")
    assert own("sts").get_caller_identity()


def test_users_may_be_let_see_to_themselves_alone(world: Any, as_user: Callable[..., Clients]) -> None:
    own = {"Effect": "Allow", "Action": "iam:*", "Resource": f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"}
    world.client("iam").create_user(UserName="other")
    iam = as_user(own)("iam")
    assert iam.list_access_keys()["AccessKeyMetadata"]
    assert "iam:ListAccessKeys on resource: user other because" in told(iam.list_access_keys, UserName="other")
    assert "iam:CreateUser on resource: arn:aws:iam::123456789012:user/new because" in told(
        iam.create_user, UserName="new"
    )
