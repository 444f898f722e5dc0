"""Programs that Udo asks something, or leaves the terminal to: what ends them, with all that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from udo import signals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# How often another thread than the main one looks whether a signal has come.
_LOOK = 0.1
# Seconds for a program to leave when asked to.
_LEAVE = 1.0
# What the keys of a terminal send.
_KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)


def asked(
    words: Sequence[str],
    *,
    seconds: float | None = None,
    folder: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """What a program says on both streams, and its exit status; it reads nothing and has no terminal.

    Raises: Interrupted; OSError where it cannot be started; subprocess.TimeoutExpired.
    """
    signals.look()
    # Not within the wait: one that a signal breaks in on while it begins would be nobody's. In a session of its own,
    # so that all it starts ends with it.
    child = subprocess.Popen(
        words,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with child:
        try:
            out, errors = _said(child, seconds)
        except BaseException:
            _end_session(child)
            raise
    return subprocess.CompletedProcess(words, child.returncode, out, errors)


def attended(words: Sequence[str], env: Mapping[str, str]) -> int:
    """The exit status of a program that has our terminal, with all its keys: Ctrl-C and the like are for it alone.

    Raises: Interrupted where Udo is to end; OSError where the program cannot be started.
    """
    # Caught, not ignored: what is ignored here would be ignored there too.
    before = {number: signal.signal(number, lambda *_: None) for number in _KEYS if not _is_ignored(number)}
    try:
        child = subprocess.Popen(words, env=env)
        try:
            with signals.waiting():
                return child.wait()
        finally:
            end(child)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_ignored(number: int) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN


def end(child: subprocess.Popen[bytes]) -> None:
    """Ends a program that shares our terminal and process group, and where the system tells it what it has started."""
    if child.poll() is not None:
        return
    # Held while it is looked what it has started: what it starts a moment later would be nobody's.
    child.send_signal(signal.SIGSTOP)
    below = _below(child.pid)
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            for handle in below:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, number)
            child.send_signal(number)
            child.send_signal(signal.SIGCONT)
            with suppress(subprocess.TimeoutExpired):
                child.wait(_LEAVE)
    finally:
        for handle in below:
            os.close(handle)


def _said(child: subprocess.Popen[bytes], seconds: float | None) -> tuple[bytes, bytes]:
    until = None if seconds is None else time.monotonic() + seconds
    while True:
        try:
            with signals.waiting():
                return child.communicate(timeout=_LOOK if until is None else min(_LOOK, until - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            if signals.over():
                # Seen by other threads alone: on the main one the wait itself has ended.
                raise signals.interruption() from error
            if until is not None and time.monotonic() >= until:
                raise


def _end_session(child: subprocess.Popen[bytes]) -> None:
    if child.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_LEAVE)


def _below(pid: int) -> list[int]:
    """Handles of the processes that one has started, and those in turn; none where the system is not Linux."""
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # Source: proc(5), stat: the parent is the second after the name.
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    handles = []
    for one in found - {pid}:
        with suppress(OSError):
            handles.append(os.pidfd_open(one))
    return handles
