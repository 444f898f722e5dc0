"""Which groups are locked, by whom and why, for the verbs that show groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.holder import PATH, Holder, group_name, holder_from, stale
from udo.errors import AwsError, PermissionDenied
from udo.frozen import frozen
from udo.groups.text import short_name

if TYPE_CHECKING:
    from udo.aws import Aws

_STATES = {
    "by hand": "by hand",
    "at work": "by a run at work",
    "stale": "by a run for more than an hour",
    "dead": "by a run that is dead",
}


@frozen
class Lock:
    """The lock of a group; `since` is by SSM's own clock (RFC 3339 UTC)."""

    group: str
    holder: Holder
    since: str

    def row(self, now: float) -> dict[str, Any]:
        """The lock for scripts; its state is by hand, at work, stale (older than an hour) or dead."""
        holder = self.holder
        return {
            "state": self._state(now),
            "holder": holder.holder,
            "host": holder.host,
            "since": self.since,
            "run": holder.run,
            "reason": holder.reason or None,
        }

    def _state(self, now: float) -> str:
        if not self.holder.pid:
            return "by hand"
        return "dead" if self.holder.gone else "stale" if stale(self.since, now) else "at work"


def observe_locks(aws: Aws) -> tuple[Lock, ...]:
    """All locks of the account and region, in one request for ten of them.

    Raises: UdoError.
    """
    found = (Lock(group_name(one.name), holder_from(one.value), one.modified_at) for one in aws.ssm.below(PATH))
    return tuple(sorted(found, key=lambda lock: lock.group))


class Locks:
    """The locks beside other things that are shown, read once a way to AWS; `notes` says which cannot be read."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._known: dict[int, dict[str, Lock] | None] = {}
        self.notes: list[str] = []

    def row(self, aws: Aws, group: str) -> Any:
        """The row of a group's lock: None where it is not locked, `?` where that is unknown."""
        if id(aws) not in self._known:
            self.observe(aws)
        locks = self._known[id(aws)]
        if locks is None:
            return "?"
        return locks[group].row(self._now) if group in locks else None

    def observe(self, aws: Aws) -> None:
        """Reads the locks of an account and region now."""
        self._known[id(aws)] = self._read(aws)

    def _read(self, aws: Aws) -> dict[str, Lock] | None:
        try:
            return {lock.group: lock for lock in observe_locks(aws)}
        except (AwsError, PermissionDenied) as error:
            self.notes.append(f"?: locks are unknown: {error.message}")
            return None


def locked_text(group: str, row: dict[str, Any]) -> str:
    """One line that says who holds a lock and what its state means."""
    who = f"{short_name(row['holder'])} on {row['host']} since {row['since']}"
    why = f": {row['reason']}" if row["reason"] else ""
    return f"{group} is locked {_STATES[row['state']]} ({who}){why}"
