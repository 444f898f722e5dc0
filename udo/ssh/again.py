"""Remembers how often each host was dialled: one that was not reached is dialled again after a while."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from udo.change.events import HostAgain, HostDone
from udo.ssh.outcome import Ending

# Seconds before the second time; then twice as long each time, up to the last.
_FIRST, _LONGEST = 1.0, 30.0
_JITTER = 0.25

Known = TypeVar("Known")


@dataclass
class Attempts(Generic[Known]):
    """One host: what was known of it before it was dialled, how often it was, and how the last time ended."""

    instance_id: str
    known: Known
    start: float = field(default_factory=time.monotonic)
    number: int = 0
    ending: Ending = field(default_factory=lambda: Ending("not started"))

    def note(self, ending: Ending) -> None:
        """It was dialled once more, and this is how that ended."""
        self.number += 1
        self.ending = ending

    def again(self, retry: int) -> HostAgain | None:
        """The next time; None where there is none, since it was reached, or was dialled `retry` times again."""
        if not self.ending.not_reached or self.number > retry:
            return None
        # Hosts that were lost together do not all come back at the same moment.
        seconds = min(_LONGEST, _FIRST * 2 ** (self.number - 1)) * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
        return HostAgain(self.instance_id, self.ending.reason, seconds, self.number, retry)

    def done(self) -> HostDone:
        """How the host has ended."""
        ending = self.ending
        if self.number > 1 and ending.not_reached:
            ending = replace(ending, reason=f"{ending.reason} ({self.number} attempts)")
        seconds = time.monotonic() - self.start
        return HostDone(self.instance_id, ending.outcome, ending.status, ending.reason, seconds)


class Dialled(Generic[Known]):
    """The hosts that were dialled, asked for from many threads, each host from one at a time."""

    def __init__(self) -> None:
        self._attempts: dict[str, Attempts[Known]] = {}
        self._lock = threading.Lock()

    def of(self, instance_id: str, first: Callable[[], Known]) -> Attempts[Known]:
        """A host's; `first` gives what is known of one that was not dialled before."""
        with self._lock:
            found = self._attempts.get(instance_id)
        if found is None:
            found = Attempts(instance_id, first())
            with self._lock:
                self._attempts[instance_id] = found
        return found
