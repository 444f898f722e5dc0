"""The first YAML document of an appspec as Ruby reads it, with the place of every value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)
from yaml.scanner import ScannerError

from udo.bundle.scalars import Unloadable, leading_integer, value_of
from udo.frozen import frozen

# Nothing that anybody deploys is near these; the agent itself has none.
MOST_BYTES = 1024 * 1024
MOST_LEVELS = 64
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_CORE = "tag:yaml.org,2002:"


class Unreadable(Exception):
    """The document cannot be read; `line` and `column` count from 1, 0 where no place is known."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


@frozen
class Node:
    """One value and where it stands; `plain` is whether it stands without quotes, `word` how it is written."""

    value: Any
    line: int = 0
    column: int = 0
    word: str = ""
    plain: bool = False
    items: tuple[Node, ...] = ()
    pairs: tuple[tuple[Node, Node], ...] = ()

    def below(self, key: str) -> Node | None:
        """The value of a key, the last where it stands twice."""
        return next((value for name, value in reversed(self.pairs) if name.value == key), None)

    def key(self, key: str) -> Node | None:
        """The key itself, for its place."""
        return next((name for name, _ in reversed(self.pairs) if name.value == key), None)


def read(data: bytes) -> Node:
    """The first document; a Node of None for an empty one.

    Raises: Unreadable, with libyaml's words or Ruby's.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(f"the file is larger than {MOST_BYTES // 1024} KiB")
    if data.startswith(_MARK.encode()):
        # Told that it is UTF-8, libyaml takes the mark for a column: what begins a later line stands further left.
        data = b" " + data.removeprefix(_MARK.encode())
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data:
        raise Unreadable("(<unknown>): control characters are not allowed at line 1 column 1", 1, 1)
    try:
        return _Builder(data).document()
    except yaml.MarkedYAMLError as error:
        raise _of_grammar(error) from error
    except yaml.YAMLError as error:
        raise Unreadable(f"(<unknown>): {getattr(error, 'reason', error)} at line 1 column 1", 1, 1) from error
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(f"(<unknown>): invalid leading UTF-8 octet at line {line} column 1", line, 1) from error


def _of_grammar(error: Any) -> Unreadable:
    line, column = _counted(error.problem_mark or error.context_mark)
    # Ruby names the place where what is broken begins, which may be further up.
    begins = _counted(error.context_mark or (error.problem_mark if isinstance(error, ScannerError) else None))
    told = " ".join(part for part in (error.problem, error.context) if part)
    return Unreadable(f"(<unknown>): {told} at line {begins[0]} column {begins[1]}", line, column)


def _counted(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _events(data: bytes) -> Iterator[Any]:
    """The events of the first document; grammar comes before everything else, what follows its end does not count.

    Raises: Unreadable at what is nested too deep, before libyaml has read all of it: its time grows with the square.
    """
    data.decode("utf-8")
    level = 0
    for event in yaml.parse(data, Loader=_LOADER):
        level += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if level > MOST_LEVELS:
            told = f"nested deeper than {MOST_LEVELS} levels"
            raise Unreadable(told, *_counted(event.start_mark))
        yield event
        if isinstance(event, DocumentEndEvent):
            return


class _Builder:
    """One pass over the events."""

    def __init__(self, data: bytes) -> None:
        self.events = iter(list(_events(data)))

    def document(self) -> Node:
        next(self.events)
        if isinstance(next(self.events), StreamEndEvent):
            return Node(None)
        return self.node(next(self.events), 1)

    def node(self, event: Any, level: int) -> Node:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if level > MOST_LEVELS:
            raise Unreadable(f"nested deeper than {MOST_LEVELS} levels", line, column)
        if isinstance(event, AliasEvent):
            raise Unreadable(f"Unknown alias: {event.anchor}", line, column)
        if isinstance(event, ScalarEvent):
            return self.scalar(event, line, column)
        if event.tag and not event.tag.startswith(_CORE):
            _refuse_class(event.tag, line, column)
        if isinstance(event, MappingStartEvent):
            return self.mapping(level, line, column)
        items = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            items.append(self.node(event, level + 1))
        return Node([one.value for one in items], line, column, items=tuple(items))

    def mapping(self, level: int, line: int, column: int) -> Node:
        pairs: list[tuple[Node, Node]] = []
        value: dict[Any, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            name = self.node(event, level + 1)
            one = self.node(next(self.events), level + 1)
            if name.value == "<<" and isinstance(one.value, dict):
                # Merged in place: what stands later wins, on either side.
                pairs += one.pairs
                value |= one.value
                continue
            pairs.append((name, one))
            value[_hashable(name.value)] = one.value
        return Node(value, line, column, pairs=tuple(pairs))

    def scalar(self, event: Any, line: int, column: int) -> Node:
        plain = not event.style
        try:
            value = _tagged(event) if event.tag else value_of(event.value) if plain else event.value
        except Unloadable as error:
            raise Unreadable(str(error), line, column) from error
        return Node(value, line, column, event.value, plain)


def _hashable(value: Any) -> Any:
    return str(value) if isinstance(value, list | dict) else value


def _tagged(event: Any) -> Any:
    kind = str(event.tag).removeprefix(_CORE)
    if kind in ("str", "!str", "!"):
        return event.value
    if kind == "float":
        found = value_of(event.value)
        return float(found) if isinstance(found, int | float) else float(leading_integer(event.value))
    if "ruby/" in kind:
        _refuse_class(kind, event.start_mark.line + 1, event.start_mark.column + 1)
    # Whatever tag it is, quotes no longer count.
    return value_of(event.value)


def _refuse_class(tag: str, line: int, column: int) -> None:
    if "ruby/" in tag:
        name = tag.rpartition(":")[2]
        raise Unreadable(f"Tried to load unspecified class: {name}", line, column)
