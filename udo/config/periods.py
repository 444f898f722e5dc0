"""Reads how long something has to be so before an alarm rings: `3 x 1m`, or `2 of 3 x 1m`."""

from __future__ import annotations

from typing import NamedTuple

from udo.duration import seconds, told

# Source: API_PutMetricAlarm, Period and EvaluationPeriods.
_SHORT = (10.0, 20.0, 30.0)
_MINUTE, _HOUR, _DAY, _WEEK = 60.0, 3600.0, 86_400.0, 7 * 86_400.0


class Periods(NamedTuple):
    """So many data points of the last `of` periods, each of so many seconds."""

    points: int
    of: int
    seconds: int

    def __str__(self) -> str:
        some = f"{self.points} of " if self.points != self.of else ""
        return f"{some}{self.of} x {told(self.seconds)}"


def periods(text: str) -> Periods:
    """The periods that a text of their shape says."""
    counted, _, length = text.partition(" x ")
    points, _, of = counted.rpartition(" of ")
    return Periods(int(points or of), int(of), int(seconds(length) or 0))


def wrong(text: str) -> str:
    """What is wrong with periods that have the shape of some, and what to write; empty where nothing is."""
    found = periods(text)
    if found.seconds not in _SHORT and found.seconds % _MINUTE:
        return f"has a period of {told(found.seconds)}: AWS takes 10s, 20s, 30s and whole minutes"
    if found.points > found.of:
        return (
            f"wants {found.points} of {found.of} periods: write '{found.of} of {found.points} x {told(found.seconds)}'"
        )
    longest = _WEEK if found.seconds >= _HOUR else _DAY
    if found.of * found.seconds > longest:
        most = int(longest // found.seconds)
        return f"is longer than {told(longest)} in all: at most {most} periods of {told(found.seconds)}"
    return ""
