"""sleep and wake: groups to zero, and back to the sizes that a tag remembers, whatever comes between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import members, writes
from test_scale import CONFIG, in_service, sizes
from test_suspend import by_somebody, suspended
from whole import some

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
SLEEP, WAKE = ("sleep", "prod", "webapp"), ("wake", "prod", "webapp")


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(CONFIG.format(more=""))
    return world


def tag(world: Any, name: str = "prod-webapp") -> str | None:
    told = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return {one["Key"]: one["Value"] for one in told["AutoScalingGroups"][0]["Tags"]}.get("udo:asleep")


def set_sizes(world: Any, **sizes: int) -> None:
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", **sizes)


def test_a_group_goes_to_zero_and_wakes_to_the_sizes_it_had(shop: Any, udo: Udo) -> None:
    by_somebody(shop, "ScheduledActions")
    asked = udo(*SLEEP)
    assert (asked.exit, "Terminate all 2 members of prod-webapp, until it is woken?" in asked.stderr) == (7, True)
    done = udo(*SLEEP, "--yes")
    assert done.exit == 0, done.stderr
    assert (sizes(shop), members(shop), tag(shop)) == ((0, 0, 4), [], "1 2 4 AlarmNotification")
    assert suspended(shop) == {"ScheduledActions", "AlarmNotification"}
    assert writes(shop) == ["CreateOrUpdateTags", "SuspendProcesses", "UpdateAutoScalingGroup"]
    assert udo(*SLEEP).stdout == "prod-webapp sleeps already\n"
    done = udo(*WAKE)
    assert done.exit == 0, done.stderr
    assert (sizes(shop), in_service(shop), tag(shop)) == ((1, 2, 4), 2, None)
    # What somebody else has suspended stays so.
    assert suspended(shop) == {"ScheduledActions"}
    assert udo(*WAKE).stdout == "prod-webapp is awake: 2 (min 1, max 4)\n"
    assert sizes(shop, "prod-web") == (1, 2, 4)


def test_status_says_that_a_group_sleeps_and_no_difference_of_its_sizes(shop: Any, udo: Udo) -> None:
    assert udo(*SLEEP, "--yes").exit == 0
    for words in (("status", "prod", "webapp"), ("status",)):
        done = udo(*words)
        assert ("asleep" in done.stdout, "scale_policy" in done.stdout + done.stderr) == (True, False)
    # Who has members sleeps no longer, whatever the tag says.
    set_sizes(shop, DesiredCapacity=1)
    assert "asleep" not in udo("status", "prod", "webapp").stdout


def test_the_whole_cluster_sleeps_and_wakes_asked_once(shop: Any, udo: Udo) -> None:
    assert udo("sleep", "prod").exit == 7
    assert udo("sleep", "prod", "--yes").exit == 0
    assert (sizes(shop), sizes(shop, "prod-web")) == ((0, 0, 4), (0, 0, 4))
    assert udo("wake", "prod", "--yes").exit == 0
    assert (sizes(shop), sizes(shop, "prod-web")) == ((1, 2, 4), (1, 2, 4))


@pytest.mark.parametrize("nth", some(range(1, 40, 2), *range(1, 40, 12)))
@pytest.mark.whole
def test_whatever_cuts_it_off_the_sizes_are_remembered_and_the_same_command_ends_it(
    shop: Any, udo: Udo, nth: int
) -> None:
    for words in ((*SLEEP, "--yes"), WAKE):
        shop.faults.add(Fault("kill", "*", nth=nth))
        try:
            udo(*words)
        except Killed:
            shop.faults.clear()
            assert udo("unlock", "prod", "webapp", "--yes").exit == 0
            assert udo(*words).exit == 0
        shop.faults.clear()
        if words != WAKE:
            assert (sizes(shop), members(shop)) == ((0, 0, 4), [])
    assert (sizes(shop), in_service(shop), tag(shop), suspended(shop)) == ((1, 2, 4), 2, None, set())


def test_what_somebody_set_between_a_cut_and_the_next_run_is_what_it_wakes_to(shop: Any, udo: Udo) -> None:
    shop.faults.add(Fault("kill", "UpdateAutoScalingGroup"))
    with pytest.raises(Killed):
        udo(*SLEEP, "--yes")
    shop.faults.clear()
    assert tag(shop) == "1 2 4 AlarmNotification ScheduledActions"
    set_sizes(shop, MinSize=2, DesiredCapacity=3, MaxSize=5)
    assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    assert udo(*SLEEP, "--yes").exit == 0
    assert tag(shop) == "2 3 5 AlarmNotification ScheduledActions"
    assert udo(*WAKE).exit == 0
    assert (sizes(shop), suspended(shop)) == ((2, 3, 5), set())


def test_waking_never_terminates_who_came_meanwhile(shop: Any, udo: Udo) -> None:
    assert udo(*SLEEP, "--yes").exit == 0
    set_sizes(shop, MinSize=3, DesiredCapacity=4, MaxSize=6)
    assert udo(*WAKE).exit == 0
    assert (sizes(shop), tag(shop), suspended(shop)) == ((3, 4, 6), None, set())


def test_a_group_at_zero_that_nobody_put_to_sleep_wakes_to_udo_yml(shop: Any, udo: Udo) -> None:
    set_sizes(shop, MinSize=0, DesiredCapacity=0)
    assert udo(*SLEEP).stdout == "prod-webapp wants no instance: nothing to put to sleep\n"
    assert tag(shop) is None
    assert udo(*WAKE).exit == 0
    assert (sizes(shop), in_service(shop)) == ((1, 2, 4), 2)


def test_sizes_that_moved_since_they_were_seen_are_not_overwritten(shop: Any, udo: Udo) -> None:
    shop.faults.add(Fault("hook", "ssm:PutParameter", hook=lambda _: set_sizes(shop, DesiredCapacity=3)))
    assert udo(*SLEEP, "--yes").exit == 4
    assert sizes(shop) == (1, 3, 4)


def test_scale_says_that_a_group_sleeps(shop: Any, udo: Udo) -> None:
    assert udo(*SLEEP, "--yes").exit == 0
    told = udo("scale", "prod", "webapp", "1").stderr
    assert "warning: it sleeps" in told
    assert "until 'udo wake prod webapp'" in told


@pytest.mark.parametrize("value", ["", "1 2", "1 2 4 Everything", "a b c"])
def test_a_tag_that_udo_does_not_write_is_not_guessed_at(shop: Any, udo: Udo, value: str) -> None:
    one = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": "udo:asleep", "Value": value}
    shop.client("autoscaling").create_or_update_tags(Tags=[{**one, "PropagateAtLaunch": False}])
    for words in ((*SLEEP, "--yes"), WAKE):
        done = udo(*words)
        assert (done.exit, "which Udo does not write" in done.stderr) == (7, True)
    assert (sizes(shop), suspended(shop)) == ((1, 2, 4), set())


def test_a_protected_role_asks_both_ways(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(CONFIG.format(more=", protected: true"))
    assert "prod webapp is protected. Terminate all 2" in udo(*SLEEP).stderr
    assert udo(*SLEEP, "--yes").exit == 0
    assert (udo(*WAKE).exit, udo(*WAKE, "--yes").exit) == (7, 0)


def test_members_in_standby_are_not_terminated_which_is_told(shop: Any, udo: Udo) -> None:
    one, _ = members(shop)
    assert udo("standby", "prod", "webapp", one).exit == 0
    stays = f"warning: {one} is in Standby and not terminated: it runs on and costs"
    for words in (SLEEP, ("scale", "prod", "webapp", "0", "--min", "0")):
        told = udo(*words)
        assert ("Terminate all 2 members" in told.stderr, stays in told.stderr) == (True, True)
    assert udo(*SLEEP, "--yes").exit == 0
    assert members(shop) == [one]


def test_what_somebody_suspends_meanwhile_is_not_noted_as_asleep(shop: Any, udo: Udo) -> None:
    shop.faults.add(Fault("hook", "ssm:PutParameter", hook=lambda _: by_somebody(shop, "ScheduledActions")))
    done = udo(*SLEEP, "--yes")
    assert (done.exit, "suspended processes of prod-webapp" in done.stderr) == (4, True)
    assert (writes(shop), tag(shop), sizes(shop)) == ([], None, (1, 2, 4))
    assert udo(*SLEEP, "--yes").exit == 0
    assert udo(*WAKE).exit == 0
    assert suspended(shop) == {"ScheduledActions"}


def test_a_group_is_not_put_to_sleep_while_a_run_would_resume_what_wakes_it(shop: Any, udo: Udo) -> None:
    one = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    record = {"Key": "udo:suspended-by-run", "Value": "20261120T131501Z-abcdef AlarmNotification"}
    shop.client("autoscaling").create_or_update_tags(Tags=[{**one, **record}])
    by_somebody(shop, "AlarmNotification")
    done = udo(*SLEEP, "--yes")
    assert (done.exit, "suspended by run 20261120T131501Z-abcdef" in done.stderr) == (4, True)
    assert (sizes(shop), tag(shop)) == ((1, 2, 4), None)
