"""A world that is put back is the one that was built, and what is done to it stays out of the next."""

from __future__ import annotations

from typing import Any

import pytest

CONFIG = """
region: us-west-2
ami: ami-0fedcba9876543210
instance_type: t3.small
scale_policy: {min_size: 0, max_size: 4, desired: 2}
tags: {team: payments}
clusters:
  prod: {roles: {web: {elbs: [https]}, jobs: {region: eu-west-1, ami: ssm:/shop/image}}}
"""
ASKED = {
    "autoscaling": ("describe_auto_scaling_groups", "describe_launch_configurations", "describe_scaling_activities"),
    "ec2": ("describe_instances", "describe_launch_template_versions", "describe_subnets", "describe_volumes"),
    "elb": ("describe_load_balancers",),
}


def _told(world: Any) -> Any:
    """All that the world answers of what was built, without the ids of requests."""
    answers = {}
    for region in ("us-west-2", "eu-west-1"):
        for service, operations in ASKED.items():
            client = world.client(service, region)
            for operation in operations:
                words = {"Versions": ["$Latest"]} if "versions" in operation else {}
                answer = getattr(client, operation)(**words)
                del answer["ResponseMetadata"]
                answers[region, operation] = answer
    return answers


def _groups(told: Any) -> list[str]:
    groups = told["us-west-2", "describe_auto_scaling_groups"]["AutoScalingGroups"]
    return [group["AutoScalingGroupName"] for group in groups]


@pytest.fixture
def built(world: Any, seeded: Any) -> Any:
    seeded(CONFIG)
    return _told(world)


def test_it_is_as_it_was_built(world: Any, seeded: Any, built: Any) -> None:
    region, account, roles = world.region, world.account, dict(world.roles)
    world.reset()
    seeded(CONFIG)
    assert _told(world) == built
    assert (world.region, world.account, world.roles) == (region, account, roles)
    assert _groups(built) == ["prod-web"]


def test_what_is_done_to_it_is_not_there_the_next_time(world: Any, seeded: Any, built: Any) -> None:
    world.client("autoscaling").set_desired_capacity(AutoScalingGroupName="prod-web", DesiredCapacity=4)
    world.client("ec2").delete_launch_template(LaunchTemplateName="prod-web")
    assert _told(world) != built
    world.reset()
    seeded(CONFIG)
    assert _told(world) == built


def test_no_address_is_given_twice(world: Any, seeded: Any, built: Any) -> None:
    world.reset()
    seeded(CONFIG)
    before = {one.private_ip for one in world.instances()}
    world.client("autoscaling").set_desired_capacity(AutoScalingGroupName="prod-web", DesiredCapacity=4)
    addresses = [one.private_ip for one in world.instances()]
    assert len(set(addresses)) == len(addresses) == len(before) + 2


def test_where_something_is_there_already_it_is_built_beside_it(world: Any, seeded: Any, built: Any) -> None:
    world.reset()
    world.client("ssm").put_parameter(Name="/mine", Value="x", Type="String")
    seeded(CONFIG)
    assert world.client("ssm").get_parameter(Name="/mine")["Parameter"]["Value"] == "x"
    assert _groups(_told(world)) == ["prod-web"]


def test_what_the_sandbox_is_set_to_makes_it_another(world: Any, seeded: Any, built: Any) -> None:
    from udo.sandbox.strict.delays import delays

    world.reset()
    delays.boot = 5000.0
    seeded(CONFIG)
    (group,) = world.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert {one["LifecycleState"] for one in group["Instances"]} == {"Pending"}


def test_a_world_of_a_test_is_built_once(world: Any) -> None:
    from kept import once

    built = []

    @once
    def small(world: Any) -> None:
        built.append(world.client("ssm").put_parameter(Name="/a", Value="x", Type="String"))

    for _ in range(2):
        world.reset()
        small(world)
        assert world.client("ssm").get_parameter(Name="/a")["Parameter"]["Value"] == "x"
    world.client("ssm").delete_parameter(Name="/a")
    small(world)
    assert len(built) == 2
