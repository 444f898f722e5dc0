"""Locks: one run at a time, who holds it is named, a dead one's is taken over, and nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import CONFIG, configuration, configuration_world, launched_from, write_config

from udo.change.holder import parameter_name
from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
NAME = "/udo/lock/prod-webapp"


def held_by(world: Any, *, parameter: str = NAME, **changes: Any) -> None:
    holder = {
        "run": "20260101T000000Z-abcdef",
        "holder": "arn:aws:iam::123456789012:user/somebody",
        "host": "elsewhere",
        "since": "2026-01-01T00:00:00Z",
        "pid": 4711,
        "started": "1",
        "reason": "",
    }
    world.client("ssm").put_parameter(Name=parameter, Value=json.dumps(holder | changes), Type="String")


def locks(world: Any) -> list[str]:
    return [row["Name"] for row in world.client("ssm").describe_parameters()["Parameters"]]


def test_the_lock_is_held_during_the_writes_and_given_back(world: Any, udo: Udo) -> None:
    configuration_world(world)
    seen: list[str] = []
    world.faults.add(Fault("hook", "UpdateAutoScalingGroup", hook=lambda _asked: seen.extend(locks(world))))
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert seen == [NAME]
    assert locks(world) == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("operation", ["PutParameter", "GetParameters", "DeleteParameter"])
def test_ctrl_c_while_the_lock_is_taken_or_given_back_leaves_none(
    world: Any, udo: Udo, operation: str, after: bool
) -> None:
    configuration_world(world)
    world.faults.add(
        Fault("hook", f"ssm:{operation}", after=after, hook=lambda _asked: signal.raise_signal(signal.SIGINT))
    )
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 130
    assert locks(world) == []


def test_a_page_of_a_proxys_in_place_of_the_lock_is_no_lock(world: Any, udo: Udo) -> None:
    configuration_world(world)
    world.faults.add(Fault("garbage", "ssm:PutParameter"))
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 0
    assert "continuing without a lock" in told.stderr


def test_another_run_is_stopped_at_once_and_told_who_holds_the_lock(world: Any, udo: Udo) -> None:
    configuration_world(world)
    held_by(world)
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 4
    assert "user/somebody on elsewhere since" in told.stderr
    assert launched_from(world) == "prod-webapp"
    assert locks(world) == [NAME]


def test_with_wait_lock_it_waits_for_the_other_to_finish(world: Any, udo: Udo) -> None:
    configuration_world(world)
    held_by(world)
    release = lambda _asked: world.client("ssm").delete_parameter(Name=NAME)  # noqa: E731
    world.faults.add(Fault("hook", "PutParameter", nth=3, hook=release))
    write_config()
    told = udo("updatelc", "prod", "webapp", "--wait-lock")
    assert told.exit == 0, told.stderr
    assert "waiting: prod-webapp is locked" in told.stderr
    assert launched_from(world) == "prod-webapp-v2"


def test_waiting_for_a_lock_ends_after_ten_minutes_and_names_the_holder(world: Any, udo: Udo) -> None:
    configuration_world(world)
    held_by(world)
    write_config()
    world.faults.add(Fault("hook", "PutParameter", hook=lambda _asked: world.clock.step(590)))
    # A wait that does not end would be cut off here.
    world.faults.add(Fault("kill", "PutParameter", nth=10))
    began = world.clock.now()
    told = udo("updatelc", "prod", "webapp", "--wait-lock")
    assert (told.exit, 600 <= world.clock.now() - began < 660) == (4, True)
    assert "prod-webapp is locked by arn:aws:iam::123456789012:user/somebody" in told.stderr
    assert launched_from(world) == "prod-webapp"


@pytest.mark.parametrize("words", [("rollback", "prod", "webapp"), ("prune", "prod", "webapp", "--keep", "1")])
def test_every_verb_that_is_told_to_wait_can(world: Any, udo: Udo, words: tuple[str, ...]) -> None:
    configuration_world(world)
    for number in (2, 3):
        configuration(world, f"prod-webapp-v{number}")
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    held_by(world)
    told = udo(*words)
    assert (told.exit, "use --wait-lock" in told.stderr) == (4, True)
    world.faults.add(Fault("hook", "PutParameter", hook=lambda _: world.client("ssm").delete_parameter(Name=NAME)))
    assert udo(*words, "--wait-lock").exit == 0


def test_a_process_that_was_killed_holds_nothing_before_its_parent_takes_note(world: Any, udo: Udo) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as killed:
        from udo.change.holder import _started

        configuration_world(world)
        write_config()
        held_by(world, host=socket.gethostname(), pid=killed.pid, started=_started(killed.pid))
        killed.kill()
        os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
        told = udo("updatelc", "prod", "webapp")
        assert (told.exit, "is dead: its lock is taken over" in told.stderr) == (0, True), told.stderr


def test_the_lock_of_a_dead_process_of_this_host_is_taken_over(world: Any, udo: Udo) -> None:
    configuration_world(world)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    held_by(world, host=socket.gethostname(), pid=dead.pid)
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 0
    assert "is dead: its lock is taken over" in told.stderr
    assert locks(world) == []


def test_the_lock_of_a_living_process_of_this_host_is_not(world: Any, udo: Udo) -> None:
    configuration_world(world)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as living:
        from udo.change.holder import _started

        held_by(world, host=socket.gethostname(), pid=living.pid, started=_started(living.pid))
        write_config()
        assert udo("updatelc", "prod", "webapp").exit == 4
        # Another process that has the number of a dead one holds nothing.
        world.client("ssm").delete_parameter(Name=NAME)
        held_by(world, host=socket.gethostname(), pid=living.pid, started="1")
        told = udo("updatelc", "prod", "webapp")
        assert (told.exit, "is dead: its lock is taken over" in told.stderr) == (0, True)
        living.kill()


def test_without_permission_for_locks_it_goes_on_with_a_warning(world: Any, udo: Udo) -> None:
    configuration_world(world)
    world.faults.add(Fault("deny", "PutParameter", times=None))
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 0
    assert "warning: continuing without a lock" in told.stderr


def test_the_lock_is_given_back_after_a_failure(world: Any, udo: Udo) -> None:
    configuration_world(world)
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup", times=None))
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 6
    assert locks(world) == []


def test_an_empty_plan_and_a_dry_run_take_no_lock(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("updatelc", "prod", "webapp", "-n").exit == 0
    assert udo("updatelc", "prod", "webapp").exit == 0
    asked = len(world.log)
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert "PutParameter" not in [one.operation for one in list(world.log)[asked:]]


def test_a_lock_by_hand_stays_until_it_is_unlocked(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("lock", "prod", "webapp", "--reason", "looking into it").exit == 0
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 4
    assert "looking into it: it was locked by hand; 'udo unlock' removes it" in told.stderr
    assert udo("lock", "prod", "webapp").exit == 4
    assert udo("unlock", "prod", "webapp").exit == 0
    assert udo("unlock", "prod", "webapp").stdout == "prod-webapp is not locked\n"
    assert udo("updatelc", "prod", "webapp").exit == 0


def test_a_group_that_is_not_there_cannot_be_locked_but_its_lock_can_be_taken_away(world: Any, udo: Udo) -> None:
    write_config()
    told = udo("lock", "prod", "webapp")
    assert (told.exit, locks(world)) == (1, [])
    assert "group prod-webapp of prod webapp does not exist: looked in us-west-2" in told.stderr
    held_by(world)
    assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    assert locks(world) == []


def test_a_protected_role_is_locked_without_a_question_and_unlocked_with_one(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace("webapp: {", "webapp: {protected: true, "))
    assert udo("lock", "prod", "webapp").exit == 0
    assert locks(world) == [NAME]
    assert udo("unlock", "prod", "webapp").exit == 7
    assert locks(world) == [NAME]


def test_a_lock_by_hand_on_a_locked_group_names_the_holder(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    held_by(world)
    told = udo("lock", "prod", "webapp", "-o", "json")
    assert told.exit == 4
    error = json.loads(told.stdout)["error"]
    assert error["code"] == "conflict"
    assert "prod-webapp is locked by arn:aws:iam::123456789012:user/somebody on elsewhere" in error["message"]
    assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    held_by(world, host=socket.gethostname(), pid=2**22 + 1)
    assert udo("lock", "prod", "webapp").exit == 0
    assert "locked by hand" in udo("updatelc", "prod", "webapp").stderr


def test_unlocking_a_run_that_may_be_at_work_asks(world: Any, udo: Udo) -> None:
    configuration_world(world)
    held_by(world)
    write_config()
    refused = udo("unlock", "prod", "webapp")
    assert refused.exit == 7
    assert locks(world) == [NAME]
    assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    assert locks(world) == []


def test_a_lock_older_than_an_hour_is_called_stale_but_not_broken(world: Any, udo: Udo) -> None:
    configuration_world(world)
    held_by(world)
    world.clock.step(3700)
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 4
    assert "older than an hour; 'udo unlock' removes it" in told.stderr
    assert udo("unlock", "prod", "webapp").exit == 0


@pytest.mark.parametrize(
    ("group", "name"),
    [("prod-webapp", NAME), ("a_b", "/udo/lock/a_5fb"), ("a b", "/udo/lock/a_20b"), ("ü", "/udo/lock/_c3_bc")],
)
def test_odd_characters_are_quoted_so_that_no_two_groups_share_a_lock(group: str, name: str) -> None:
    assert parameter_name(group) == name


def test_a_lock_whose_holder_may_not_be_read_stops_all_the_same(world: Any, udo: Udo) -> None:
    configuration_world(world)
    held_by(world)
    world.faults.add(Fault("deny", "GetParameters", times=None))
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 4
    assert "locked by an unknown holder" in told.stderr
    assert launched_from(world) == "prod-webapp"


def test_a_refusal_whose_answer_is_lost_is_a_refusal_all_the_same(world: Any, udo: Udo) -> None:
    configuration_world(world)
    held_by(world)
    world.faults.add(Fault("drop", "PutParameter", after=True))
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 4
    assert "user/somebody on elsewhere" in told.stderr
    assert launched_from(world) == "prod-webapp"


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": "4711"},
        {"pid": 2**70},
        {"pid": -1},
        {"pid": True},
        {"pid": None},
        {"since": 17},
        {"run": []},
        {"more": ""},
    ],
    ids=str,
)
def test_what_is_none_of_udos_in_a_lock_holds_it_until_it_is_broken(world: Any, udo: Udo, changes: Any) -> None:
    configuration_world(world)
    held_by(world, host=socket.gethostname(), **changes)
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 4
    assert "Udo did not write this lock; remove it with 'udo unlock'" in told.stderr
    assert udo("lock").exit == 0
    assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    assert udo("updatelc", "prod", "webapp").exit == 0


def test_a_lock_that_was_taken_away_under_a_run_is_told_as_that(world: Any, udo: Udo) -> None:
    configuration_world(world)
    away = Fault("hook", "UpdateAutoScalingGroup", hook=lambda _: world.client("ssm").delete_parameter(Name=NAME))
    world.faults.add(away)
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 0
    assert "the lock of prod-webapp was taken away under this run" in told.stderr
    assert "udo unlock" not in told.stderr


def test_a_lock_that_is_anothers_by_now_is_left_to_it(world: Any, udo: Udo) -> None:
    configuration_world(world)

    def change_hands(_: Any) -> None:
        world.client("ssm").delete_parameter(Name=NAME)
        held_by(world)

    world.faults.add(Fault("hook", "UpdateAutoScalingGroup", hook=change_hands))
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 0
    assert "prod-webapp is locked by arn:aws:iam::123456789012:user/somebody on elsewhere" in told.stderr
    assert "udo unlock" not in told.stderr
    assert locks(world) == [NAME]
