"""An upgrade of moto that moves what the strict rules lean on fails at once, and says what moved."""

from __future__ import annotations

from importlib.metadata import requires, version
from typing import Any

import pytest
from packaging.requirements import Requirement

from udo.sandbox import hooks
from udo.sandbox.strict import guard, rules
from udo.sandbox.strict.rules import replacements


def test_this_moto_has_everything_the_rules_lean_on() -> None:
    assert guard.missing() == []


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


def test_moto_is_pinned_to_the_range_the_rules_were_made_for() -> None:
    wanted = [Requirement(line) for line in requires("udo") or ()]
    pin: Any = next(one.specifier for one in wanted if one.name == "moto")
    assert version("moto") in pin
    assert "5.3.0" not in pin
    assert "5.2.4" not in pin
