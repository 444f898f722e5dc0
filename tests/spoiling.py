"""Makes one thing wrong in a document that was right."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any


def spoil(document: Any, thing: Any, dice: Random) -> None:
    """Puts a thing in some place of the document, takes what is there away, or adds to it."""
    inside, key = dice.choice(list(_places(document)))
    match dice.randrange(3):
        case 0:
            inside[key] = thing
        case 1:
            del inside[key]
        case _ if isinstance(inside, dict):
            inside["more"] = thing
        case _:
            inside.append(thing)


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    rows = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in list(rows):
        yield document, key
        if isinstance(value, dict | list):
            yield from _places(value)
