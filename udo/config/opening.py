"""Opens a configuration file and refuses what cannot be one, at once and without hanging."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from udo.errors import ConfigError, Problem

MOST_BYTES = 1024 * 1024
# The two non-characters stand apart: in one class with the others, the pattern takes 4 ms to compile.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]|\ufffe|\uffff")


def text_of(path: Path, label: str) -> str:
    """The text of the file at `path`, which problems call `label`.

    Raises: ConfigError when it is not a regular file of UTF-8 text of at most 1 MiB.
    """
    raw = bytes_of(path, label)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError(Problem(label, 0, 0, "is written in UTF-16: save it as UTF-8"))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(raw[: error.start].decode())
        raise ConfigError(Problem(label, line, column, "is not UTF-8 text from here on")) from error
    if found := _CONTROL.search(text):
        line, column = _place(text[: found.start()])
        message = f"a control character (U+{ord(found.group()):04X}) is not allowed in a configuration file"
        raise ConfigError(Problem(label, line, column, message))
    return text


def bytes_of(path: Path, label: str) -> bytes:
    """The content of the file at `path`, which problems call `label`.

    Raises: ConfigError when it cannot be read, is not a regular file, can be written or replaced by everybody, or
    is larger than 1 MiB.
    """
    try:
        # O_NONBLOCK: opening a FIFO that nobody writes to would hang.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise ConfigError(Problem(label, 0, 0, _why(error))) from error
    try:
        _check(os.fstat(handle), label)
        _check_folder(Path(os.path.realpath(path)).parent, os.fstat(handle).st_uid, label)
        with os.fdopen(handle, "rb", closefd=False) as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(Problem(label, 0, 0, _why(error))) from error
    finally:
        os.close(handle)
    if len(raw) > MOST_BYTES:
        raise ConfigError(Problem(label, 0, 0, "is larger than 1 MiB"))
    return raw


def group_that_writes(found: os.stat_result) -> str:
    """The name of a group of others that may write a file too; empty where there is none.

    A group of the owner's own, as many systems give each user one, is nobody else.
    """
    if not found.st_mode & stat.S_IWGRP:
        return ""
    import grp
    import pwd

    try:
        group, owner = grp.getgrgid(found.st_gid), pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        return str(found.st_gid)
    alone = group.gr_name == owner and not set(group.gr_mem) - {owner}
    return "" if alone else group.gr_name


def _check(found: os.stat_result, label: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(Problem(label, 0, 0, f"is {_kind(found.st_mode)}, not a regular file"))
    if found.st_mode & stat.S_IWOTH:
        raise ConfigError(Problem(label, 0, 0, "can be written by everybody on this machine: chmod o-w it"))


def _check_folder(folder: Path, owner: int, label: str) -> None:
    """Refuses a file that everybody can replace; in a folder like /tmp only its owner can."""
    mode = folder.stat().st_mode
    if not mode & stat.S_IWOTH:
        return
    if not mode & stat.S_ISVTX:
        told = f"its folder can be written by everybody on this machine: chmod o-w {folder}"
        raise ConfigError(Problem(label, 0, 0, told))
    if owner not in (0, os.geteuid()):
        told = f"belongs to somebody else, in a folder that everybody can write: copy it out of {folder}"
        raise ConfigError(Problem(label, 0, 0, told))


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    # ValueError: a name with a NUL character.
    return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a pipe" if stat.S_ISFIFO(mode) else "a device"


def _place(before: str) -> tuple[int, int]:
    return before.count("\n") + 1, len(before) - before.rfind("\n")
