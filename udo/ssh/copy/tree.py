"""The files of this machine that are copied to hosts: looked at once, for all hosts."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from udo.errors import UsageError

_PIECE = 1 << 20
# Bytes of small files that are kept: each of many hosts would have to wait for its turn to read them.
_KEPT = 1 << 24
# What a link says of itself it says to everybody.
_PERMISSIONS = 0o777


class Entry(NamedTuple):
    """One thing of a tree; `name` is its path below the place that all goes to, `target` where a link leads."""

    name: bytes
    path: bytes
    mode: int
    size: int
    times: tuple[int, int]
    mark: tuple[int, int, int]
    target: bytes = b""

    @property
    def folder(self) -> bytes:
        """The path of the folder that it is in; empty for the place itself."""
        return self.name.rpartition(b"/")[0]


@dataclass
class Tree:
    """What is copied: folders before what they hold. `left_out` are neither files, folders nor links."""

    folders: list[Entry] = field(default_factory=list)
    files: list[Entry] = field(default_factory=list)
    links: list[Entry] = field(default_factory=list)
    left_out: list[bytes] = field(default_factory=list)
    is_one_file: bool = False
    _contents: dict[bytes, bytes] = field(default_factory=dict)
    _room: int = _KEPT
    _sums: dict[bytes, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(entry.size for entry in self.files)

    def sum(self, entry: Entry) -> str:
        """The SHA-256 of a file, computed once for all hosts. Raises: OSError."""
        with self._lock:
            if entry.name not in self._sums:
                self._sums[entry.name] = digest(entry.path)
            return self._sums[entry.name]

    def content(self, entry: Entry) -> bytes:
        """What a small file holds, read once for all hosts as long as there is room.

        Raises: OSError, where it has changed since it was looked at, too.
        """
        if (kept := self._contents.get(entry.name)) is not None:
            return kept
        with opened(entry) as file:
            content = file.read(entry.size + 1)
            check(entry, file.fileno(), len(content))
        with self._lock:
            if self._room >= len(content) and entry.name not in self._contents:
                self._contents[entry.name] = content
                self._room -= len(content)
        return content


def check(entry: Entry, file: int, count: int) -> None:
    """Makes sure that so many bytes read from an open file are what was seen of it. Raises: OSError."""
    found = os.fstat(file)
    if count != entry.size or (found.st_mtime_ns, found.st_size, found.st_ino) != entry.mark:
        raise OSError(None, "it changed while it was copied")


def look(sources: Sequence[str]) -> Tree:
    """The tree that these paths of this machine make.

    A folder arrives under its own name; of one that ends with a slash what it holds does. Links in folders stay links.
    Raises: UsageError for what is not there, cannot be read, or arrives under the name of another.
    """
    tree = Tree()
    tops: dict[bytes, str] = {}
    for source in sources:
        try:
            for name in _added(tree, os.fsencode(source)):
                if name in tops:
                    raise UsageError(f"{tops[name]} and {source} would both be {os.fsdecode(name)!r} there")
                tops[name] = source
        except (OSError, ValueError) as error:
            told = getattr(error, "strerror", None) or error
            place = getattr(error, "filename", None)
            raise UsageError(f"{os.fsdecode(place or source)}: {str(told).lower()}") from error
    tree.is_one_file = len(sources) == 1 and len(tree.files) == 1 and not tree.folders and not is_contents(sources[0])
    return tree


def is_contents(source: str) -> bool:
    """Whether a path means what a folder holds, not the folder."""
    return source.endswith("/") or source.rpartition("/")[2] in ("", ".", "..")


def digest(path: bytes | int) -> str:
    """The SHA-256 of a file by its path or descriptor. Raises: OSError."""
    found = hashlib.sha256()
    with open(path, "rb", buffering=0, closefd=not isinstance(path, int)) as file:
        while piece := file.read(_PIECE):
            found.update(piece)
    return found.hexdigest()


def opened(entry: Entry) -> BinaryIO:
    """The file of an entry, for reading; nobody waits where it is a pipe by now. Raises: OSError."""
    return os.fdopen(os.open(entry.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb", buffering=0)


def _added(tree: Tree, source: bytes) -> Iterator[bytes]:
    """Adds what a source stands for, and gives the names at the top."""
    found = os.stat(source)  # noqa: PTH116 - names of bytes
    name = b"" if is_contents(os.fsdecode(source)) else source.rstrip(b"/").rpartition(b"/")[2]
    if stat.S_ISDIR(found.st_mode):
        if name:
            yield name
            tree.folders.append(_entry(name, source, found))
        yield from _walked(tree, source, name)
    elif stat.S_ISREG(found.st_mode) and name:
        yield name
        tree.files.append(_readable(_entry(name, source, found)))
    else:
        raise UsageError(f"{os.fsdecode(source)} is neither a file nor a folder")


def _walked(tree: Tree, folder: bytes, name: bytes) -> Iterator[bytes]:
    below: list[tuple[bytes, bytes]] = [(folder, name)]
    while below:
        path, prefix = below.pop()
        with os.scandir(path) as entries:
            for one in sorted(entries, key=lambda one: one.name):
                full = prefix + b"/" + one.name if prefix else one.name
                if not prefix:
                    yield one.name
                found = one.stat(follow_symlinks=False)
                entry = _entry(full, one.path, found)
                if stat.S_ISDIR(found.st_mode):
                    tree.folders.append(entry)
                    below.append((one.path, full))
                elif stat.S_ISREG(found.st_mode):
                    tree.files.append(_readable(entry))
                elif stat.S_ISLNK(found.st_mode):
                    tree.links.append(entry._replace(target=os.readlink(one.path)))  # noqa: PTH115 - names of bytes
                else:
                    tree.left_out.append(full)


def _entry(name: bytes, path: bytes, found: os.stat_result) -> Entry:
    times = int(found.st_atime), int(found.st_mtime)
    return Entry(
        name, path, found.st_mode & _PERMISSIONS, found.st_size, times, (found.st_mtime_ns, found.st_size, found.st_ino)
    )


def _readable(entry: Entry) -> Entry:
    if not os.access(entry.path, os.R_OK):
        raise UsageError(f"{os.fsdecode(entry.path)}: permission denied")
    return entry
