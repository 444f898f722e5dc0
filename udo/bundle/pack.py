"""Writes the archive of a bundle: the same bytes for the same listing, on all processors, in little memory.

Source: APPNOTE.TXT 6.3.10 of PKWARE; Info-ZIP's zip 3.0 for what stands for Unix in it.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from udo.bundle.listing import Entry, blocks, changed, entries_of

LEVEL = 6
_STORED, _DEFLATED = 0, 8
# What a block may refer to of the one before it.
_WINDOW = 32 * 1024
# Midnight of 1 January 1980, the first moment there is: an archive knows no other time.
_TIME, _DATE = 0, (1 << 5) | 1
_UNIX = 3 << 8
_NEEDS, _NEEDS_ZIP64 = 20, 45
_TYPES = {"file": 0o100000, "folder": 0o040000, "link": 0o120000}
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_MOST_ENTRIES = 0xFFFF
# Each has a few blocks in hand.
_MOST_WORKERS = 4


def pack(folder: Path, sha256: str, out: BinaryIO, tell: Callable[[int], None] = lambda _: None) -> int:
    """Writes the archive of what the folder holds to a file that can be gone back in; gives its size.

    `tell` is called with the bytes packed, on the thread that called.

    Raises: Conflict where the folder does not hold what has that sha256 (any more); Refused, UdoError, OSError.
    """
    archive = _Archive(out)
    digest = hashlib.sha256()
    workers = min(_MOST_WORKERS, _processors())
    pool = ThreadPoolExecutor(workers, thread_name_prefix="udo-pack")
    try:
        line = _Line(pool, archive, 3 * workers)
        for entry in entries_of(folder):
            content = hashlib.sha256()
            line.begin(entry)
            for block in blocks(folder, entry):
                content.update(block)
                line.add(block)
                tell(len(block))
            line.end()
            digest.update(entry.line(content.hexdigest()))
        line.drain(0)
    finally:
        pool.shutdown(cancel_futures=True)
    if digest.hexdigest() != sha256:
        raise changed(folder)
    return archive.close()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Line:
    """Blocks on their way: deflated side by side, written one after the other; so many wait at most."""

    def __init__(self, pool: ThreadPoolExecutor, archive: _Archive, most: int) -> None:
        self._pool, self._archive, self._most = pool, archive, most
        self._waiting: deque[Future[bytes] | Callable[[], None]] = deque()
        self._blocks = 0
        self._entry = Entry("", "file", 0)
        self._held, self._before, self._crc, self._count = b"", b"", 0, 0

    def begin(self, entry: Entry) -> None:
        """The blocks that are added belong to this entry."""
        self._entry = entry
        self._held, self._before, self._crc, self._count = b"", b"", 0, 0
        self._waiting.append(lambda: self._archive.begin(entry))

    def add(self, block: bytes) -> None:
        """Takes the next block; which one is the last is known at the end only."""
        self._crc = zlib.crc32(block, self._crc)
        if self._held:
            self._deflate(last=False)
        self._held = block
        self._count += 1

    def end(self) -> None:
        """There are no more blocks of this entry."""
        entry, crc = self._entry, self._crc
        plain = entry.target.encode() if entry.kind == "link" else self._held
        if entry.kind == "link":
            crc = zlib.crc32(plain)
        elif self._held:
            self._deflate(last=True)
        # What is no smaller for it is kept as it is; of a long file nobody holds the beginning any more.
        kept = plain if self._count < 2 else None
        self._waiting.append(lambda: self._archive.end(crc, kept))
        self.drain(self._most)

    def drain(self, most: int) -> None:
        """Writes what is ready to be written, and waits until so many blocks are left at most."""
        while self._waiting:
            first = self._waiting[0]
            if isinstance(first, Future):
                if self._blocks <= most and not first.done():
                    return
                self._archive.add(first.result())
                self._blocks -= 1
            else:
                first()
            self._waiting.popleft()

    def _deflate(self, *, last: bool) -> None:
        self._waiting.append(self._pool.submit(_deflated, self._held, self._before, last))
        self._blocks += 1
        self._before = self._held[-_WINDOW:]
        self.drain(self._most)


def _deflated(block: bytes, before: bytes, last: bool) -> bytes:
    settings = (LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY)
    made = zlib.compressobj(*settings, before) if before else zlib.compressobj(*settings)
    return made.compress(block) + made.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


class _Archive:
    """A zip as it is written: entries one after the other, the list of them at the end."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._at = self._count = 0
        self._list: list[bytes] = []
        self._entry = Entry("", "file", 0)
        self._parts: list[bytes] = []
        self._start = self._size = 0

    def begin(self, entry: Entry) -> None:
        """The parts that are added belong to this entry."""
        self._entry, self._parts, self._size, self._start = entry, [], 0, self._at

    def add(self, part: bytes) -> None:
        """A part of what the entry holds, deflated; the first is held until it is known whether it is the last."""
        if self._size:
            self._flush()
        self._parts.append(part)
        self._size += len(part)

    def end(self, crc: int, plain: bytes | None) -> None:
        """The entry is whole; `plain` is what it holds, where that is short."""
        method, size = _DEFLATED, len(plain) if plain is not None else self._entry.size
        if plain is not None and (not self._parts or self._size >= len(plain)):
            method, self._parts, self._size = _STORED, [plain], len(plain)
        name = self._entry.path.encode()
        sizes = (_TIME, _DATE, crc, self._size, size)
        header = _LOCAL.pack(b"PK\3\4", _NEEDS, 0, method, *sizes, len(name), 0)
        if self._at > self._start:
            self._flush()
            self._out.seek(self._start)
            self._out.write(header)
            self._out.seek(self._at)
        else:
            self._write(header + name + b"".join(self._parts))
        mode = _TYPES[self._entry.kind] | self._entry.mode
        folder = 0x10 if self._entry.kind == "folder" else 0
        more = (len(name), 0, 0, 0, 0, mode << 16 | folder, self._start)
        self._list.append(_CENTRAL.pack(b"PK\1\2", _UNIX | 30, _NEEDS, 0, method, *sizes, *more) + name)
        self._count += 1

    def close(self) -> int:
        """Writes the list; gives the size of the archive."""
        start, count = self._at, self._count
        for row in self._list:
            self._write(row)
        size = self._at - start
        if count > _MOST_ENTRIES:
            end64 = self._at
            self._write(_END64.pack(b"PK\6\6", 44, _UNIX | _NEEDS_ZIP64, _NEEDS_ZIP64, 0, 0, count, count, size, start))
            self._write(_LOCATOR.pack(b"PK\6\7", 0, end64, 1))
        told = min(count, _MOST_ENTRIES)
        self._write(_END.pack(b"PK\5\6", 0, 0, told, told, size, start, 0))
        self._out.flush()
        return self._at

    def _flush(self) -> None:
        if self._at == self._start:
            # Its sizes are known at the end.
            self._write(bytes(_LOCAL.size) + self._entry.path.encode())
        for part in self._parts:
            self._write(part)
        self._parts = []

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)
