"""create where something is wrong: each told in one line before anything is made, or why its members do not come."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from create_worlds import (
    BASE,
    CREATE,
    IMAGE,
    ZONES,
    asg,
    config,
    groups,
    security_group,
    subnet,
    target_group,
    vpc,
    write,
)
from deploy_worlds import end, members, writes
from test_locks import held_by
from whole import rows

from udo.sandbox.faults import Fault
from udo.sandbox.strict import LaunchFault, delays, launch_faults, quotas

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
TEN = "10.1.1.0/24"
TERMINATING = "LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING'"
TRACKING = "{PolicyType: TargetTrackingScaling, TargetTrackingConfiguration: {TargetValue: 50"


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    """prod web alone, and udo.yml with prod webapp beside it."""
    seeded(config().partition("      webapp:")[0])
    write()
    world.log.clear()
    return world


def refused(world: Any, udo: Udo, exit: int, *words: str) -> str:
    """What create says, in one line, without a write."""
    world.log.clear()
    done = udo(*CREATE)
    assert (done.exit, writes(world), groups(world)) == (exit, [], {"prod-web"}), done.stderr
    (told,) = done.stderr.splitlines()
    assert all(word in told for word in words), told
    return str(told)


UNSAID = [
    (("scale_policy: {min_size: 3, max_size: 2}", ZONES), ("min_size 3 is more than max_size 2",)),
    (("scale_policy: {min_size: 1}", ZONES), ("does not say scale_policy.max_size", "udo.yml:")),
    ((ZONES,), ("scale_policy.min_size and scale_policy.max_size",)),
    ((BASE,), ("does not say where its group lives", "availability_zones")),
    (
        (BASE, ZONES, f"scaling_policies: {{cpu: {TRACKING}}}}}}}"),
        ("udo.yml:15:", "scaling_policies.cpu of prod webapp needs one metric"),
    ),
    (
        (BASE, ZONES, "scaling_policies: {up: {AdjustmentType: ChangeInCapacity}}"),
        ("scaling_policies.up of prod webapp needs ScalingAdjustment",),
    ),
    (
        (BASE, ZONES, "scheduled_actions: {night: {Recurrence: '0 1 * * *'}}"),
        ("udo.yml:15:", "scheduled_actions.night of prod webapp sets no size"),
    ),
    (
        (BASE, ZONES, "scheduled_actions: {night: {Recurrence: '0 1 * * *', MinSize: 3, MaxSize: 1}}"),
        ("udo.yml:15:", "scheduled_actions.night of prod webapp has MinSize 3 above MaxSize 1"),
    ),
    (
        (BASE, ZONES, "scheduled_actions: {night: {Recurrence: 0 1 *, MinSize: 3}}"),
        ("has a Recurrence '0 1 *', which wants five fields: minute hour day month weekday",),
    ),
    (
        (BASE, ZONES, "scheduled_actions: {night: {Recurrence: '0 1 * * *', MinSize: 3, TimeZone: Europe/Berln}}"),
        ("has a TimeZone that is no time zone: 'Europe/Berln': did you mean 'Europe/Berlin'?",),
    ),
    ((BASE, ZONES, "lifecycle_hooks: {drain: {HeartbeatTimeout: 60}}"), ("LifecycleTransition",)),
    (
        (BASE, ZONES, "lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATE'}}"),
        ("has a LifecycleTransition autoscaling:EC2_INSTANCE_TERMINATE: there are autoscaling:EC2_INSTANCE_LAUNCHING",),
    ),
    (
        (BASE, ZONES, f"lifecycle_hooks: {{drain: {{{TERMINATING}, DefaultResult: STOP}}}}"),
        ("lifecycle_hooks.drain of prod webapp has a DefaultResult STOP: there are CONTINUE, ABANDON",),
    ),
    (
        (BASE, ZONES, f"lifecycle_hooks: {{drain: {{{TERMINATING}, HeartbeatTimeout: 5}}}}"),
        ("udo.yml:15:", "has a HeartbeatTimeout of 5: AWS takes 30 to 7200 seconds"),
    ),
    (
        (BASE, ZONES, "max_instance_lifetime: 5m"),
        ("udo.yml:15:", "max_instance_lifetime of prod webapp is under a day"),
    ),
    ((BASE, ZONES, "ami: null"), ("does not say ami", "udo.yml:")),
    ((BASE, ZONES, "instance_type: null"), ("does not say instance_type",)),
    (
        (BASE, ZONES, "launch: {as: configuration}", "mixed_instances: {Overrides: [{InstanceType: t3.small}]}"),
        ("needs a launch template", "udo.yml:"),
    ),
    (
        (BASE, ZONES, "mixed_instances: {Overrides: []}"),
        ("udo.yml:15:", "says nothing: name Overrides, or leave it out"),
    ),
    (
        (BASE, ZONES, "spot_price: '0.01'", "mixed_instances: {Overrides: [{InstanceType: t3.small}]}"),
        ("spot_price", "does not go with mixed_instances"),
    ),
]
UNKNOWN = [
    ("ami: ami-0bbbbbbbbbbbbbbbb", ("image ami-0bbbbbbbbbbbbbbbb", "no such image")),
    ("instance_type: t99.small", ("instance type t99.small",)),
    ("keypair_name: nosuch", ("key pair nosuch",)),
    ("iam_profile: nosuch", ("instance profile nosuch",)),
    ("elbs: [nosuch]", ("load balancer nosuch",)),
    ("target_groups: [nosuch]", ("target group nosuch", "does not exist")),
    ("security_groups: [nosuch]", ("security group nosuch", "does not exist")),
    ("availability_zones: [us-west-2z]", ("availability zone us-west-2z",)),
    ("vpc: vpc-1", ("vpc-1", "default VPC")),
]


@pytest.mark.parametrize(("lines", "words"), rows(UNSAID, UNSAID[1::4]))
def test_what_udo_yml_does_not_say_or_says_twice_is_told_with_its_place(
    shop: Any, udo: Udo, lines: tuple[str, ...], words: tuple[str, ...]
) -> None:
    write(*lines)
    refused(shop, udo, 2, *words)


@pytest.mark.parametrize(("key", "words"), rows(UNKNOWN, UNKNOWN[::3]))
def test_what_does_not_exist_is_told_before_anything_is_made(
    shop: Any, udo: Udo, key: str, words: tuple[str, ...]
) -> None:
    write(BASE, *(() if key.startswith("availability") else (ZONES,)), key)
    refused(shop, udo, 7, *words)


def test_what_is_in_another_vpc_or_zone_or_takes_no_instances(shop: Any, udo: Udo) -> None:
    ours, theirs = vpc(shop), vpc(shop)
    here, there = subnet(shop, ours, TEN), subnet(shop, theirs, TEN)
    write(BASE, f"subnets: [{here}, {there}]")
    refused(shop, udo, 7, "the subnets of prod webapp are in", "set vpc to choose one")
    write(BASE, f"subnets_cidr: [{TEN}]")
    refused(shop, udo, 7, TEN, ours, theirs, "set vpc")
    write(BASE, f"subnets: [{here}]", "availability_zones: [us-west-2b]")
    refused(shop, udo, 7, here, "us-west-2a", "us-west-2b")
    place = f"subnets: [{here}]"
    other = security_group(shop, theirs, "db")
    for name in (other, "db"):
        write(BASE, place, f"security_groups: [{name}]")
        refused(shop, udo, 7, f"security group {name}", f"is in {theirs}, and the group in {ours}")
    target_group(shop, theirs, "far")
    write(BASE, place, "target_groups: [far]")
    refused(shop, udo, 7, "target group far", f"is in {theirs}, and the group in {ours}")
    target_group(shop, ours, "addresses", "ip")
    write(BASE, place, "target_groups: [addresses]")
    refused(shop, udo, 7, "takes ip targets, and members of a group are instances")


@pytest.mark.whole
def test_a_spent_quota_is_told_with_what_to_ask_for_and_what_is_made_already(shop: Any, udo: Udo) -> None:
    quotas.groups = 1
    done = udo(*CREATE)
    assert done.exit == 1
    (told,) = done.stderr.splitlines()[-1:]
    assert "LimitExceeded" in told
    assert "quota 'Auto Scaling groups per region' (L-CDE20ADC)" in told
    assert "done so far: launch template prod-webapp; the same command continues" in told
    quotas.groups = 500
    shop.log.clear()
    assert udo(*CREATE).exit == 0
    assert writes(shop) == ["CreateAutoScalingGroup"]
    quotas.launch_configurations = 0
    asg(shop).delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    write(BASE, ZONES, "launch: {as: configuration}")
    done = udo(*CREATE)
    assert "quota 'Launch configurations per region' (L-6B80B8FA)" in done.stderr
    assert "done so far" not in done.stderr


def test_a_launch_that_fails_is_told_once_and_the_wait_goes_on_where_it_may_succeed(shop: Any, udo: Udo) -> None:
    launch_faults.add(LaunchFault(times=4))
    done = udo(*CREATE)
    assert (done.exit, done.stdout, len(members(shop))) == (0, "prod-webapp has 2 in service\n", 2), done.stderr
    told = [line for line in done.stderr.splitlines() if "sufficient t3.small capacity" in line]
    assert len(told) == 2, done.stderr
    assert all("-> allow more instance types or zones" in line for line in told)


@pytest.mark.whole
def test_for_want_of_capacity_it_waits_as_long_as_it_may(shop: Any, udo: Udo) -> None:
    launch_faults.add(LaunchFault())
    done = udo(*CREATE, "--timeout", "20m")
    assert (done.exit, "still changing after 1200 s" in done.stderr) == (124, True), done.stderr
    assert "look again with: udo create prod webapp" in done.stderr
    launch_faults.clear()
    done = udo(*CREATE)
    assert (done.exit, done.stdout) == (0, "prod-webapp has 2 in service\n"), done.stderr


def test_launches_that_fail_again_and_again_end_the_wait_with_the_reason(shop: Any, udo: Udo) -> None:
    launch_faults.add(LaunchFault("us-west-2a", error="type"))
    write(BASE, "availability_zones: [us-west-2a]")
    done = udo(*CREATE)
    assert done.exit == 1, done.stderr
    told = done.stderr.splitlines()[-1]
    assert "wait until prod-webapp has 2 in service: " in told
    assert "3 launches failed in the same way since" in told
    assert "(t3.small) is not supported in your requested Availability Zone" in told
    assert told.endswith("look again with: udo create prod webapp")
    # What failed before is no reason not to try again.
    launch_faults.clear()
    assert udo(*CREATE).exit == 0


@pytest.mark.whole
def test_where_one_zone_may_launch_again_it_is_waited_for(shop: Any, udo: Udo) -> None:
    launch_faults.add(LaunchFault("us-west-2a", times=6))
    launch_faults.add(LaunchFault("us-west-2b", error="type"))
    done = udo(*CREATE)
    assert (done.exit, len(members(shop))) == (0, 2), done.stderr


def test_where_one_zone_launches_nothing_the_others_do(shop: Any, udo: Udo) -> None:
    launch_faults.add(LaunchFault("us-west-2a"))
    done = udo(*CREATE)
    assert (done.exit, len(members(shop))) == (0, 2), done.stderr
    told = asg(shop).describe_auto_scaling_groups(AutoScalingGroupNames=["prod-webapp"])["AutoScalingGroups"][0]
    assert {one["AvailabilityZone"] for one in told["Instances"]} == {"us-west-2b"}


def test_why_launches_fail_may_be_unknown_and_is_told_so_once(shop: Any, udo: Udo) -> None:
    launch_faults.add(LaunchFault(times=4))
    shop.faults.add(Fault("deny", "DescribeScalingActivities", times=None))
    done = udo(*CREATE)
    assert (done.exit, done.stderr.count("why launches fail is unknown")) == (0, 1), done.stderr


def test_run_again_it_waits_for_members_that_are_not_in_service_yet(shop: Any, udo: Udo) -> None:
    delays.boot = 60.0
    assert udo(*CREATE, "--no-wait").exit == 0
    shop.log.clear()
    assert udo(*CREATE, "--no-wait").stdout == "prod-webapp exists as udo.yml says\n"
    done = udo(*CREATE)
    assert (done.exit, done.stdout, writes(shop)) == (0, "prod-webapp has 2 in service\n", [])
    assert "0 of 2 in service, 2 Pending" in done.stderr


def test_what_is_awaited_can_be_left_and_gone_back_to(shop: Any, udo: Udo) -> None:
    delays.boot = 60.0
    leave = Fault("hook", "DescribeScalingActivities", hook=lambda _: signal.raise_signal(signal.SIGINT))
    shop.faults.add(leave)
    done = udo(*CREATE)
    assert done.exit == 130
    assert "the group is made and AWS continues; look again with: udo create prod webapp" in done.stderr
    assert udo(*CREATE).stdout == "prod-webapp has 2 in service\n"


def test_a_group_that_is_deleted_while_its_members_are_awaited_is_not_said_to_go_on(shop: Any, udo: Udo) -> None:
    delays.boot = 60.0
    gone = {"AutoScalingGroupName": "prod-webapp", "ForceDelete": True}
    delete = Fault(
        "hook", "DescribeScalingActivities", hook=lambda _: (asg(shop).delete_auto_scaling_group(**gone), end(shop))
    )
    shop.faults.add(delete)
    done = udo(*CREATE)
    assert done.exit == 1, done.stderr
    assert done.stderr.endswith("group prod-webapp does not exist any more: somebody has deleted it\n"), done.stderr


@pytest.mark.whole
def test_of_a_cluster_the_absent_groups_are_made_each_after_those_it_comes_after(shop: Any, udo: Udo) -> None:
    more = "\n".join(("      api:", f"        {BASE}", f"        {ZONES}", ""))
    Path("udo.yml").write_text(config(BASE, ZONES, "deploy: {after: [api]}") + more)
    done = udo("create", "prod")
    assert (done.exit, writes(shop)) == (7, [])
    done = udo("create", "prod", "--yes")
    assert done.exit == 0, done.stderr
    made = [one for one in done.stderr.splitlines() if one.startswith("[2/3] make group")]
    assert [one.split()[3] for one in made] == ["prod-api", "prod-webapp"]
    assert groups(shop) == {"prod-web", "prod-webapp", "prod-api"}
    shop.log.clear()
    assert (udo("create", "prod").exit, writes(shop)) == (0, [])


def test_of_a_cluster_a_group_that_is_otherwise_is_passed_over_and_named(shop: Any, udo: Udo) -> None:
    asg(shop).update_auto_scaling_group(AutoScalingGroupName="prod-web", MaxSize=9)
    done = udo("create", "prod", "--yes")
    assert (done.exit, groups(shop)) == (0, {"prod-web", "prod-webapp"}), done.stderr
    assert "scale_policy.max_size 9 -> 4" in done.stderr
    assert "'udo update prod web'" in done.stderr


def test_a_group_of_that_name_that_comes_meanwhile_is_not_taken_for_ours(shop: Any, udo: Udo) -> None:
    write(BASE, ZONES, "launch: {as: configuration}")
    theirs = {"LaunchConfigurationName": "theirs", "ImageId": IMAGE, "InstanceType": "t2.nano"}
    place = {"AvailabilityZones": ["us-west-2a"], "MinSize": 0, "MaxSize": 1}

    def come(_asked: Any) -> None:
        asg(shop).create_launch_configuration(**theirs)
        asg(shop).create_auto_scaling_group(
            AutoScalingGroupName="prod-webapp", LaunchConfigurationName="theirs", **place
        )

    shop.faults.add(Fault("hook", "CreateLaunchConfiguration", after=True, hook=come))
    done = udo(*CREATE)
    assert done.exit == 4, done.stderr
    assert "group prod-webapp" in done.stderr.splitlines()[-1]
    assert writes(shop) == ["CreateLaunchConfiguration"]


def test_what_aws_leaves_out_of_a_new_group_is_no_success(shop: Any, udo: Udo) -> None:
    arn = target_group(shop, vpc(shop), "web")
    place = f"subnets: [{subnet(shop, vpc_of(shop, arn), TEN)}]"
    write(BASE, place, f"traffic_sources: [{{Identifier: '{arn}'}}]")
    gone = {"AutoScalingGroupName": "prod-webapp", "TrafficSources": [{"Identifier": arn}]}
    lose = partial(asg(shop).detach_traffic_sources, **gone)
    shop.faults.add(Fault("hook", "CreateAutoScalingGroup", after=True, hook=lambda _: lose()))
    done = udo(*CREATE)
    assert (done.exit, "traffic sources of prod-webapp" in done.stderr) == (4, True), done.stderr


def vpc_of(world: Any, arn: str) -> str:
    told = world.client("elbv2").describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    return str(told[0]["VpcId"])


def test_an_account_that_gets_no_launch_configurations_is_told_of_templates(shop: Any, udo: Udo) -> None:
    quotas.launch_configurations_refused = True
    write(BASE, ZONES, "launch: {as: configuration}")
    done = udo(*CREATE)
    assert (done.exit, groups(shop)) == (1, {"prod-web"})
    assert done.stderr.endswith("cannot create launch configurations: leave out launch.as: configuration\n")


def test_it_is_refused_where_the_role_is_protected_and_nobody_confirms(shop: Any, udo: Udo) -> None:
    write(BASE, ZONES, "protected: [create]")
    done = udo(*CREATE)
    assert (done.exit, writes(shop)) == (7, [])
    assert udo(*CREATE, "--yes").exit == 0


def test_a_group_that_is_being_deleted_is_not_made_again_yet(shop: Any, udo: Udo) -> None:
    assert udo(*CREATE).exit == 0
    delays.terminate = 60.0
    asg(shop).delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    done = udo(*CREATE)
    assert (done.exit, "is being deleted" in done.stderr) == (4, True)


@pytest.mark.parametrize("changed", [False, True])
def test_a_create_that_waited_for_another_one_goes_by_the_group_it_finds(shop: Any, udo: Udo, changed: bool) -> None:
    held_by(shop)

    def other(_asked: Any) -> None:
        shop.client("ssm").delete_parameter(Name="/udo/lock/prod-webapp")
        assert udo(*CREATE).exit == 0
        shop.log.clear()
        if changed:
            asg(shop).update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MaxSize=3)

    shop.faults.add(Fault("hook", "PutParameter", nth=3, hook=other))
    done = udo(*CREATE, "--wait-lock")
    if changed:
        assert (done.exit, "exists and is not as udo.yml says: scale_policy.max_size 3 -> 4" in done.stderr) == (
            4,
            True,
        )
    else:
        assert (done.exit, done.stdout) == (0, "prod-webapp exists as udo.yml says: another run has made it\n")
    assert writes(shop) == [], done.stderr
