"""What only a terminal is shown: colours, rich tables, and progress that rewrites its line."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, TextIO

from udo.output.clean import neutral
from udo.output.table import cut, room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.output.table import Part

_BETWEEN = 2
_SIGNS = {"+": 32, "-": 31, "~": 33}
# A key that changes; or, further in, a line of user data that comes or goes.
_CHANGE = re.compile(r"(?:  (?=[~+-] )|      (?=[+-]))([~+-])")
_ENDLESS, _ROOMY = 10_000, 100
_GOOD = frozenset({"InService", "Healthy", "healthy", "Succeeded", "running", "current", "ok", "done"})
_BAD = frozenset({"Unhealthy", "unhealthy", "Failed", "Stopped", "gone", "terminated", "absent", "failed", "?"})


def is_colourful(stream: TextIO, choice: str) -> bool:
    """Whether to use colours there: as chosen, or on a terminal that is not dumb where NO_COLOR is not set."""
    if choice != "auto":
        return choice == "always"
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_rewritable(stream: TextIO) -> bool:
    """Whether lines can be rewritten there, with colours or without: on a terminal that is not dumb."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def red(text: str) -> str:
    """The text in red."""
    return f"\x1b[31m{text}\x1b[0m"


def yellow(text: str) -> str:
    """The text in yellow."""
    return f"\x1b[33m{text}\x1b[0m"


def coloured_table(parts: Sequence[Part]) -> str:
    """A table that is laid out already, with good and bad states in colour."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, force_terminal=True, color_system="standard", highlight=False)
    made = Table(box=None, pad_edge=False, header_style="bold")
    for part in parts:
        made.add_column(part.texts()[0], justify=part.column.align, width=part.width, no_wrap=True)
    for texts in zip(*(part.texts()[1:] for part in parts), strict=True):
        made.add_row(*(Text(text, style=_style(text)) for text in texts))
    # What it is laid out for may be more than there is: all of it, for a pipe.
    console.width = sum(part.width + _BETWEEN for part in parts)
    with console.capture() as written:
        console.print(made)
    return written.get()


def coloured_plan(text: str) -> str:
    """The text of a plan, with what comes in green, what goes in red and what changes in yellow."""
    return "\n".join(_coloured_line(line) for line in text.split("\n"))


def _coloured_line(line: str) -> str:
    found = _CHANGE.match(line)
    return f"\x1b[{_SIGNS[found[1]]}m{line}\x1b[0m" if found else line


class Status:
    """One line at the foot of stderr that is rewritten while something is waited for."""

    def __init__(self) -> None:
        self._shown = False

    def show(self, text: str, fraction: float | None) -> None:
        """Puts the text there, with a bar where it is known how far things are."""
        space = room(sys.stderr) or _ENDLESS
        length = 20 if space >= _ROOMY else 10
        bar = "" if fraction is None else f"{'#' * round(fraction * length):<{length}}  "
        # What is wider than the terminal would go on in a line that nothing takes away.
        line = cut(f"      {bar}{neutral(text)}", space - 1)
        sys.stderr.write(f"\r\x1b[2K{line}")
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
