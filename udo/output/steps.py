"""Events as lines of text for people, each told once."""

from __future__ import annotations

from udo.plan import Event, HostBegan, HostDone, Idle, Line, Notice, Progress, StepBegan, StepDone


class Steps:
    """What is worth saying of each event; `quiet` leaves the warnings, `verbose` adds every call of AWS.

    With `rewritten` progress is no line of its own: `standing` tells it, for a place that is rewritten.
    """

    def __init__(self, *, quiet: bool, verbose: bool, rewritten: bool = False) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._rewritten = rewritten
        self._last_progress = ""

    def line(self, event: Event) -> str | None:
        """The line that tells the event, or None; what hosts say is shown by the verb that fans out."""
        match event:
            case Notice(says, "warning"):
                return f"warning: {says}"
            case Notice(says, "debug"):
                return f"  {says}" if self._verbose else None
            case HostBegan() | Line() | HostDone() | Idle():
                return None
        return None if self._quiet else self._step(event)

    def standing(self, event: Event) -> tuple[str, float | None] | None:
        """Where things stand after a Progress, and how far they are from 0 to 1."""
        return (event.says, event.fraction) if isinstance(event, Progress) else None

    def _step(self, event: Event) -> str | None:
        match event:
            case StepBegan(says, number, total):
                return f"[{number}/{total}] {says}"
            case StepDone(_, seconds, note) if note or seconds >= 1:
                return f"      {note or 'done'} ({seconds:.0f} s)"
            case Progress(says) if says != self._last_progress and not self._rewritten:
                self._last_progress = says
                return f"      {says}"
            case Notice(says):
                return says
        return None
