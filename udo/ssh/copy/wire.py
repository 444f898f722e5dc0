"""The messages of SFTP as bytes, version 3 as OpenSSH speaks it. Source: draft-ietf-secsh-filexfer-02; PROTOCOL."""

from __future__ import annotations

import stat
from struct import Struct, error
from typing import NamedTuple

INIT, VERSION, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT, OPENDIR, READDIR, REMOVE, MKDIR = range(1, 15)
REALPATH, STAT, RENAME, READLINK, SYMLINK = range(16, 21)
EXTENDED = 200
STATUS, HANDLE, DATA, NAME, ATTRS = range(101, 106)
REPLY = 201

END, NO_SUCH_FILE, DENIED, FAILURE = 1, 2, 3, 4
FOR_READING, FOR_WRITING, NEW = 0x01, 0x02, 0x08 | 0x20

_SIZE, _OWNER, _MODE, _TIMES, _MORE = 1, 2, 4, 8, 0x80000000
_HEAD = Struct(">IBI")
_NUMBER = Struct(">I")
_LONG = Struct(">Q")
_PAIR = Struct(">II")


class Nonsense(Exception):
    """What a server says is no SFTP."""


class Attributes(NamedTuple):
    """What a server tells of a file; None is for what it leaves out."""

    size: int | None = None
    owner: tuple[int, int] | None = None
    mode: int | None = None
    mtime: int | None = None

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.mode is not None and stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.mode is not None and stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode is not None and stat.S_ISLNK(self.mode)


def packet(kind: int, number: int, body: bytes, more: int = 0) -> bytes:
    """A request, of which `more` bytes follow."""
    return _HEAD.pack(len(body) + 5 + more, kind, number) + body


def text(data: bytes) -> bytes:
    """A string of bytes as SFTP writes it."""
    return _NUMBER.pack(len(data)) + data


def number(value: int) -> bytes:
    """A number of 32 bits."""
    return _NUMBER.pack(value)


def long(value: int) -> bytes:
    """A number of 64 bits."""
    return _LONG.pack(value)


def settings(
    mode: int | None = None, times: tuple[int, int] | None = None, owner: tuple[int, int] | None = None
) -> bytes:
    """The attributes that are to be set; `times` are those of the last access and the last change."""
    flags = (_OWNER if owner else 0) | (_MODE if mode is not None else 0) | (_TIMES if times else 0)
    made = _NUMBER.pack(flags)
    if owner:
        made += _PAIR.pack(*owner)
    if mode is not None:
        made += _NUMBER.pack(mode)
    return made + _PAIR.pack(*(max(0, min(one, 0xFFFFFFFF)) for one in times)) if times else made


def read_text(data: bytes, at: int = 0) -> tuple[bytes, int]:
    """The string at a place, and where it ends. Raises: Nonsense."""
    value, at = read_number(data, at)
    end = at + value
    if end > len(data):
        raise Nonsense("a string ends after its message")
    return data[at:end], end


def read_number(data: bytes, at: int = 0) -> tuple[int, int]:
    """The number at a place, and where it ends. Raises: Nonsense."""
    try:
        return _NUMBER.unpack_from(data, at)[0], at + 4
    except error as short:
        raise Nonsense("a message ends too early") from short


def read_long(data: bytes, at: int = 0) -> tuple[int, int]:
    """The number of 64 bits at a place, and where it ends. Raises: Nonsense."""
    try:
        return _LONG.unpack_from(data, at)[0], at + 8
    except error as short:
        raise Nonsense("a message ends too early") from short


def read_attributes(data: bytes, at: int = 0) -> tuple[Attributes, int]:
    """The attributes at a place, and where they end. Raises: Nonsense."""
    flags, at = read_number(data, at)
    size = owner = mode = mtime = None
    try:
        if flags & _SIZE:
            size, at = _LONG.unpack_from(data, at)[0], at + 8
        if flags & _OWNER:
            owner, at = _PAIR.unpack_from(data, at), at + 8
        if flags & _MODE:
            mode, at = _NUMBER.unpack_from(data, at)[0], at + 4
        if flags & _TIMES:
            mtime, at = _PAIR.unpack_from(data, at)[1], at + 8
    except error as short:
        raise Nonsense("a message ends too early") from short
    if flags & _MORE:
        count, at = read_number(data, at)
        for _ in range(2 * count):
            _, at = read_text(data, at)
    return Attributes(size, owner, mode, mtime), at


def read_names(data: bytes) -> list[tuple[bytes, Attributes]]:
    """The names of a listing with what is told of each. Raises: Nonsense."""
    count, at = read_number(data)
    found = []
    for _ in range(count):
        name, at = read_text(data, at)
        _, at = read_text(data, at)
        attributes, at = read_attributes(data, at)
        found.append((name, attributes))
    return found
