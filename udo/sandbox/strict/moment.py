"""The moment it is inside the sandbox, which moto's backends are made to read too."""

from __future__ import annotations

import datetime
import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from udo.sandbox.clock import Clock
from udo.sandbox.strict.service import services


class _Present:
    clock = Clock()


def use(clock: Clock) -> None:
    """Makes `clock` the one that every answer goes by."""
    _Present.clock = clock


@contextmanager
def standing(seconds: float) -> Iterator[None]:
    """Within the block it is that moment, in seconds since the epoch."""
    before, _Present.clock = _Present.clock, Clock.by_hand(seconds)
    try:
        yield
    finally:
        _Present.clock = before


def now() -> float:
    """The present moment, in seconds since the epoch."""
    return _Present.clock.now()


def lived() -> float:
    """A moment in seconds of real time and of steps of the clock: processes go by it, however fast the clock runs."""
    return time.monotonic() + _Present.clock.stepped


def utcnow() -> datetime.datetime:
    """The present moment as moto keeps times: UTC, without a time zone."""
    return at(now())


def at(seconds: float) -> datetime.datetime:
    """A moment given in seconds since the epoch, as moto keeps times."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(tzinfo=None)


def seconds(when: Any) -> float | None:
    """A moment in seconds since the epoch, as a request names it; None where there is none."""
    if when is None or isinstance(when, int | float):
        return when
    if not isinstance(when, datetime.datetime):
        when = datetime.datetime.fromisoformat(str(when).replace("Z", "+00:00"))
    return float((when if when.tzinfo else when.replace(tzinfo=datetime.UTC)).timestamp())


def text(seconds: float | None = None) -> str:
    """A moment as AWS writes it inside sentences: 2026-01-05T09:00:00Z."""
    return at(now() if seconds is None else seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def install() -> None:
    """Makes moto's backends read this clock."""
    # Where moto writes times that its answers show, each module importing `utcnow` by name.
    for name in (name for service in services().values() for name in service.keeps_time):
        setattr(importlib.import_module(name), "utcnow", utcnow)  # noqa: B010
