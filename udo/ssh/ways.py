"""How many hosts may be on their way through the same host in between, which takes few logins at a time."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from udo.ssh.outcome import Ending

# A little fewer than sshd takes without dropping any. Source: sshd_config(5), MaxStartups 10:30:100.
_MOST = 8
_TRIES = 8
_LOOK = 0.05


@dataclass(eq=False)
class Entry:
    """One host on its way; `logged_in` is asked now and then, and makes room for the next one."""

    most: int = 0
    logged_in: Callable[[], bool] = field(default=lambda: False)


class Ways:
    """The hosts that are on their way to a login; through a host that turns some away, half as many at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._most: dict[str, int] = {}
        self._entering: dict[str, list[Entry]] = {}

    def tried(self, way: str | None, is_over: Callable[[], bool], attempt: Callable[[Entry], Ending]) -> Ending:
        """How the attempt ended, made again where the host in between turned it away before its key was seen.

        `way` is that host, None for none; `is_over` says that nobody is to be waited for any more.
        """
        if not way:
            return attempt(Entry())
        for number in range(1, _TRIES + 1):
            with self._room(way, is_over) as entry:
                ending = attempt(entry)
            if not ending.turned_away or number == _TRIES or is_over():
                break
            self._fewer(way, entry)
            # What was turned away is still counted there for a moment.
            time.sleep(random.uniform(0.05, 0.2) * number)  # noqa: S311
        return ending

    @contextmanager
    def _room(self, way: str, is_over: Callable[[], bool]) -> Iterator[Entry]:
        entry = Entry()
        while not self._enters(way, entry) and not is_over():
            time.sleep(_LOOK)
        try:
            yield entry
        finally:
            with self._lock:
                entering = self._entering[way]
                entering[:] = [one for one in entering if one is not entry]

    def _enters(self, way: str, entry: Entry) -> bool:
        with self._lock:
            entering = self._entering.setdefault(way, [])
            entering[:] = [one for one in entering if not one.logged_in()]
            entry.most = self._most.setdefault(way, _MOST)
            if len(entering) < entry.most:
                entering.append(entry)
            return entry in entering

    def _fewer(self, way: str, entry: Entry) -> None:
        with self._lock:
            # Of those that went together the first to be turned away tells for all.
            if self._most[way] == entry.most:
                self._most[way] = max(1, entry.most // 2)
