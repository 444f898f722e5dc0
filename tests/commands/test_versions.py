"""`udo versions` tells what each version changed, compared with the one that it was copied from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from launch_worlds import WORLDS, numbered_config, write_config
from whole import some

Udo = Callable[..., Any]
KEY = "metadata_options.HttpPutResponseHopLimit"


def copied_from_the_first(world: Any, udo: Udo, kind: str) -> None:
    """Three versions, the third made after a rollback to the first."""
    WORLDS[kind](world)
    for words, number in ((("updatelc",), 1), (("rollback",), 1), (("updatelc",), 2)):
        write_config(numbered_config(number))
        world.clock.step(1000)
        assert udo(words[0], "prod", "webapp").exit == 0


def hops(udo: Udo) -> list[tuple[str, str]]:
    rows = udo("versions", "prod", "webapp", "-o", "json").json["data"]
    return [(one["old"], one["new"]) for row in rows for one in row["differences"] if one["key"] == KEY]


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_a_version_made_after_a_rollback_is_compared_with_what_it_was_copied_from(
    world: Any, udo: Udo, kind: str
) -> None:
    copied_from_the_first(world, udo, kind)
    first = "none" if kind == "configuration" else "2"
    assert hops(udo) == [(first, "12"), (first, "11")]
    told = udo("versions", "prod", "webapp")
    assert "since 1: " in told.stdout
    rows = udo("versions", "prod", "webapp", "-o", "json").json["data"]
    assert [row["compared_with"] for row in rows] == [1, 1, None]


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_without_a_journal_the_groups_tag_tells_it_of_the_current_one(
    world: Any, udo: Udo, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied_from_the_first(world, udo, kind)
    monkeypatch.setenv("XDG_STATE_HOME", str(Path("elsewhere").absolute()))
    assert hops(udo)[0] == ("none" if kind == "configuration" else "2", "12")


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_a_version_that_was_only_gone_forward_to_keeps_its_own_story(
    world: Any, udo: Udo, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    WORLDS[kind](world)
    for number in (1, 2):
        write_config(numbered_config(number))
        world.clock.step(1000)
        assert udo("updatelc", "prod", "webapp").exit == 0
    for to in ("1", "3"):
        assert udo("rollback", "prod", "webapp", "--to", to).exit == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(Path("elsewhere").absolute()))
    rows = udo("versions", "prod", "webapp", "-o", "json").json["data"]
    assert [row["compared_with"] for row in rows] == [2, 1, None]
