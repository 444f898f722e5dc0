"""Asks for several things at the same time that do not rest on each other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from udo import signals
from udo.aws import patience

# More at a time are met with throttling, and answered no sooner.
_AT_ONCE = 8


def together(reads: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each of the reads gives, in their order; the clients that they use were built before.

    Raises: what the first of them that failed raises, once all have ended; Interrupted at once.
    """
    left = deque(enumerate(reads))
    given: list[Any] = [None] * len(reads)
    failed: dict[int, Exception] = {}
    over = threading.Event()

    def work() -> None:
        while left:
            signals.look()
            try:
                number, read = left.popleft()
            except IndexError:
                return
            try:
                given[number] = read()
            except Exception as error:
                failed[number] = error

    others: list[_Worker] = []
    try:
        # Where no further thread can be started, those there are do it all.
        with suppress(RuntimeError):
            while len(others) < min(len(reads), _AT_ONCE) - 1:
                others.append(_Worker(work, over))
        work()
        for other in others:
            other.wait()
    except BaseException:
        left.clear()
        over.set()
        patience.give_up()
        raise
    if failed:
        raise failed[min(failed)]
    return given


class _Worker:
    """A thread at work; the lock is held until it has ended."""

    def __init__(self, work: Callable[[], None], over: threading.Event) -> None:
        self._work, self._over = work, over
        self._error: BaseException | None = None
        # A bare lock, and no join: a signal that breaks in on the wait for it leaves nothing half done.
        self._lock = threading.Lock()
        self._lock.acquire()
        threading.Thread(target=self._run, name="udo-read", daemon=True).start()

    def wait(self) -> None:
        """Waits until it has ended. Raises: Interrupted, and what ended it otherwise than by an error of a read."""
        with signals.waiting():
            self._lock.acquire()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        patience.tell_here(self._over)
        try:
            self._work()
        except BaseException as error:
            self._error = error
        finally:
            self._lock.release()
