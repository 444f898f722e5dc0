"""User data for reading: decoded, unzipped, its MIME parts apart, and what differs as lines without secrets."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from udo.change.masking import MASK, masked
from udo.change.user_data import Part, parts
from udo.frozen import frozen

if TYPE_CHECKING:
    pass

_MOST_LINES = 400
_CONTEXT = 2


@frozen
class Changed:
    """What differs between two user data: lines to read, and how many of the text were added and removed."""

    lines: tuple[str, ...]
    added: int
    removed: int


def changed(old: str | None, new: str | None) -> Changed:
    """What differs between two user data (base64), as a line diff part by part; equality is that of the bytes.

    A line begins with `-`, `+`, a space, or `~` where it differs only in what is masked.
    """
    before, after = (parts(value) if value else () for value in (old, new))
    # Where one side has parts, the other is told apart from them.
    whole = "the whole" if any(part.name for part in (*before, *after)) else ""
    found = [_part_changed(name or whole, one, other) for name, one, other in _pairs(before, after)]
    lines = [line for part in found for line in part.lines]
    orders = [[part.name for part in side] for side in (before, after)]
    if orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1]):
        lines.append(f"the order of the parts: {', '.join(orders[0])} -> {', '.join(orders[1])}")
    if not lines and old != new:
        lines.append("the same content, packed differently")
    if len(lines) > _MOST_LINES:
        lines[_MOST_LINES:] = [f"... {len(lines) - _MOST_LINES} more lines"]
    return Changed(tuple(lines), sum(part.added for part in found), sum(part.removed for part in found))


def _pairs(before: Sequence[Part], after: Sequence[Part]) -> Iterator[tuple[str, Part | None, Part | None]]:
    one, other = ({part.name: part for part in side} for side in (before, after))
    for name in dict.fromkeys([*one, *other]):
        yield name, one.get(name), other.get(name)


def _part_changed(name: str, old: Part | None, new: Part | None) -> Changed:
    if old and new and old.content == new.content:
        return Changed((), 0, 0)
    title = [f"{name}:"] if name else []
    before, after = (([] if part is None else part.lines) for part in (old, new))
    if before is None or after is None:
        return Changed((*title, f"{_told(old)} -> {_told(new)}"), 0, 0)
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    shown = [masked(before), masked(after)]
    lines: list[str] = []
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        lines.append(f"@@ line {group[0][3] + 1} @@")
        lines += [line for code in group for line in _told_apart(code, shown[0], shown[1])]
    return Changed((*title, *lines), sum(c[4] - c[3] for c in codes), sum(c[2] - c[1] for c in codes))


def _told_apart(code: tuple[str, int, int, int, int], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    kind, start, end, new_start, new_end = code
    gone, come = list(old[start:end]), list(new[new_start:new_end])
    if kind == "equal":
        yield from (f" {line}" for line in come)
        return
    # Lines that are alike once masked differ in their secrets.
    alike = {line for line in come if line in gone and MASK in line}
    yield from _once(f"-{line}" for line in gone if line not in alike)
    yield from (f"~{line} -> {MASK} (changed)" for line in dict.fromkeys(come) if line in alike)
    yield from _once(f"+{line}" for line in come if line not in alike)


def _once(lines: Iterable[str]) -> Iterator[str]:
    """The lines, a run of masked ones (the inside of a key) told once."""
    last = ""
    for line in lines:
        if line != last or line[1:].strip() != MASK:
            yield line
        last = line


def _told(part: Part | None) -> str:
    if part is None:
        return "none"
    kind = "binary" if part.lines is None else "text"
    return f"{kind}, {len(part.content):,} bytes ({hashlib.sha256(part.content).hexdigest()[:8]})"
