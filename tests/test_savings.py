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


@pytest.mark.whole
@pytest.mark.parametrize(("seconds", "code"), [(60, 1), (0.5, 0)], ids=["it hangs", "it is slow"])
def test_a_test_that_hangs_tells_where_and_ends_and_one_that_is_slow_does_not(
    tmp_path: Path, seconds: float, code: int
) -> None:
    (tmp_path / "conftest.py").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "test_it.py").write_text(FILE.format(seconds=seconds), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(TESTS), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    env.pop("PYTEST_ADDOPTS", None)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".")
    told = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=30)
    assert told.returncode == code, told.stdout + told.stderr
    assert ("test_it.py" in told.stderr and "Timeout" in told.stderr) == bool(code)
