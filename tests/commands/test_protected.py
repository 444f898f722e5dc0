"""Protected roles: what is asked about is seen first, with a terminal or without, and by which verbs it is asked."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import CONFIG, IMAGES, configuration_world, launched_from, write_config
from test_many_roles import TWO, two_groups
from test_ssh import GROUPS

Udo = Callable[..., Any]
WRITES = ("CreateLaunchConfiguration", "CreateOrUpdateTags", "UpdateAutoScalingGroup", "PutParameter")


def protected(said: str = "true", config: str = CONFIG) -> str:
    return config.replace("webapp: {", f"webapp: {{protected: {said}, ")


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    typed = io.StringIO(text)
    typed.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", typed)


def in_order(text: str, *parts: str) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


@pytest.mark.parametrize("terminal", [True, False])
def test_file_account_region_difference_and_steps_come_before_the_question(
    world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    configuration_world(world)
    write_config(protected())
    if terminal:
        type_in(monkeypatch, "n\n")
    told = udo("updatelc", "prod", "webapp")
    where = f"udo.yml: prod webapp, account {world.account}, us-west-2"
    steps = ("1. launch configuration prod-webapp-v2", "prod-webapp launches from prod-webapp-v2")
    assert told.exit == 7
    assert in_order(told.stderr, where, IMAGES, *steps, "prod webapp is protected. updatelc?")
    assert not {asked.operation for asked in world.log}.intersection(WRITES)


def test_who_is_asked_and_says_yes_is_told_once_where_it_was_done(
    world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration_world(world)
    write_config(protected())
    type_in(monkeypatch, "y\n")
    told = udo("updatelc", "prod", "webapp")
    assert (told.exit, told.stderr.count(world.account)) == (0, 1)
    assert launched_from(world) == "prod-webapp-v2"


def test_of_several_each_is_shown_with_its_place_before_the_one_question(world: Any, udo: Udo) -> None:
    two_groups(world)
    write_config(protected(config=TWO))
    told = udo("updatelc", "prod", "*")
    places = [f"udo.yml: prod {role}, account {world.account}" for role in ("webapp", "worker")]
    steps = [f"prod-{role} launches from prod-{role}-v2" for role in ("webapp", "worker")]
    assert told.exit == 7
    assert in_order(told.stderr, places[0], steps[0], places[1], steps[1], "and protected: prod webapp. Continue?")
    assert udo("updatelc", "prod", "*", "--yes").stderr.count(world.account) == 2


def test_a_wrong_account_is_refused_before_anybody_is_asked(
    world: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration_world(world)
    write_config(protected().replace("region:", 'account: "999999999999"\nregion:'))
    type_in(monkeypatch, "y\n")
    told = udo("updatelc", "prod", "webapp")
    assert (told.exit, "protected" in told.stderr, "is in 999999999999" in told.stderr) == (7, False, True)


def test_one_of_several_in_a_wrong_account_does_not_end_the_others(world: Any, udo: Udo) -> None:
    two_groups(world)
    write_config(TWO.replace("webapp: {", 'webapp: {account: "999999999999", '))
    told = udo("updatelc", "prod", "*", "--yes")
    assert told.exit == 3
    assert told.stderr.count("prod webapp is in 999999999999") == 1
    assert (launched_from(world), launched_from(world, "prod-worker")) == ("prod-webapp", "prod-worker-v2")


def test_a_refusal_has_the_plan_in_its_document(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(protected())
    document = udo("updatelc", "prod", "webapp", "-o", "json").json
    assert (document["exit"], document["error"]["code"]) == (7, "unconfirmed")
    assert [row["key"] for row in document["data"]["plan"]["differences"]] == ["ami", "instance_type"]


@pytest.mark.parametrize(
    ("said", "exits"),
    [("true", 7), ("false", 0), ("[updatelc]", 7), ("[prune, updatelc]", 7), ("[deploy, ssh]", 0), ("[]", 0)],
)
def test_a_list_of_verbs_protects_from_those_alone(world: Any, udo: Udo, said: str, exits: int) -> None:
    configuration_world(world)
    write_config(protected(said))
    assert udo("updatelc", "prod", "webapp").exit == exits


@pytest.mark.parametrize(("said", "exits"), [("true", 0), ("[ssh]", 7), ("[updatelc]", 0)])
def test_ssh_asks_once_where_the_list_names_it(
    world: Any, ssh: Any, seeded: Any, udo: Udo, said: str, exits: int
) -> None:
    # Of other options, and so carried out apart: before any host is reached it is asked all the same.
    groups = GROUPS.replace("worker: {", f"worker: {{protected: {said}, ssh: {{connect_timeout: 9s}}, ")
    seeded(ssh.settings + groups)
    told = udo("ssh", "stage", "webapp,worker", "touch reached")
    assert told.exit == exits
    if exits:
        assert in_order(told.stderr, f"account {world.account}", " on 3 instances of stage webapp", "ssh?")
        assert "stage worker is protected. ssh?" in told.stderr
        assert udo("ssh", "stage", "webapp", "! test -e reached").exit == 0
        assert udo("ssh", "stage", "webapp,worker", "true", "--yes").exit == 0
