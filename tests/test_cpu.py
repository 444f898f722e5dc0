"""What a command costs is told beside its own exit code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

CPU = Path(__file__).parent / "cpu.py"
BUSY = "import time\nwhile time.process_time() < 0.7: pass"


@pytest.mark.parametrize("code", [0, 5])
def test_the_last_line_is_the_cpu_minutes_and_the_exit_code_is_the_command_s(code: int) -> None:
    command = (sys.executable, "-c", f"print('done'); raise SystemExit({code})")
    told = subprocess.run((sys.executable, CPU, *command), capture_output=True, text=True, check=False)
    done, last = told.stdout.splitlines()
    assert (told.returncode, done) == (code, "done")
    assert re.fullmatch(r"0\.0[0-9] CPU minutes", last)


@pytest.mark.whole
def test_the_time_of_grandchildren_counts_too() -> None:
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    told = subprocess.run(
        (sys.executable, CPU, sys.executable, "-c", child), capture_output=True, text=True, check=True
    )
    minutes, _, unit = told.stdout.partition(" ")
    assert float(minutes) >= 0.01
    assert unit == "CPU minutes\n"
