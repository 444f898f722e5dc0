"""How long one host may take, and a wait that ends when that is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import paramiko

from udo.frozen import frozen
from udo.ssh.outcome import Failed
from udo.ssh.target import LONGEST
from udo.ssh.wire import Wire

_LOOK = 1.0


@frozen
class Limit:
    """A point on the monotonic clock; `words` says in a reason which limit it is."""

    end: float | None
    words: str

    @property
    def left(self) -> float | None:
        """Seconds that are left, neither more nor less than can stand for a socket's timeout."""
        return None if self.end is None else min(LONGEST, max(0.001, self.end - time.monotonic()))

    @property
    def over(self) -> bool:
        """Whether the time has passed."""
        return self.end is not None and time.monotonic() >= self.end

    def sooner(self, other: Limit) -> Limit:
        """The one of both that ends first."""
        if self.end is None or other.end is None:
            return other if self.end is None else self
        return other if other.end < self.end else self

    def check(self, stage: str) -> None:
        """Raises: Failed when the time has passed."""
        if self.over:
            raise Failed("timeout", f"{stage} {self.words}")


class Signal(threading.Event):
    """An event of a connection: a wait for it ends at the limit, by hanging up, or when the connection is dead.

    `watch` is asked now and then whether it is alive.

    paramiko waits for some of these without end, and sets them when a connection dies; one that is cleared just after
    would be waited for for ever.
    """

    def __init__(
        self, transport: paramiko.Transport, wire: Wire, limit: Limit, watch: Callable[[], bool] | None = None
    ) -> None:
        super().__init__()
        self._transport = transport
        self._wire = wire
        self._watch = watch
        self.limit = limit

    def glance(self, seconds: float) -> None:
        """Waits no longer than so many seconds."""
        super().wait(min(seconds, self.limit.left or seconds))
        self._look()

    def wait(self, timeout: float | None = None) -> bool:
        """Returns once it is set; always True."""
        while not super().wait(min(_LOOK, self.limit.left or _LOOK)):
            self._look()
        return True

    def _look(self) -> None:
        if self.limit.over or (self._watch and not self._watch()):
            self._wire.close()
        if not self._transport.is_alive():
            self.set()
