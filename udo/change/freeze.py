"""Freeze windows: when nothing is changed, and when that ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from udo.window import end

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# What is said where no window ends before another begins.
ALWAYS = "frozen at all times"


@dataclass(frozen=True)
class Window:
    """One window of udo.yml, said at `where`: in it these verbs change nothing."""

    when: str
    zone: str
    verbs: Sequence[str]
    where: str


# So many windows that follow each other without a gap are taken for windows that always do.
_MOST = 100


def frozen(windows: Iterable[Window], verb: str, now: float) -> str:
    """Until when the verb changes nothing, and by which window, in words; empty where it may.

    Of several windows, also of those that follow without a gap, it is the one that ends last. `now` is in seconds since
    1970.
    """
    held = [one for one in windows if verb in one.verbs]
    found = _last(held, now)
    if found is None:
        return ""
    for _ in range(_MOST):
        later = _last(held, found[0].timestamp())
        if later is None:
            until, one = found
            return f"frozen until {until:%a %Y-%m-%d %H:%M} {one.zone} ({one.when}, {one.where})"
        found = later
    return f"{ALWAYS} ({', '.join(f'{one.when}, {one.where}' for one in held)})"


def _last(windows: Iterable[Window], moment: float) -> tuple[datetime, Window] | None:
    """The window that ends last of those that a moment is in, and when it ends; None for none."""
    found = ((end(one.when, one.zone, moment), one) for one in windows)
    return max(((until, one) for until, one in found if until), key=lambda pair: pair[0], default=None)
