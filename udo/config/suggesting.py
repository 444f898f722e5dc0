"""Words for a name that is not there: the nearest one that is, or all of them."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 20


def suggestion(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """`did you mean 'webapp'?` for the nearest of `known`, else `otherwise` and the known names, else nothing."""
    from difflib import get_close_matches  # only a mistake should pay for it (6 ms)

    names = list(known)
    folded = {word.lower(): word for word in reversed(names)}
    if near := get_close_matches(name[:100].lower(), folded, n=1, cutoff=0.6):
        return f"did you mean '{folded[near[0]]}'?"
    if not otherwise or not names:
        return ""
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{otherwise} {', '.join(names[:_MOST])}{more}"


def among(name: str, known: Iterable[str]) -> str:
    """The nearest of `known`, or all of them, or that there are none."""
    return suggestion(name, known, "there are") or "there are none"
