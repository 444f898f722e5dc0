"""Moves many things on, so that one that cannot be moved holds up none of the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

log = logging.getLogger("udo.sandbox")
_told: set[str] = set()


def each(move: Callable[[Any], Any], things: Iterable[Any]) -> None:
    """Moves each of the things; what crashes is told in the log, once, and tried again at the next moment."""
    for thing in list(things):
        try:
            move(thing)
        except Exception as error:
            why = f"{type(thing).__name__}: {error!r}"
            if why not in _told:
                _told.add(why)
                log.exception("the sandbox cannot move a %s on", type(thing).__name__)
