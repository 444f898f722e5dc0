"""What a command reads on one host: some bytes of its own, then a file that all hosts share."""

from __future__ import annotations

import os

from udo.ssh.outcome import Failed


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
