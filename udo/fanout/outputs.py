"""Keeps what hosts say in a run, so that it can be shown again: in private files, few and not large."""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from udo import files
from udo.change.events import Cut, HostDone, Line
from udo.fanout.identity import identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from udo.change.events import Event
    from udo.fanout.reach import Host
    from udo.session import Session

FORMAT = "udo-outputs 1"
# Bytes of one stream of one host, of one run, and of all runs together.
_STREAM, _RUN, _ALL = 1 << 20, 1 << 25, 1 << 26
# Held of each stream before it is written.
_HELD = 1 << 14
_STREAMS = ("stdout", "stderr")
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
# Longer than the first line for ten thousand hosts; and what stands there as text.
_HEAD = 1 << 22
_TEXTS, _HOST = ("run", "began", "says"), ("cluster", "role", "group", "instance_id")


class Outputs:
    """The file of one run. It only grows, so that of a run that was killed it tells what was written by then.

    A line of JSON says what the run is; then come pieces, each after a line of its host's number, its stream's and its
    length; a line of JSON for each host that has ended; and one for the end of the run.
    """

    def __init__(self, session: Session, hosts: Sequence[Host], says: str) -> None:
        self._session = session
        keeps = {host.role.label: int(session.setting(host.role, "ssh.keep")) for host in hosts}
        self._keep = max(keeps.values(), default=0)
        self._groups = {host.role.label: identity(session, host.role) for host in hosts}
        self._unwanted = {self._groups[label] for label, keep in keeps.items() if not keep}
        self._hosts = [host for host in hosts if keeps[host.role.label]]
        self._numbers = {host.instance_id: number for number, host in enumerate(self._hosts)}
        self._says = says
        self._held: dict[tuple[str, str], bytearray] = {}
        self._room: dict[tuple[str, str], int] = {}
        self._left = _RUN
        self._cut: set[str] = set()
        self._handle: int | None = None
        self._broken = not self._hosts
        self._is_warned = False
        self._start = session.clock.monotonic()

    def emit(self, event: Event) -> None:
        """Keeps a line, or how a host ended; where that cannot be written it is said, once, and all continues."""
        if self._broken:
            return
        if isinstance(event, Line):
            key = (event.instance_id, event.stream)
            held = self._held.get(key)
            if held is None:
                if event.instance_id not in self._numbers:
                    return
                held = self._held[key] = bytearray()
                self._room[key] = _STREAM
            if not self._room[key]:
                self._cut.add(event.instance_id)
                return
            held += event.data
            if not event.partial:
                held += b"\n"
            if len(held) >= _HELD:
                self._write(self._piece(key))
        elif isinstance(event, Cut):
            self._cut.add(event.instance_id)
        elif isinstance(event, HostDone) and event.instance_id in self._numbers:
            pieces = b"".join(self._piece((event.instance_id, stream)) for stream in _STREAMS)
            row = {**vars(event), "truncated": event.instance_id in self._cut}
            self._write(pieces + _line(row))

    def end(self) -> None:
        """Notes that the run is over, and deletes what is too much or too old."""
        if self._handle is not None:
            self._write(_line({"seconds": round(self._session.clock.monotonic() - self._start, 3)}))
        try:
            _bound(files.state_folder() / "outputs", self._keep, self._unwanted)
        except OSError as error:
            self._warn(error)
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _piece(self, key: tuple[str, str]) -> bytes:
        held = self._held.get(key)
        if not held:
            return b""
        data = bytes(held[: min(self._room[key], self._left)])
        is_cut = len(data) < len(held)
        if is_cut:
            self._cut.add(key[0])
        held.clear()
        self._room[key] = 0 if is_cut else self._room[key] - len(data)
        self._left -= len(data)
        return b"%d %d %d\n" % (self._numbers[key[0]], _STREAMS.index(key[1]), len(data)) + data if data else b""

    def _write(self, data: bytes) -> None:
        if self._broken or not data:
            return
        try:
            if self._handle is None:
                self._handle = _opened(self._session.run_id)
                data = _line(self._head()) + data
            while data:
                data = data[os.write(self._handle, data) :]
        except OSError as error:
            self._broken = True
            self._warn(error)
            # What is there would be taken for a run that was killed.
            with suppress(OSError):
                (files.state_folder() / "outputs" / self._session.run_id).unlink()

    def _head(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "run": self._session.run_id,
            "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "says": self._session.output.masked(self._says),
            "hosts": [self._row(host) for host in self._hosts],
        }

    def _row(self, host: Host) -> dict[str, Any]:
        return {
            "cluster": host.role.cluster,
            "role": host.role.name,
            "group": self._groups[host.role.label],
            "instance_id": host.instance_id,
            "address": host.target.get("address"),
        }

    def _warn(self, error: OSError) -> None:
        if self._is_warned:
            return
        self._is_warned = True
        self._session.output.say(f"warning: what hosts say cannot be kept for --last: {error.strerror or error}")


def _opened(run_id: str) -> int:
    """A new file, locked while the run goes on: nobody deletes it, and it is not taken for one that was killed."""
    folder = files.state_folder() / "outputs"
    folder.mkdir(mode=0o700, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(folder / run_id, flags, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def runs(folder: Path) -> Iterator[Path]:
    """The files of runs, the one that ended last (or is still written) first."""
    found: list[tuple[int, str]] = []
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            # Another run may delete it just now.
            with suppress(FileNotFoundError):
                if _RUN_ID.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    found.append((entry.stat().st_mtime_ns, entry.name))
    yield from (folder / name for _, name in sorted(found, reverse=True))


def head(file: IO[bytes]) -> Mapping[str, Any] | None:
    """What the first line of a file tells of its run; None where it is no such file."""
    try:
        told = json.loads(file.readline(_HEAD))
        texts = [told[name] for name in _TEXTS] + [row[name] for row in told["hosts"] for name in _HOST]
        addresses = [row["address"] for row in told["hosts"]]
    except (ValueError, LookupError, TypeError):
        return None
    is_sound = all(isinstance(one, str) for one in texts) and len(addresses) > 0
    return told if is_sound and told.get("format") == FORMAT else None


def _bound(folder: Path, keep: int, unwanted: set[str]) -> None:
    """Deletes what is beyond so many runs or all their size, and all of groups of which nothing is to be kept."""
    size = 0
    for number, path in enumerate(runs(folder)):
        with suppress(FileNotFoundError):
            size += path.stat().st_size
            if (keep and (number >= keep or size > _ALL)) or (unwanted and _groups(path) & unwanted):
                _delete(path)


def _groups(path: Path) -> set[str]:
    with path.open("rb") as file:
        told = head(file)
    return {row["group"] for row in told["hosts"]} if told else set()


def _delete(path: Path) -> None:
    """Deletes a file, unless its run still goes on."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except BlockingIOError:
        pass
    finally:
        os.close(handle)


def _line(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"
