"""The nodes of a configuration file: what was written, and where."""

from __future__ import annotations

from typing import NamedTuple


class Mark(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Text(NamedTuple):
    """A scalar as it was written; `plain` without quotes."""

    text: str
    plain: bool
    mark: Mark


class Null(NamedTuple):
    """Nothing, written as an empty place, `~` or `null`: it unsets what is inherited."""

    mark: Mark


class Items(NamedTuple):
    """A list; `replaces` what is inherited instead of adding to it."""

    items: tuple[Node, ...]
    mark: Mark
    replaces: bool = False


class Entry(NamedTuple):
    """A value and the place of its key."""

    mark: Mark
    value: Node


class Table(NamedTuple):
    """A mapping in the order of the file; `replaces` what is inherited instead of being merged with it.

    A profile's is `used` at these places, the innermost `use` first.
    """

    entries: dict[str, Entry]
    mark: Mark
    replaces: bool = False
    used: tuple[Mark, ...] = ()


Node = Text | Null | Items | Table


def size(node: Node) -> int:
    """How many nodes there are in it, itself among them."""
    match node:
        case Items(items):
            return 1 + sum(map(size, items))
        case Table(entries):
            return 1 + sum(size(entry.value) for entry in entries.values())
    return 1
