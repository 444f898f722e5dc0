"""Reads mappings whose names and values are AWS's own: members of its structures, and parameters of templates."""

from __future__ import annotations

import re
from typing import Any

from udo.config.sink import Sink, unfit, word_of
from udo.config.suggesting import suggestion
from udo.config.tree import Items, Node, Null, Table, Text
from udo.config.wording import WANTED, brief, kind_of
from udo.schema.key import Key

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_PARAMETER = re.compile(r"[A-Za-z0-9]{1,255}")
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Source: botocore autoscaling, PolicyName, ScheduledActionName and LifecycleHookName.
_LONGEST_NAME = 255


def structure_of(node: Node, key: Key, sink: Sink) -> dict[str, Any] | None:
    """The members of one structure. Raises: WrongError."""
    if not isinstance(node, Table):
        raise unfit(node, key, f"its members are {', '.join(key.members)}")
    return _members(node, key.path, key, sink)


def structures_of(node: Node, key: Key, sink: Sink) -> dict[str, Any] | None:
    """Structures by name. Raises: WrongError."""
    if not isinstance(node, Table):
        raise unfit(node, key)
    found = {}
    for name, entry in node.entries.items():
        path = f"{key.path}.{brief(name)}"
        if not 0 < len(name) <= _LONGEST_NAME:
            sink.report(entry.mark, f"a name in {key.path} has 1 to {_LONGEST_NAME} characters")
        elif isinstance(entry.value, Table):
            found[name] = _members(entry.value, path, key, sink)
        elif not isinstance(entry.value, Null):
            message = f"{path} wants {WANTED['structure']}, not {kind_of(entry.value)}"
            sink.report(entry.value.mark, f"{message}: they are {', '.join(key.members)}")
    return found


def _members(node: Table, path: str, key: Key, sink: Sink) -> dict[str, Any]:
    """The members of one structure; what is in them AWS's own model is asked about."""
    for name, entry in node.entries.items():
        if name not in key.members:
            hint = suggestion(name, key.members) or f"its members are {', '.join(key.members)}"
            sink.report(entry.mark, f"unknown member '{brief(name)}' in {path}: {hint}")
    known = {name: entry.value for name, entry in node.entries.items() if name in key.members}
    return {name: _plain(value, key, sink) for name, value in known.items() if not isinstance(value, Null)}


def parameters_of(node: Node, key: Key, sink: Sink) -> dict[str, str] | None:
    """Texts by name; empty ones count, and a list is one text with commas. Raises: WrongError."""
    if not isinstance(node, Table):
        raise unfit(node, key)
    found = {}
    for name, entry in node.entries.items():
        if not _PARAMETER.fullmatch(name):
            sink.report(entry.mark, f"'{brief(name)}' cannot be a name in {key.path}: letters and digits")
        elif (words := _joined(name, entry.value, key, sink)) is not None:
            found[name] = words
    return found


def _joined(name: str, node: Node, key: Key, sink: Sink) -> str | None:
    if isinstance(node, Null):
        return None
    items = node.items if isinstance(node, Items) else (node,)
    if others := [item for item in items if not isinstance(item, Text)]:
        sink.report(others[0].mark, f"{key.path}.{name} is text or a list of texts, not {kind_of(others[0])}")
        return None
    words = [word_of(item, key, sink) for item in items]
    return None if None in words else ",".join(word for word in words if word is not None)


def queries_of(node: Node, key: Key, sink: Sink) -> list[dict[str, Any]] | None:
    """Structures in their order. Raises: WrongError."""
    if not isinstance(node, Items):
        raise unfit(node, key)
    found = []
    for item in node.items:
        if isinstance(item, Table):
            found.append(_members(item, key.path, key, sink))
        else:
            sink.report(item.mark, f"an element of {key.path} is a mapping, not {kind_of(item)}")
    return found


def _plain(node: Node, key: Key, sink: Sink) -> Any:
    match node:
        case Text():
            word = word_of(node, key, sink)
            return None if word is None else scalar(word, plain=node.plain)
        case Items(items):
            return [_plain(item, key, sink) for item in items if not isinstance(item, Null)]
        case Table(entries):
            inner = {name: entry.value for name, entry in entries.items()}
            return {name: _plain(value, key, sink) for name, value in inner.items() if not isinstance(value, Null)}
    return None


def scalar(word: str, *, plain: bool) -> str | int | float | bool:
    """A word as YAML has it in a structure of AWS's: without quotes a number or a flag where it looks like one."""
    if not plain:
        return word
    if _WHOLE.fullmatch(word):
        return int(word)
    return float(word) if _DECIMAL.fullmatch(word) else _FLAGS.get(word, word)
