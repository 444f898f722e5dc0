"""Rewrites a page in its place on a terminal, as high as the terminal at most."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from udo.output.clean import in_line
from udo.output.table import cut, room

if TYPE_CHECKING:
    from collections.abc import Sequence

_USUAL = 24
# Up to its first line, and away with what stands there.
_BACK = "\x1b[{}F\x1b[J"


class Page:
    """The page that stands on stdout's terminal now."""

    def __init__(self) -> None:
        self._height = 0

    def text(self, body: str, notes: Sequence[str]) -> str:
        """What is to be written so that this page takes the place of the one before; notes are one line each."""
        space = room(sys.stdout)
        told = [cut(in_line(note), space) if space else in_line(note) for note in notes]
        shown = [*body.splitlines(), *told]
        most = max(2, _height() - 1)
        if len(shown) > most:
            shown = [*shown[: most - 1], f"{len(shown) - most + 1} more lines"]
        back = _BACK.format(self._height) if self._height else ""
        self._height = len(shown)
        return back + "".join(f"{line}\n" for line in shown)


def _height() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines or _USUAL
    except OSError:
        return _USUAL
