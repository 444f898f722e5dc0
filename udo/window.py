"""Reads a window of time that comes again, or comes once: by days of the week, times of the day, or dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
# The end of a day, as an end alone.
_MIDNIGHT = "24:00"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DAY_OF_WEEK = rf"(?:{'|'.join(_DAYS)})"
# The same three forms on both sides: a day, a date, each with a time or without, or a time alone.
_FIRST, _LAST = (
    (rf"{_DAY_OF_WEEK}(?: {time})?", rf"{_DATE}(?: {time})?", time) for time in (_TIME, f"(?:{_TIME}|{_MIDNIGHT})")
)
PATTERN = "|".join(f"{first} - {last}" for first, last in zip(_FIRST, _LAST, strict=True))
SHAPE = "a window like 'Fri 16:00 - Mon 07:00', '22:00 - 06:00' or '2026-12-24 - 2027-01-01'"
_WEEK, _DAY = timedelta(days=7), timedelta(days=1)


class _Side(NamedTuple):
    """One side of a window: a day of the week (0 is Monday) or a date, and a time; None where it has none."""

    weekday: int | None
    date: date | None
    time: time | None


def wrong(when: str) -> str:
    """What is wrong with a window that has the shape of one; empty where nothing is."""
    try:
        first, last = _sides(when)
    except ValueError:
        return f"'{when}' holds a day that no month has"
    if first.date and last.date:
        start, stop = _start(first.date, first), _stop(last.date, last)
        return "" if start < stop else f"'{when}' ends before it begins"
    return f"'{when}' is empty" if first == last and first.time else ""


def end(when: str, zone: str, now: float) -> datetime | None:
    """When the window ends that it is in at `now` (seconds since 1970), in its zone; None outside of it.

    It begins when the clocks of its zone first show its beginning, or would, where they are put forward over it, and
    ends when they show its end for the last time.

    Raises: ValueError for what is no window; KeyError for an unknown zone.
    """
    from zoneinfo import ZoneInfo

    there, moment = ZoneInfo(zone), datetime.fromtimestamp(now, UTC)
    ends = [
        _instant(stop, there, last=True)
        for start, stop in _spans(*_sides(when), moment.astimezone(there).date())
        if _instant(start, there, last=False) <= moment < _instant(stop, there, last=True)
    ]
    return max(ends).astimezone(there) if ends else None


def _sides(when: str) -> tuple[_Side, _Side]:
    first, last = when.split(" - ")
    return _side(first), _side(last)


def _side(text: str) -> _Side:
    """One side of a window; the end of a day is that of a day without a time."""
    *day, clock = text.split(" ") if ":" in text else (text, "")
    at = time.fromisoformat(clock) if clock not in ("", _MIDNIGHT) else None
    if not day:
        return _Side(None, None, at)
    word = day[0]
    return _Side(_DAYS.index(word), None, at) if word in _DAYS else _Side(None, date.fromisoformat(word), at)


def _spans(first: _Side, last: _Side, around: date) -> Iterator[tuple[datetime, datetime]]:
    """The windows, by the clock on the wall, that a moment of that day may be in."""
    if first.date and last.date:
        yield _start(first.date, first), _stop(last.date, last)
        return
    days, again = 0, _DAY
    if first.weekday is not None and last.weekday is not None:
        days, again = (last.weekday - first.weekday) % 7, _WEEK
    for offset in range(-8, 2):
        day = around + offset * _DAY
        if first.weekday in (None, day.weekday()):
            start, stop = _start(day, first), _stop(day + days * _DAY, last)
            yield start, stop if start < stop else stop + again


def _start(day: date, side: _Side) -> datetime:
    return datetime.combine(day, side.time or time())


def _stop(day: date, side: _Side) -> datetime:
    """The end of a window; where it has no time the day belongs to it."""
    return datetime.combine(day, side.time) if side.time else datetime.combine(day, time()) + _DAY


def _instant(wall: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    """When the clocks of a zone show this; twice in a year they show an hour twice, or never."""
    early, late = sorted(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late or early.astimezone(zone).replace(tzinfo=None) == wall:
        return late if last else early
    while early.astimezone(zone).replace(tzinfo=None) < wall:
        # They are put forward over it: what counts is the moment when they are.
        early += timedelta(minutes=1)
    return early
