"""How much one key and one address may ask: a window for each key, and ever longer waits after wrong keys."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Requests a key may make in a minute.
PER_MINUTE = 120
_WINDOW = 60.0
# Wrong keys an address may try at once; from then on it waits, twice as long after each, up to the last.
_FREE, _FIRST, _LONGEST = 5, 1.0, 300.0
# Addresses that are remembered; the one unheard of for the longest time is forgotten first.
_ADDRESSES = 10_000


class Window:
    """Counts the requests of each key in the last minute; `now` gives seconds that never go back."""

    def __init__(self, now: Callable[[], float], most: int = PER_MINUTE) -> None:
        self._now = now
        self._most = most
        self._seen: dict[str, deque[float]] = {}

    def wait(self, name: str) -> float:
        """Counts a request; the seconds until the key may ask again, 0 where this one is within its bounds."""
        now = self._now()
        seen = self._seen.setdefault(name, deque())
        while seen and seen[0] <= now - _WINDOW:
            seen.popleft()
        if len(seen) >= self._most:
            return seen[0] + _WINDOW - now
        seen.append(now)
        return 0.0


class Strangers:
    """Counts wrong keys by address."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self.count = 0

    def wait(self, address: str) -> float:
        """The seconds until the address may try another key."""
        wrong, last = self._seen.get(address, (0, 0.0))
        if wrong < _FREE:
            return 0.0
        return max(0.0, last + min(_FIRST * 2.0 ** min(wrong - _FREE, 20), _LONGEST) - self._now())

    def was_wrong(self, address: str) -> None:
        """Counts a wrong key from there."""
        self.count += 1
        self._seen[address] = (self._seen.get(address, (0, 0.0))[0] + 1, self._now())
        self._seen.move_to_end(address)
        if len(self._seen) > _ADDRESSES:
            self._seen.popitem(last=False)

    def was_right(self, address: str) -> None:
        """Forgets the wrong keys from there."""
        self._seen.pop(address, None)
