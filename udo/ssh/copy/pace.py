"""Keeps all hosts of a run together below so many bytes a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

# Seconds: how soon somebody who waits notices that all is over.
_LOOK = 0.1


class Pace:
    """The bytes a second that all threads share; None for as many as go."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._free = 0.0
        self._lock = threading.Lock()

    def piece(self, most: int) -> int:
        """How much is sent at once: little enough that the hosts take turns."""
        return most if self._limit is None else max(1024, min(most, 1 << 15, self._limit // 8))

    def wait(self, count: int, look: Callable[[], None]) -> None:
        """Returns when so many bytes more may go; `look` is called meanwhile, and may raise."""
        if self._limit is None:
            return
        with self._lock:
            begins = max(self._free, time.monotonic())
            self._free = begins + count / self._limit
        while (left := begins - time.monotonic()) > 0:
            look()
            time.sleep(min(left, _LOOK))
