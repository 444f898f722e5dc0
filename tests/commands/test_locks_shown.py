"""Locks where people look: in status, in plan, and in a list of their own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import CONFIG, configuration_world, write_config
from test_locks import NAME, held_by

from udo.change.holder import group_name, parameter_name
from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
WHO = "user/somebody on elsewhere since"


def test_status_and_plan_name_who_holds_a_lock_and_why(world: Any, udo: Udo) -> None:
    configuration_world(world)
    held_by(world, pid=0, reason="investigating")
    write_config(CONFIG + "      worker: {}\n")
    told = udo("status")
    assert told.stdout.splitlines()[0].endswith("LOCKED BY")
    assert "user/somebody" in told.stdout.splitlines()[1]
    assert told.stderr.count("is locked") == 1
    for line in (told.stderr, udo("plan").stdout):
        assert f"prod-webapp is locked by hand ({WHO}" in line
        assert ": investigating" in line
    for verb in ("status", "plan"):
        webapp, worker = udo(verb, "-o", "json").json["data"]
        assert (webapp["lock"]["state"], webapp["lock"]["reason"], worker["lock"]) == ("by hand", "investigating", None)


def test_without_locks_there_is_no_column(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    told = udo("status")
    assert (told.exit, "LOCKED" in told.stdout, "lock" in told.stderr) == (0, False, False)
    assert udo("status", "-o", "json").json["data"][0]["lock"] is None


def test_locks_that_may_not_be_read_are_a_question_mark_and_one_footnote(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG + "      worker: {}\n")
    world.faults.add(Fault("deny", "GetParametersByPath", times=None))
    told = udo("status")
    assert (told.exit, told.stderr.count("locks are unknown")) == (0, 1)
    assert "ssm:GetParametersByPath" in told.stderr
    assert udo("plan").stderr.count("locks are unknown") == 1
    for verb in ("status", "plan"):
        assert [row["lock"] for row in udo(verb, "-o", "json").json["data"]] == ["?", "?"]
    assert udo("lock").exit == 6


def test_many_roles_ask_for_the_locks_once(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG + "".join(f"      r{number}: {{}}\n" for number in range(5)))
    for verb in ("status", "plan"):
        world.log.clear()
        udo(verb)
        assert [asked.operation for asked in world.log].count("GetParametersByPath") == 1


@pytest.mark.parametrize(
    ("holder", "seconds", "state"),
    [
        ({}, 0, "at work"),
        ({}, 3700, "stale"),
        ({"pid": 0}, 3700, "by hand"),
        ({"pid": 2**22 + 7, "host": None}, 0, "dead"),
    ],
)
def test_lock_without_words_lists_them_all_with_their_state(
    world: Any, udo: Udo, holder: dict[str, Any], seconds: int, state: str
) -> None:
    configuration_world(world)
    write_config()
    assert udo("lock").stdout == "no group is locked\n"
    held_by(world, **{**holder, **({"host": socket.gethostname()} if "host" in holder else {})})
    world.client("ssm").put_parameter(Name=parameter_name("not in udo.yml"), Value="?", Type="String")
    world.clock.step(seconds)
    stranger, ours = udo("lock", "-o", "json").json["data"]
    assert (stranger["group"], stranger["roles"], stranger["holder"]) == ("not in udo.yml", [], "somebody")
    assert (ours["group"], ours["roles"], ours["state"]) == ("prod-webapp", ["prod webapp"], state)
    lines = udo("lock").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["GROUP", "not in udo.yml", "prod-webapp"]
    assert state in lines[2]


def test_a_reason_without_a_group_is_no_list(world: Any, udo: Udo) -> None:
    write_config()
    assert udo("lock", "--reason", "because").exit == 2


@pytest.mark.parametrize("group", ["prod-webapp", "a_b", "a b", "ü", "a/b_2fc", NAME])
def test_the_group_is_read_back_from_the_name_of_its_lock(group: str) -> None:
    assert group_name(parameter_name(group)) == group


CHANGES = {
    "updatelc": ("updatelc", "prod", "webapp", "--set", "instance_type=t3.large"),
    "several roles": ("updatelc", "prod", "*", "--set", "instance_type=t3.large"),
}


@pytest.mark.parametrize("words", CHANGES.values(), ids=list(CHANGES))
def test_a_dry_run_says_that_the_group_is_locked_and_that_the_change_would_be_refused(
    world: Any, udo: Udo, words: tuple[str, ...]
) -> None:
    configuration_world(world)
    write_config()
    assert "locked" not in udo(*words, "-n").stderr
    held_by(world, pid=0, reason="investigating")
    told = udo(*words, "-n")
    assert (told.exit, told.stderr.count("prod-webapp is locked by ")) == (0, 1)
    assert ": investigating: until it is unlocked this would be refused" in told.stderr
    data = udo(*words, "-n", "-o", "json").json["data"]
    plan = (data[0] if isinstance(data, list) else data)["plan"]
    assert any("prod-webapp is locked by " in note for note in plan["notes"])
    assert udo(*words, "--yes").exit == 4


def test_a_dry_run_tells_of_no_lock_that_is_dead_or_cannot_be_read(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    words = (*CHANGES["updatelc"], "-n")
    held_by(world, pid=2**22 + 7, host=socket.gethostname())
    assert (udo(*words).exit, "locked" in udo(*words).stderr) == (0, False)
    world.client("ssm").delete_parameter(Name=NAME)
    held_by(world, pid=0)
    world.faults.add(Fault("deny", "GetParameters", times=None))
    assert (udo(*words).exit, "lock" in udo(*words).stderr) == (0, False)
