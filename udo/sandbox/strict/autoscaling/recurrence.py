"""The moments that a recurrence of five fields names, in a time zone."""

from __future__ import annotations

import datetime
import functools
import re
import zoneinfo
from collections.abc import Iterator
from itertools import product

# The five fields of a recurrence: lowest and highest number, and the names that stand for numbers.
FIELDS: tuple[tuple[int, int, str], ...] = (
    (0, 59, ""),
    (0, 23, ""),
    (1, 31, ""),
    (1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"),
    (0, 7, "SUN MON TUE WED THU FRI SAT"),
)
_DAY = datetime.timedelta(days=1)


def recurs(text: str) -> bool:
    """Whether it is a recurrence."""
    fields = text.split()
    return len(fields) == len(FIELDS) and all(_numbers(one, field) for one, field in zip(fields, FIELDS, strict=True))


def moments(text: str, zone: str, after: float, until: float) -> Iterator[float]:
    """The moments of a recurrence after one moment and up to another, in seconds since the epoch.

    Source: crontab(5): where both a day of the month and one of the week are named, either will do.
    """
    minutes, hours, days, months, weekdays = (
        _numbers(one, field) or () for one, field in zip(text.split(), FIELDS, strict=True)
    )
    either = not any(text.split()[place].startswith("*") for place in (2, 4))
    weekdays = tuple(number % 7 for number in weekdays)
    where = zoneinfo.ZoneInfo(zone)
    # The day before and the day after, since clocks are set back and forth.
    day = datetime.datetime.fromtimestamp(after, where).date() - _DAY
    last = datetime.datetime.fromtimestamp(until, where).date() + _DAY
    while day <= last:
        of_month, of_week = day.day in days, day.isoweekday() % 7 in weekdays
        if day.month in months and (of_month or of_week if either else of_month and of_week):
            for hour, minute in product(hours, minutes):
                at = datetime.datetime(day.year, day.month, day.day, hour, minute, tzinfo=where).timestamp()
                if after < at <= until:
                    yield at
        day += _DAY


@functools.cache
def _numbers(text: str, field: tuple[int, int, str]) -> tuple[int, ...] | None:
    """The numbers that one field names, None where it is none."""
    low, high, names = field
    numbers = {name: str(number) for number, name in enumerate(names.split(), start=low)}
    found: set[int] = set()
    for part in text.upper().split(","):
        match = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?", part)
        if match is None:
            return None
        ends = [numbers.get(end, end) for end in match.group(1, 2) if end is not None]
        if not all(end.isdigit() and low <= int(end) <= high for end in ends) or match[3] == "0":
            return None
        step = int(match[3] or 1)
        first, last = (int(ends[0]), int(ends[-1])) if ends else (low, high)
        # A single number with a step goes on to the end.
        last = high if len(ends) == 1 and match[3] else last
        if first > last:
            return None
        found |= set(range(first, last + 1, step))
    return tuple(sorted(found))
