"""Lays tables out: all of them for a pipe, and for a terminal what fits it, so that no row is ever broken."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from udo.output.clean import neutral, width
from udo.result import LOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.result import Column

_BETWEEN = 2
_USUAL = 80
_SILENT = frozenset({"", "-"})


@dataclass
class Part:
    """A column with the texts that are shown of it; what is wider than `most` is cut."""

    column: Column
    heading: str
    cells: list[str]
    most: int = 0

    @property
    def width(self) -> int:
        """How many cells of the terminal it takes."""
        return self.most or self._natural()

    @property
    def least(self) -> int:
        """How narrow it may be made."""
        return min(self.width, max(self.column.least, width(self.heading))) if self.column.least else self.width

    def fold(self) -> None:
        """Says the same in fewer letters, where the column knows how."""
        self.heading = self.column.brief or self.heading
        if self.column.fold:
            self.cells = [self.column.fold(text) for text in self.cells]

    def texts(self) -> list[str]:
        """The heading and the cells, cut where they have to be."""
        texts = [self.heading, *self.cells]
        return [cut(text, self.most) for text in texts] if self.most else texts

    def _natural(self) -> int:
        return max(map(width, (self.heading, *self.cells)))


def room(stream: TextIO) -> int | None:
    """How many cells wide the terminal is; None where the stream is none."""
    if not stream.isatty():
        return None
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and int(named):
        return int(named)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except OSError:
        return _USUAL


def table(
    columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], space: int | None
) -> tuple[list[Part], list[str]]:
    """The columns to show, and the headings of those that say something and had to be left out.

    Without `space` it is all of it, as a pipe gets it.
    """
    parts = [Part(one, one.heading, [_shown(row, one.key) for row in rows]) for one in columns]
    if space is None:
        return parts, []
    kept = _narrowed(parts, space)
    gone = [part.column.heading for part in parts if part not in kept and not _is_idle(part)]
    _say_once(kept)
    return kept, gone


def cell(value: Any) -> str:
    """A value as it stands in a table: nothing is '-', what does not apply is blank, what is unknown '?'."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "-"
    return str(value)


def lines(parts: Sequence[Part]) -> Iterator[str]:
    """The heading and the rows, aligned, columns two spaces apart."""
    widths = [part.width for part in parts]
    for texts in zip(*(part.texts() for part in parts), strict=True):
        padded = (_padded(text, part.column, room) for text, part, room in zip(texts, parts, widths, strict=True))
        yield (" " * _BETWEEN).join(padded).rstrip()


def cut(text: str, most: int) -> str:
    """The text, or as much of it as has room in so many cells, with a sign that there is more."""
    if width(text) <= most:
        return text
    while text and width(text) >= most:
        text = text[:-1]
    return f"{text}\N{HORIZONTAL ELLIPSIS}"


def _narrowed(parts: Sequence[Part], space: int) -> list[Part]:
    """The columns that stay: those of low rank go, then the longest are folded, then others go, then prose is cut."""
    kept = list(parts)
    for part in sorted(parts, key=_is_idle_then_rank):
        if _total(kept) > space and (_is_idle(part) or part.column.rank >= LOW) and len(kept) > 1:
            kept.remove(part)
    for part in sorted(kept, key=lambda part: -part.width):
        if _total(kept) > space:
            part.fold()
    for part in sorted(kept, key=lambda part: -part.column.rank):
        if _total(kept, at_least=True) > space and part.column.rank:
            kept.remove(part)
    while _total(kept) > space and (widest := _widest(kept)):
        widest.most = widest.width - 1
    return kept


def _is_idle_then_rank(part: Part) -> tuple[bool, int]:
    return not _is_idle(part), -part.column.rank


def _is_idle(part: Part) -> bool:
    """Whether a column tells nothing: none in every row, or the one cluster or role that all rows are of."""
    if part.column.once:
        return len(part.cells) > 1 and len(set(part.cells)) == 1
    return part.column.rank > 0 and _SILENT.issuperset(part.cells)


def _total(parts: Sequence[Part], *, at_least: bool = False) -> int:
    return sum(part.least if at_least else part.width for part in parts) + _BETWEEN * (len(parts) - 1)


def _widest(parts: Sequence[Part]) -> Part | None:
    """The column to take one cell from: prose as long as there is room for less of it, then whatever is widest."""
    prose = [part for part in parts if part.least < part.width]
    widest = max(prose or parts, key=lambda part: part.width)
    return widest if widest.width > 1 else None


def _say_once(parts: Sequence[Part]) -> None:
    """Blanks what a cell would repeat of the one above it, as far as all before it is repeated too."""
    before = [list(part.cells) for part in parts if part.column.once]
    owners = [part for part in parts if part.column.once]
    for number in range(1, len(owners[0].cells) if owners else 0):
        for part, texts in zip(owners, before, strict=True):
            if texts[number] != texts[number - 1]:
                break
            part.cells[number] = ""


def _shown(row: Mapping[str, Any], key: str) -> str:
    return neutral(cell(row.get(key, ""))).replace("\n", " ")


def _padded(text: str, column: Column, wanted: int) -> str:
    space = " " * (wanted - width(text))
    return space + text if column.align == "right" else text + space
