"""Guards: the alarms of udo.yml are read before a change, while it is made and for a while after it; one ends it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import asked, writes
from guard_worlds import alarm, composite, reads, ring, rings_at
from launch_worlds import CONFIG, configuration_world, launched_from, write_config
from test_locks import locks
from test_many_roles import TWO, two_groups

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
UPDATE = ("updatelc", "prod", "webapp")
WHY = ("--ignore-alarms", "--reason", "this mends it")
GUARDS = "guards: {alarms: [prod-5xx, prod-slow]}\n"
AFTER = "guards: {alarms: [prod-5xx, prod-slow], after: 5m}\n"


@pytest.fixture
def guarded(world: Any) -> Any:
    """prod-webapp, guarded by two alarms that are OK."""
    configuration_world(world)
    write_config(CONFIG + GUARDS)
    alarm(world, "prod-5xx")
    alarm(world, "prod-slow")
    world.log.clear()
    return world


def watched(world: Any, udo: Udo) -> Callable[..., Any]:
    write_config(CONFIG + AFTER)
    return lambda *words: udo(*UPDATE, *words)


def test_alarms_are_read_in_one_request_before_the_first_write(guarded: Any, udo: Udo) -> None:
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    first = asked(guarded).index("CreateLaunchConfiguration")
    read = [one for one in list(guarded.log)[:first] if one.operation == "DescribeAlarms"]
    assert read
    names = {name for one in read for name in one.params["AlarmNames"]}
    assert names == {"prod-5xx", "prod-slow"}
    assert {tuple(one.params["AlarmTypes"]) for one in read} == {("MetricAlarm", "CompositeAlarm")}


@pytest.mark.parametrize(
    ("upset", "told"),
    [
        (lambda world: ring(world, "prod-5xx"), "alarm prod-5xx is in ALARM (udo.yml:7)"),
        (
            lambda world: world.client("cloudwatch").delete_alarms(AlarmNames=["prod-slow"]),
            "alarm prod-slow does not exist (udo.yml:7)",
        ),
        (
            lambda world: world.faults.add(Fault("deny", "DescribeAlarms", times=None)),
            "alarms prod-5xx, prod-slow cannot be read: cloudwatch:DescribeAlarms",
        ),
    ],
    ids=["in ALARM", "missing", "unreadable"],
)
def test_one_in_alarm_missing_or_unreadable_stops_it_before_the_first_write(
    guarded: Any, udo: Udo, upset: Callable[[Any], Any], told: str
) -> None:
    upset(guarded)
    guarded.log.clear()
    done = udo(*UPDATE)
    assert done.exit == 7
    assert told in done.stderr
    assert "nothing was changed; look at it, or use --ignore-alarms --reason TEXT" in done.stderr
    assert writes(guarded) == []
    shown = udo(*UPDATE, "-n")
    assert shown.exit == 0
    assert f"warning: {told}" in shown.stderr
    assert "this would be refused" in shown.stderr
    done = udo(*UPDATE, *WHY)
    assert done.exit == 0, done.stderr
    assert "ignored, this mends it" in done.stderr
    assert launched_from(guarded) == "prod-webapp-v2"
    assert udo("history", "-o", "json").json["data"][0]["reason"] == "this mends it"


def test_whose_data_is_insufficient_is_a_warning(guarded: Any, udo: Udo) -> None:
    alarm(guarded, "prod-slow", "INSUFFICIENT_DATA")
    done = udo(*UPDATE)
    assert done.exit == 0
    assert "warning: alarm prod-slow is in INSUFFICIENT_DATA (udo.yml:7)" in done.stderr


def test_a_composite_alarm_guards_as_well(guarded: Any, udo: Udo) -> None:
    composite(guarded, "prod-any", "ALARM(prod-5xx) OR ALARM(prod-slow)")
    write_config(CONFIG + "guards: {alarms: [prod-any]}\n")
    assert udo(*UPDATE, "-n").stderr.count("does not exist") == 0
    ring(guarded, "prod-slow")
    guarded.advance()
    done = udo(*UPDATE)
    assert (done.exit, "alarm prod-any is in ALARM" in done.stderr) == (7, True)


def test_where_nothing_is_to_change_no_alarm_is_read(guarded: Any, udo: Udo) -> None:
    assert udo(*UPDATE).exit == 0
    ring(guarded, "prod-5xx")
    guarded.log.clear()
    assert udo(*UPDATE).exit == 0
    assert udo(*UPDATE, "-n").exit == 0
    assert reads(guarded) == 0


@pytest.mark.parametrize("words", [("apply", "x"), UPDATE, ("update", "prod"), ("deploy", "prod", "webapp", "x")])
def test_no_reason_no_waiver(guarded: Any, udo: Udo, words: tuple[str, ...]) -> None:
    done = udo(*words, "--ignore-alarms")
    assert (done.exit, list(guarded.log)) == (2, [])
    assert "--ignore-alarms wants a reason" in done.stderr


def test_an_alarm_that_goes_off_between_two_writes_stops_it_there_and_the_same_command_goes_on(
    guarded: Any, udo: Udo
) -> None:
    rings_at(guarded, "prod-5xx", "CreateLaunchConfiguration")
    done = udo(*UPDATE)
    assert done.exit == 1
    assert done.stderr.splitlines()[-1] == (
        "udo: CloudWatch alarm in ALARM: prod-5xx: "
        "ended there, steps done: 1; the same command continues once it is OK again"
    )
    assert launched_from(guarded) == "prod-webapp"
    assert locks(guarded) == []
    assert udo(*UPDATE).exit == 7
    alarm(guarded, "prod-5xx")
    assert udo(*UPDATE).exit == 0
    assert launched_from(guarded) == "prod-webapp-v2"


def test_what_cannot_be_read_once_it_has_begun_is_told_once_and_the_change_goes_on(guarded: Any, udo: Udo) -> None:
    deny = Fault("deny", "DescribeAlarms", times=None)
    guarded.faults.add(Fault("hook", "CreateLaunchConfiguration", hook=lambda _: guarded.faults.add(deny)))
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    assert len([line for line in done.stderr.splitlines() if "cloudwatch:DescribeAlarms" in line]) == 1


def test_once_done_the_alarms_are_watched_for_as_long_as_udo_yml_says(guarded: Any, udo: Udo) -> None:
    update, before = watched(guarded, udo), guarded.clock.now()
    assert "watch alarms prod-5xx, prod-slow for 5m" in update("-n").stdout
    done = update()
    assert done.exit == 0, done.stderr
    assert guarded.clock.now() - before >= 300
    assert "watch alarms prod-5xx, prod-slow for 5m" in done.stderr
    assert reads(guarded) > 20
    guarded.log.clear()
    assert update().exit == 0
    assert reads(guarded) == 0


def test_an_alarm_that_goes_off_while_they_are_watched_is_a_failure_that_names_the_way_back(
    guarded: Any, udo: Udo
) -> None:
    rings_at(guarded, "prod-slow", "DescribeAlarms", nth=9)
    done = watched(guarded, udo)("-o", "json")
    assert done.exit == 1
    assert done.json["error"] == {
        "code": "guard",
        "message": "CloudWatch alarm in ALARM: prod-slow",
        "hint": "the change itself is done; udo rollback prod webapp goes back",
    }
    assert launched_from(guarded) == "prod-webapp-v2"
    done = udo("rollback", "prod", "webapp")
    assert done.exit == 0
    assert "alarm prod-slow is in ALARM (udo.yml:7); this is a way back and continues" in done.stderr
    assert launched_from(guarded) == "prod-webapp"


def test_whoever_leaves_while_they_are_watched_is_told_that_the_change_stays(guarded: Any, udo: Udo) -> None:
    guarded.faults.add(Fault("hook", "DescribeAlarms", nth=9, hook=lambda _: os.kill(os.getpid(), signal.SIGINT)))
    done = watched(guarded, udo)()
    assert done.exit == 130
    assert done.stderr.splitlines()[-1].endswith("what was changed stays, and its alarms are not watched any more")
    assert launched_from(guarded) == "prod-webapp-v2"


def killed(world: Any, udo: Udo) -> Callable[..., Any]:
    """A change that is made, and killed with its alarms still watched."""
    update = watched(world, udo)
    world.faults.add(Fault("kill", "DescribeAlarms", nth=9))
    with pytest.raises(Killed):
        update()
    world.faults.clear()
    world.log.clear()
    assert locks(world) == []
    return update


def test_after_kill_9_while_they_are_watched_the_same_command_watches_the_rest_of_the_time(
    guarded: Any, udo: Udo
) -> None:
    update = killed(guarded, udo)
    guarded.clock.step(100)
    assert (update("-n").exit, reads(guarded)) == (0, 0)
    before = guarded.clock.now()
    done = update()
    assert (done.exit, writes(guarded)) == (0, []), done.stderr
    assert "was broken off: its alarms are watched for the rest of their time" in done.stderr
    assert done.stdout.startswith("nothing to change: prod-webapp launches from launch configuration prod-webapp-v2")
    assert 100 < guarded.clock.now() - before < 200
    guarded.log.clear()
    again = update()
    assert (again.exit, reads(guarded), "broken off" in again.stderr) == (0, 0, False)
    runs = [one["outcome"] for one in udo("history", "-o", "json").json["data"] if one["run"]]
    assert runs == ["done", "broken off"]


def test_one_that_went_off_after_kill_9_ends_the_same_command_as_it_would_have_ended_the_first(
    guarded: Any, udo: Udo
) -> None:
    update = killed(guarded, udo)
    guarded.clock.step(3600)
    ring(guarded, "prod-slow")
    done = update()
    assert done.exit == 1, done.stderr
    assert "was broken off: its alarms are looked at once more" in done.stderr
    told = "CloudWatch alarm in ALARM: prod-slow: the change itself is done; udo rollback prod webapp goes back"
    assert done.stderr.splitlines()[-1] == f"udo: {told}"
    assert (launched_from(guarded), writes(guarded)) == ("prod-webapp-v2", [])
    assert (update().exit, launched_from(guarded)) == (0, "prod-webapp-v2")


def test_another_run_that_came_after_it_leaves_nothing_to_watch(guarded: Any, udo: Udo) -> None:
    killed(guarded, udo)
    assert udo("rollback", "prod", "webapp").exit == 0
    guarded.log.clear()
    assert (udo("scale", "prod", "webapp", "2").exit, reads(guarded)) == (0, 0)


def test_of_several_roles_each_is_guarded_by_its_own_alarms(world: Any, udo: Udo) -> None:
    two_groups(world)
    for name in ("all", "worker-5xx"):
        alarm(world, name)
    write_config(TWO.replace("worker: {", "worker: {guards: {alarms: [worker-5xx]}, ") + "guards: {alarms: [all]}\n")
    ring(world, "worker-5xx")
    done = udo("updatelc", "prod", "*", "--yes")
    assert done.exit == 3, done.stderr
    assert "udo: prod worker: alarm worker-5xx is in ALARM (udo.yml:7)" in done.stderr
    assert (launched_from(world), launched_from(world, "prod-worker")) == ("prod-webapp-v2", "prod-worker")
    shown = udo("updatelc", "prod", "*", "-n")
    assert "warning: prod worker: alarm worker-5xx is in ALARM (udo.yml:7): this would be refused" in shown.stderr
    ring(world, "all")
    assert udo("updatelc", "prod", "worker").exit == 7


@pytest.mark.whole
def test_a_saved_plan_is_guarded_when_it_is_applied(guarded: Any, udo: Udo) -> None:
    assert udo("plan", "prod", "--save", "plan").exit == 0
    assert "DescribeAlarms" not in Path("plan").read_text()
    ring(guarded, "prod-5xx")
    assert udo("apply", "plan").exit == 7
    assert launched_from(guarded) == "prod-webapp"
    alarm(guarded, "prod-5xx")
    rings_at(guarded, "prod-5xx", "CreateLaunchConfiguration")
    assert udo("apply", "plan").exit == 1
    assert launched_from(guarded) == "prod-webapp"
    assert udo("apply", "plan", *WHY).exit == 0
    assert launched_from(guarded) == "prod-webapp-v2"


@pytest.mark.whole
def test_many_alarms_are_read_a_hundred_at_a_time(guarded: Any, udo: Udo) -> None:
    names = [f"a{number}" for number in range(130)]
    for name in names:
        alarm(guarded, name)
    write_config(f"{CONFIG}guards: {{alarms: [{', '.join(names)}]}}\n")
    guarded.log.clear()
    assert udo(*UPDATE, "-n").exit == 0
    assert [len(one.params["AlarmNames"]) for one in guarded.log if one.operation == "DescribeAlarms"] == [100, 30]
    rings_at(guarded, "a129", "CreateLaunchConfiguration")
    assert udo(*UPDATE).exit == 1


@pytest.mark.parametrize("verb", ["sleep", "scale"])
def test_capacity_that_goes_is_guarded_and_capacity_that_comes_back_is_not(guarded: Any, udo: Udo, verb: str) -> None:
    ring(guarded, "prod-5xx")
    shrink = ("sleep", "prod", "--yes") if verb == "sleep" else ("scale", "prod", "webapp", "1")
    grow = ("wake", "prod") if verb == "sleep" else ("scale", "prod", "webapp", "2")
    assert udo(*shrink).exit == 7
    assert udo(*shrink, *WHY).exit == 0
    done = udo(*grow)
    assert done.exit == 0, done.stderr
    assert "alarm prod-5xx is in ALARM (udo.yml:7); this is a way back and continues" in done.stderr


def test_an_alarm_ends_the_wait_of_a_group_that_shrinks(guarded: Any, udo: Udo) -> None:
    rings_at(guarded, "prod-5xx", "UpdateAutoScalingGroup")
    done = udo("scale", "prod", "webapp", "1")
    assert done.exit == 1
    assert "CloudWatch alarm in ALARM: prod-5xx" in done.stderr
    assert "the same command continues once it is OK again" in done.stderr


def test_what_is_left_to_aws_is_not_watched_afterwards(guarded: Any, udo: Udo) -> None:
    write_config(CONFIG + AFTER)
    before = guarded.clock.now()
    assert udo("scale", "prod", "webapp", "1", "--no-wait").exit == 0
    assert guarded.clock.now() - before < 60


@pytest.mark.parametrize("words", [("suspend", "prod", "webapp", "AZRebalance"), ("prune", "prod", "webapp")])
def test_other_verbs_read_no_alarm(guarded: Any, udo: Udo, words: tuple[str, ...]) -> None:
    ring(guarded, "prod-5xx")
    guarded.log.clear()
    assert udo(*words, "--yes").exit == 0
    assert reads(guarded) == 0


def test_the_wrong_account_is_told_before_alarms_are_read(guarded: Any, udo: Udo) -> None:
    write_config(CONFIG + GUARDS + 'account: "999999999999"\n')
    done = udo(*UPDATE)
    assert (done.exit, reads(guarded)) == (7, 0)
    assert "999999999999" in done.stderr


@pytest.mark.parametrize(
    "words", [("update", "prod"), ("destroy", "prod", "webapp", "--confirm", "prod-webapp")], ids=lambda one: one[0]
)
def test_what_changes_or_ends_a_group_is_refused_while_an_alarm_rings(
    guarded: Any, udo: Udo, words: tuple[str, ...]
) -> None:
    write_config(CONFIG.replace("m7g.large}", "m7g.large, health_check: {grace: 7m}}") + GUARDS)
    ring(guarded, "prod-5xx")
    guarded.log.clear()
    done = udo(*words)
    assert (done.exit, writes(guarded)) == (7, []), done.stderr
    assert "alarm prod-5xx is in ALARM (udo.yml:7)" in done.stderr


def test_resume_names_the_alarm_and_continues(guarded: Any, udo: Udo) -> None:
    assert udo("suspend", "prod", "webapp", "AZRebalance").exit == 0
    ring(guarded, "prod-5xx")
    done = udo("resume", "prod", "webapp", "AZRebalance")
    assert done.exit == 0, done.stderr
    assert "alarm prod-5xx is in ALARM (udo.yml:7); this is a way back and continues" in done.stderr
