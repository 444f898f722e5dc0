"""Lays out facts, each beside what it is about, in the width of the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.output.clean import in_line, width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BETWEEN = "  "
# On what is narrower the terminal breaks the lines.
_LEAST = 20


def fact_lines(facts: Sequence[tuple[str, str]], space: int | None) -> Iterator[str]:
    """The facts, one a line where there is no `space` to keep to; only a word that has no room is broken."""
    indent = max(width(about) for about, _ in facts)
    room = (space or 0) - indent - len(_BETWEEN)
    for about, text in facts:
        said = in_line(text)
        for number, line in enumerate(_broken(said, room) if room >= _LEAST else [said]):
            yield f"{about.ljust(indent) if number == 0 else ' ' * indent}{_BETWEEN}{line}".rstrip()


def _broken(text: str, room: int) -> list[str]:
    lines = [""]
    for word in (part for longer in text.split(" ") for part in _parts(longer, room)):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if width(longer) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _parts(word: str, room: int) -> list[str]:
    return [word] if width(word) <= room else [word[start : start + room] for start in range(0, len(word), room)]
