"""Names of files: which of a server's are taken, and those that a file has while it is not whole."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import secrets
import time
from contextlib import suppress

from udo.ssh.copy.wire import Nonsense

_MARK = b".udo-cp-"
_TEMPORARY = re.compile(rb"\.udo-cp-([0-9a-f]{8})-([0-9]{1,10})-([0-9a-f]{8})-[0-9]+")
# Seconds after which a temporary file that has not grown is nobody's any more, whichever machine began it.
_OLD = 86400.0
_DEEPEST = 200


class Temporary:
    """Names for files that are not whole yet; they tell who began them: this machine's user, process and run."""

    def __init__(self) -> None:
        who = f"{os.uname().nodename} {os.getuid()}".encode()
        self._machine = hashlib.sha256(who).hexdigest()[:8].encode()
        self._run = secrets.token_hex(4).encode()
        self._count = itertools.count(1)
        self._begins = b"%s%s-%d-%s-" % (_MARK, self._machine, os.getpid(), self._run)

    def new(self) -> bytes:
        """A name that no file has."""
        return b"%s%d" % (self._begins, next(self._count))

    def is_one(self, name: bytes) -> bool:
        """Whether this is such a name, whoever made it."""
        return name.startswith(_MARK) and _TEMPORARY.fullmatch(name) is not None

    def is_left(self, name: bytes, changed: float | None) -> bool:
        """Whether the file of this name, last changed then, was left by a run of ours that has ended, or is a day old.

        What another machine has begun may still grow.
        """
        found = _TEMPORARY.fullmatch(name) if name.startswith(_MARK) else None
        if found is None or found[3] == self._run:
            return False
        if changed is not None and time.time() - changed > _OLD:
            return True
        return found[1] == self._machine and not _is_running(int(found[2]))


def checked(name: bytes) -> bytes:
    """A name out of a server's listing, which is one name in its folder and nothing else. Raises: Nonsense."""
    if not name or name in (b".", b"..") or b"/" in name or b"\0" in name or len(name) > 255:
        raise Nonsense(f"it lists the name {name[:300]!r}, which is none")
    return name


def check_depth(path: bytes) -> None:
    """Makes sure that folders end somewhere. Raises: Nonsense."""
    if path.count(b"/") > _DEEPEST:
        raise Nonsense(f"its folders are deeper than {_DEEPEST}")


def stays_inside(path: bytes, target: bytes) -> bool:
    """Whether a link at a path of a tree leads to a place in that tree, read as text."""
    if not target or target.startswith(b"/") or b"\0" in target:
        return False
    depth = path.count(b"/")
    for part in target.split(b"/"):
        depth += -1 if part == b".." else part not in (b"", b".")
        if depth < 0:
            return False
    return True


def _is_running(pid: int) -> bool:
    if pid == os.getpid():
        # Of an earlier process of that number.
        return False
    with suppress(ProcessLookupError, OverflowError):
        try:
            os.kill(pid, 0)
        except PermissionError:
            return True
        return True
    return False
