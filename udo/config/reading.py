"""Builds the tree of a configuration file from YAML events, within bounds, with a place for every node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from udo.config.grammar import breach
from udo.config.light_yaml import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    yaml,
)
from udo.config.tree import Entry, Items, Mark, Node, Null, Table, Text
from udo.errors import ConfigError, Problem

MOST_LEVELS = 64
MOST_NODES = 100_000
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def tree_of(text: str, label: str, told: list[Problem] | None = None, *, tags: bool = False) -> Table:
    """The mapping that the document `text` holds; an empty document is an empty one.

    Mistakes that leave a mapping, as duplicate keys do, go to `told` where it is given. With `tags` what is tagged
    stands there as if it were not: a template's `!Ref Name` is the text `Name`.

    Raises: ConfigError, for the first breach of YAML's grammar or of the bounds, else with every duplicate key.
    """
    builder = _Builder(text, label, tags=tags)
    try:
        node = builder.document()
    except yaml.YAMLError as error:
        raise ConfigError(breach(error, text, label)) from error
    if builder.problems and told is None:
        raise ConfigError(*builder.problems)
    if told is not None:
        told += builder.problems
    match node:
        case Table():
            return node
        case Null(mark):
            return Table({}, mark)
    raise ConfigError(_problem(node.mark, "the file must be a mapping of keys to values"))


class _Builder:
    """One pass over the events of one document; the paths of plain scalars are short, for they are nearly all of it."""

    def __init__(self, text: str, label: str, *, tags: bool = False) -> None:
        self.label = label
        self.tags = tags
        self.problems: list[Problem] = []
        self.nodes = 0
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.next: Callable[[], Any] = _LOADER(text).get_event

    def document(self) -> Node:
        self.next()
        begin = self.next()
        if type(begin) is StreamEndEvent:
            return Null(Mark(self.label, 1, 1))
        node = self.node(self.next(), 1)
        self.next()
        after = self.next()
        if type(after) is DocumentStartEvent:
            raise self.stop(after, "a second document: a configuration is one document, remove the '---'")
        return node

    def node(self, event: Any, depth: int) -> Node:
        kind = type(event)
        if kind is AliasEvent:
            return self.alias(event)
        if depth > MOST_LEVELS:
            raise self.stop(event, f"nested deeper than {MOST_LEVELS} levels")
        if event.anchor is not None:
            return self.anchored(event, depth)
        if kind is ScalarEvent:
            return self.scalar(event)
        return self.items(event, depth) if kind is SequenceStartEvent else self.table(event, depth)

    def anchored(self, event: Any, depth: int) -> Node:
        name, event.anchor = event.anchor, None
        self.anchors.pop(name, None)
        before = self.nodes
        node = self.node(event, depth)
        self.anchors[name] = node, self.nodes - before
        return node

    def scalar(self, event: Any) -> Text | Null:
        mark = self.counted(event)
        plain = not event.style
        if plain and event.value in _NULLS:
            return Null(mark)
        if "\0" in event.value:
            # No program, no file and nothing of AWS's can be given one.
            self.problems.append(_problem(mark, "a value cannot hold a NUL character"))
        return Text(event.value, plain, mark)

    def items(self, begin: Any, depth: int) -> Items:
        mark = self.counted(begin)
        found = []
        while type(event := self.next()) is not SequenceEndEvent:
            found.append(self.node(event, depth + 1))
        return Items(tuple(found), mark)

    def table(self, begin: Any, depth: int) -> Table:
        here = self.counted(begin)
        entries: dict[str, Entry] = {}
        merged: list[Node] = []
        while type(event := self.next()) is not MappingEndEvent:
            mark, name, plain = self.key(event)
            value = self.node(self.next(), depth + 1)
            if name == "<<" and plain:
                merged.append(value)
            elif name in entries:
                first = entries[name].mark
                self.problems.append(_problem(mark, f"'{_short(name)}' appears twice (first at {first})"))
            else:
                entries[name] = Entry(mark, value)
        for node in merged:
            self.merge(entries, node)
        return Table(entries, here)

    def key(self, event: Any) -> tuple[Mark, str, bool]:
        if type(event) is ScalarEvent and event.value and event.anchor is None:
            # A key is never null: `null:` and `~:` are names like any other.
            return self.counted(event), event.value, not event.style
        node = self.node(event, 1) if type(event) in (ScalarEvent, AliasEvent) else None
        if not isinstance(node, Text) or not node.text:
            raise self.stop(event, "a key must be text")
        return self.mark(event), node.text, False

    def merge(self, entries: dict[str, Entry], node: Node) -> None:
        """Adds what `<<` names and is not there yet; the first of a list wins. Source: yaml.org/type/merge.html."""
        for part in node.items if isinstance(node, Items) else (node,):
            if not isinstance(part, Table):
                self.problems.append(_problem(part.mark, "'<<' wants a mapping or a list of mappings"))
                continue
            for name, entry in part.entries.items():
                entries.setdefault(name, entry)

    def alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            raise self.stop(event, f"the alias '*{_short(event.anchor)}' stands for nothing that is complete before it")
        node, size = self.anchors[event.anchor]
        # An alias counts as much as what it stands for, so that a few lines cannot unfold into millions of nodes.
        self.count(event, size)
        return node

    def counted(self, event: Any) -> Mark:
        self.nodes += 1
        at = event.start_mark
        if self.nodes > MOST_NODES or (event.tag is not None and not self.tags):
            self.count(event, 0)
            raise self.stop(event, f"the tag '{_short(event.tag)}': tags are not allowed, write the value alone")
        return Mark(self.label, at.line + 1, at.column + 1)

    def count(self, event: Any, more: int) -> None:
        self.nodes += more
        if self.nodes > MOST_NODES:
            raise self.stop(event, f"more than {MOST_NODES:,} values (aliases counted as what they stand for)")

    def mark(self, event: Any) -> Mark:
        return Mark(self.label, event.start_mark.line + 1, event.start_mark.column + 1)

    def stop(self, event: Any, message: str) -> ConfigError:
        return ConfigError(*self.problems, _problem(self.mark(event), message))


def _problem(mark: Mark, message: str) -> Problem:
    return Problem(*mark, message)


def _short(text: str) -> str:
    line = text.replace("\n", "\\n")
    return line if len(line) <= 40 else line[:37] + "..."
