"""Keeps what many hosts say in bounded memory: a little of each is held, the rest lies in a file nobody else sees."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from udo.errors import UdoError

# Held of each stream of each host before it goes to the file.
HELD = 1 << 14


@dataclass
class _Stream:
    held: bytearray = field(default_factory=bytearray)
    pieces: list[tuple[int, int]] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    size: int = 0


class Spool:
    """What hosts have said, by instance id and stream."""

    def __init__(self) -> None:
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._file: IO[bytes] | None = None
        self._end = 0
        self.is_full = False

    def add(self, instance_id: str, stream: str, data: bytes) -> None:
        """Keeps what a host said next. Raises: UdoError, once, where there is no room; nothing more is kept then."""
        if self.is_full:
            return
        found = self._streams.get((instance_id, stream))
        if found is None:
            found = self._streams[instance_id, stream] = _Stream()
        found.held += data
        found.size += len(data)
        found.digest.update(data)
        if len(found.held) >= HELD:
            try:
                self._put_down(found)
            except OSError as error:
                self.is_full = True
                told = f"what hosts say cannot be kept: {error.strerror or error}"
                raise UdoError(told, hint="TMPDIR names the folder it is kept in") from error

    def size(self, instance_id: str, stream: str) -> int:
        """How many bytes a host has said there."""
        found = self._streams.get((instance_id, stream))
        return found.size if found else 0

    def digest(self, instance_id: str) -> tuple[bytes, ...]:
        """What is equal for two hosts exactly if they have said the same on both streams."""
        found = (self._streams.get((instance_id, stream)) for stream in ("stdout", "stderr"))
        return tuple(one.digest.digest() if one and one.size else b"" for one in found)

    def lines(self, instance_id: str, stream: str) -> Iterator[bytes]:
        """The lines a host has said, without their ends; one of more than HELD bytes comes in pieces."""
        tail = b""
        for piece in self._read(instance_id, stream):
            *whole, tail = (tail + piece).split(b"\n")
            yield from whole
            while len(tail) > HELD:
                yield tail[:HELD]
                tail = tail[HELD:]
        if tail:
            yield tail

    def close(self) -> None:
        """Gives the file up."""
        if self._file:
            self._file.close()
        self._streams.clear()

    def _put_down(self, stream: _Stream) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="udo-", buffering=0)  # noqa: SIM115 - lives until `close`
        self._file.seek(self._end)
        stream.pieces.append((self._end, len(stream.held)))
        self._end += self._file.write(stream.held)
        stream.held.clear()

    def _read(self, instance_id: str, stream: str) -> Iterator[bytes]:
        found = self._streams.get((instance_id, stream))
        if found is None:
            return
        for place, length in found.pieces:
            if self._file:
                self._file.seek(place)
                yield self._file.read(length)
        yield bytes(found.held)
