"""Reads a length of time: a number of seconds, or one with a unit."""

from __future__ import annotations

import re

from udo.errors import UsageError

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
PATTERN = r"(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?[smhd]?"


def seconds(text: str) -> float | None:
    """The seconds of `90`, `90s`, `1.5m`, `1h` or `2d`; None for what is no length of time."""
    if not re.fullmatch(PATTERN, text):
        return None
    number = text.rstrip("smhd")
    return float(number) * _UNITS[text[len(number) :]]


def given(text: str) -> float:
    """The seconds that an option of the command line says.

    Raises: UsageError, also for no time at all.
    """
    found = seconds(text)
    if not found:
        raise UsageError(f"{text!r} is not a time", hint="write 90, 90s, 5m, 1h or 2d; leave it out for none")
    return found


def told(length: float) -> str:
    """Seconds in the largest unit that they are a whole number of: `5m`, `90s`."""
    unit = next((one for one in ("d", "h", "m") if length and length % _UNITS[one] == 0), "s")
    return f"{length / _UNITS[unit]:g}{unit}"
