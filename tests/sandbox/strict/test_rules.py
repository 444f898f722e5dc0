"""Every strict rule holds in the sandbox, and is one that moto as it comes does not have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from account import Account
from cases import CASES

from udo.sandbox import strict
from udo.sandbox.strict.table import document

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", CASES)
def test_the_rule_holds_in_the_sandbox(world: Any, name: str) -> None:
    CASES[name](Account(world.client, world))


@pytest.mark.whole
def test_raw_moto_has_none_of_the_rules() -> None:
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    ran = subprocess.run(  # noqa: PLW1510 - the outcome is asserted below
        [sys.executable, str(HERE / "raw.py")], env=environment, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert {name: outcome for name, outcome in found.items() if outcome != "lacking"} == {}
    assert set(found) == set(CASES)


def test_every_rule_has_a_case_and_every_case_a_rule() -> None:
    assert {rule.name for rule in strict.rules()} == set(CASES)


def test_a_rule_says_what_where_from_and_what_moto_does() -> None:
    for rule in strict.rules():
        assert rule.says.endswith("."), rule.name
        assert len(rule.source) > 10, rule.name
        assert rule.moto, rule.name
        assert rule.operations, rule.name


def test_the_table_in_the_docs_is_that_of_the_rules() -> None:
    page = HERE.parents[2] / "docs" / "sandbox-rules.md"
    wanted = document()
    assert page.read_text(encoding="utf-8") == wanted, "python -m udo.sandbox.strict.table > docs/sandbox-rules.md"
    for rule in strict.rules():
        assert f"| `{rule.name}` |" in wanted
