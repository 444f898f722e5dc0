"""Cuts a stream of bytes into lines, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

from udo.change.events import Line

LONGEST = 1 << 16


class Lines:
    """The output of one host, both streams apart; a line longer than LONGEST bytes comes in partial pieces."""

    def __init__(self, instance_id: str) -> None:
        self._instance_id = instance_id
        self._tails: dict[str, bytes] = {}

    def feed(self, stream: str, data: bytes) -> Iterator[Line]:
        """The lines that are whole now."""
        *whole, tail = (self._tails.get(stream, b"") + data).split(b"\n")
        for line in whole:
            yield Line(self._instance_id, stream, line)
        while len(tail) >= LONGEST:
            yield Line(self._instance_id, stream, tail[:LONGEST], partial=True)
            tail = tail[LONGEST:]
        self._tails[stream] = tail

    def rest(self) -> Iterator[Line]:
        """What came after the last newline of each stream."""
        for stream, tail in self._tails.items():
            if tail:
                yield Line(self._instance_id, stream, tail, partial=True)
        self._tails.clear()
