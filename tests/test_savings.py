"""What is saved in every test is still there where it is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SETTINGS = """
import savings

savings._HUNG, savings._SELDOM = 2.0, 0.1
pytest_plugins = ("savings",)
"""
FILE = """
import time

def test_it():
    time.sleep({seconds})

def test_another():
    pass
"""


ENDS = """
import pytest

@pytest.fixture
def broken():
    raise AssertionError("before")

@pytest.fixture
def breaks():
    yield
    raise AssertionError("after")

def test_passes(): print("nobody reads this")

def test_fails(): raise AssertionError("within")

def test_never_begins(broken): pass

def test_does_not_end(breaks): pass

@pytest.mark.skip
def test_is_skipped(): pass
"""


@pytest.mark.whole
@pytest.mark.parametrize("more", [[], ["--durations=1"]], ids=["brief", "whole"])
def test_what_does_not_go_well_is_told_by_a_worker_wherever_it_happens(tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "test_it.py").write_text(ENDS, encoding="utf-8")
    told = _run(tmp_path, "-p", "xdist", "-p", "savings", "-n1", *more)
    assert "1 failed, 2 passed, 1 skipped, 2 errors in" in told.stdout, told.stdout + told.stderr
    assert all(f"AssertionError: {when}" in told.stdout for when in ("before", "within", "after"))
    assert "nobody reads this" not in told.stdout
    assert ("slowest" in told.stdout) == bool(more)


@pytest.mark.whole
@pytest.mark.parametrize(("seconds", "code"), [(60, 1), (0.5, 0)], ids=["it hangs", "it is slow"])
def test_a_test_that_hangs_tells_where_and_ends_and_one_that_is_slow_does_not(
    tmp_path: Path, seconds: float, code: int
) -> None:
    (tmp_path / "conftest.py").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(FILE.format(seconds=seconds), encoding="utf-8")
    told = _run(tmp_path)
    assert told.returncode == code, told.stdout + told.stderr
    assert ("test_it.py" in told.stderr and "Timeout" in told.stderr) == bool(code)


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # Without the plugins of others, which take most of the time.
    env = {**os.environ, "PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    env.pop("PYTEST_ADDOPTS", None)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", *words)
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=60)
