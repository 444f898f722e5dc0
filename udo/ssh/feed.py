"""What a command reads on one host: some bytes of its own, then a file that all hosts share; or a terminal."""

from __future__ import annotations

import os
import time

from udo.ssh.outcome import Failed

# As if Ctrl-D were typed.
_END = b"\4"
# Seconds of silence before that, then twice as long each time, and how often.
_PATIENCE, _TIMES = 1.0, 10


class Feed:
    """The bytes in order, a piece at a time, so that a slow host holds no more than one; `file` is read by position."""

    def __init__(self, first: bytes, file: int | None) -> None:
        self._held = memoryview(first)
        self._file = file
        self._place = 0
        self._left = 0 if file is None else os.fstat(file).st_size

    @property
    def is_over(self) -> bool:
        """Whether all of it was taken."""
        return not self._held and not self._left

    def piece(self, size: int) -> memoryview:
        """The next bytes, at most so many; the same again until some are taken. Raises: Failed."""
        if not self._held and self._left and self._file is not None:
            read = os.pread(self._file, min(size, self._left), self._place)
            if not read:
                raise Failed("dropped", "what the command was to read is no longer there")
            self._held = memoryview(read)
            self._place += len(read)
            self._left -= len(read)
        return self._held[:size]

    def take(self, count: int) -> None:
        """So many bytes of the last piece are gone."""
        self._held = self._held[count:]

    def end(self) -> None:
        """Gives up what is left: nobody reads it."""
        self._held, self._left = self._held[:0], 0


class Typist:
    """Tells a command on a terminal that nobody types there, where it has been silent for a while: it may wait for one.

    Not at once: a program that takes the terminal over (sudo, docker) would find a NUL there and no end.
    """

    def __init__(self, *, on: bool) -> None:
        self._left = _TIMES if on else 0
        self._patience = _PATIENCE
        self._since = time.monotonic()

    @property
    def pause(self) -> float | None:
        """Seconds until it is told; None for never again."""
        return max(0.0, self._since + self._patience - time.monotonic()) if self._left else None

    def heard(self) -> None:
        """The command has said something."""
        self._since = time.monotonic()

    def typed(self) -> bytes:
        """What is typed now, if anything."""
        if self.pause != 0.0:
            return b""
        self._left, self._patience, self._since = self._left - 1, self._patience * 2, time.monotonic()
        return _END
