"""Breaks Udo on purpose, one line at a time in a copy of it, and sees whether the tests notice: `make mutants`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sabotage import ROOMS
from sabotage.mutant import Mutant

ROOT = Path(__file__).parent.parent.parent
# Each round is asked only where those before it noticed nothing; a test that fails ends it.
ROUNDS: tuple[tuple[str, ...], ...] = (
    ("tests/sweep/test_single_faults.py", "tests/test_runner.py", "-k", "undisturbed or test_runner"),
    (
        *("tests/test_copying.py", "tests/launch/test_keeping.py"),
        *(f"tests/commands/test_{one}.py" for one in ("locks", "rollback", "updatelc", "many_roles")),
    ),
    ("tests/sweep/test_second_operator.py", "-k", "updatelc-configuration or updatelc-mixed"),
    ("tests/sweep/test_single_faults.py", "-k", "killed-after or dropped-after or failed-before or interrupted-after"),
)


def main(words: Sequence[str]) -> int:
    """Prints who caught each mutant whose room or description has one of the words in it; 1 if one survives."""
    survivors = count = 0
    with ThreadPoolExecutor(max(2, (os.cpu_count() or 2) // 2)) as pool:
        for room, mutants in ROOMS.items():
            chosen = [one for one in mutants if not words or any(word in f"{room}: {one.says}" for word in words)]
            print(f"{room}: {len(chosen)}", flush=True)
            for mutant, test in zip(chosen, pool.map(_caught, chosen), strict=True):
                print(f"  {'caught  ' if test else 'SURVIVED'}  {mutant.says:<46} {mutant.file:<24} {test}", flush=True)
                survivors += not test
            count += len(chosen)
    print(f"{count - survivors} of {count} mutants caught", flush=True)
    return 1 if survivors else 0


def _caught(mutant: Mutant) -> str:
    """The first test that fails because of the mutant, empty for none."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "udo", Path(folder, "udo"), ignore=shutil.ignore_patterns("__pycache__"))
        path = Path(folder, "udo", mutant.file)
        text = path.read_text(encoding="utf-8")
        if text.count(mutant.old) != 1:
            return sys.exit(f"{mutant.file} does not have this once any more: {mutant.old}")
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        found = (_failing(Path(folder), tests) for tests in ((mutant.tests,) if mutant.tests else ROUNDS))
        return next(filter(None, found), "")


def _failing(folder: Path, tests: Sequence[str]) -> str:
    command = (sys.executable, "-m", "pytest", "-x", "-n0", "-p", "no:cacheprovider", "--whole", *tests)
    # Nothing but the folder of the mutant may come first: not the one it is started in.
    env = os.environ | {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    env = {name: value for name, value in env.items() if name not in ("UDO_SWEEP", "PYTEST_ADDOPTS")}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    if done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED:
        return sys.exit(f"no test is called {' '.join(tests)}")
    named = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return named[1] if named else f"pytest ended with {done.returncode}: {done.stdout[-200:]}{done.stderr[-200:]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
