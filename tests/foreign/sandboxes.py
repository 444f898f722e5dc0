"""A sandbox as a user has it: `udo sandbox start` and `udo sandbox env`, in a state folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

UDO = str(Path(sys.executable).with_name("udo"))
EXAMPLE = Path(__file__).parents[2] / "udo.example.yml"


@contextlib.contextmanager
def started(folder: Path, speed: float) -> Iterator[dict[str, str]]:
    """The environment that points any AWS client at a sandbox which runs while the block does."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "LC_ALL": "C.UTF-8",
    }
    shutil.copy(EXAMPLE, folder / "udo.yml")

    def udo(*words: str) -> str:
        done = subprocess.run([UDO, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"udo {' '.join(words)} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    udo("sandbox", "start", "--speed", f"{speed:g}")
    try:
        told = json.loads(udo("sandbox", "env", "-o", "json"))["data"]
        yield {**env, **{name: value for name, value in told.items() if value is not None}}
    finally:
        udo("sandbox", "stop")
