"""Tells hosts that were terminated while they were worked on from hosts in trouble."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from udo.change.events import HostDone
from udo.errors import UdoError

# What becomes of a host that is terminated under one's hands.
DOUBTFUL = frozenset({"unreachable", "dropped", "timeout"})
# Seconds between two questions: many hosts in trouble at once are asked about together.
_SELDOM = 2.0

Terminated = Callable[[Sequence[str]], Collection[str]]


class Doubts:
    """Hosts that were lost, until it is known whether they are no more.

    `terminated` gives those of some instance ids that are; where it fails, all end as they did.
    """

    def __init__(self, terminated: Terminated) -> None:
        self._terminated = terminated
        self._held: list[HostDone] = []
        self._asked = -_SELDOM

    def hold(self, done: HostDone) -> bool:
        """Whether this end is in doubt, and held back."""
        if done.outcome in DOUBTFUL:
            self._held.append(done)
        return done.outcome in DOUBTFUL

    @property
    def due(self) -> float | None:
        """Seconds until the next question, None where there is none."""
        return max(0.0, self._asked + _SELDOM - time.monotonic()) if self._held else None

    def settled(self) -> Iterator[HostDone]:
        """How the hosts held back have ended; asks once."""
        held, self._held = self._held, []
        try:
            gone = self._terminated([done.instance_id for done in held]) if held else ()
        except UdoError:
            gone = ()
        self._asked = time.monotonic()
        for done in held:
            if done.instance_id in gone:
                yield replace(done, outcome="gone", reason=f"terminated meanwhile ({done.reason})")
            else:
                yield done
