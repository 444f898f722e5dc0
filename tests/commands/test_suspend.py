"""suspend and resume: processes by name, and never those that somebody else has suspended unless they are named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import writes
from test_scale import CONFIG, group

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
SUSPEND, RESUME = ("suspend", "prod", "webapp"), ("resume", "prod", "webapp")


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(CONFIG.format(more=""))
    return world


def suspended(world: Any) -> set[str]:
    return {one["ProcessName"] for one in group(world)["SuspendedProcesses"]}


def tag(world: Any) -> str | None:
    return {one["Key"]: one["Value"] for one in group(world)["Tags"]}.get("udo:suspended")


def by_somebody(world: Any, *names: str) -> None:
    world.client("autoscaling").suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=list(names))


def test_named_processes_are_suspended_and_exactly_those_resumed(shop: Any, udo: Udo) -> None:
    by_somebody(shop, "Terminate")
    assert udo(*SUSPEND, "ScheduledActions", "AZRebalance").exit == 0
    assert suspended(shop) == {"Terminate", "AZRebalance", "ScheduledActions"}
    assert tag(shop) == "AZRebalance ScheduledActions"
    assert udo(*SUSPEND, "AZRebalance").stdout.startswith("AZRebalance of prod-webapp suspended already")
    assert udo(*SUSPEND).stdout == (
        "prod-webapp: Terminate, AZRebalance (by udo suspend), ScheduledActions (by udo suspend)\n"
    )
    assert udo(*RESUME).exit == 0
    assert (suspended(shop), tag(shop)) == ({"Terminate"}, None)
    assert writes(shop) == ["CreateOrUpdateTags", "SuspendProcesses", "ResumeProcesses", "DeleteTags"]
    again = udo(*RESUME)
    assert (again.exit, "Terminate is suspended, not by 'udo suspend': name what to resume" in again.stdout) == (
        0,
        True,
    )


def test_one_that_somebody_else_suspended_is_never_taken_for_ours(shop: Any, udo: Udo) -> None:
    by_somebody(shop, "Terminate")
    done = udo(*SUSPEND, "Terminate", "AZRebalance")
    assert "Terminate is suspended already, not by Udo" in done.stderr
    assert tag(shop) == "AZRebalance"
    assert udo(*RESUME).exit == 0
    assert suspended(shop) == {"Terminate"}
    assert udo(*RESUME, "Terminate").exit == 0
    assert suspended(shop) == set()


def test_some_are_resumed_by_name_and_the_rest_stays_ours(shop: Any, udo: Udo) -> None:
    assert udo(*SUSPEND, "AZRebalance", "ScheduledActions").exit == 0
    assert udo(*RESUME, "ScheduledActions").exit == 0
    assert (suspended(shop), tag(shop)) == ({"AZRebalance"}, "AZRebalance")
    assert udo(*RESUME, "Launch").stdout == "Launch of prod-webapp is not suspended\n"
    assert udo(*RESUME).exit == 0
    assert (suspended(shop), tag(shop)) == (set(), None)


@pytest.mark.parametrize("operation", ["CreateOrUpdateTags", "SuspendProcesses", "ResumeProcesses", "DeleteTags"])
def test_whatever_is_cut_off_the_same_commands_put_right(shop: Any, udo: Udo, operation: str) -> None:
    shop.faults.add(Fault("kill", operation))
    for words in ((*SUSPEND, "AZRebalance"), RESUME):
        try:
            udo(*words)
        except Killed:
            shop.faults.clear()
            assert udo("unlock", "prod", "webapp", "--yes").exit == 0
            assert udo(*words).exit == 0
    assert (suspended(shop), tag(shop)) == (set(), None)


@pytest.mark.parametrize("words", [(*SUSPEND, "AZRebalance"), (*RESUME, "AZRebalance")])
def test_what_a_run_or_a_sleep_has_suspended_is_theirs_to_resume(shop: Any, udo: Udo, words: tuple[str, ...]) -> None:
    client, where = shop.client("autoscaling"), {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group"}
    one = {**where, "Key": "udo:suspended-by-run", "Value": "20261120T131501Z-abcdef AZRebalance"}
    client.create_or_update_tags(Tags=[{**one, "PropagateAtLaunch": False}])
    by_somebody(shop, "AZRebalance")
    done = udo(*words)
    assert (done.exit, "AZRebalance of prod-webapp is suspended by run 20261120T131501Z-abcdef" in done.stderr) == (
        *(4, True),
    )
    client.delete_tags(Tags=[one])
    two = {**where, "Key": "udo:asleep", "Value": "1 2 4 AZRebalance", "PropagateAtLaunch": False}
    client.create_or_update_tags(Tags=[two])
    assert (udo(*words).exit, suspended(shop)) == (4, {"AZRebalance"})


def test_dangerous_ones_are_told(shop: Any, udo: Udo) -> None:
    done = udo(*SUSPEND, "Launch", "-n")
    assert "warning: while Launch is suspended nothing is launched" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((*SUSPEND, "AzRebalance"), "no process 'AzRebalance': did you mean 'AZRebalance'?"),
        ((*RESUME, "Everything"), "no process 'Everything'"),
        ((*RESUME, "Launch", "--recover"), "unexpected word 'Launch'"),
    ],
)
def test_an_unknown_process_is_told_and_nothing_touched(shop: Any, udo: Udo, words: tuple[str, ...], says: str) -> None:
    done = udo(*words)
    assert (done.exit, done.stderr.count("\n"), says in done.stderr) == (2, 1, True), done.stderr
    assert writes(shop) == []


def test_a_tag_that_udo_does_not_write_is_not_guessed_at(shop: Any, udo: Udo) -> None:
    shop.client("autoscaling").create_or_update_tags(
        Tags=[
            {
                "ResourceId": "prod-webapp",
                "ResourceType": "auto-scaling-group",
                "Key": "udo:suspended",
                "Value": "everything",
                "PropagateAtLaunch": False,
            }
        ]
    )
    for words in (RESUME, SUSPEND, (*SUSPEND, "Launch")):
        assert (udo(*words).exit, suspended(shop)) == (7, set())


def test_a_protected_role_asks(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(CONFIG.format(more=", protected: [suspend]"))
    assert udo(*SUSPEND, "AZRebalance").exit == 7
    assert udo(*SUSPEND, "AZRebalance", "--yes").exit == 0
    assert udo(*RESUME).exit == 0


def test_what_somebody_suspends_meanwhile_is_not_noted_as_ours(shop: Any, udo: Udo) -> None:
    shop.faults.add(Fault("hook", "ssm:PutParameter", hook=lambda _: by_somebody(shop, "AZRebalance")))
    done = udo(*SUSPEND, "AZRebalance", "Launch")
    assert (done.exit, "suspended processes of prod-webapp" in done.stderr) == (4, True)
    assert (writes(shop), tag(shop)) == ([], None)
    assert udo(*SUSPEND, "AZRebalance", "Launch").exit == 0
    assert udo(*RESUME).exit == 0
    assert suspended(shop) == {"AZRebalance"}


def test_what_would_wake_a_group_that_sleeps_is_resumed_with_a_warning(shop: Any, udo: Udo) -> None:
    assert udo(*SUSPEND, "ScheduledActions", "AZRebalance").exit == 0
    assert udo("sleep", "prod", "webapp", "--yes").exit == 0
    done = udo(*RESUME)
    assert (done.exit, done.stderr.count("prod-webapp sleeps, and ScheduledActions may wake it")) == (0, 1)
    assert "AZRebalance may" not in done.stderr


def test_what_a_cut_off_suspend_has_noted_and_a_run_suspended_stays_the_runs(shop: Any, udo: Udo) -> None:
    client = shop.client("autoscaling")
    for key, value in (("udo:suspended", "Launch"), ("udo:suspended-by-run", "20261120T131501Z-abcdef Launch")):
        one = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": key, "Value": value}
        client.create_or_update_tags(Tags=[{**one, "PropagateAtLaunch": False}])
    by_somebody(shop, "Launch")
    assert (udo(*RESUME).exit, suspended(shop)) == (4, {"Launch"})


@pytest.mark.parametrize("value", ["", "ScheduledActions Launch"])
def test_a_tag_that_names_them_otherwise_than_udo_writes_them_is_no_conflict(shop: Any, udo: Udo, value: str) -> None:
    one = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": "udo:suspended", "Value": value}
    shop.client("autoscaling").create_or_update_tags(Tags=[{**one, "PropagateAtLaunch": False}])
    assert udo(*SUSPEND, "AZRebalance").exit == 0
    assert tag(shop) == " ".join(["Launch"] * bool(value) + ["AZRebalance"] + ["ScheduledActions"] * bool(value))
