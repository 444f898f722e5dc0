"""Answers to reading commands, kept for a few seconds: asked for once, however many wait for one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

# Answers that are kept; the one that nobody has asked for longest goes first.
_MOST = 256


class Cache:
    """`read` gives the document of a command line; `now` gives seconds that never go back."""

    def __init__(
        self, read: Callable[[tuple[str, ...]], Awaitable[dict[str, Any]]], seconds: float, now: Callable[[], float]
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._now = now
        self._known: OrderedDict[tuple[str, ...], tuple[float, dict[str, Any]]] = OrderedDict()
        self._asked: dict[tuple[str, ...], asyncio.Task[dict[str, Any]]] = {}

    async def document(self, words: tuple[str, ...]) -> dict[str, Any]:
        """The document of this command, not older than the seconds. Raises: what `read` raises."""
        known = self._known.get(words)
        if known and self._now() - known[0] < self._seconds:
            self._known.move_to_end(words)
            return known[1]
        task = self._asked.get(words)
        if task is None:
            task = self._asked[words] = asyncio.ensure_future(self._fresh(words))
        # One that no longer waits does not end it for the others.
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Forgets all: something has changed."""
        self._known.clear()

    async def _fresh(self, words: tuple[str, ...]) -> dict[str, Any]:
        try:
            found = await self._read(words)
        finally:
            del self._asked[words]
        self._known[words] = (self._now(), found)
        self._known.move_to_end(words)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found
