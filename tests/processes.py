"""`udo` as a process of its own that signals are sent to at chosen moments, and what it left behind."""

from __future__ import annotations

import contextlib
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


def left_behind() -> list[str]:
    """Processes that are left of what was started with this test's home; their own sessions hide them from no one."""
    mark, left = f"HOME={os.environ['HOME']}".encode(), []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (place / "environ").read_bytes().split(b"\0") and int(place.name) != os.getpid():
                left.append((place / "cmdline").read_text().replace("\0", " "))
    return left


def waits_in(pid: int) -> str:
    """The place in the kernel where a process waits."""
    try:
        return Path(f"/proc/{pid}/wchan").read_text()
    except OSError:
        return ""


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
