"""Runs a program of the operator's, in a process group and a small environment of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from udo import signals

if TYPE_CHECKING:
    from pathlib import Path

    from udo.change.plan import LocalCommand


def run(step: LocalCommand, *, folder: Path) -> int:
    """The exit status of a program run in the folder, its output on stderr; 124 where its time ran out, 127 not found.

    It has a process group of its own, so that nothing it starts outlives its time.
    """

    keep = ("PATH", "HOME", "LANG", "USER", "SHELL", "TMPDIR")
    env = {name: os.environ[name] for name in keep if name in os.environ} | dict(step.env)
    try:
        child = subprocess.Popen(
            step.argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True
        )
    except OSError as error:
        print(f"{step.argv[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        with signals.waiting():
            return child.wait(step.timeout)
    except subprocess.TimeoutExpired:
        return 124
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
