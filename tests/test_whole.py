"""Tests marked `whole` are left to `make test-all`, and are not forgotten there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from whole import rows

TESTS = Path(__file__).parent
FILE = """
import os
import pytest
from whole import examples, some

@pytest.mark.parametrize("number", some([1, 2, 3], 2))
def test_one(number): pass

@pytest.mark.whole
def test_another(): pass

def test_property(request):
    everything = request.config.getoption("whole") or "UDO_WHOLE_FARM" in os.environ
    assert examples(8) == (8 if everything else 2)

# As hypothesis marks its own.
test_property.is_hypothesis_test = True
"""


@pytest.mark.parametrize(
    ("words", "variable", "passed"),
    [
        ((), "", "2 passed, 3 deselected"),
        *rows(
            [
                (("--whole",), "", "5 passed"),
                (("--whole", "-m", "whole"), "", "4 passed, 1 deselected"),
                ((), "UDO_WHOLE_FARM", "5 passed"),
                (("test_it.py::test_another",), "", "1 passed"),
            ],
            (),
        ),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_what_is_marked_runs_where_it_is_asked_for(
    tmp_path: Path, words: tuple[str, ...], variable: str, passed: str
) -> None:
    (tmp_path / "test_it.py").write_text(FILE, encoding="utf-8")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "whole", "-p", "no:cacheprovider", "--rootdir", ".", *words)
    # Without the plugins of others, which take most of the time.
    env = {**os.environ, "PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    # The plugins that this run was asked for are not on that path.
    env.pop("PYTEST_ADDOPTS", None)
    env |= {variable: "1"} if variable else {}
    told = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert f"{passed} in" in told.stdout, told.stdout + told.stderr


def test_ci_runs_what_is_left_out_too() -> None:
    steps = (TESTS.parent / ".ci" / "run").read_text(encoding="utf-8")
    assert "make test </dev/null" in steps
    assert "make test-all ARGS='-m whole' </dev/null" in steps
