"""`udo check --online`: what udo.yml names, compared with what there is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from whole import some

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]

SHOP = """\
region: us-west-2
account: "123456789012"
ami: ami-0d1e2c3b4a5968778
instance_type: t3.small
keypair_name: shop
iam_profile: arn:aws:iam::123456789012:instance-profile/shop-web
security_groups: [sg-0a1b2c3d4e5f60718]
subnets_cidr: [10.1.1.0/24]
clusters:
  prod:
    roles:
      web:
        security_groups: [sg-0b2c3d4e5f6071829]
        deploy: {application: shop, deployment_group: prod-web}
        target_groups: [web]
        elbs: [classic]
        guards: {alarms: [web-5xx]}
      worker:
        ami: {owner: amazon, name: "al2023-*-x86_64"}
"""


@pytest.fixture
def shop(seeded: Any, world: Any) -> Any:
    """The world of SHOP, where everything is as it says."""
    seeded(SHOP)
    world.log.clear()
    return world


def rows(udo: Udo, *words: str, code: int = 0) -> list[dict[str, Any]]:
    told = udo("check", "--online", "-o", "json", *words)
    assert told.exit == code, told.stdout + told.stderr
    found: list[dict[str, Any]] = told.json["data"]["checks"]
    return found


def crosses(found: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    return [(row["check"], row["name"], row["message"], row["where"]) for row in found if row["ok"] is False]


def rewritten(old: str, new: str) -> None:
    assert old in SHOP
    Path("udo.yml").write_text(SHOP.replace(old, new))


@pytest.mark.whole
def test_where_all_is_there_every_row_is_a_tick(shop: Any, udo: Udo) -> None:
    found = rows(udo)
    assert {row["ok"] for row in found} == {True}
    assert [row["check"] for row in found if "prod web" in row["roles"]] == [
        "account",
        "group",
        "image",
        "architecture",
        "instance type",
        "key pair",
        "subnet",
        "security group",
        "security group",
        "instance profile",
        "target group",
        "load balancer",
        "application",
        "deployment group",
        "deploys to",
        "alarm",
    ]
    told = udo("check", "--online")
    assert told.exit == 0
    assert told.stdout.splitlines()[0].split() == ["CHECK", "NAME", "FOUND", "ROLES", "WHERE"]
    assert "✓  key pair" in told.stdout


def test_what_roles_name_alike_is_one_row_with_its_place(shop: Any, udo: Udo) -> None:
    found = rows(udo)
    (pair,) = [row for row in found if row["check"] == "key pair"]
    assert (pair["name"], pair["roles"], pair["where"]) == ("shop", ["prod web", "prod worker"], "udo.yml:5")
    groups = {row["name"]: row["where"] for row in found if row["check"] == "security group"}
    assert groups == {"sg-0a1b2c3d4e5f60718": "udo.yml:7", "sg-0b2c3d4e5f6071829": "udo.yml:13"}


# What stands in udo.yml | what is put in its place | the check, the name and the words of the cross, and its line.
WRONG = """
account: "123456789012" | account: "210987654321" | account | 210987654321 | these credentials are of 123456789012 | 2
ami-0d1e2c3b4a5968778 | ami-0aaaaaaaaaaaaaaaa | image | ami-0aaaaaaaaaaaaaaaa | no such image | 3
ami-0d1e2c3b4a5968778 | ssm:/no/image | image | ssm:/no/image | no such parameter | 3
"al2023-*-x86_64" | nothing-* | image | nothing-* of amazon | no such image | 19
t3.small | m7g.large | architecture | m7g.large | m7g.large runs arm64, the image is x86_64 | 4
t3.small | t3.tiny | instance type | t3.tiny | no such instance type in this region | 4
keypair_name: shop | keypair_name: shopp | key pair | shopp | no such key pair | 5
keypair_name: shop | keypair_name: ${ssm:/no/key} | parameter | /no/key | there is no such parameter | 5
arn:aws:iam::123456789012:instance-profile/shop-web | gone | instance profile | gone | no such instance profile | 6
[sg-0b2c3d4e5f6071829] | [sg-0bbbbbbbbbbb] | security group | sg-0bbbbbbbbbbb | no such security group | 13
[10.1.1.0/24] | [10.1.9.0/24] | subnet | 10.1.9.0/24 | no such subnet | 8
subnets_cidr: [10.1.1.0/24] | subnets: [subnet-0bbbbbbbb] | subnet | subnet-0bbbbbbbb | no such subnet | 8
subnets_cidr: [10.1.1.0/24] | subnets_tags: {tier: x} | subnet | tier=x | no such subnet | 8
subnets_cidr: [10.1.1.0/24] | availability_zones: [x] | availability zone | x | no such zone in this region | 8
subnets_cidr: [10.1.1.0/24] | vpc: vpc-0bbbbbbbb | VPC | vpc-0bbbbbbbb | no such VPC | 8
target_groups: [web] | target_groups: [wep] | target group | wep | no such target group | 15
alarms: [web-5xx] | alarms: [web-5xz] | alarm | web-5xz | no such CloudWatch alarm | 17
elbs: [classic] | elbs: [classik] | load balancer | classik | no such classic load balancer | 16
application: shop, | application: shpo, | application | shpo | no such CodeDeploy application | 14
deployment_group: prod-web} | config: X} | deployment configuration | X | no such deployment configuration | 14
group: prod-web} | group: prod-wep} | deployment group | shop/prod-wep | no such deployment group | 14
"""


@pytest.mark.parametrize("case", WRONG.strip().splitlines(), ids=lambda case: case.split(" | ")[1])
def test_what_is_missing_is_a_cross_at_its_line_and_exit_1(shop: Any, udo: Udo, case: str) -> None:
    old, new, check, name, message, line = case.split(" | ")
    rewritten(old, new)
    assert crosses(rows(udo, code=1)) == [(check, name, message, f"udo.yml:{line}")]
    told = udo("check", "--online")
    assert told.exit == 1
    assert f"failed: {check} {name} (udo.yml:{line}): {message}" in told.stderr
    assert f"✗  {check}" in told.stdout


def test_a_deployment_group_of_another_group_is_a_cross(shop: Any, udo: Udo) -> None:
    rewritten("      worker:\n", "      worker:\n        deploy: {application: shop, deployment_group: prod-web}\n")
    assert crosses(rows(udo, code=1)) == [
        ("deploys to", "prod-worker", "prod-web deploys to prod-web", "udo.yml:19"),
    ]


def test_a_security_group_of_another_vpc_is_a_cross(shop: Any, udo: Udo) -> None:
    ec2 = shop.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
    rewritten("[sg-0b2c3d4e5f6071829]", f"[{other}]")
    ((check, name, message, _),) = crosses(rows(udo, code=1))
    assert (check, name) == ("security group", other)
    assert message.startswith(f"it is in {vpc}, the subnets are in vpc-")


def test_without_subnets_the_vpc_is_that_of_the_live_group(shop: Any, udo: Udo) -> None:
    ec2 = shop.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
    Path("udo.yml").write_text(
        SHOP.replace("subnets_cidr: [10.1.1.0/24]\n", "").replace("[sg-0b2c3d4e5f6071829]", f"[{other}]")
    )
    assert [row[1] for row in crosses(rows(udo, code=1))] == [other]


def test_a_block_that_two_vpcs_have_needs_the_vpc(shop: Any, udo: Udo) -> None:
    ec2 = shop.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")
    messages = [row[2] for row in crosses(rows(udo, code=1)) if row[0] == "subnet"]
    assert len(messages) == 1
    assert messages[0].startswith("it is in vpc-")
    assert messages[0].endswith("set vpc to choose one")
    Path("udo.yml").write_text(f"vpc: {vpc}\n" + SHOP)
    assert "subnet" not in [row[0] for row in crosses(rows(udo, code=1))]


def test_tags_that_subnets_of_two_vpcs_have_need_the_vpc(shop: Any, udo: Udo) -> None:
    ec2 = shop.client("ec2")
    first = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.1.1.0/24"]}])["Subnets"][0]
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    made = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{number}.0/24")["Subnet"] for number in (1, 2)]
    ids = [one["SubnetId"] for one in (first, *made)]
    ec2.create_tags(Resources=ids, Tags=[{"Key": "tier", "Value": "private"}])
    rewritten("subnets_cidr: [10.1.1.0/24]", "subnets_tags: {tier: private}")
    messages = [row[2] for row in crosses(rows(udo, code=1)) if row[0] == "subnet"]
    assert len(messages) == 1
    assert messages[0].endswith("set vpc to choose one")
    rewritten("subnets_cidr: [10.1.1.0/24]", f"subnets_tags: {{tier: private}}\nvpc: {first['VpcId']}")
    assert crosses(rows(udo)) == []
    rewritten("subnets_cidr: [10.1.1.0/24]", f"subnets_tags: {{tier: private}}\nvpc: {vpc}")
    told = [row["message"] for row in rows(udo, code=1) if row["check"] == "subnet"]
    assert told[0] == f"{', '.join(sorted(ids[1:]))} in {vpc}"


def test_the_vpc_that_is_named_chooses_among_equal_blocks_for_all_that_must_be_in_it(shop: Any, udo: Udo) -> None:
    ec2 = shop.client("ec2")
    first = ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.1.1.0/24"]}])["Subnets"][0]["VpcId"]
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")
    Path("udo.yml").write_text(f"vpc: {first}\n" + SHOP)
    assert crosses(rows(udo)) == []
    Path("udo.yml").write_text(f"vpc: {vpc}\n" + SHOP)
    assert {row[0] for row in crosses(rows(udo, code=1))} == {"security group"}


def test_subnets_of_two_vpcs_are_a_cross(shop: Any, udo: Udo) -> None:
    ec2 = shop.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")
    rewritten("[10.1.1.0/24]", "[10.1.1.0/24, 10.9.1.0/24]")
    assert [(row[0], row[2]) for row in crosses(rows(udo, code=1))] == [("VPC", "its subnets are in more than one VPC")]


def test_a_group_that_is_not_there_yet_is_no_mistake(shop: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(SHOP + "      new: {}\n")
    (row,) = [row for row in rows(udo) if row["name"] == "prod-new"]
    assert (row["check"], row["ok"], row["message"]) == ("group", True, "absent, to be made")


@pytest.mark.parametrize(("application", "crossed"), [("shop", "deployment group"), ("new", "application")])
def test_what_create_makes_with_the_group_is_no_mistake(shop: Any, udo: Udo, application: str, crossed: str) -> None:
    deploy = f"application: {application}, deployment_group: prod-new"
    Path("udo.yml").write_text(f"{SHOP}      new: {{deploy: {{{deploy}}}}}\n")
    assert [row[0] for row in crosses(rows(udo, code=1))] == [crossed]
    arn = "arn:aws:iam::123456789012:role/codedeploy"
    Path("udo.yml").write_text(f'{SHOP}      new: {{deploy: {{{deploy}, service_role: "{arn}"}}}}\n')
    (row,) = [row for row in rows(udo) if row["check"] == crossed and row["roles"] == ["prod new"]]
    assert (row["ok"], row["message"]) == (True, "absent, to be made")


def test_a_deployment_group_that_a_destroyed_group_has_left_is_no_mistake(shop: Any, udo: Udo) -> None:
    shop.client("codedeploy").create_deployment_group(
        applicationName="shop", deploymentGroupName="left", serviceRoleArn="arn:aws:iam::123456789012:role/codedeploy"
    )
    left = "deploy: {application: shop, deployment_group: left}"
    Path("udo.yml").write_text(f"{SHOP}      new: {{{left}}}\n")
    assert crosses(rows(udo)) == []
    rewritten("      worker:\n", f"      worker:\n        {left}\n")
    ((check, name, message, _),) = crosses(rows(udo, code=1))
    assert (check, name, message) == ("deploys to", "prod-worker", "left deploys to no Auto Scaling group")


DENIED = [
    "GetCallerIdentity",
    "DescribeAutoScalingGroups",
    "DescribeImages",
    "DescribeInstanceTypes",
    "DescribeKeyPairs",
    "DescribeSubnets",
    "DescribeSecurityGroups",
    "ListInstanceProfiles",
    "DescribeTargetGroups",
    "DescribeLoadBalancers",
    "ListApplications",
    "BatchGetDeploymentGroups",
]


@pytest.mark.parametrize("operation", some(DENIED, *[*DENIED][::4]))
def test_a_read_that_is_denied_is_a_question_mark_and_one_footnote(shop: Any, udo: Udo, operation: str) -> None:
    shop.faults.add(Fault("deny", operation, times=None))
    told = udo("check", "--online")
    assert told.exit == 0, told.stderr
    assert "\n?  " in told.stdout
    footnotes = [line for line in told.stderr.splitlines() if line.startswith("?: ")]
    assert len(footnotes) == 1
    assert f":{operation} is missing" in footnotes[0]
    assert any(row["ok"] is None for row in rows(udo))


def test_parameters_that_may_not_be_read_are_question_marks_too(shop: Any, udo: Udo) -> None:
    rewritten("keypair_name: shop", "keypair_name: ${ssm:/shop/key}")
    shop.faults.add(Fault("deny", "GetParameters", times=None))
    unknown = [(row["check"], row["name"]) for row in rows(udo) if row["ok"] is None]
    assert unknown == [("parameter", "/shop/key")]


def test_what_parameters_hold_is_looked_for(shop: Any, udo: Udo) -> None:
    ssm = shop.client("ssm")
    ssm.put_parameter(Name="/shop/key", Value="shop", Type="String")
    ssm.put_parameter(Name="/shop/image", Value="ami-0d1e2c3b4a5968778", Type="String")
    text = SHOP.replace("keypair_name: shop", "keypair_name: ${ssm:/shop/key}")
    Path("udo.yml").write_text(text.replace("ami: ami-0d1e2c3b4a5968778", "ami: ssm:/shop/image"))
    found = {(row["check"], row["name"]): row["ok"] for row in rows(udo)}
    assert found["parameter", "/shop/key"]
    assert found["key pair", "shop"]
    assert found["image", "ssm:/shop/image"]


def test_what_a_parameter_holds_must_fit_its_key(shop: Any, udo: Udo) -> None:
    shop.client("ssm").put_parameter(Name="/shop/type", Value="a-secret", Type="SecureString")
    rewritten("instance_type: t3.small", "instance_type: ${ssm:/shop/type}")
    told = "instance_type wants an instance type like t3.small, not '${ssm:/shop/type}'"
    assert crosses(rows(udo, code=1)) == [("value", "instance_type", told, "udo.yml:4")]
    assert "a-secret" not in udo("check", "--online").stdout


def test_mistakes_of_the_file_come_first_and_aws_is_not_asked(shop: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(SHOP + "regon: x\n")
    told = udo("check", "--online")
    assert told.exit == 2
    assert "unknown key 'regon'" in told.stderr
    assert not shop.log


@pytest.mark.whole
def test_many_roles_ask_no_more_than_one(seeded: Any, world: Any, udo: Udo) -> None:
    text = SHOP + "".join(
        f"      r{number}:\n        iam_profile: p{number}\n"
        f"        deploy: {{application: shop, deployment_group: prod-r{number}}}\n"
        for number in range(30)
    )
    seeded(text)
    world.log.clear()
    assert rows(udo)
    asked = [one.operation for one in world.log]
    assert len(asked) == len(set(asked)) + 2, asked  # images by name and by id, and security groups apart
    assert asked.count("BatchGetDeploymentGroups") == 1


def test_the_bundled_example_is_all_ticks(seeded: Any, udo: Udo) -> None:
    seeded()
    assert {row["ok"] for row in rows(udo)} == {True}


def test_a_value_that_rests_on_aws_is_left_alone_offline(udo: Udo) -> None:
    Path("udo.yml").write_text("repo_url: https://example.com/${ssm:/shop/repo}\nclusters: {a: {roles: {b: {}}}}\n")
    assert udo("check").exit == 0


def test_offline_the_file_is_checked_without_what_online_needs(tmp_path: Path) -> None:
    (tmp_path / "udo.yml").write_text(SHOP)
    code = (
        "import sys\nfrom udo.cli import main\n"
        "try: main(['check'])\nexcept SystemExit: pass\n"
        "print(*sorted(name for name in sys.modules if 'online' in name or name.startswith('udo.aws')))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30, cwd=tmp_path
    )
    assert told.stdout.splitlines()[-1] == ""


SETTINGS = """
        health_check: {grace: 2m}
        tags:
          team: payments
          app.kubernetes.io/name: shop
        scale_policy:
          max_size: 9
        scaling_policies:
          up:
            AdjustmentType: ChangeInCapacity
            ScalingAdjustment: 2"""


def test_what_a_live_group_has_otherwise_is_no_mistake_and_has_old_and_new_value_and_its_line(
    shop: Any, udo: Udo
) -> None:
    rewritten("        elbs: [classic]", f"        elbs: [classic]{SETTINGS}")
    found = [one for one in rows(udo) if one["check"] == "setting"]
    assert {one["ok"] for one in found} == {True}
    told = {one["name"]: (one["message"], one["where"]) for one in found}
    assert told == {
        "health_check.grace": (told["health_check.grace"][0], "udo.yml:17"),
        "tags.team": ("none -> payments", "udo.yml:19"),
        "tags.app.kubernetes.io/name": ("none -> shop", "udo.yml:20"),
        "scale_policy.max_size": ("1 -> 9", "udo.yml:22"),
        "scaling_policies.up": (
            'none -> {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 2}',
            "udo.yml:24",
        ),
    }
    text = udo("check", "--online")
    assert "~  setting" in text.stdout
    assert "~: the live group has it otherwise, 'udo update' applies what udo.yml says" in text.stderr
    assert udo("update", "prod", "web").exit == 0
    assert not [one for one in rows(udo) if one["check"] == "setting"]


def test_a_policy_that_has_one_member_otherwise_is_placed_at_that_member(shop: Any, udo: Udo) -> None:
    rewritten("        elbs: [classic]", f"        elbs: [classic]{SETTINGS}")
    assert udo("update", "prod", "web").exit == 0
    path = Path("udo.yml")
    path.write_text(path.read_text().replace("ScalingAdjustment: 2", "ScalingAdjustment: 3"))
    (one,) = [one for one in rows(udo) if one["check"] == "setting"]
    assert (one["name"], one["where"]) == ("scaling_policies.up.ScalingAdjustment", "udo.yml:26")
    assert one["message"] == "2 -> 3"


def test_settings_that_cannot_be_read_are_a_footnote_and_refused_ones_say_why(shop: Any, udo: Udo) -> None:
    rewritten("        elbs: [classic]", f"        elbs: [classic]{SETTINGS}")
    shop.faults.add(Fault("deny", "DescribePolicies", times=None))
    told = udo("check", "--online")
    assert (told.exit, "?  setting" in told.stdout, "?: autoscaling:DescribePolicies" in told.stderr) == (0, True, True)
    shop.faults.clear()
    rewritten("        elbs: [classic]", "        elbs: [classic]\n        scale_policy: {min_size: 9, max_size: 10}")
    messages = [one["message"] for one in rows(udo) if one["check"] == "setting"]
    assert all("refused: scale_policy.min_size 9 is above the desired capacity of prod-web" in one for one in messages)
    assert len(messages) == 2
