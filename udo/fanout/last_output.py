"""Shows the last run again, from what was kept of it; asks nobody and nothing."""

from __future__ import annotations

import fcntl
import json
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import IO, TYPE_CHECKING, Any

from udo import files, signals
from udo.change.events import HostBegan, HostDone, Line
from udo.errors import Absent, UdoError
from udo.fanout.identity import identity
from udo.fanout.outputs import head, runs
from udo.fanout.totals import summary, totals
from udo.groups.text import age
from udo.result import Result

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from udo.config import Role
    from udo.output.hosts import Hosts
    from udo.session import Session

_STREAMS = ("stdout", "stderr")
_PIECE = 1 << 16
# Longer than any line between the pieces but the first.
_LINE = 1 << 16


@dataclass
class Kept:
    """One run as it was kept: the rows of its hosts by number, the places of what each said, and how each ended.

    `seconds` is None where the run has not ended, or was killed.
    """

    file: IO[bytes]
    told: Mapping[str, Any]
    hosts: dict[int, Mapping[str, Any]]
    pieces: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)
    done: dict[str, HostDone] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    seconds: float | None = None
    goes_on: bool = False

    @property
    def instance_ids(self) -> list[str]:
        """Its hosts, in their order."""
        return [row["instance_id"] for row in self.hosts.values()]


def last(session: Session, roles: Sequence[Role]) -> Kept:
    """The last run on one of the roles, and of its hosts those of the roles; without roles, the last one of all.

    Raises: Absent where none is kept, UdoError where it cannot be read.
    """
    wanted = {identity(session, role) for role in roles}
    try:
        for path in runs(files.state_folder() / "outputs"):
            if kept := _read(path, wanted):
                return kept
    except OSError as error:
        raise UdoError(f"what was kept of the last run cannot be read: {error}") from error
    of = f" on {', '.join(role.label for role in roles)}" if roles else ""
    off = any(not session.setting(role, "ssh.keep") for role in roles)
    hint = "ssh.keep is 0 in udo.yml, so that nothing is kept" if off else "'udo history' lists what was run"
    raise Absent(f"no output of 'udo ssh'{of} is kept", hint=hint)


def shown_again(session: Session, kept: Kept, shown: Hosts) -> Result:
    """Shows what each host said, one after the other, and how the run went. Raises: UdoError, Interrupted."""
    done = {row["instance_id"]: _ended(kept, row["instance_id"]) for row in kept.hosts.values()}
    try:
        shown.begin()
        for number, row in kept.hosts.items():
            shown.emit(HostBegan(row["instance_id"]))
            for line in _lines(kept, number, row["instance_id"]):
                shown.emit(line)
            shown.emit(done[row["instance_id"]])
        shown.end(done)
    finally:
        shown.close()
        kept.file.close()
    took = kept.seconds or 0.0
    data = {
        "run": kept.told["run"],
        "began": kept.told["began"],
        "says": kept.told["says"],
        "complete": kept.seconds is not None,
        "totals": totals(done.values(), took),
        "hosts": [_row(kept, row, done[row["instance_id"]], shown) for row in kept.hosts.values()],
    }
    ago = age(kept.told["began"], session.clock.time())
    missing = "" if kept.seconds is not None else "; it goes on" if kept.goes_on else "; it was killed"
    where = ", ".join(dict.fromkeys(f"{row['cluster']} {row['role']}" for row in kept.hosts.values()))
    return Result(data, notes=[f"{ago} ago on {where}: {kept.told['says']}: {summary(done.values(), took)}{missing}"])


def _read(path: Path, wanted: Collection[str]) -> Kept | None:
    """The run in a file; None where that is none, or none of its hosts is wanted."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    told = head(file)
    rows = dict(enumerate(told["hosts"] if told else ()))
    hosts = {number: row for number, row in rows.items() if not wanted or row["group"] in wanted}
    if not told or not hosts:
        file.close()
        return None
    kept = Kept(file, told, hosts, goes_on=_is_locked(file))
    # A run that was killed, or goes on, may have written a part of something.
    with suppress(ValueError, LookupError, TypeError):
        _index(kept)
    return kept


def _index(kept: Kept) -> None:
    while (line := kept.file.readline(_LINE)).endswith(b"\n"):
        if line.startswith(b"{"):
            row = json.loads(line)
            if "outcome" not in row:
                kept.seconds = float(row["seconds"])
                continue
            done = HostDone(*(row[one.name] for one in fields(HostDone)))
            kept.done[done.instance_id] = done
            kept.cut |= {done.instance_id} if row["truncated"] else set()
            continue
        number, stream, length = map(int, line.split())
        if length <= 0:
            return
        place = kept.file.tell()
        kept.pieces.setdefault((number, stream), []).append((place, length))
        kept.file.seek(place + length)


def _is_locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _lines(kept: Kept, number: int, instance_id: str) -> Iterator[Line]:
    # Late, as in udo.fanout.engine.
    from udo.ssh.lines import Lines

    lines = Lines(instance_id)
    for stream, name in enumerate(_STREAMS):
        for place, length in kept.pieces.get((number, stream), ()):
            for start in range(place, place + length, _PIECE):
                signals.look()
                kept.file.seek(start)
                yield from lines.feed(name, kept.file.read(min(_PIECE, place + length - start)))
        yield from lines.rest()


def _ended(kept: Kept, instance_id: str) -> HostDone:
    done = kept.done.get(instance_id)
    if done is None:
        reason = "has not ended yet" if kept.goes_on else "the run was killed"
        return HostDone(instance_id, "interrupted", None, reason, 0.0)
    if instance_id not in kept.cut:
        return done
    return replace(done, reason="; ".join(filter(None, (done.reason, "the rest of what it said was not kept"))))


def _row(kept: Kept, row: Mapping[str, Any], done: HostDone, shown: Hosts) -> dict[str, Any]:
    said = shown.said(done.instance_id)
    if said and done.instance_id in kept.cut:
        said = {**said, "truncated": True}
    names = ("cluster", "role", "address")
    return {**{name: row[name] for name in names}, **vars(done), "seconds": round(done.seconds, 3), **said}
