"""Files of the cache, of what is dear to make anew: read with mistrust, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from udo.files import cache_folder, write_private

if TYPE_CHECKING:
    from pathlib import Path

# Files of one kind that may stand side by side: of other versions of what they are made with.
_SIDE_BY_SIDE = 4
_LONGEST = 4 << 20


def read(kind: str, key: str) -> dict[str, Any] | None:
    """What was written under this key; None for nothing, and for what this user has not written as it stands there.

    Raises: OSError where there is no folder for it.
    """
    with suppress(OSError):
        sum_, _, text = _content(_path(kind, key)).partition(b"\n")
        if sum_ == _sum(key, text):
            found: dict[str, Any] = json.loads(text)
            return found
    return None


def write(kind: str, key: str, parts: dict[str, Any], side_by_side: int = _SIDE_BY_SIDE) -> None:
    """Keeps it under this key, and removes what of its kind is older and over so many.

    Raises: OSError.
    """
    path = _path(kind, key)
    text = json.dumps(parts, separators=(",", ":"))
    write_private(path, f"{_sum(key, text.encode()).decode()}\n{text}")
    with suppress(OSError):
        others = sorted(path.parent.glob(f"{kind}-*.json"), key=lambda file: file.stat().st_mtime)
        for old in others[:-side_by_side]:
            old.unlink()


def _path(kind: str, key: str) -> Path:
    folder = cache_folder()
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{folder} is not this user's alone")
    return folder / f"{kind}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def _content(path: Path) -> bytes:
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        found = os.fstat(file.fileno())
        own = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        return file.read(_LONGEST) if own and stat.S_ISREG(found.st_mode) else b""


def _sum(key: str, text: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\n" + text).hexdigest().encode()
