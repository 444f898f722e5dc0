"""What is wrong with a window of time, a time zone or periods, in the words that follow the name of its key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from udo.config import periods
from udo.config.suggesting import suggestion
from udo.window import PATTERN, SHAPE, wrong


def _window(word: str) -> str:
    if not re.fullmatch(PATTERN, word):
        return f"wants {SHAPE}, not '{word[:60]}'"
    told = wrong(word)
    return f"is no window: {told}" if told else ""


def _zone(word: str) -> str:
    # Late: hardly any file has a window.
    from zoneinfo import ZoneInfo, available_timezones

    try:
        ZoneInfo(word)
    except (KeyError, ValueError, OSError):
        known = available_timezones()
        if not known:
            return "cannot be known: this machine has no time zones, install tzdata"
        near = suggestion(word, sorted(known)) or "zones are called like Europe/Dublin"
        return f"is no time zone: '{word[:60]}': {near}"
    return ""


# What is looked for in a word of a kind, beside its pattern.
WRONG: Mapping[str, Callable[[str], str]] = {"window": _window, "zone": _zone, "periods": periods.wrong}
