"""Numbers, lists and lengths of time as the texts about refreshes say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED = 3


def instances(count: int) -> str:
    """So many instances, in words."""
    return "1 instance" if count == 1 else f"{count} instances"


def listed(ids: Sequence[str]) -> str:
    """The first few of some ids, and how many more there are."""
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more


def length(seconds: float) -> str:
    """A length of time in one or two units."""
    whole = round(seconds)
    for size, unit, below, less in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // below
            return f"{whole // size}{unit}" + (f" {rest}{less}" if rest else "")
    return f"{whole}s"
