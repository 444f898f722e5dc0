"""What only reads loads nothing that is there for changes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from whole import some

PROGRAM = (
    "import atexit, sys\n"
    "atexit.register(lambda: print(*[one for one in sys.modules if one.startswith('udo.')], file=sys.stderr))\n"
    "from udo.cli import main\n"
    "main(sys.argv[1:])"
)
READS = ("status prod web", "instances prod web", "inventory prod web -o hosts", "ip prod web")


@pytest.mark.usefixtures("served_world")
@pytest.mark.parametrize("words", some(READS, "status prod web"))
def test_a_verb_that_reads_loads_no_class_of_plans_or_events(
    seeded: Callable[[str], Any], tmp_path: Path, words: str
) -> None:
    seeded("region: us-west-2\nami: ami-0c2644caf041bb6de\nclusters: {prod: {roles: {web: {}}}}\n")
    line = (sys.executable, "-c", PROGRAM, *words.split())
    ended = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(ended.stderr.split())
    assert "udo.aws.connection" in loaded
    assert not loaded & {"udo.change.plan", "udo.change.events", "udo.change.runner", "udo.ssh"}
