"""`udo` as a process of its own that signals are sent to at chosen moments, and what it left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a process ended; `code` as a shell shows it."""

    code: int
    stdout: str
    stderr: str


def begun(*words: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """The process, in a group of its own, once it catches signals: before that they are Python's and the system's."""
    process = subprocess.Popen(
        [sys.executable, "-m", "udo", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )
    until(lambda: process.poll() is not None or _catches(process.pid), "it never catches signals")
    return process


def ended(process: subprocess.Popen[str], seconds: float = 60) -> Ended:
    """Waits for it; killed where it takes too long."""
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        process.kill()
    code = process.returncode
    return Ended(code if code >= 0 else 128 - code, out, err)


def until(holds: Callable[[], bool], otherwise: str, seconds: float = 60) -> None:
    """Waits for something to hold."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, otherwise
        time.sleep(0.002)


def _catches(pid: int) -> bool:
    # SIGTERM is caught by nobody but Udo. Source: proc(5), status, SigCgt.
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt:")), 0)
    return bool(caught >> (signal.SIGTERM - 1) & 1)
