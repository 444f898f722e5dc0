"""What a bundle made of a folder holds, and the name that follows from it: the same wherever it is made."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from udo.bundle.archive import MOST_BYTES
from udo.bundle.included import Found, included
from udo.errors import Conflict, Refused
from udo.frozen import frozen

# How much of a file is held at a time.
BLOCK = 1024**2
# Source: Info-ZIP's unzip 6.0, mapname(): such an end is VMS's.
_VERSION = re.compile(r";[0-9]*$")
_AGAIN = "nothing was uploaded; run it again once nothing writes there"


@frozen
class Entry:
    """One thing in a bundle; `kind` is file, folder or link, `mode` its permissions, `path` ends in / for a folder."""

    path: str
    kind: str
    mode: int
    size: int = 0
    target: str = ""

    def line(self, content: str) -> bytes:
        """What is told of it in the listing, with the sha256 of its content where it is a file."""
        return b"\0".join(
            part.encode() for part in (self.path, self.kind, f"{self.mode:o}", self.target or content, "")
        )


@frozen
class Listing:
    """What a bundle holds; `sha256` is that of its paths, modes, links and contents, and nothing else."""

    folder: Path
    entries: tuple[Entry, ...]
    sha256: str

    @property
    def files(self) -> int:
        """How many files and links there are."""
        return sum(entry.kind != "folder" for entry in self.entries)

    @property
    def size(self) -> int:
        """How many bytes its files have in all."""
        return sum(entry.size for entry in self.entries)


def listing(folder: Path, tell: Callable[[int], None] = lambda _: None, *, anyway: bool = False) -> Listing:
    """What a bundle of the folder holds; `tell` is called with the bytes read, `anyway` takes links that lead out.

    Raises: Refused for what cannot be sent; Conflict for what changes meanwhile; UdoError.
    """
    entries = entries_of(folder)
    if not any(entry.kind != "folder" for entry in entries):
        raise Refused(f"{folder} holds no file that is not left out", hint="nothing was uploaded")
    for entry in entries:
        if entry.kind == "link" and not anyway and leads_out(folder, entry):
            told = f"{folder / entry.path} is a link that leads out of the bundle, to {entry.target}"
            raise Refused(told, hint="put the file itself into it, leave it out by .udoignore, or use --anyway")
    digest = hashlib.sha256()
    for entry in entries:
        content = hashlib.sha256()
        for block in blocks(folder, entry):
            content.update(block)
            tell(len(block))
        digest.update(entry.line(content.hexdigest()))
    return Listing(folder, entries, digest.hexdigest())


def entries_of(folder: Path) -> tuple[Entry, ...]:
    """What goes into a bundle of the folder, in the order of its archive, without a look at contents.

    Raises: Refused for what cannot be sent; UdoError.
    """
    return tuple(sorted(_entries(folder, included(folder)), key=lambda entry: entry.path.encode()))


def leads_out(folder: Path, entry: Entry) -> bool:
    """Whether a link leads out of the folder, be it through other links."""
    if entry.target.startswith("/"):
        return True
    return not Path(os.path.realpath(folder / entry.path)).is_relative_to(os.path.realpath(folder))


def blocks(folder: Path, entry: Entry) -> Iterator[bytes]:
    """The content of a file, a block at a time; nothing for what is no file.

    Raises: Conflict where it is not what was listed, or changes meanwhile; Refused where it may not be read.
    """
    if entry.kind != "file":
        return
    path, left = folder / entry.path, entry.size
    try:
        # What was a file a moment ago may be a pipe by now, that nobody writes into.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise Conflict(f"{path} vanished while it was read", hint=_AGAIN) from error
    except PermissionError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror}", hint="leave it out, or give yourself the right"
        ) from error
    except OSError as error:
        raise _changed(path) from error
    with os.fdopen(handle, "rb", buffering=0) as file:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode) or before.st_size != entry.size or _mode(before) != entry.mode:
            raise _changed(path)
        while block := _read(file.read, min(BLOCK, left), path):
            left -= len(block)
            yield block
        after = os.fstat(handle)
        if left or file.read(1) or (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            raise _changed(path)


def changed(folder: Path) -> Conflict:
    """What is said where a folder does not hold any more what was listed."""
    return Conflict(f"what {folder} holds changed since it was looked at", hint=_AGAIN)


def _changed(path: Path) -> Conflict:
    return Conflict(f"{path} changed while it was read", hint=_AGAIN)


def _read(read: Callable[[int], bytes], most: int, path: Path) -> bytes:
    try:
        return read(most)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}", hint="nothing was uploaded") from error


def _entries(folder: Path, found: Iterable[Found]) -> Iterator[Entry]:
    total = 0
    for one in found:
        _check_name(folder, one.path)
        mode, size = one.stat.st_mode, one.stat.st_size
        if stat.S_ISDIR(mode):
            yield Entry(f"{one.path}/", "folder", _mode(one.stat))
        elif stat.S_ISLNK(mode):
            yield Entry(one.path, "link", 0o777, 0, _target(folder / one.path))
        elif stat.S_ISREG(mode):
            total += size
            if total > MOST_BYTES:
                told = f"{folder} holds more than {MOST_BYTES // 1024**3} GB"
                raise Refused(told, hint="leave out by .udoignore what the instances do not need")
            yield Entry(one.path, "file", _mode(one.stat), size)
        else:
            told = f"{folder / one.path} is neither a file nor a link"
            raise Refused(told, hint="a pipe, a socket or a device cannot be deployed: leave it out by .udoignore")


def _check_name(folder: Path, path: str) -> None:
    """Refuses a name that does not come out of an archive as it went in: unzip drops control characters."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"{folder}: the name {_shown(path)} is not UTF-8", hint="rename it, or leave it out") from error
    if any(unicodedata.category(letter) == "Cc" for letter in path):
        raise Refused(f"{folder}: the name {_shown(path)} holds a control character", hint="rename it, or leave it out")
    if _VERSION.search(path):
        told = f"{folder}: unzip drops the end of the name {path}, which it takes for a version"
        raise Refused(told, hint="rename it, or leave it out")


def _shown(path: str) -> str:
    return ascii(os.fsencode(path))[1:]


def _target(path: Path) -> str:
    try:
        # As it is written: a Path would drop what it takes for superfluous.
        target = os.readlink(path)  # noqa: PTH115
    except OSError as error:
        raise _changed(path) from error
    try:
        target.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"{path} leads to a name that is not UTF-8", hint="rename it, or leave it out") from error
    return target


def _mode(found: os.stat_result) -> int:
    return stat.S_IMODE(found.st_mode)
