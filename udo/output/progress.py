"""How far the hosts of one command are: how many are done, which canary or batch it is, and whom it waits for."""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING

from udo.change.events import Copied, Event, HostBegan, HostDone, Idle
from udo.size import bytes_text

if TYPE_CHECKING:
    from udo.output.terminal import Status

# Seconds before anything is said of how far things are, between two times, and until a host is named that is not done.
_SOON, _OFTEN, _LONG = 1.0, 0.2, 3.0


class Progress:
    """The counts of a fan-out, from its events; `canary` hosts go first, then `batch` at a time (0: all)."""

    def __init__(self, total: int, canary: int = 0, batch: int = 0) -> None:
        self._total = total
        self._canary = min(canary, total)
        self._batch = batch
        self._running: dict[str, float] = {}
        self._copied: dict[str, Copied] = {}
        self._begun = self._done = self._bad = 0

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1."""
        return self._done / self._total if self._total else 1.0

    def count(self, event: Event, now: float) -> None:
        """Counts a host that begins or is done, at this time in seconds."""
        if isinstance(event, HostBegan):
            self._begun += 1
            self._running[event.instance_id] = now
        elif isinstance(event, Copied):
            self._copied[event.instance_id] = event
        elif isinstance(event, HostDone):
            self._running.pop(event.instance_id, None)
            self._done += 1
            self._bad += event.outcome not in ("ok", "gone")
            # Another one takes the place of a canary that is gone.
            self._canary += event.outcome == "gone" and self._begun <= self._canary < self._total

    def text(self, now: float) -> str:
        """Where things stand, in one line, what matters most first."""
        bad = f"{self._bad} in trouble" if self._bad else ""
        parts = [f"{self._done}/{self._total} done", bad, self._carried(), self._wave(), self._awaited(now)]
        return ", ".join(filter(None, parts))

    def _wave(self) -> str:
        if self._begun <= self._canary:
            return f"canary {max(1, self._begun)} of {self._canary}" if self._canary else ""
        if not self._batch:
            return ""
        batches = ceil((self._total - self._canary) / self._batch)
        return f"batch {ceil((self._begun - self._canary) / self._batch)} of {batches}"

    def _carried(self) -> str:
        """How many bytes of all hosts together are copied, of those that are known to be to copy."""
        size, whole = (sum(getattr(one, part) for one in self._copied.values()) for part in ("size", "whole_size"))
        return f"{bytes_text(size)} of {bytes_text(whole)}" if whole else ""

    def _awaited(self, now: float) -> str:
        """Whom it waits for longest, where that is long."""
        longest = min(self._running, key=self._running.__getitem__, default=None)
        if longest is None or (seconds := now - self._running[longest]) < _LONG:
            return ""
        one = self._copied.get(longest)
        share = f", {100 * one.size // one.whole_size} %" if one and one.whole_size else ""
        others = len(self._running) - 1
        return f"{longest} for {seconds:.0f} s{share}{f', +{others}' if others else ''}"


class Shown:
    """The progress in the line of a terminal that is rewritten, now and then."""

    def __init__(self, progress: Progress, status: Status) -> None:
        self._progress = progress
        self._status = status
        self._next = time.monotonic() + _SOON

    def emit(self, event: Event) -> None:
        """Counts an event, and shows the counts where nothing else is waiting."""
        now = time.monotonic()
        self._progress.count(event, now)
        if isinstance(event, Idle) and now >= self._next:
            self._next = now + _OFTEN
            self._status.show(self._progress.text(now), self._progress.fraction)

    def clear(self) -> None:
        """Takes the line away."""
        self._status.clear()
