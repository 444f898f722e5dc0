"""plan tells of a group's settings beside what it launches, value by value, and how little is asked for that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import create_worlds
import pytest
from deploy_worlds import writes
from launch_worlds import CONFIG, NEW_IMAGE, OLD_IMAGE, WORLDS, configuration_world, everything, write_config
from test_plan_command import EQUAL, second_group
from update_worlds import METRIC, TRACKING, asg
from whole import some

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
SAYS = (
    "scale_policy: {min_size: 1, max_size: 5}, health_check: {grace: 2m}, tags: {team: payments}, "
    "lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}}, "
    f"scaling_policies: {{cpu: {TRACKING}{METRIC}}}}}}}, metrics: [GroupMinSize], "
    "scheduled_actions: {night: {Recurrence: '0 22 * * *', MinSize: 0}}"
)
BOTH = CONFIG.replace("webapp: {", f"webapp: {{{SAYS}, ")
PARTS = ("DescribePolicies", "DescribeScheduledActions", "DescribeLifecycleHooks", "DescribeTrafficSources")


def said(*more: str, text: str = EQUAL) -> str:
    return text.replace("webapp: {", f"webapp: {{{', '.join(more)}, ")


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_both_are_shown_old_value_to_new_and_swapped_and_set_by_one_write(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    write_config(BOTH)
    before = everything(world)
    told = udo("plan", "prod", "webapp")
    assert told.exit == 0, told.stderr
    lines = [line.split() for line in told.stdout.splitlines()]
    for row in (
        ["~", "ami"],
        ["~", "scale_policy.max_size", "3", "->", "5"],
        ["~", "health_check.grace"],
        ["+", "tags.team", "payments"],
        ["+", "lifecycle_hooks.drain"],
        ["+", "scaling_policies.cpu"],
        ["+", "scheduled_actions.night"],
        ["~", "metrics"],
    ):
        assert any(line[: len(row)] == row for line in lines), row
    (data,) = udo("plan", "-o", "json").json["data"]
    operations = [step["operation"] for step in data["steps"]]
    copy = "CreateLaunchConfiguration" if kind == "configuration" else "CreateLaunchTemplateVersion"
    assert operations == [
        *(copy, "CreateOrUpdateTags", "CreateOrUpdateTags", "PutLifecycleHook", "UpdateAutoScalingGroup"),
        *("PutScalingPolicy", "PutScheduledUpdateGroupAction", "EnableMetricsCollection"),
    ]
    assert {one["key"] for one in data["settings"]} >= {"scale_policy.max_size", "health_check.grace", "tags.team"}
    assert {one["key"] for one in data["differences"]} <= {"ami", "instance_type"}
    assert (everything(world), writes(world)) == (before, [])


def test_the_exit_code_tells_of_both(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for text, code in (
        (EQUAL, 0),
        (said("scaling_policies: {cpu: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 1}}"), 5),
        (CONFIG, 5),
    ):
        write_config(text)
        assert udo("plan", "--exit-code").exit == code
        assert udo("plan").exit == 0


def test_settings_that_update_refuses_are_shown_with_the_reason(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(said("scale_policy: {max_size: 1}"))
    told = udo("plan", "prod", "webapp", "--exit-code")
    assert told.exit == 5, told.stderr
    assert "  ~ scale_policy.max_size  3 -> 1" in told.stdout.splitlines()
    note = "  the settings are left: scale_policy.max_size 1 is below the desired capacity of prod-webapp, 2: AWS would"
    assert f"{note} move it: move it first: udo scale prod webapp 1 --max 1" in told.stdout
    row = udo("plan", "-o", "json").json["data"][0]
    assert (row["changes"], row["steps"], row["refused"]["code"]) == (False, [], "refused")
    second_group(world)
    write_config(said("scale_policy: {max_size: 1}") + "      worker: {}\n")
    assert udo("plan").stdout.endswith("\n1 refused, 1 unchanged\n")
    told = udo("plan", "--save", "file")
    assert "not saved: the settings of prod webapp, which are refused" in told.stderr


def test_settings_that_name_what_is_not_there_leave_the_launch_plan(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(said("subnets: [subnet-0a1b2c3d4e5f60718]", text=CONFIG))
    told = udo("plan", "prod", "webapp", "--exit-code")
    assert (told.exit, "the settings are left: " in told.stdout, "~ ami" in told.stdout) == (5, True, True)


def test_a_group_of_a_stack_is_shown_and_its_settings_are_left(world: Any, udo: Udo) -> None:
    configuration_world(world)
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
    asg(world).create_or_update_tags(Tags=[{**tag, "Key": "aws:cloudformation:stack-name", "Value": "shop"}])
    write_config(said("health_check: {grace: 2m}", text=CONFIG))
    told = udo("plan", "--exit-code").stdout
    assert "the settings are left: prod-webapp belongs to the CloudFormation stack shop" in told
    assert udo("plan", "--save", "file").exit == 0
    assert udo("apply", "file").exit == 0
    assert "health_check.grace" in udo("plan").stdout


def test_what_the_group_has_beside_udo_yml_is_named_and_left(world: Any, udo: Udo) -> None:
    configuration_world(world)
    asg(world).put_scaling_policy(
        AutoScalingGroupName="prod-webapp", PolicyName="up", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
    )
    write_config(said("scaling_policies: {}"))
    told = udo("plan", "prod", "webapp", "--exit-code")
    deletes = "'udo update prod webapp --delete-extras' deletes them"
    assert (told.exit, f"not in udo.yml, and left: scaling_policies.up; {deletes}" in told.stdout) == (0, True)


def test_what_a_group_has_beside_its_settings_is_asked_for_only_where_udo_yml_says_it(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for text, asked in (
        (said("health_check: {grace: 2m}", "metrics: all"), []),
        (said("scaling_policies: {}"), ["DescribePolicies"]),
        (said("lifecycle_hooks: {}", "elbs: [one]"), ["DescribeLifecycleHooks", "DescribeTrafficSources"]),
    ):
        write_config(text)
        world.log.clear()
        assert udo("plan").exit == 0
        assert sorted(one.operation for one in world.log if one.operation in PARTS) == asked


@pytest.mark.whole
@pytest.mark.parametrize(("roles", "others", "pages"), [(2, 0, 3), (12, 0, 1), (4, 96, 5)])
def test_what_is_listed_for_all_groups_is_asked_in_pages_where_that_is_less(
    world: Any, udo: Udo, roles: int, others: int, pages: int
) -> None:
    configuration_world(world)
    names = [f"r{number}" for number in range(roles)]
    for name in (*names, *(f"other{number}" for number in range(others))):
        second_group(world, f"prod-{name}")
    night = "scheduled_actions: {night: {Recurrence: '0 22 * * *', MinSize: 0}}"
    up = "scaling_policies: {up: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 1}}"
    asg(world).put_scaling_policy(
        AutoScalingGroupName="prod-r1", PolicyName="up", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
    )
    more = "".join(f"      {name}: {{{night}, {up}, ami: {OLD_IMAGE}, instance_type: t3.small}}\n" for name in names)
    write_config(said(night, up) + more)
    world.log.clear()
    rows = udo("plan", "-o", "json").json["data"]
    keys = {row["role"]: [one["key"] for one in row["settings"]] for row in rows}
    both = ["scaling_policies.up", "scheduled_actions.night"]
    assert keys == {"webapp": both, **dict.fromkeys(names, both), "r1": both[1:]}
    asked = [one.operation for one in world.log]
    assert (asked.count("DescribePolicies"), asked.count("DescribeScheduledActions")) == (pages, pages)
    assert asked.count("DescribeAutoScalingGroups") == 1 + (roles + others > 90)


def test_a_listing_that_may_not_be_read_is_an_error_of_the_roles_that_rest_on_it(world: Any, udo: Udo) -> None:
    configuration_world(world)
    second_group(world)
    write_config(said("scaling_policies: {}") + "      worker: {}\n")
    world.faults.add(Fault("deny", "DescribePolicies", times=None))
    told = udo("plan", "-o", "json")
    assert told.exit == 3
    assert [row["error"] and row["error"]["code"] for row in told.json["data"]] == ["permission", None]


def test_a_group_that_does_not_exist_is_absent_and_pending(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(EQUAL + "      gone: {}\n")
    told = udo("plan")
    assert (told.exit, told.stdout) == (
        0,
        "prod gone  prod-gone  absent\n  make it: udo create prod gone\n\n1 absent, 1 unchanged\n",
    )
    assert udo("plan", "--exit-code").exit == 5
    row = udo("plan", "prod", "gone", "-o", "json").json["data"][0]
    assert (row["absent"], row["error"], row["steps"]) == (True, None, [])
    told = udo("plan", "prod", "gone", "--save", "file")
    assert (told.exit, Path("file").exists()) == (0, False)
    assert "not saved: prod gone is absent, 'udo create prod gone' makes it" in told.stderr
    assert NEW_IMAGE not in told.stdout


def test_what_many_roles_need_is_asked_at_the_same_time_and_once(world: Any, udo: Udo) -> None:
    """The hooks are answered only once the hooks of another group were asked for, and so are the refreshes."""
    import threading

    configuration_world(world)
    second_group(world)
    drain = "lifecycle_hooks: {}"
    write_config(said(drain) + f"      worker: {{{drain}, ami: {OLD_IMAGE}, instance_type: t3.small}}\n")
    meeting = {name: threading.Barrier(2) for name in ("DescribeLifecycleHooks", "DescribeInstanceRefreshes")}

    def meet(asked: Any) -> None:
        meeting[asked.operation].wait(20)

    for operation in meeting:
        world.faults.add(Fault("hook", operation, times=2, hook=meet))
    world.log.clear()
    told = udo("plan")
    assert (told.exit, told.stdout) == (0, "2 unchanged\n")
    asked = [one.operation for one in world.log]
    assert (asked.count("DescribeLifecycleHooks"), asked.count("DescribeInstanceRefreshes")) == (2, 2)


def test_a_refresh_that_cannot_be_read_beforehand_is_told_of_its_role(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG)
    world.faults.add(Fault("deny", "DescribeInstanceRefreshes", times=None))
    told = udo("plan", "prod", "webapp")
    assert (told.exit, "warning: it is unknown whether an instance refresh is active" in told.stdout) == (0, True)


def test_once_an_absent_group_is_made_as_plan_says_nothing_is_pending(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(create_worlds.config().partition("      webapp:")[0])
    night = "scheduled_actions: {night: {Recurrence: '0 22 * * *', MinSize: 0}}"
    create_worlds.write(create_worlds.BASE, create_worlds.ZONES, "tags: {team: payments}", "metrics: all", night)
    told = udo("plan", "prod", "webapp").stdout.splitlines()
    assert told[-1] == "  make it: udo create prod webapp"
    assert udo(*told[-1].partition("udo ")[2].split()).exit == 0
    told = udo("plan", "prod", "webapp", "--exit-code")
    assert told.exit == 0, told.stdout
