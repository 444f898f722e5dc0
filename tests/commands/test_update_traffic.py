"""update: what brings traffic to a group, by kind: classic load balancers, target groups, and those of VPC Lattice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import writes
from update_worlds import UPDATE, asg, config, write

Udo = Callable[..., Any]
Seeded = Callable[..., Any]

ARN = "arn:aws:vpc-lattice:us-west-2:123456789012:targetgroup/tg-0a1b2c3d4e5f6071"
MESH = f"traffic_sources: [{{Identifier: '{ARN}', Type: vpc-lattice}}]"
SETTLED = "prod-webapp is as udo.yml says\n"


def sources(world: Any, name: str = "prod-webapp") -> dict[str, str]:
    told = asg(world).describe_traffic_sources(AutoScalingGroupName=name)["TrafficSources"]
    return {one["Identifier"]: one["Type"] for one in told if one["State"] != "Removing"}


def let_go(world: Any) -> None:
    """Takes everything off our group; the calls are forgotten."""
    gone = [{"Identifier": one, "Type": kind} for one, kind in sources(world).items()]
    asg(world).detach_traffic_sources(AutoScalingGroupName="prod-webapp", TrafficSources=gone)
    world.log.clear()


@pytest.mark.parametrize(
    ("line", "kind"),
    [("elbs: [front]", "elb"), ("target_groups: [front]", "elbv2"), (MESH, "vpc-lattice")],
    ids=["elb", "elbv2", "vpc-lattice"],
)
def test_traffic_of_any_kind_is_attached_and_as_an_extra_detached(
    world: Any, udo: Udo, seeded: Seeded, line: str, kind: str
) -> None:
    seeded(config(line))
    ((one, found),) = sources(world).items()
    assert found == kind
    let_go(world)
    assert udo(*UPDATE).exit == 0
    assert (sources(world), writes(world)) == ({one: kind}, ["AttachTrafficSources"])
    assert udo(*UPDATE).stdout == SETTLED
    write(f"{line.split(':', maxsplit=1)[0]}: []")
    left = udo(*UPDATE)
    assert (left.exit, left.stdout, f"left: traffic {one};" in left.stderr) == (0, SETTLED, True)
    asked = udo(*UPDATE, "--delete-extras")
    assert (asked.exit, f"Delete traffic {one} of prod-webapp?" in asked.stderr) == (7, True)
    assert udo(*UPDATE, "--delete-extras", "--yes").exit == 0
    assert sources(world) == {}
    # What drains is on its way out, and neither there nor an extra.
    assert udo(*UPDATE, "--delete-extras").stdout == SETTLED


def test_an_extra_of_another_kind_is_none_of_these(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("elbs: [front]", "target_groups: [front]", MESH))
    everything = sources(world)
    assert len(everything) == 3
    write("elbs: [front]")
    world.log.clear()
    done = udo(*UPDATE, "--delete-extras", "--yes")
    assert (done.exit, done.stdout, writes(world)) == (0, SETTLED, [])
    assert sources(world) == everything


def test_what_serves_another_group_is_not_looked_at(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("elbs: [front]").replace("web: {scale", "web: {elbs: [front, back], scale"))
    write("elbs: []")
    assert udo(*UPDATE, "--delete-extras", "--yes").exit == 0
    assert (sources(world), sources(world, "prod-web")) == ({}, {"front": "elb", "back": "elb"})


def test_more_than_ten_go_in_several_calls(world: Any, udo: Udo, seeded: Seeded) -> None:
    names = [f"front-{number}" for number in range(12)]
    seeded(config(f"elbs: [{', '.join(names)}]"))
    for some in (names[:10], names[10:]):
        gone = [{"Identifier": one, "Type": "elb"} for one in some]
        asg(world).detach_traffic_sources(AutoScalingGroupName="prod-webapp", TrafficSources=gone)
    world.log.clear()
    assert udo(*UPDATE).exit == 0
    assert (writes(world), {*sources(world)}) == (["AttachTrafficSources"] * 2, {*names})


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("elbs: [front, gone, back]", "classic load balancer gone of prod webapp (udo.yml:11) does not exist"),
        ("target_groups: [front, gone]", "target group gone of prod webapp (udo.yml:11) does not exist"),
        (
            "target_groups: ['arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/gone/73e2d6bc24d8a067']",
            "targetgroup/gone/73e2d6bc24d8a067 of prod webapp (udo.yml:11) does not exist",
        ),
        (
            "traffic_sources: [{Identifier: gone, Type: elb}]",
            "classic load balancer gone of prod webapp (udo.yml:11) does not exist",
        ),
    ],
    ids=["elbs", "names", "arns", "sources"],
)
def test_traffic_from_what_does_not_exist_is_one_line_and_nothing_is_written(
    world: Any, udo: Udo, seeded: Seeded, line: str, told: str
) -> None:
    seeded(config("elbs: [front, back]", "target_groups: [front]"))
    write(line)
    world.log.clear()
    done = udo(*UPDATE, "--yes")
    assert (done.exit, done.stderr.count("\n")) == (1, 1), done.stderr
    assert told in done.stderr
    assert writes(world) == []


def test_a_lattice_that_does_not_exist_is_aws_answer_in_one_line(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    write(MESH)
    done = udo(*UPDATE)
    assert (done.exit, "Provided Target Groups may not be valid" in done.stderr.splitlines()[-1]) == (1, True)
    assert sources(world) == {}


def target_group(world: Any, name: str, **more: Any) -> str:
    ec2 = world.client("ec2")
    vpc = (
        more.pop("VpcId", None)
        or ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    )
    made = world.client("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, **more)
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def test_a_target_group_of_another_type_or_vpc_is_refused_before_the_first_write(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config("subnets_cidr: [10.1.1.0/24]").replace("web: {", "web: {target_groups: [front], "))
    target_group(world, "addresses", TargetType="ip")
    target_group(world, "elsewhere")
    for name, told in (
        ("addresses", "target group addresses of prod webapp (udo.yml:11) takes ip targets, no instances"),
        ("elsewhere", "target group elsewhere of prod webapp (udo.yml:11) is in vpc-"),
    ):
        write(f"target_groups: [{name}]")
        world.log.clear()
        done = udo(*UPDATE, "--yes")
        assert (done.exit, done.stderr.count("\n"), writes(world)) == (7, 1, []), done.stderr
        assert told in done.stderr
        assert done.stderr.endswith("nothing was changed\n")
