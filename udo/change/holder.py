"""Who holds the lock of a group: what is written in its parameter, and whether that process is still there."""

from __future__ import annotations

import json
import os
import re
import socket
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.change.journal import Entry

# By the clock of SSM: an older lock is called stale, and only `udo unlock` breaks it.
STALE_SECONDS = 3600.0
# Source: proc_pid_stat(5): zombie and dead.
_ENDED = ("Z", "X")
PATH = "/udo/lock/"


@frozen
class Holder:
    """Who holds a lock; `started` tells a process from a later one of the same pid.

    `pid` 0 is a lock set by hand, and -1 one of which nobody knows whose.
    """

    run: str
    holder: str
    host: str
    since: str
    pid: int
    started: str
    reason: str = ""

    def __str__(self) -> str:
        who = f"{self.holder} on {self.host} since {self.since} (run {self.run})"
        return f"{who}: {self.reason}" if self.reason else who

    @property
    def text(self) -> str:
        """The holder as the parameter's value."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def gone(self) -> bool:
        """Whether it ran on this host and is there no more.

        One process works on one run at a time, so an earlier run of this very process is over.
        """
        if not self.pid or self.host != socket.gethostname():
            return False
        return self.pid == os.getpid() or _started(self.pid) != self.started


def recorded(entry: Entry) -> Holder:
    """The process that wrote a line of the journal."""
    pid = int(entry.pid) if entry.pid.isdigit() else 0
    return Holder(entry.run, entry.operator, entry.host, entry.time, pid, entry.started)


def group_name(parameter: str) -> str:
    """The group that a parameter below PATH locks: what `parameter_name` made a name of."""
    name = parameter.removeprefix(PATH)
    return re.sub(
        r"(?:_[0-9a-f]{2})+", lambda odd: bytes.fromhex(odd[0].replace("_", "")).decode(errors="replace"), name
    )


def parameter_name(group_name: str) -> str:
    """The parameter that locks a group; what SSM does not take in a name is written as `_` and its hexadecimal code.

    Source: API_PutParameter, Name: letters, digits and `.-_`.
    """
    quoted = re.sub(r"[^A-Za-z0-9.-]", lambda odd: "".join(f"_{byte:02x}" for byte in odd[0].encode()), group_name)
    return f"{PATH}{quoted}"


def this_process(run_id: str, operator: str) -> Holder:
    """This run as the holder of a lock."""
    pid = os.getpid()
    return Holder(run_id, operator, socket.gethostname(), _now(), pid, _started(pid))


def by_hand(run_id: str, operator: str, reason: str) -> Holder:
    """The operator as the holder of a lock that outlives this run."""
    return Holder(run_id, operator, socket.gethostname(), _now(), 0, "", reason)


def holder_from(text: str) -> Holder:
    """The holder in a parameter's value; one that cannot be read holds it all the same."""
    with suppress(ValueError, TypeError, RecursionError):
        found = Holder(**json.loads(text))
        words = [value for name, value in asdict(found).items() if name != "pid"]
        # A process id is no more than the kernel takes for one.
        if type(found.pid) is int and 0 <= found.pid < 2**31 and all(isinstance(word, str) for word in words):
            return found
    return Holder("unknown", "somebody", "an unknown host", "an unknown time", -1, "")


def stale(modified: Any, now: float) -> bool:
    """Whether a lock taken at that time is older than an hour."""
    return bool(modified) and now - datetime.fromisoformat(str(modified)).timestamp() > STALE_SECONDS


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _started(pid: int) -> str:
    """When a process of this host started, in the kernel's ticks; empty for none, or where there is no /proc."""
    try:
        # The name in parentheses may hold anything; the fields after it do not.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        # One that was killed stands there until its parent takes note.
        return "" if fields[0] in _ENDED else fields[19]
    except (OSError, IndexError):
        return "" if _absent(pid) else "unknown"


def _absent(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
