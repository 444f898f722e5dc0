"""Turns nodes into values of the type their key asks for, and says of each that is not what it should be."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from udo import schema
from udo.config.moments import WRONG
from udo.config.sink import Sink, WrongError, instead, unfit, word_of
from udo.config.structures import parameters_of, queries_of, structure_of, structures_of
from udo.config.suggesting import suggestion
from udo.config.traps import flag_trap, number_trap
from udo.config.tree import Items, Node, Null, Table, Text
from udo.config.wording import brief, kind_of
from udo.duration import seconds
from udo.schema.key import NO_TIME, NONE, Key

_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}

OWN_KEYS = "keys of your own begin with 'x-'"


def value_of(node: Node, key: Key, sink: Sink) -> Any:
    """The value of `node` as plain Python; None where nothing is set, it is not known yet, or it is wrong."""
    if isinstance(node, Null):
        return None
    return _told(_READERS[key.kind], node, key, sink)


def table_of(node: Table, path: str, sink: Sink) -> dict[str, Any]:
    """The values set in a mapping whose keys are those inside `path`; `x-` keys are left alone."""
    known = schema.inside(path)
    found = {}
    for name, entry in node.entries.items():
        if key := known.get(name):
            if (value := value_of(entry.value, key, sink)) is not None:
                found[name] = value
        elif not name.startswith("x-"):
            sink.report(entry.mark, unknown_key(name, path, known))
    return found


def unknown_key(name: str, path: str, known: Mapping[str, Key]) -> str:
    """The words for a key nobody knows at `path`: the nearest one, or where it stands, or what may stand here."""
    place = f" in {path}" if path else ""
    parents = [key.parent for key in schema.KEYS if key.name == name and key.parent and "[]" not in key.path]
    hint = suggestion(name, known)
    if not hint and path:
        hint = f"its keys are {', '.join(known)}"
    elif not hint and parents:
        hint = f"it belongs in {' and '.join(parents)}"
    return f"unknown key '{brief(name)}'{place}: {hint or OWN_KEYS}"


def _told(reader: Callable[[Node, Key, Sink], Any], node: Node, key: Key, sink: Sink) -> Any:
    try:
        return reader(node, key, sink)
    except WrongError as wrong:
        sink.report(wrong.mark, wrong.message)
        return None


def _text(node: Node, key: Key, sink: Sink) -> str | None:
    if not (word := word_of(node, key, sink)):
        return None
    if key.choices and word not in key.choices:
        near = suggestion(word, key.choices)
        message = f"{key.path} is one of {', '.join(key.choices)}, not {kind_of(node)}"
        raise WrongError(node.mark, f"{message}: {near}" if near else message)
    if key.pattern and not re.fullmatch(key.pattern, word, re.ASCII):
        raise WrongError(node.mark, f"{key.path} wants {key.shape}{instead(node, key)}")
    if key.kind in WRONG and (told := WRONG[key.kind](word)):
        raise WrongError(node.mark, f"{key.path} {told}")
    return word


def _moment(node: Node, key: Key, sink: Sink) -> str | None:
    if word_of(node, key, sink) == "":
        raise unfit(node, key)
    return _text(node, key, sink)


def _element(node: Node, key: Key, sink: Sink) -> str | None:
    # A list that loses one by a variable that is empty would mean something else; `:-` says that it may.
    if word_of(node, key, sink) == "" and isinstance(node, Text) and not node.text.endswith(":-}"):
        raise WrongError(node.mark, f"an element of {key.path} is empty: leave it out, or write what it is")
    return _text(node, key, sink)


def _script(node: Node, key: Key, sink: Sink) -> str | None:
    if not isinstance(node, Text):
        raise unfit(node, key)
    return node.text or None


def _whole(node: Node, key: Key, sink: Sink) -> int | None:
    if (word := word_of(node, key, sink)) is None or not isinstance(node, Text):
        return None
    if not _WHOLE.fullmatch(word):
        raise unfit(node, key, number_trap(word))
    if not node.plain and word == node.text:
        raise unfit(node, key, f"write {word} without the quotes")
    number = int(word)
    if not key.least <= number <= key.most:
        raise WrongError(node.mark, f"{key.path} is a whole number from {key.least} to {key.most}, not {kind_of(node)}")
    return number


def _flag(node: Node, key: Key, sink: Sink) -> bool | None:
    if (word := word_of(node, key, sink)) is None or not isinstance(node, Text):
        return None
    if word not in _FLAGS:
        raise unfit(node, key, flag_trap(word))
    if not node.plain and word == node.text:
        raise unfit(node, key, f"write {word} without the quotes")
    return _FLAGS[word]


def _verbs(node: Node, key: Key, sink: Sink) -> bool | list[str] | None:
    if not isinstance(node, Items):
        return _flag(node, key, sink)
    if flags := [item.text for item in node.items if isinstance(item, Text) and item.text in _FLAGS]:
        raise unfit(node, key, f"write {flags[0]} without the brackets")
    return _list(node, key, sink)


def _duration(node: Node, key: Key, sink: Sink) -> float | None:
    if (word := word_of(node, key, sink)) is None:
        return None
    if key.none and word == NONE:
        return NO_TIME
    if (found := seconds(word)) is None:
        raise unfit(node, key, number_trap(word))
    if not found and not key.zero:
        raise unfit(node, key, "leave it out where there is no limit")
    return found


def _list(node: Node, key: Key, sink: Sink) -> list[str] | None:
    items = listed(node, key)
    if items is None:
        raise unfit(node, key, _how(node, key))
    words = []
    for item in items.items:
        if not isinstance(item, Text):
            sink.report(item.mark, f"an element of {key.path} is text, not {kind_of(item)}")
        elif (word := _told(_text if isinstance(node, Text) else _element, item, key, sink)) is not None:
            if key.once and word in words:
                sink.report(item.mark, f"{word} is in {key.path} twice")
            words.append(word)
    return list(dict.fromkeys(words)) if key.merge == "append" else words


def _how(node: Node, key: Key) -> str:
    match node:
        case Text(text) if text.startswith("-"):
            return "a space is missing after '-'"
        case Text(text):
            return f"write [{brief(text)}]"
    return "what replaces the inherited list is written {replace: [a, b]}" if key.merge == "append" else ""


def listed(node: Node, key: Key) -> Items | None:
    """The list that a node stands for, `{replace: [..]}` included; None where it is none."""
    match node:
        case Items():
            return node
        case Text() if key.one:
            return Items((node,), node.mark)
        case Table(entries) if key.merge == "append" and list(entries) == ["replace"]:
            inner = entries["replace"].value
            return Items(inner.items, inner.mark, replaces=True) if isinstance(inner, Items) else None
    return None


def _map(node: Node, key: Key, sink: Sink) -> dict[str, Any] | None:
    if not isinstance(node, Table):
        names = list(schema.inside(key.path))
        raise unfit(node, key, f"its keys are {', '.join(names)}" if len(names) > 1 else f"write {{{names[0]}: ..}}")
    return table_of(node, key.path, sink)


def _tags(node: Node, key: Key, sink: Sink) -> dict[str, str] | None:
    if not isinstance(node, Table):
        raise unfit(node, key)
    found = {}
    for name, entry in node.entries.items():
        if name.lower().startswith("aws:") or len(name) > 128:
            sink.report(entry.mark, f"'{brief(name)}' cannot be a tag: at most 128 characters, and 'aws:' is AWS's own")
        elif not isinstance(entry.value, Text | Null):
            sink.report(entry.value.mark, f"the tag '{name}' wants text, not {kind_of(entry.value)}")
        elif isinstance(entry.value, Text) and (word := word_of(entry.value, key, sink)) is not None:
            found[name] = word
    return found


def _maps(node: Node, key: Key, sink: Sink) -> list[dict[str, Any]] | None:
    items = listed(node, key)
    if items is None:
        raise unfit(node, key)
    found = []
    for item in items.items:
        if not isinstance(item, Table):
            sink.report(item.mark, f"an element of {key.path} is a mapping{instead(item, key)}")
            continue
        found.append(table_of(item, key.path, sink))
        for name, child in schema.inside(key.path).items():
            if child.needed and (name not in item.entries or isinstance(item.entries[name].value, Null)):
                sink.report(item.mark, f"an element of {key.path} has no '{name}'")
    return found


def _commands(node: Node, key: Key, sink: Sink) -> list[list[str]] | None:
    if isinstance(node, Table):
        raise unfit(node, key)
    commands = (node,) if isinstance(node, Text) else node.items if isinstance(node, Items) else ()
    return [words for command in commands if (words := _command(command, key, sink))]


def _command(node: Node, key: Key, sink: Sink) -> list[str]:
    match node:
        case Text(text):
            try:
                words = shlex.split(text)
            except ValueError:
                words = []
        case Items(items) if all(isinstance(item, Text) for item in items):
            words = [item.text for item in items if isinstance(item, Text)]
        case _:
            words = []
    if not words:
        sink.report(node.mark, f"a command of {key.path} is a line as a shell would read it, or a list of words")
    return words


def _image(node: Node, key: Key, sink: Sink) -> str | dict[str, Any] | None:
    if not isinstance(node, Table):
        return _text(node, key, sink)
    found = table_of(node, key.path, sink)
    for name, child in schema.inside(key.path).items():
        if child.default is not None:
            found.setdefault(name, child.default)
        elif name not in node.entries:
            sink.report(node.mark, f"ami wants {{owner, name, pick}}: '{name}' is missing")
    return found


def _named(node: Node, key: Key, sink: Sink) -> dict[str, dict[str, Any]] | None:
    """Mappings by name, each of the keys inside."""
    if not isinstance(node, Table):
        raise unfit(node, key)
    found = {}
    for name, entry in node.entries.items():
        if not _NAME.fullmatch(name):
            sink.report(entry.mark, f"'{brief(name)}' cannot be a name in {key.path}: letters, digits, '_' and '-'")
        elif isinstance(entry.value, Table):
            found[name] = table_of(entry.value, key.path, sink)
        elif not isinstance(entry.value, Null):
            hint = f"its keys are {', '.join(schema.inside(key.path))}"
            sink.report(entry.value.mark, f"{key.path}.{name} is a mapping, not {kind_of(entry.value)}: {hint}")
    return found


def _structural(node: Node, key: Key, sink: Sink) -> None:
    """Clusters, roles and profiles are built by the structure of the file, not read as values."""


_READERS: Mapping[str, Callable[[Node, Key, Sink], Any]] = {
    "text": _text,
    "script": _script,
    "whole": _whole,
    "flag": _flag,
    "verbs": _verbs,
    "duration": _duration,
    "list": _list,
    "map": _map,
    "tags": _tags,
    "maps": _maps,
    "commands": _commands,
    "window": _moment,
    "zone": _moment,
    "image": _image,
    "structure": structure_of,
    "structures": structures_of,
    "named": _named,
    "parameters": parameters_of,
    "queries": queries_of,
    "periods": _moment,
    "sections": _structural,
    "uses": _structural,
    "params": _structural,
}
