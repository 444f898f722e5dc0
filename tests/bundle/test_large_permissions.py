"""Permissions over many objects: each entry is looked up, not held against every name."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest

from udo.bundle import plan as planning
from udo.bundle.check import check_bundle
from udo.bundle.objects import Objects
from udo.bundle.permissions import matches

HEAD = "version: 0.0\nos: linux\nfiles:\n  - {source: web, destination: /srv/app}\npermissions:\n"


def _bundle(place: Path, names: int, *entries: str) -> Path:
    (place / "web").mkdir(parents=True)
    for number in range(names):
        (place / "web" / f"f{number}").write_text("x")
    (place / "appspec.yml").write_text(HEAD + "".join(f"  - {{object: /srv/app, {one}}}\n" for one in entries))
    return place


def test_a_name_in_full_is_held_against_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_COMPARED", 0)
    entries = [f'pattern: f{number}, type: [file], mode: "644"' for number in range(50)]
    assert check_bundle(_bundle(tmp_path / "b", 50, *entries)).findings == ()


def test_patterns_over_more_names_than_anybody_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_COMPARED", 40)
    entries = [f'pattern: "f{number}*", except: [b], type: [file], mode: "644"' for number in (1, 2)]
    (found,) = check_bundle(_bundle(tmp_path / "b", 15, *entries)).findings
    assert "would be held against more than 40 names" in str(found)
    assert found.at.line == 7


def test_many_wildcards_cost_no_more_than_one() -> None:
    # By a regular expression this would not end.
    assert not matches("a" * 200, "*a" * 60 + "b")
    assert matches("a" * 200, "*a" * 60 + "*")


@pytest.mark.whole
def test_a_pattern_matches_as_a_regular_expression_of_it_would() -> None:
    chance = random.Random(12)
    for _ in range(20_000):
        name = "".join(chance.choices("ab.\n", k=chance.randint(0, 7)))
        pattern = "".join(chance.choices("ab*.\n", k=chance.randint(0, 6)))
        expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL)
        assert matches(name, pattern) is (expected is not None), (name, pattern)


def test_what_lies_below_a_folder_comes_in_the_order_in_which_it_was_taken() -> None:
    chance = random.Random(13)
    for _ in range(300):
        objects, taken = Objects(), dict[str, Any]()
        for _ in range(chance.randint(0, 12)):
            path = "/" + "/".join(chance.choices("abc", k=chance.randint(1, 4)))
            objects.add(path)
            taken[path] = None
        for folder in ("/", "/a", "/a/b", "/b/c/a"):
            base = folder if folder == "/" else f"{folder}/"
            below = [one for one in taken if one.startswith(base)]
            assert objects.below(folder) == below
            assert objects.children(folder) == [one for one in below if "/" not in one.removeprefix(base)]
            assert objects.reaches(folder) is (folder in taken or bool(below))


def test_a_neighbour_whose_name_begins_alike_is_not_what_a_permission_is_for(tmp_path: Path) -> None:
    place = _bundle(tmp_path / "b", 1, 'type: [file], mode: "644"')
    spec = (place / "appspec.yml").read_text().replace("destination: /srv/app", "destination: /srv/application")
    (place / "appspec.yml").write_text(spec)
    (found,) = check_bundle(place).findings
    assert "nothing that this bundle copies is at /srv/app" in str(found)
