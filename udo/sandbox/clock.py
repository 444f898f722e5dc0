"""The sandbox's one clock: the only source of time for everything in it that moves."""

from __future__ import annotations

import time

# A round moment, so that times in tests read well: 2026-01-05T09:00:00Z.
STEPPED_START = 1_767_603_600.0
# Bounds of what its clock is asked for: seconds, times real time, and 2100 as a time. Dates of AWS have four digits.
LONGEST = 10 * 366 * 86_400.0
FASTEST = 100_000.0
LATEST = 4_102_444_800.0


class Clock:
    """Seconds since the epoch, running at `speed` times real time; with speed 0 it moves only when stepped."""

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        if speed < 0:
            raise ValueError(f"a clock does not run backwards: speed {speed}")
        self.speed = speed
        self._start = time.time() if start is None else start
        self._began = time.monotonic()
        self._stepped = 0.0

    @classmethod
    def by_hand(cls, start: float = STEPPED_START) -> Clock:
        """A clock that stands still until `step` moves it."""
        return cls(speed=0.0, start=start)

    def now(self) -> float:
        """The present moment, in seconds since the epoch; never less than the last answer."""
        return self._start + (time.monotonic() - self._began) * self.speed + self._stepped

    @property
    def stepped(self) -> float:
        """How many seconds it was stepped by, so far."""
        return self._stepped

    def step(self, seconds: float) -> None:
        """Moves on by `seconds`, also on a clock that runs by itself."""
        if seconds < 0:
            raise ValueError(f"a clock does not run backwards: step {seconds}")
        self._stepped += seconds
