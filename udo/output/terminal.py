"""What only a terminal is shown: colours, rich tables, and progress that rewrites its line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from udo.output.clean import neutral, width
from udo.output.text import cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.result import Column

_BETWEEN = 2
_GOOD = frozenset({"InService", "Healthy", "Succeeded", "running", "current", "ok", "done"})
_BAD = frozenset({"Unhealthy", "Failed", "Stopped", "gone", "terminated", "absent", "failed", "?"})


def is_colourful(stream: TextIO, choice: str) -> bool:
    """Whether to use colours there: as chosen, or on a terminal that is not dumb where NO_COLOR is not set."""
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def red(text: str) -> str:
    """The text in red."""
    return f"\x1b[31m{text}\x1b[0m"


def yellow(text: str) -> str:
    """The text in yellow."""
    return f"\x1b[33m{text}\x1b[0m"


def shown_table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> str:
    """A table for the terminal, good and bad states in colour; what is wider than it wraps between words.

    No word is broken, though the lines get too long: ids and addresses are there to be copied.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, force_terminal=True, color_system="standard", highlight=False)
    cells = [[neutral(cell(row.get(column.key))).replace("\n", " ") for column in columns] for row in rows]
    headings = [column.heading for column in columns]
    widths = _widths([list(texts) for texts in zip(headings, *cells, strict=True)], console.width)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, wanted in zip(columns, widths, strict=True):
        table.add_column(column.heading, justify=column.align, width=wanted)
    for texts in cells:
        table.add_row(*(Text(text, style=_style(text)) for text in texts))
    console.width = max(console.width, sum(widths) + _BETWEEN * len(widths))
    with console.capture() as written:
        console.print(table)
    return written.get()


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column of texts is made: as its longest text, or narrower, where all words then have room."""
    made = [max(width(text) for text in texts) for texts in columns]
    least = [max((width(word) for text in texts for word in text.split()), default=0) for texts in columns]
    room -= _BETWEEN * (len(columns) - 1)
    while sum(least) <= room < sum(made):
        widest = max(range(len(made)), key=lambda i: (made[i] > least[i], made[i]))
        made[widest] -= 1
    return made


class Status:
    """One line at the foot of stderr that is rewritten while something is waited for."""

    def __init__(self) -> None:
        self._shown = False

    def show(self, text: str, fraction: float | None) -> None:
        """Puts the text there, with a bar where it is known how far things are."""
        bar = "" if fraction is None else f"{'#' * round(fraction * 20):<20}  "
        sys.stderr.write(f"\r\x1b[2K      {bar}{neutral(text)}")
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Takes the line away, so that another can be written."""
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            self._shown = False


def _style(text: str) -> str:
    word = text.rpartition(" ")[2]
    if text in _GOOD or word in _GOOD:
        return "green"
    return "red" if text in _BAD or word in _BAD else ""
