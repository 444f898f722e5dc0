"""What a signal does to a run: noted or raised, in one place."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from udo.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Signals:
    """Ctrl-C, SIGTERM and SIGHUP: at once between calls, after the call in hand within `hold`, the second at once."""

    def __init__(self) -> None:
        self._holding = False
        self._pending = 0
        self._seen = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Installs the handlers (on the main thread; elsewhere nothing changes) and puts the old ones back."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        try:
            before = [(number, signal.signal(number, self._arrived)) for number in numbers]
        except ValueError:
            before = []
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Lets the call in hand finish: a first signal takes effect at the end of the block.

        Raises: Interrupted.
        """
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        # Once only: what is put back after it is held too, and must not be stopped by the same signal.
        number, self._pending = self._pending, 0
        if number:
            raise Interrupted("interrupted", signal=number)

    def _arrived(self, number: int, _frame: FrameType | None) -> None:
        first, self._seen = not self._seen, True
        if self._holding and first:
            self._pending = number
            return
        raise Interrupted("interrupted", signal=number)
