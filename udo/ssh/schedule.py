"""Says which host may be started when: canaries, batches, pauses, and an end after so many failures or so long."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

from udo.ssh.target import LONGEST, Options, Target

_FINE = ("ok", "gone")


class Schedule:
    """The hosts that are still to be started; asked from many threads."""

    def __init__(self, targets: Sequence[Target], options: Options) -> None:
        now = time.monotonic()
        self.end = now + options.deadline - options.spent if options.deadline else None
        self._options = options
        self._waiting = deque(targets)
        self._canaries = options.canary > 0
        self._wave = options.canary or options.batch or len(targets)
        self._running = 0
        self._failed = 0
        self._opens = now + options.delay
        self._why = ""
        self._stopped = False
        self._resting: list[tuple[float, int, Target]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.end is not None and time.monotonic() >= self.end

    def next(self) -> Target | None:
        """The host to start now, waited for where another batch must end first; None where no other is started."""
        with self._changed:
            while (self._waiting or self._resting) and not (self._stopped or self._over()):
                if self._resting and self._resting[0][0] <= time.monotonic():
                    return heapq.heappop(self._resting)[-1]
                if not self._wave and not self._running:
                    self._open()
                pause = self._opens - time.monotonic()
                if self._waiting and self._wave and pause <= 0:
                    self._wave -= 1
                    self._running += 1
                    return self._waiting.popleft()
                self._changed.wait(self._until(pause))
            self._changed.notify_all()
            return None

    def done(self, outcome: str) -> None:
        """A host that `next` gave has ended; of a canary that is gone, another one takes the place."""
        with self._changed:
            self._running -= 1
            self._failed += outcome not in _FINE
            self._wave += self._canaries and outcome == "gone"
            self._changed.notify_all()

    def rest(self, target: Target, seconds: float) -> bool:
        """Has `next` give a host once more after so long; until then others have its place, but it has not ended.

        False where no host is started any more.
        """
        with self._changed:
            if self._stopped or self._over():
                return False
            heapq.heappush(self._resting, (time.monotonic() + seconds, next(self._numbers), target))
            self._changed.notify_all()
            return True

    def resting(self) -> Iterator[Target]:
        """The hosts that rest, and are not given by `next` any more."""
        while self._resting:
            yield heapq.heappop(self._resting)[-1]

    def stop(self) -> None:
        """Starts no other host."""
        with self._changed:
            self._stopped = True
            self._waiting.clear()
            self._changed.notify_all()

    def left(self) -> tuple[tuple[Target, ...], str]:
        """The hosts that were never started, and why."""
        return tuple(self._waiting), f"not started: {self._why}"

    def _over(self) -> bool:
        if self.late:
            self._why = "the deadline passed"
        elif self._options.max_failures and self._failed >= self._options.max_failures:
            self._why = f"{self._failed} failed"
        elif self._canaries and self._failed:
            self._why = "a canary failed"
        return bool(self._why)

    def _open(self) -> None:
        """Opens the next batch, after the pause."""
        self._wave = self._options.batch or len(self._waiting)
        self._canaries = False
        self._opens = time.monotonic() + self._options.pause

    def _until(self, pause: float) -> float | None:
        times = [pause] if self._waiting and self._wave else []
        times += [self._resting[0][0] - time.monotonic()] if self._resting else []
        times += [self.end - time.monotonic()] if self.end is not None else []
        return max(0.0, min(LONGEST, *times)) + 0.001 if times else None
