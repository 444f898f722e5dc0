"""An upgrade of moto that moves what the strict rules lean on fails at once, and says what moved."""

from __future__ import annotations

import ast
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from udo.sandbox import hooks, strict
from udo.sandbox.strict import guard, rules
from udo.sandbox.strict.rules import replacements


def test_this_moto_has_everything_the_rules_lean_on() -> None:
    assert guard.missing() == []
    assert guard.missing_late() == []


def test_what_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"moto.ec2.models:EC2Backend": ("run_instances", "run_rabbits"), "moto.burrow": ("rabbits",)}
    monkeypatch.setattr(guard, "ATTRIBUTES", gone)
    monkeypatch.setattr(guard, "FIELDS", {"moto.ec2.models.tags:TagBackend": ("tags", "labels")})
    monkeypatch.setattr(guard, "TAKEN", {"moto.ec2.models.amis:Ami": ("name", "nickname")})
    with pytest.raises(RuntimeError, match=r"moto [\d.]+ has no .*") as failure:
        guard.check()
    for name in ("EC2Backend.run_rabbits", "moto.burrow.rabbits", "TagBackend().labels", "Ami(nickname)"):
        assert name in str(failure.value)
    assert "run_instances" not in str(failure.value)


def test_everything_that_is_replaced_is_guarded(world: Any) -> None:
    rules()
    guarded = {(owner.rpartition(":")[2], name) for owner, names in guard.ATTRIBUTES.items() for name in names}
    assert len(hooks.replaced) >= 4
    assert {(owner.__name__, name) for owner, name in [*replacements(), *hooks.replaced]} <= guarded


@pytest.mark.whole
def test_everything_that_is_imported_from_moto_is_guarded() -> None:
    named = guard.ATTRIBUTES | guard.LATE
    known = {(owner, name) for owner, names in named.items() for name in names}
    known |= {tuple(owner.split(":")) for owner in (*named, *guard.FIELDS, *guard.TAKEN) if ":" in owner}
    known |= {tuple(owner.partition(":")[0].rsplit(".", 1)) for owner in named}
    imports = [
        (statement.module, one.name)
        for path in (Path(strict.__file__).parents[1]).rglob("*.py")
        for statement in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("moto")
        for one in statement.names
    ]
    assert len(imports) > 40
    assert [one for one in imports if one not in known] == []


def test_moto_is_pinned_to_the_range_the_rules_were_made_for() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = map(Requirement, project["optional-dependencies"]["sandbox"])
    pin: Any = next(one.specifier for one in wanted if one.name == "moto")
    assert version("moto") in pin
    assert "5.3.0" not in pin
    assert "5.2.4" not in pin
