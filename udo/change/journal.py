"""The record of what Udo did: JSON lines for each run and step, appended under a lock, never a reason to fail."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from udo import files
from udo.files import state_folder
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# How a run is recorded that begins.
BEGUN = "begun"
_FILE = "journal.jsonl"
# Seconds that a journal which another process holds is waited for: one that writes a line has it for a moment.
_PATIENCE = 5.0
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Journal:
    """Appends to `journal.jsonl` in the state folder; `about` stands in every line (run id, operator, command).

    `now` gives seconds since 1970.
    """

    def __init__(
        self, about: Mapping[str, Any], warn: Callable[[str], None], now: Callable[[], float] = time.time
    ) -> None:
        self._about = about
        self._now = now
        self._warn = warn
        self._broken = False
        self._patience = _PATIENCE

    def record(self, says: str, outcome: str, note: str = "", **more: str) -> None:
        """Appends one line; where that cannot be done it is said once, and the work continues.

        A line that says nothing tells of the run itself: that it has begun, or how it ended. `more` are other members
        of an Entry; empty ones are left out.
        """
        line = {
            "time": datetime.fromtimestamp(self._now(), UTC).strftime(_TIME),
            **self._about,
            "step": says,
            "outcome": outcome,
        }
        line |= {name: value for name, value in {"note": note, **more}.items() if value}
        try:
            _append(json.dumps(line, ensure_ascii=True), self._patience)
        except OSError as error:
            if not self._broken:
                self._warn(f"the journal cannot be written ({error.strerror}); continuing without it")
            # Whoever holds it on is not waited for at every line.
            self._broken, self._patience = True, 0.0


@frozen
class Entry:
    """One line of the journal: a step of a run, or with an empty `step` the run itself; `time` is RFC 3339 UTC.

    `made` is the launch configuration that the step makes, and `refresh` the instance refresh that the run has begun,
    which AWS keeps without a word of who made it. Of a run
    `reason` is why it was wanted, `changes` what it changes in brief, and `said` the lines that were shown besides.
    `host`, `pid` and `started` tell the process at work, `started` apart from a later one of the same pid; `group` is
    what the run had locked, in its `region`.
    """

    time: str
    run: str
    step: str
    outcome: str
    target: str = ""
    operator: str = ""
    account: str = ""
    command: str = ""
    note: str = ""
    made: str = ""
    deployment: str = ""
    refresh: str = ""
    reason: str = ""
    changes: str = ""
    said: str = ""
    host: str = ""
    pid: str = ""
    started: str = ""
    group: str = ""
    region: str = ""


def entries(warn: Callable[[str], None]) -> list[Entry]:
    """Every line of the journal, oldest first; what cannot be read is left out, and said once."""
    try:
        lines = _lines()
    except OSError as error:
        warn(f"the journal cannot be read ({error.strerror}); continuing without it")
        return []
    read = [_entry(line) for line in lines]
    if broken := read.count(None):
        warn(f"left out what cannot be read in the journal: {broken} line{'s' if broken > 1 else ''}")
    return [entry for entry in read if entry]


def _lines() -> list[bytes]:
    try:
        handle = os.open(state_folder() / _FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return []
    with os.fdopen(handle, "rb") as file:
        # A line that is being written is waited for, but not whoever holds the file on.
        with suppress(BlockingIOError):
            files.lock(file.fileno(), fcntl.LOCK_SH, _PATIENCE)
        return [line for line in file.read().split(b"\n") if line]


def _entry(line: bytes) -> Entry | None:
    names = {part.name for part in fields(Entry)}
    try:
        row = json.loads(line)
        entry = Entry(**{name: value for name, value in row.items() if name in names})
        datetime.strptime(entry.time, _TIME)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return entry if all(isinstance(value, str) for value in vars(entry).values()) else None


def _append(line: str, patience: float) -> None:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(state_folder() / _FILE, flags, 0o600)
    try:
        files.lock(handle, fcntl.LOCK_EX, patience)
        size = os.fstat(handle).st_size
        # Whoever was cut off in the middle of a line must not take the next one with it.
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        rest = b"\n" * torn + line.encode() + b"\n"
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)
