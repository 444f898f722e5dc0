"""Rewrites a page in its place on a terminal, as high as the terminal at most."""

from __future__ import annotations

import math
import os
import re
import sys
from itertools import accumulate
from typing import TYPE_CHECKING

from udo.output.clean import in_line, width
from udo.output.table import cut, room

if TYPE_CHECKING:
    from collections.abc import Sequence

_USUAL = 24
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
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
        if sum(_height_of(line, space) for line in shown) > most:
            shown = _beginning(shown, most - 1, space)
        back = _BACK.format(self._height) if self._height else ""
        self._height = sum(_height_of(line, space) for line in shown)
        return back + "".join(f"{line}\n" for line in shown)


def _beginning(lines: Sequence[str], most: int, space: int | None) -> list[str]:
    """As many lines as there is room for, and how many more there are."""
    heights = list(accumulate(_height_of(line, space) for line in lines))
    kept = sum(height <= most for height in heights)
    return [*lines[:kept], f"{len(lines) - kept} more lines"]


def _height_of(line: str, space: int | None) -> int:
    """How many lines of the terminal it takes."""
    return max(1, math.ceil(width(_COLOUR.sub("", line)) / space)) if space else 1


def _height() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).lines or _USUAL
    except OSError:
        return _USUAL
