"""update: where the members of a group live, by id, by CIDR block or by tags, always within one VPC."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import writes
from test_scale import group
from update_worlds import UPDATE, asg

Udo = Callable[..., Any]
Seeded = Callable[..., Any]

CONFIG = """
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
clusters:
  prod:
    roles:
      webapp: {scale_policy: {min_size: 1, max_size: 4, desired: 2}, %s}
      web: {scale_policy: {min_size: 1, max_size: 4, desired: 2}, subnets_cidr: [10.1.1.0/24, 10.1.2.0/24]}
"""
LIVED_IN = "subnets_cidr: [10.1.1.0/24, 10.1.2.0/24]"


def write(line: str) -> None:
    Path("udo.yml").write_text(CONFIG % line)


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(CONFIG % LIVED_IN)
    return world


def subnet(world: Any, block: str, *, vpc: str = "", **tags: str) -> str:
    """A new subnet, in the VPC the groups live in where no other is named."""
    ec2 = world.client("ec2")
    made = ec2.create_subnet(
        VpcId=vpc or ec2.describe_subnets(SubnetIds=lives_in(world)[:1])["Subnets"][0]["VpcId"],
        CidrBlock=block,
        AvailabilityZone="us-west-2b",
        TagSpecifications=[
            {"ResourceType": "subnet", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ]
        if tags
        else [],
    )
    return str(made["Subnet"]["SubnetId"])


def other_vpc(world: Any, block: str = "10.1.0.0/16") -> str:
    return str(world.client("ec2").create_vpc(CidrBlock=block)["Vpc"]["VpcId"])


def lives_in(world: Any, name: str = "prod-webapp") -> list[str]:
    return sorted(group(world, name)["VPCZoneIdentifier"].split(","))


def by_id(world: Any) -> tuple[str, list[str]]:
    made = subnet(world, "10.1.3.0/24")
    return f"subnets: [{made}]", [made]


def by_block(world: Any) -> tuple[str, list[str]]:
    # The same block in a VPC that is not the group's.
    subnet(world, "10.1.3.0/24", vpc=other_vpc(world))
    return "subnets_cidr: [10.1.3.0/24]", [subnet(world, "10.1.3.0/24")]


def by_tags(world: Any) -> tuple[str, list[str]]:
    subnet(world, "10.1.9.0/24", vpc=other_vpc(world), tier="private", shop="x")
    subnet(world, "10.1.5.0/24", tier="private")
    subnet(world, "10.1.6.0/24", tier="public", shop="x")
    made = [subnet(world, block, tier="private", shop="x") for block in ("10.1.3.0/24", "10.1.4.0/24")]
    return "subnets_tags: {tier: private, shop: x}", made


@pytest.mark.parametrize("named", [by_id, by_block, by_tags], ids=["id", "block", "tags"])
def test_subnets_are_named_by_id_block_or_tags_and_settled(
    shop: Any, udo: Udo, named: Callable[[Any], tuple[str, list[str]]]
) -> None:
    line, wanted = named(shop)
    write(line)
    before = lives_in(shop)
    asked = udo(*UPDATE)
    assert (asked.exit, "AWS replaces running instances of prod-webapp for subnets" in asked.stderr) == (7, True)
    told = udo(*UPDATE, "--dry-run").stdout
    assert f"~ subnets  {group(shop)['VPCZoneIdentifier']} -> {','.join(sorted(wanted))}\n" in told
    shop.log.clear()
    done = udo(*UPDATE, "--yes")
    assert done.exit == 0, done.stderr
    assert writes(shop) == ["UpdateAutoScalingGroup"]
    assert (lives_in(shop), lives_in(shop, "prod-web")) == (sorted(wanted), before)
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"


def test_subnets_by_block_in_whatever_order_are_no_difference(shop: Any, udo: Udo) -> None:
    write("subnets_cidr: [10.1.2.0/24, 10.1.1.0/24]")
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"


def test_the_sandbox_has_subnets_with_the_tags_that_are_said(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(CONFIG % "subnets_tags: {tier: private, kubernetes.io/role: x}")
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"
    assert not {*lives_in(world)} & {*lives_in(world, "prod-web")}


def test_vpc_chooses_among_blocks_and_tags_that_two_have(shop: Any, udo: Udo) -> None:
    here = shop.client("ec2").describe_subnets(SubnetIds=lives_in(shop)[:1])["Subnets"][0]["VpcId"]
    wanted = subnet(shop, "10.1.3.0/24", tier="x")
    subnet(shop, "10.1.3.0/24", vpc=other_vpc(shop), tier="x")
    for line in ("subnets_cidr: [10.1.3.0/24]", "subnets_tags: {tier: x}"):
        write(f"{line}, vpc: {here}")
        assert udo(*UPDATE, "--yes").exit == 0
        assert lives_in(shop) == [wanted]


BAD = [
    ("subnets: [subnet-0bbbbbbbb]", 1, "subnet subnet-0bbbbbbbb of prod webapp (udo.yml:8) does not exist"),
    ("subnets_cidr: [10.9.9.0/24]", 1, "subnet 10.9.9.0/24 of prod webapp (udo.yml:8) does not exist"),
    ("subnets_tags: {tier: none}", 1, "subnet with tier=none of prod webapp (udo.yml:8) does not exist"),
    ("subnets: [{elsewhere}]", 7, "prod-webapp lives in vpc-"),
    ("subnets: [{here}, {elsewhere}]", 7, "the subnets of prod webapp are in vpc-"),
    ("subnets_cidr: [10.2.1.0/24]", 7, "subnet 10.2.1.0/24 of prod webapp (udo.yml:8) is in vpc-"),
    ("subnets_tags: {{tier: two}}", 7, "subnet with tier=two of prod webapp (udo.yml:8) is in vpc-"),
    ("subnets: [{here}], vpc: {vpc}", 7, "subnet {here} of prod webapp (udo.yml:8) is in vpc-"),
    (
        "subnets: [{here}], availability_zones: [us-west-2c]",
        7,
        "subnet {here} of prod webapp (udo.yml:8) is in us-west-2b, not in us-west-2c (udo.yml:8)",
    ),
]


@pytest.mark.parametrize(("line", "code", "told"), BAD, ids=[row[0] for row in BAD])
def test_a_subnet_that_does_not_fit_is_one_line_and_nothing_is_written(
    shop: Any, udo: Udo, line: str, code: int, told: str
) -> None:
    vpc = other_vpc(shop, "10.2.0.0/16")
    there = subnet(shop, "10.2.1.0/24", vpc=vpc, tier="two")
    words = {"elsewhere": there, "vpc": vpc, "here": subnet(shop, "10.1.3.0/24")}
    write(line.format(**words) if "{here" in line or "{else" in line or "{{" in line else line)
    shop.log.clear()
    done = udo(*UPDATE, "--yes")
    assert (done.exit, done.stderr.count("\n")) == (code, 1), done.stderr
    assert told.format(**words) in done.stderr
    assert done.stderr.endswith("nothing was changed\n") or "nothing was changed; " in done.stderr
    assert writes(shop) == []


def test_zones_are_the_groups_where_it_has_no_subnets(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(CONFIG % "availability_zones: [us-west-2a]")
    if group(world).get("VPCZoneIdentifier"):
        asg(world).update_auto_scaling_group(AutoScalingGroupName="prod-webapp", VPCZoneIdentifier="")
    write("availability_zones: [us-west-2b, us-west-2a]")
    assert udo(*UPDATE).exit == 7
    done = udo(*UPDATE, "--yes")
    assert done.exit == 0, done.stderr
    assert sorted(group(world)["AvailabilityZones"]) == ["us-west-2a", "us-west-2b"]
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"
