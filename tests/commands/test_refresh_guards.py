"""Alarms and windows of a refresh: AWS gets those that are OK, one that goes off ends it or has it taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from guard_worlds import FROZEN, UNTIL, alarm, reads, ring, rings_at
from launch_worlds import CONFIG, configuration_world, launched_from, template_world, write_config
from refresh_worlds import REFRESH, begin, outdated, refreshes, sized
from test_refresh import brought

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
GUARDS = "guards: {alarms: [prod-5xx, prod-slow]}\n"
AFTER = GUARDS.replace("]}", "], after: 5m}")


def guarded(world: Any, udo: Udo, guards: str = GUARDS) -> Any:
    """A group whose two members differ, guarded by alarms that are OK."""
    for name in ("prod-5xx", "prod-slow", *(f"a{number}" for number in range(12))):
        alarm(world, name)
    outdated(world, udo, template_world)
    path = Path("udo.yml")
    path.write_text(path.read_text() + guards)
    world.log.clear()
    return world


def given(world: Any) -> list[str]:
    """The alarms that AWS got with the last refresh."""
    said = refreshes(world)[0]["Preferences"].get("AlarmSpecification") or {}
    return list(said.get("Alarms") or [])


def test_aws_gets_those_that_are_ok(world: Any, udo: Udo) -> None:
    guarded(world, udo)
    alarm(world, "prod-slow", "INSUFFICIENT_DATA")
    done = udo(*REFRESH, "--yes")
    assert done.exit == 0, done.stderr
    assert given(world) == ["prod-5xx"]
    assert "alarm prod-slow is in INSUFFICIENT_DATA" in done.stderr


def test_aws_gets_ten_at_most_and_udo_says_which_it_watches_alone(world: Any, udo: Udo) -> None:
    names = [f"a{number}" for number in range(12)]
    guarded(world, udo, f"guards: {{alarms: [{', '.join(names)}]}}\n")
    shown = udo(*REFRESH, "-n")
    assert "AWS takes 10 alarms: Udo alone watches a10, a11" in shown.stderr
    assert udo(*REFRESH, "--yes").exit == 0
    assert given(world) == names[:10]


def test_one_in_alarm_refuses_it_before_it_asks(world: Any, udo: Udo) -> None:
    guarded(world, udo)
    ring(world, "prod-5xx")
    done = udo(*REFRESH)
    assert (done.exit, refreshes(world)) == (7, [])
    assert "alarm prod-5xx is in ALARM" in done.stderr
    done = udo(*REFRESH, "--yes", "--ignore-alarms", "--reason", "this mends it")
    assert done.exit == 0, done.stderr
    assert given(world) == []
    assert udo("history", "-o", "json").json["data"][0]["reason"] == "this mends it"


@pytest.mark.parametrize("alarms", ["[prod-5xx, prod-slow]", "[a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, prod-5xx]"])
def test_one_that_goes_off_meanwhile_ends_it_and_names_what_goes_back(world: Any, udo: Udo, alarms: str) -> None:
    guarded(world, udo, f"guards: {{alarms: {alarms}}}\n")
    rings_at(world, "prod-5xx", "DescribeInstanceRefreshes", nth=6)
    done = udo(*REFRESH, "--yes", "--warmup", "5m")
    assert done.exit == 1, done.stderr
    assert "ALARM" in done.stderr.splitlines()[-1]
    assert "udo rollback prod webapp" in done.stderr.splitlines()[-1]
    assert refreshes(world)[0]["Status"] in ("Cancelled", "Failed")


@pytest.mark.whole
@pytest.mark.parametrize("brings", [False, True])
def test_where_aws_has_ended_it_for_the_alarm_nothing_is_missed(world: Any, udo: Udo, brings: bool) -> None:
    def rung(_: Any) -> None:
        ring(world, "prod-5xx")
        world.clock.step(1200)
        world.advance()

    guarded(world, udo, "guards: {alarms: [prod-5xx]}\n")
    world.faults.add(Fault("hook", "DescribeAlarms", nth=8, hook=rung))
    words = (*NEXT, "--warmup", "5m") if brings else (*REFRESH, "--yes")
    done = udo(*words, "--bake", "1h")
    assert done.exit == 1, done.stderr
    assert refreshes(world)[0]["Status"] == ("RollbackSuccessful" if brings else "Failed"), done.stderr
    assert "continuing without it" not in done.stderr, done.stderr
    assert "ALARM" in done.stderr.splitlines()[-1], done.stderr


@pytest.mark.whole
def test_one_that_brings_a_configuration_is_rolled_back_by_aws(world: Any, udo: Udo) -> None:
    alarm(world, "prod-5xx")
    one = brought(world)
    path = Path("udo.yml")
    path.write_text(path.read_text() + "guards: {alarms: [prod-5xx]}\n")
    rings_at(world, "prod-5xx", "DescribeInstanceRefreshes", nth=4)
    done = udo(*REFRESH)
    assert done.exit == 1, done.stderr
    assert "CloudWatch alarm in ALARM: prod-5xx" in done.stderr.splitlines()[-1]
    assert (refreshes(world)[0]["InstanceRefreshId"], refreshes(world)[0]["Status"]) == (one, "RollbackSuccessful")
    assert "continuing without it" not in done.stderr, "AWS, which watches it too, had begun already"


def test_it_is_watched_once_it_has_succeeded(world: Any, udo: Udo) -> None:
    guarded(world, udo, AFTER)

    def late(_: Any) -> None:
        if refreshes(world)[:1] and refreshes(world)[0]["Status"] == "Successful":
            ring(world, "prod-slow")

    world.faults.add(Fault("hook", "DescribeAlarms", times=None, hook=late))
    done = udo(*REFRESH, "--yes")
    assert done.exit == 1, done.stderr
    last = done.stderr.splitlines()[-1]
    assert "CloudWatch alarm in ALARM: prod-slow" in last
    assert last.endswith("it is not undone; back goes: udo rollback prod webapp, then: udo refresh prod webapp")


@pytest.mark.whole
def test_after_kill_9_once_it_has_succeeded_the_same_command_tells_what_went_off(world: Any, udo: Udo) -> None:
    guarded(world, udo, AFTER)

    def late(_: Any) -> None:
        if refreshes(world)[:1] and refreshes(world)[0]["Status"] == "Successful":
            raise Killed

    world.faults.add(Fault("hook", "DescribeAlarms", times=None, hook=late))
    with pytest.raises(Killed):
        udo(*REFRESH, "--yes")
    world.faults.clear()
    ring(world, "prod-slow")
    done = udo(*REFRESH, "--yes")
    assert done.exit == 1, done.stderr
    assert "udo: CloudWatch alarm in ALARM: prod-slow: the change itself is done" in done.stderr.splitlines()[-1]
    assert len(refreshes(world)) == 1
    assert udo(*REFRESH, "--yes").exit == 0


def test_cancel_and_rollback_are_neither_frozen_nor_guarded(world: Any, udo: Udo) -> None:
    guarded(world, udo, GUARDS + FROZEN + "\n")
    done = udo(*REFRESH, "--yes")
    assert done.exit == 7
    assert UNTIL in done.stderr
    assert udo(*REFRESH, "--yes", "--override-freeze").exit == 2
    begin(world)
    ring(world, "prod-5xx")
    done = udo(*REFRESH, "--cancel", "--yes")
    assert done.exit == 0, done.stderr
    assert "alarm prod-5xx is in ALARM" in done.stderr
    assert "this is a way back and continues" in done.stderr


def test_where_nobody_differs_and_of_status_no_alarm_is_read(world: Any, udo: Udo) -> None:
    guarded(world, udo)
    assert udo(*REFRESH, "--yes").exit == 0
    ring(world, "prod-5xx")
    world.log.clear()
    assert udo(*REFRESH, "--yes").exit == 0
    assert udo(*REFRESH, "--status").exit == 0
    assert reads(world) == 0


UPDATE = ("updatelc", "prod", "webapp", "--refresh", "--yes")
NEXT = (*UPDATE, "--set", "instance_type=c7g.large")


def test_one_that_goes_off_before_the_refresh_is_begun_takes_nothing_further_back(world: Any, udo: Udo) -> None:
    # The group launches from version 2, and did from version 1.
    guarded(world, udo)
    rings_at(world, "prod-5xx", "CreateLaunchTemplateVersion")
    done = udo(*NEXT)
    assert done.exit == 1, done.stderr
    assert (launched_from(world), refreshes(world)) == ("2", []), done.stderr


@pytest.mark.whole
def test_updatelc_with_a_refresh_is_taken_back_by_aws_and_its_version_is_not_launched(world: Any, udo: Udo) -> None:
    template_world(world)
    alarm(world, "prod-5xx")
    write_config(CONFIG + "guards: {alarms: [prod-5xx], after: 5m}\n")
    sized(world, 2)
    rings_at(world, "prod-5xx", "DescribeInstanceRefreshes", nth=6)
    done = udo(*UPDATE, "--warmup", "5m")
    assert done.exit == 1, done.stderr
    assert "ALARM" in done.stderr.splitlines()[-1]
    assert refreshes(world)[0]["Status"] == "RollbackSuccessful"
    assert launched_from(world) == "1"
    assert "continuing without it" not in done.stderr
    alarm(world, "prod-5xx")
    before = world.clock.now()
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    assert refreshes(world)[0]["Preferences"]["AlarmSpecification"]["Alarms"] == ["prod-5xx"]
    assert launched_from(world) == "2"
    assert world.clock.now() - before > 300


@pytest.mark.whole
def test_of_a_group_on_a_launch_configuration_the_way_back_is_the_old_one_and_a_refresh(world: Any, udo: Udo) -> None:
    configuration_world(world)
    alarm(world, "prod-5xx")
    write_config(CONFIG + "guards: {alarms: [prod-5xx], after: 5m}\n")
    sized(world, 2)
    rings_at(world, "prod-5xx", "DescribeInstanceRefreshes", nth=8)
    done = udo(*UPDATE, "--warmup", "5m")
    assert done.exit == 1, done.stderr
    assert "going back has failed" not in done.stderr, "an alarm that rings on does not end what went back for it"
    assert "watch alarm" not in done.stderr, done.stderr
    assert "ALARM" in done.stderr.splitlines()[-1], done.stderr
    assert launched_from(world) == "prod-webapp", done.stderr
