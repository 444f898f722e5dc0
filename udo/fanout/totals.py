"""Counts how the hosts of a run have ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from udo.change.events import HostDone

_OUTCOMES = {
    "ok": "ok",
    "failed": "failed",
    "signal": "killed",
    "timeout": "timed out",
    "refused": "refused",
    "unreachable": "unreachable",
    "dropped": "dropped",
    "gone": "gone",
    "not started": "not started",
    "interrupted": "interrupted",
}


def summary(done: Collection[HostDone], seconds: float) -> str:
    """How they ended, in one line."""
    counts = Counter(one.outcome for one in done)
    told = [f"{counts[outcome]} {word}" for outcome, word in _OUTCOMES.items() if counts[outcome]]
    return f"{', '.join(told)} of {len(done)} host{'s' if len(done) != 1 else ''} in {seconds:.1f} s"


def totals(done: Collection[HostDone], seconds: float) -> dict[str, Any]:
    """How many hosts there are, how many of them ended in each way, and the seconds in all."""
    counts = Counter(one.outcome for one in done)
    return {"hosts": len(done), **{outcome: counts[outcome] for outcome in _OUTCOMES}, "seconds": round(seconds, 3)}
