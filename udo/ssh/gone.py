"""Tells hosts that were terminated while they were worked on from hosts in trouble."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from udo.errors import DeadlinePassed, UdoError
from udo.plan import Event, HostDone, Idle

# What becomes of a host that is terminated under one's hands.
_DOUBTFUL = frozenset({"unreachable", "dropped", "timeout"})
# Seconds between two questions: many hosts in trouble at once are asked about together.
_SELDOM = 2.0


def with_gone(events: Iterator[Event], terminated: Callable[[Sequence[str]], Collection[str]]) -> Iterator[Event]:
    """The events, but hosts that were lost and are among the `terminated` end as gone.

    `terminated` gives those of some instance ids that are no more; where it fails, all end as they did.
    Closing the generator closes `events`.
    """
    held: list[HostDone] = []
    asked = -_SELDOM
    try:
        for event in events:
            if isinstance(event, HostDone) and event.outcome in _DOUBTFUL:
                held.append(event)
                continue
            if held and isinstance(event, Idle) and time.monotonic() - asked >= _SELDOM:
                yield from _settled(held, terminated)
                held, asked = [], time.monotonic()
            yield event
        yield from _settled(held, terminated)
    except DeadlinePassed:
        yield from _settled(held, terminated)
        raise
    finally:
        close = getattr(events, "close", None)
        if close:
            close()


def _settled(held: Sequence[HostDone], terminated: Callable[[Sequence[str]], Collection[str]]) -> Iterator[HostDone]:
    try:
        gone = terminated([done.instance_id for done in held]) if held else ()
    except UdoError:
        gone = ()
    for done in held:
        if done.instance_id in gone:
            yield replace(done, outcome="gone", reason=f"terminated meanwhile ({done.reason})")
        else:
            yield done
