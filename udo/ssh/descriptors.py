"""Makes room in the table of open files for many connections, or says for how many there is room."""

from __future__ import annotations

import os
import resource
from contextlib import suppress

# What may be opened beside the connections while they last.
_SPARE = 16
# A socket; or pipes, a poll and the log of a program, some of them twice while it starts; two programs and files.
_EACH = {"paramiko": 2, "openssh": 10, "copy": 30}


def room_for(count: int, via: str) -> int:
    """How many connections of this kind can be open at once: `count` where the limit is, or can be set, that high."""
    own = _open() + _SPARE
    wanted = own + count * _EACH[via]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return count
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return max(1, min(count, (soft - own) // _EACH[via]))


def _open() -> int:
    try:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208 - no need for their names
    except OSError:
        return 64
