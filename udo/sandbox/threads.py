"""Waits for the threads that serve one part of the sandbox, by their names."""

from __future__ import annotations

import threading
import time


def outlast(name: str, seconds: float = 5.0) -> None:
    """Waits until no thread whose name begins so is left; for so many seconds at most.

    A thread that is just being started cannot be joined yet, and may start another before it ends: hence the rounds.
    """
    until = time.monotonic() + seconds
    while (left := [one for one in threading.enumerate() if one.name.startswith(name)]) and time.monotonic() < until:
        for thread in left:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))
        time.sleep(0.001)
