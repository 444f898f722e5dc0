"""Counts what becomes of the files of one host, and says so now and then."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from udo.change.events import Copied
from udo.frozen import frozen
from udo.size import bytes_text
from udo.ssh.outcome import Ending

_OFTEN = 0.2
# Failures that are told one by one; a million of them would say no more.
_TOLD = 20


@frozen
class Told:
    """Where it goes what is told of a host: counts, and lines about single files."""

    instance_id: str
    tell: Callable[[Copied], None]
    emit: Callable[[str, bytes], None]

    def say(self, line: str) -> None:
        """Tells a line."""
        self.emit("stderr", os.fsencode(line).replace(b"\n", b"\\n") + b"\n")


class Tally:
    """The counts of one host."""

    def __init__(self, told: Told) -> None:
        self.files = self.all_files = self.size = self.whole_size = self.unchanged = 0
        self.full = ""
        self._told = told
        self._failed: list[str] = []
        self._failures = 0
        self._left_out = 0
        self._notes: list[str] = []
        self._next = 0.0

    def begin(self, files: int, size: int) -> None:
        """So much is to be copied."""
        self.all_files, self.whole_size = files, size
        self._count(always=True)

    def sent(self, size: int) -> None:
        """So many bytes more are there."""
        self.size += size
        self._count()

    def done(self) -> None:
        """One file more is there as a whole."""
        self.files += 1
        self._count()

    def fail(self, name: bytes, why: object) -> None:
        """One of the files, folders or links is not there."""
        self._failures += 1
        if len(self._failed) >= _TOLD:
            return
        self._failed.append(f"{os.fsdecode(name)}: {why}")
        # One alone is told as the reason.
        for line in self._failed if self._failures == 2 else self._failed[1:][-1:]:
            self._told.say(line)

    def leave_out(self, name: bytes, why: str) -> None:
        """Something that cannot be copied is not."""
        self._left_out += 1
        if self._left_out <= _TOLD:
            self._told.say(f"{os.fsdecode(name)} is left out: {why}")

    def note(self, text: str) -> None:
        """Something about all of it."""
        self._notes.append(text)

    def ending(self) -> Ending:
        """How the host ended."""
        self._count(always=True)
        if self.full:
            return Ending("failed", 1, self.full)
        if self._failures:
            count = f"{self._failures} could not be copied" if self._failures > 1 else "not copied"
            return Ending("failed", 1, f"{count}: {self._failed[0]}")
        count = f"{self.files} file{'' if self.files == 1 else 's'} copied, {bytes_text(self.size)}"
        counts = [count if self.files or not self.unchanged else "nothing to copy"]
        counts += [f"{self.unchanged} unchanged"] if self.unchanged else []
        counts += [f"{self._left_out} left out"] if self._left_out else []
        return Ending("ok", 0, "; ".join([", ".join(counts), *self._notes]))

    def _count(self, *, always: bool = False) -> None:
        now = time.monotonic()
        if always or now >= self._next:
            self._next = now + _OFTEN
            counts = (self.files, self.all_files, self.size, self.whole_size, self.unchanged, self._left_out)
            self._told.tell(Copied(self._told.instance_id, *counts, self._failures))
