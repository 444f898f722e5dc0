"""Shows what hosts say: live lines under each one's name, folded at the end, as JSON lines, or kept for a document."""

from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.change.events import Copied, Cut, Event, HostAgain, HostBegan, HostDone, Idle, Line
from udo.frozen import frozen
from udo.output.clean import neutral
from udo.output.folder import Folder
from udo.output.folding import folded, text
from udo.output.progress import Progress, Shown
from udo.output.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from udo.output.terminal import Status

# Lines that are held back at most while more are coming; a pause writes them at once.
_HELD = 500
_STREAMS = ("stdout", "stderr")
_COLOURS = (36, 32, 35, 34, 33, 96, 92, 95, 94, 93)
_FOLDED = ("ok", "failed", "signal")


@frozen
class View:
    """How hosts are shown: `longest` bytes of a stream kept for JSON, and where text goes beside or instead of live.

    `canary` and `batch` are how many hosts go first, and how many then go at a time; 0 for all.
    """

    longest: int = 1 << 20
    fold: bool = False
    live: bool = True
    diff: bool = False
    folder: Path | None = None
    canary: int = 0
    batch: int = 0


@frozen
class Paper:
    """What is written on: the form, how quietly, whether in colour, and a line to rewrite where there is one."""

    form: str
    quiet: bool = False
    colours: Mapping[str, bool] | None = None
    status: Status | None = None


class Hosts:
    """What the hosts of one command say."""

    def __init__(self, paper: Paper, instance_ids: Sequence[str], view: View) -> None:
        self._paper = paper
        self._view = view
        self._ids = instance_ids
        self._names = {stream: _names(instance_ids, bool((paper.colours or {}).get(stream))) for stream in _STREAMS}
        self._kept = {instance_id: Kept(view.longest) for instance_id in instance_ids}
        self._spool = Spool() if paper.form == "text" and view.fold else None
        self._folder = Folder(view.folder) if view.folder else None
        progress = Progress(len(instance_ids), view.canary, view.batch)
        self._progress = Shown(progress, paper.status) if paper.status else None
        self._held: list[str] = []
        self._to_stdout = True

    def begin(self) -> None:
        """Sees to it that there is a place for all files, before anybody is reached. Raises: UdoError."""
        if self._folder:
            self._folder.make()

    def emit(self, event: Event) -> None:
        """Shows or keeps one event; text of `stderr` goes to stderr."""
        if self._folder and isinstance(event, Line):
            self._folder.add(event)
        elif self._folder and isinstance(event, HostDone):
            self._folder.end(event)
        if self._paper.form == "json":
            self._keep(event)
        elif self._paper.form == "jsonl":
            self._hold(_json_line(event), to_stdout=True)
        else:
            self._tell(event)
        if self._held and (isinstance(event, Idle) or len(self._held) >= _HELD):
            self.write()
        if self._progress:
            self._progress.emit(event)

    def write(self) -> None:
        """Writes what was held back."""
        if self._progress and self._held:
            self._progress.clear()
        stream = sys.stdout if self._to_stdout else sys.stderr
        held, self._held = "".join(self._held), []
        with signals.waiting():
            stream.write(held)
            stream.flush()

    def end(self, done: Mapping[str, HostDone]) -> None:
        """Writes what is shown only once all hosts are done."""
        if self._spool and not self._spool.is_full:
            ids = [one for one in self._ids if one in done and (done[one].outcome in _FOLDED or self._has_said(one))]
            for stream, line in folded(self._spool, ids, diff=self._view.diff):
                self._hold(f"{line}\n", to_stdout=stream == "stdout")
                if len(self._held) >= _HELD:
                    self.write()
        self.write()

    def close(self) -> None:
        """Gives up what was kept."""
        if self._progress:
            self._progress.clear()
        if self._spool:
            self._spool.close()

    def said(self, instance_id: str) -> Mapping[str, Any]:
        """What a host has said, as keys of its row in the JSON document."""
        return self._kept[instance_id].row() if self._paper.form == "json" else {}

    def _tell(self, event: Event) -> None:
        if isinstance(event, Line):
            if self._spool:
                data = event.data if event.partial else event.data + b"\n"
                self._spool.add(event.instance_id, event.stream, data)
            if self._view.live:
                name = self._names[event.stream][event.instance_id]
                self._hold(f"{name}  {text(event.data)}\n", to_stdout=event.stream == "stdout")
        elif isinstance(event, HostAgain):
            self._remark(
                event.instance_id, f"{event.reason}; again in {event.seconds:.1f} s, {event.number} of {event.of}"
            )
        elif isinstance(event, Cut):
            self._remark(event.instance_id, f"{event.stream} is cut: AWS keeps no more of it")
        elif isinstance(event, HostDone) and event.reason:
            self._remark(event.instance_id, event.reason)

    def _remark(self, instance_id: str, reason: str) -> None:
        if not self._paper.quiet:
            name, told = self._names["stderr"][instance_id], neutral(reason).replace("\n", " ")
            self._hold(f"{name}  [{told}]\n", to_stdout=False)

    def _has_said(self, instance_id: str) -> bool:
        return self._spool is not None and any(self._spool.size(instance_id, stream) for stream in _STREAMS)

    def _keep(self, event: Event) -> None:
        if isinstance(event, Line):
            self._kept[event.instance_id].add(event)
        elif isinstance(event, Cut):
            self._kept[event.instance_id].is_cut = True

    def _hold(self, text: str, *, to_stdout: bool) -> None:
        if to_stdout != self._to_stdout and self._held:
            self.write()
        self._to_stdout = to_stdout
        if text:
            self._held.append(text)


def _names(instance_ids: Sequence[str], colourful: bool) -> dict[str, str]:
    """The name before each line, all equally wide; in colour the next host has the next colour."""
    width = max(map(len, instance_ids), default=0)
    plain = {instance_id: neutral(instance_id.ljust(width)) for instance_id in instance_ids}
    if not colourful:
        return plain
    return {one: f"\x1b[{_COLOURS[n % len(_COLOURS)]}m{name}\x1b[0m" for n, (one, name) in enumerate(plain.items())}


class Kept:
    """What one host has said, both streams apart, up to a number of bytes each."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._said = {"stdout": bytearray(), "stderr": bytearray()}
        self.is_cut = False

    def add(self, line: Line) -> None:
        """Keeps a line, as far as there is room."""
        said = self._said[line.stream]
        text = line.data if line.partial else line.data + b"\n"
        room = self._longest - len(said)
        said += text[:room]
        self.is_cut = self.is_cut or len(text) > room

    def row(self) -> dict[str, Any]:
        """The streams as text, with a mark where bytes are no UTF-8, and whether anything is missing."""
        texts = {name: said.decode("utf-8", "replace") for name, said in self._said.items()}
        return {**texts, "truncated": self.is_cut}


def _json_line(event: Event) -> str:
    match event:
        case HostBegan(instance_id):
            row: dict[str, Any] = {"event": "began", "instance_id": instance_id}
        case HostAgain():
            row = {"event": "again", **vars(event), "seconds": round(event.seconds, 3)}
        case Line(instance_id, stream, data, partial):
            row = {"event": "line", "instance_id": instance_id, "stream": stream, **_text(data), "partial": partial}
        case Copied():
            row = {"event": "copied", **vars(event)}
        case Cut(instance_id, stream):
            row = {"event": "cut", "instance_id": instance_id, "stream": stream}
        case HostDone():
            row = {"event": "done", **vars(event), "seconds": round(event.seconds, 3)}
        case _:
            return ""
    return json.dumps(row) + "\n"


def _text(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"text": data.decode("utf-8", "replace"), "base64": base64.b64encode(data).decode()}
