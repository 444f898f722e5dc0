"""doctor: what each check finds, and that it finds nothing where all is well."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import doctor_worlds as w
import pytest
from doctor_cases import AS_CONFIGURATION, LAUNCH_CASES, Case
from doctor_group_cases import GROUP_CASES

from udo.doctor.checks import CHECKS

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
CASES = (*LAUNCH_CASES, *GROUP_CASES)
NAMES = [check.name for check in CHECKS]
DOCS = Path(__file__).parents[2] / "docs" / "doctor.md"


def _edited(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def test_a_world_in_which_all_is_well_passes_every_check(world: Any, seeded: Seeded, udo: Udo) -> None:
    seeded(w.CONFIG)
    w.healthy(world)
    told = udo("doctor", "-o", "json")
    assert told.exit == 0
    assert [row["findings"] for row in told.json["data"]] == [[], []]
    assert sorted(name for row in told.json["data"] for name in row["passed"]) == sorted(NAMES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_check_finds_what_it_is_for_and_lets_pass_what_is_well(
    case: Case, world: Any, seeded: Seeded, udo: Udo
) -> None:
    text = _edited(w.CONFIG, case.config)
    seeded(text)
    w.healthy(world)
    one, two = w.members(world)
    subnet = w.group(world)["VPCZoneIdentifier"].partition(",")[0]
    image = "" if case.config == AS_CONFIGURATION else w.image(world)
    made = case.spoil(world) if case.spoil else None
    if case.later:
        Path("udo.yml").write_text(_edited(text, case.later))
    told = udo("doctor", "prod", "web", "-o", "json", env=_env(case))
    found = [row for part in told.json["data"] for row in part["findings"] if row["check"] == case.check]
    passed = {name for part in told.json["data"] for name in part["passed"]}
    if not case.what:
        assert (found, case.check in passed) == ([], True)
        return
    made_up = {"one": one, "two": two, "subnet": subnet, "id": str(made), "image": image}
    what = re.sub(r"\{(\w+)\}", lambda hole: made_up.get(hole[1], hole[0]), case.what)
    said = [(row["level"], _without_times(row["what"]), row["remedy"]) for row in found]
    assert (case.level, what, case.remedy) in said
    assert told.exit == (
        1 if any(row["level"] == "fails" for part in told.json["data"] for row in part["findings"]) else 0
    )


def _env(case: Case) -> dict[str, str]:
    env = dict(case.env)
    if ahead := env.get("AWS_CREDENTIAL_EXPIRATION", ""):
        env["AWS_CREDENTIAL_EXPIRATION"] = datetime.fromtimestamp(
            datetime.now(UTC).timestamp() + float(ahead), UTC
        ).isoformat()
    return env


def _without_times(what: str) -> str:
    """What is found, without what the world makes up: the time of a lock, and AWS's own reason for a refresh."""
    return re.sub(r"(?<=elsewhere since )[^)]+", "{since}", re.sub(r"(?<=% done: ).+", "{why}", what))


def test_every_check_has_a_world_for_each_of_its_levels() -> None:
    marks = {"fails": "\N{BALLOT X}", "warning": "!"}
    seen = {(case.check, marks[case.level]) for case in CASES if case.level}
    assert {(check.name, mark) for check in CHECKS for mark in check.levels.split()} == seen


def test_the_page_of_checks_is_the_table_that_runs() -> None:
    listed = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    made = [f"| {one.name} | {one.levels} | {one.why} | {one.remedy} | {one.source} |" for one in CHECKS]
    assert listed[1:] == made
