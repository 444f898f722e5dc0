"""Events as lines of text for people, each told once."""

from __future__ import annotations

from udo.change.events import (
    Cut,
    Event,
    HostAgain,
    HostBegan,
    HostDone,
    Idle,
    Line,
    Notice,
    Progress,
    Standings,
    StepBegan,
    StepDone,
)
from udo.output.text import folded

# Whoever reads a log wants to see that it goes on, though nothing moves.
_SAID_AGAIN = 60.0


class Steps:
    """What is worth saying of each event; `verbose` adds every call of AWS.

    With `rewritten` progress is no line of its own: `standing` tells it, for a place that is rewritten. With
    `table` how one of many stands is none either.
    """

    def __init__(self, *, verbose: bool, rewritten: bool = False, table: bool = False) -> None:
        self._verbose = verbose
        self._table = table
        self._rewritten = rewritten
        self._last_progress = Progress("")

    def line(self, event: Event) -> str | None:
        """The line that tells the event, or None; what hosts say is shown by the verb that fans out."""
        match event:
            case Notice(says, "debug"):
                return f"  {says}" if self._verbose else None
            case HostBegan() | HostAgain() | Line() | Cut() | HostDone() | Idle() | Standings():
                return None
            case Notice(says, "move"):
                return None if self._table else says
            case Notice(says, "warning"):
                return f"warning: {says}"
        return self._step(event)

    def standing(self, event: Event) -> tuple[str, float | None] | None:
        """Where things stand after a Progress, and how far they are from 0 to 1."""
        return (_with_time(event), event.fraction) if isinstance(event, Progress) else None

    def _step(self, event: Event) -> str | None:
        match event:
            case StepBegan(says, number, total):
                return folded(f"[{number}/{total}] {says}" if total else f"[{number}] {says}")
            case StepDone(_, seconds, note) if note or seconds >= 1:
                return f"      {note or 'done'} ({seconds:.0f} s)"
            case Progress() if not self._rewritten and self._is_news(event):
                again = event.says == self._last_progress.says
                self._last_progress = event
                return f"      {_with_time(event) if again else event.says}"
            case Notice(says):
                return says
        return None

    def _is_news(self, event: Progress) -> bool:
        before = self._last_progress
        return event.says != before.says or not 0 <= event.waited - before.waited < _SAID_AGAIN


def _with_time(event: Progress) -> str:
    return f"{event.says}  ({event.waited:.0f} s)" if event.waited >= 1 else event.says
