"""What the runner of a plan works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

from udo.change.events import Event
from udo.change.lock import Free, Lock
from udo.change.plan import FanOut, LocalCommand, Read, Wait
from udo.change.waiting import Clock, Watcher
from udo.frozen import frozen


@frozen
class Tools:
    """What the runner is handed: one-attempt writes, reads, fan-out, local programs, and where to tell and note it."""

    call: Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]]
    read: Callable[[Read], Any]
    search: Callable[[str, Mapping[str, Any]], Any]
    fan_out: Callable[[FanOut], Iterable[Event]]
    local: Callable[[LocalCommand], int]
    emit: Callable[[Event], None]
    record: Callable[[str, str, str], None]
    clock: Clock
    watching: Callable[[Wait], Watcher]
    lock: Lock = field(default_factory=Free)
