"""Freeze windows: when nothing is changed, and when that ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from udo.window import end

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Window:
    """One window of udo.yml, said at `where`: in it these verbs change nothing."""

    when: str
    zone: str
    verbs: Sequence[str]
    where: str


def frozen(windows: Iterable[Window], verb: str, now: float) -> str:
    """Until when the verb changes nothing, and by which window, in words; empty where it may.

    Of several windows it is the one that ends last. `now` is in seconds since 1970.
    """
    found = ((end(one.when, one.zone, now), one) for one in windows if verb in one.verbs)
    ends = [(until, one) for until, one in found if until]
    if not ends:
        return ""
    until, one = max(ends, key=lambda pair: pair[0])
    return f"frozen until {until:%a %Y-%m-%d %H:%M} {one.zone} ({one.when}, {one.where})"
