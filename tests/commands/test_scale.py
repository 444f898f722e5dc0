"""scale: the sizes of a group, shown, set in one call, and waited for."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import config, members, writes

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
CONFIG = """
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
availability_zones: [us-west-2a]
clusters:
  prod:
    roles:
      webapp: {{scale_policy: {{min_size: 1, max_size: 4, desired: 2}}{more}}}
      web: {{scale_policy: {{min_size: 1, max_size: 4, desired: 2}}}}
"""
SCALE = ("scale", "prod", "webapp")


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(CONFIG.format(more=""))
    return world


def group(world: Any, name: str = "prod-webapp") -> dict[str, Any]:
    told = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    found: dict[str, Any] = told["AutoScalingGroups"][0]
    return found


def sizes(world: Any, name: str = "prod-webapp") -> tuple[int, int, int]:
    found = group(world, name)
    return found["MinSize"], found["DesiredCapacity"], found["MaxSize"]


def in_service(world: Any) -> int:
    return sum(member["LifecycleState"] == "InService" for member in group(world)["Instances"])


def test_without_a_number_the_sizes_are_shown_and_nothing_is_set(shop: Any, udo: Udo) -> None:
    done = udo(*SCALE)
    assert (done.exit, done.stdout) == (0, "prod-webapp has 2 in service of 2 (min 1, max 4)\n")
    assert udo(*SCALE, "-o", "json").json["data"] == {
        "cluster": "prod",
        "role": "webapp",
        "group": "prod-webapp",
        "min_size": 1,
        "desired_capacity": 2,
        "max_size": 4,
        "in_service": 2,
        "moved_by": [],
    }
    assert writes(shop) == []


@pytest.mark.parametrize(("word", "number"), [("3", 3), ("+2", 4), ("-1", 1), ("+0", 2)])
def test_a_number_is_set_in_one_call_and_its_members_are_awaited(shop: Any, udo: Udo, word: str, number: int) -> None:
    done = udo(*SCALE, word)
    assert done.exit == 0, done.stderr
    assert (sizes(shop), in_service(shop)) == ((1, number, 4), number)
    assert sizes(shop, "prod-web") == (1, 2, 4)
    assert writes(shop) == ([] if number == 2 else ["UpdateAutoScalingGroup"])


def test_what_is_there_already_is_nothing_to_do(shop: Any, udo: Udo) -> None:
    assert udo(*SCALE, "2").stdout == "prod-webapp wants 2 (min 1, max 4) already\n"
    assert writes(shop) == []


def test_less_is_a_word_wherever_it_stands_and_no_option(shop: Any, udo: Udo) -> None:
    done = udo(*SCALE, "-1", "-n")
    assert (done.exit, "desired  2 -> 1" in done.stdout) == (0, True), done.stderr
    assert "No such option" in udo(*SCALE, "-x").stderr
    assert writes(shop) == []


def test_bounds_are_set_in_the_same_call(shop: Any, udo: Udo) -> None:
    assert udo(*SCALE, "6", "--min", "2", "--max", "8").exit == 0
    assert sizes(shop) == (2, 6, 8)
    assert writes(shop) == ["UpdateAutoScalingGroup"]
    assert udo(*SCALE, "--max", "3").exit == 0
    assert sizes(shop) == (2, 3, 3)
    assert in_service(shop) == 3


def test_bounds_that_move_the_desired_capacity_show_it_first(shop: Any, udo: Udo) -> None:
    assert "desired  2 -> 3" in udo(*SCALE, "--min", "3", "-n").stdout
    assert "desired  2 -> 1" in udo(*SCALE, "--max", "1", "-n").stdout


def test_a_number_out_of_bounds_asks_and_without_a_terminal_gives_the_line_that_does_it(shop: Any, udo: Udo) -> None:
    done = udo(*SCALE, "+4")
    assert done.exit == 7
    assert "6 is above the maximum of prod-webapp, 4. Set the maximum to 6 too?" in done.stderr
    assert "udo scale prod webapp 6 --max 6" in done.stderr
    assert writes(shop) == []
    assert udo(*SCALE, "6", "--max", "6").exit == 0
    assert sizes(shop) == (1, 6, 6)
    assert "below the minimum of prod-webapp, 1" in udo(*SCALE, "0").stderr


def test_to_zero_asks_and_above_it_does_not(shop: Any, udo: Udo) -> None:
    assert udo(*SCALE, "1", "--min", "0").exit == 0
    done = udo(*SCALE, "0")
    assert (done.exit, "Terminate the only member of" in done.stderr) == (7, True)
    assert udo(*SCALE, "0", "--yes").exit == 0
    assert members(shop) == []


def test_a_protected_role_asks(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(CONFIG.format(more=", protected: true"))
    done = udo(*SCALE, "3")
    assert (done.exit, "prod webapp is protected" in done.stderr) == (7, True)
    assert "udo scale prod webapp 3 --yes" in done.stderr
    assert udo(*SCALE, "3", "--yes").exit == 0


@pytest.mark.parametrize(
    ("words", "exit", "says"),
    [
        (("many",), 2, "'many' is no number of instances"),
        (("3", "4"), 2, "unexpected word '4'"),
        (("3", "-4"), 2, "unexpected word '-4'"),
        (("1.5",), 2, "'1.5' is no number of instances"),
        (("-3",), 7, "prod-webapp has 2: -3 would be below zero"),
        (("3", "--max", "2"), 2, "3 is above --max 2"),
        (("3", "--min", "5", "--max", "4"), 2, "--min 5 is above --max 4"),
        (("--min", "5"), 7, "--min 5 does not fit the maximum of prod-webapp, 4"),
        (("--max", "0"), 7, "--max 0 does not fit the minimum of prod-webapp, 1"),
        (("3", "--timeout", "x"), 2, "x"),
    ],
)
def test_what_cannot_be_set_is_one_line_and_sets_nothing(
    shop: Any, udo: Udo, words: tuple[str, ...], exit: int, says: str
) -> None:
    done = udo(*SCALE, *words)
    assert (done.exit, done.stderr.count("\n")) == (exit, 1), done.stderr
    assert says in done.stderr
    assert writes(shop) == []


def test_a_group_that_is_not_there_or_is_being_deleted_is_told(shop: Any, udo: Udo) -> None:
    shop.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    assert udo(*SCALE, "3").exit in (1, 4)


def test_sizes_that_moved_since_they_were_seen_are_not_overwritten_and_the_hint_has_the_number(
    shop: Any, udo: Udo
) -> None:
    client = shop.client("autoscaling")
    move = {"AutoScalingGroupName": "prod-webapp", "DesiredCapacity": 3}
    shop.faults.add(Fault("hook", "ssm:PutParameter", hook=lambda _: client.set_desired_capacity(**move)))
    done = udo(*SCALE, "+2")
    assert done.exit == 4
    assert "run: udo scale prod webapp 4" in done.stderr
    assert sizes(shop) == (1, 3, 4)


def test_interrupted_while_waiting_it_says_the_number_and_the_same_line_waits_again(shop: Any, udo: Udo) -> None:
    shop.faults.add(
        Fault("hook", "UpdateAutoScalingGroup", after=True, hook=lambda _: os.kill(os.getpid(), signal.SIGINT))
    )
    done = udo(*SCALE, "+2")
    assert done.exit == 130
    assert "udo scale prod webapp 4" in done.stderr
    assert sizes(shop) == (1, 4, 4)
    again = udo(*SCALE, "4")
    assert (again.exit, in_service(shop)) == (0, 4)


def test_a_lost_answer_is_settled_by_looking(shop: Any, udo: Udo) -> None:
    shop.faults.add(Fault("drop", "UpdateAutoScalingGroup", after=True))
    assert udo(*SCALE, "3").exit == 0
    assert writes(shop) == ["UpdateAutoScalingGroup"]


def test_no_wait_leaves_the_rest_to_aws(shop: Any, udo: Udo) -> None:
    done = udo(*SCALE, "4", "--no-wait")
    assert (done.exit, "prod-webapp wants 4 (min 1, max 4) now; not waited for" in done.stdout) == (0, True)
    assert sizes(shop) == (1, 4, 4)


def test_sizes_that_are_set_while_members_are_on_their_way_are_awaited(shop: Any, udo: Udo) -> None:
    shop.client("autoscaling").put_lifecycle_hook(
        AutoScalingGroupName="prod-webapp",
        LifecycleHookName="slow",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        HeartbeatTimeout=60,
        DefaultResult="CONTINUE",
    )
    assert udo(*SCALE, "4", "--no-wait").exit == 0
    assert "wait until prod-webapp has 4 in service" in udo(*SCALE, "4", "-n").stdout
    done = udo(*SCALE, "4")
    assert (done.exit, in_service(shop), writes(shop)) == (0, 4, ["UpdateAutoScalingGroup"])


def test_what_moves_the_size_by_itself_is_named(shop: Any, udo: Udo) -> None:
    client = shop.client("autoscaling")
    target = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 50}
    client.put_scaling_policy(
        AutoScalingGroupName="prod-webapp",
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration=target,
    )
    client.put_scheduled_update_group_action(
        AutoScalingGroupName="prod-webapp", ScheduledActionName="night", Recurrence="0 20 * * *", DesiredCapacity=1
    )
    done = udo(*SCALE, "3", "-n")
    assert "scaling policy cpu (TargetTrackingScaling) may move it again" in done.stdout + done.stderr
    assert "scheduled action night sets desired 1 (0 20 * * *)" in done.stdout + done.stderr
    client.put_scheduled_update_group_action(
        AutoScalingGroupName="prod-webapp",
        ScheduledActionName="night",
        Recurrence="0 20 * * *",
        TimeZone="Europe/Berlin",
        DesiredCapacity=1,
    )
    for done in (udo(*SCALE, "3", "-n"), udo("status", "prod", "webapp")):
        assert "(0 20 * * * Europe/Berlin)" in done.stdout + done.stderr
    shop.faults.add(Fault("deny", "DescribePolicies"))
    done = udo(*SCALE, "3", "-n")
    assert (done.exit, "what else moves the size is unknown" in done.stdout + done.stderr) == (0, True)


@pytest.mark.parametrize(("process", "number"), [("Launch", "4"), ("Terminate", "1")])
def test_a_suspended_process_is_told_beforehand_and_ends_the_wait(
    shop: Any, udo: Udo, process: str, number: str
) -> None:
    shop.client("autoscaling").suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=[process])
    done = udo(*SCALE, number)
    assert done.exit == 1
    assert f"warning: {process} is suspended" in done.stderr
    assert f"{process} is suspended" in done.stderr.splitlines()[-1]


def test_members_that_are_all_protected_from_scale_in_end_the_wait(shop: Any, udo: Udo) -> None:
    shop.client("autoscaling").set_instance_protection(
        AutoScalingGroupName="prod-webapp", InstanceIds=members(shop), ProtectedFromScaleIn=True
    )
    done = udo(*SCALE, "1")
    assert (done.exit, "every member is protected from scale-in" in done.stderr) == (1, True)
    assert in_service(shop) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("scale", "-1", "prod", "webapp"), "'-1' is not a name"),
        (("scale", "prod", "webapp", "2", "-1"), "unexpected word '-1'"),
        (("scale", "prod", "webapp", "--min", "-1"), "-1 is not in the range"),
        (("scale", "prod", "webapp", "--timeout", "-1"), "'-1' is not a time"),
        (("scale", "prod", "webapp", "less 1"), "'less 1' is no number"),
    ],
)
def test_a_word_that_is_less_is_told_as_it_was_written(shop: Any, udo: Udo, words: tuple[str, ...], says: str) -> None:
    done = udo(*words)
    assert (done.exit, says in done.stderr) == (2, True), done.stderr


def test_the_line_that_does_it_needs_no_answer_where_a_bound_gives_way_and_all_are_terminated(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    client = world.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MinSize=1)
    asked = udo("scale", "prod", "webapp", "0")
    line = asked.stderr.strip().rpartition("terminal to ask on: udo ")[2]
    assert (asked.exit, line) == (7, "scale prod webapp 0 --min 0 --yes")
    assert udo(*line.split()).exit == 0
    assert sizes(world) == (0, 0, 9)
