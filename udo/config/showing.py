"""The configuration written out again: as it is for each role, and as it stands in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from udo import schema
from udo.config.light_yaml import yaml
from udo.config.roles import Config, Role
from udo.config.structures import scalar
from udo.config.tree import Items, Node, Table, Text
from udo.errors import ConfigError
from udo.schema import Key

if TYPE_CHECKING:
    from udo.config.stacks import StackDefinition

STRUCTURES = ("structure", "structures", "queries")
_MASK = "https://********"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks."""


def shown(config: Config, roles: Iterable[Role], *, stacks: bool = False) -> dict[str, Any]:
    """The roles with all that they inherit, as a configuration of their own; with `stacks` those beside them.

    Secrets are masked, and what only AWS or a missing variable could tell stands as written. Read again, it shows the
    same.
    """
    clusters: dict[str, Any] = {}
    for role in roles:
        clusters.setdefault(role.cluster, {"roles": {}})["roles"][role.name] = _role(role)
    app = config.get("app_name")
    beside = {name: _stack(one) for name, one in config.stacks.items()} if stacks else {}
    first = ({"app_name": app} if app else {}) | ({"stacks": beside} if beside else {})
    return first | {"clusters": clusters}


def as_written(node: Node, key: Key) -> Any:
    """What stands in the file, as plain Python, None for what it unsets; secrets masked."""
    match node:
        case Text(text) if key.secret:
            return _masked(node)
        case Text(text, plain=True) if key.kind in ("whole", "flag", "verbs", "uses"):
            return _number_or_flag(text)
        case Text(text, plain) if key.kind in STRUCTURES:
            return scalar(text, plain=plain)
        case Text(text):
            return text
        case Items(items):
            return [as_written(item, key) for item in items]
        case Table(entries):
            known = schema.inside(key.path)
            return {name: as_written(entry.value, known.get(name, key)) for name, entry in entries.items()}
    return None


def as_yaml(document: Any) -> str:
    """A document as YAML, scripts as blocks, without the last newline."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text.removesuffix("\n")


def in_one_line(value: Any) -> str:
    """A value as YAML in one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6)
    return text.rstrip("\n").removesuffix("\n...").replace("\n", " ")


def _role(role: Role) -> dict[str, Any]:
    rows: dict[str, Any] = {"group_name": role.group_name.replace("${", "$${")}
    for name, key in schema.inside("").items():
        entry = role.entry(name) if "role" in key.levels and not key.same_as and name != "use" else None
        if entry and name not in rows and (value := _plain(entry.value, key, _reader(role))) is not None:
            rows[name] = value
    return rows


def _stack(one: StackDefinition) -> Any:
    key = schema.BY_PATH["stacks"]
    return _mapping({one.key: one.table}, key, _reader(one.base))[one.key]


def _reader(role: Role) -> Callable[[Text, Key], Any]:
    def read(text: Text, key: Key) -> Any:
        if key.secret:
            return _masked(text)
        if key.kind in ("script", "commands"):
            return text.text
        try:
            word = role.filled(text)
            if key.kind in STRUCTURES:
                found = scalar(word, plain=text.plain)
                return found.replace("${", "$${") if isinstance(found, str) else found
            return _typed(word, key) if word or key.kind in ("tags", "parameters") else None
        except (ConfigError, ValueError):
            return text.text

    return read


def _typed(word: str, key: Key) -> Any:
    match key.kind:
        case "whole":
            return int(word)
        case "flag":
            return word.lower() == "true"
        case "verbs" if word.lower() in ("true", "false"):
            return word.lower() == "true"
    return word.replace("${", "$${")


def _number_or_flag(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if re.fullmatch("-?[0-9]{1,18}", text) else text


def _plain(node: Node, key: Key, read: Callable[[Text, Key], Any]) -> Any:
    match node:
        case Text():
            word = read(node, key)
            return [word] if key.one and word is not None else word
        case Items(items):
            found = [value for item in items if (value := _plain(item, _element(key), read)) is not None]
            return list(dict.fromkeys(found)) if key.merge == "append" and key.kind == "list" else found
        case Table(entries):
            return _mapping({name: entry.value for name, entry in entries.items()}, key, read)
    return None


def _mapping(nodes: Mapping[str, Node], key: Key, read: Callable[[Text, Key], Any]) -> dict[str, Any]:
    known = schema.inside(key.path)
    rows = {}
    for name, node in nodes.items():
        inner = _inner(name, key, known)
        if inner and (value := _plain(node, inner, read)) is not None:
            rows[name] = value
    return rows


def _inner(name: str, key: Key, known: Mapping[str, Key]) -> Key | None:
    if key.kind == "named":
        from dataclasses import replace

        # What stands by a name is a mapping of the keys inside.
        return replace(key, kind="map")
    return key if key.kind in ("tags", "parameters", *STRUCTURES) else known.get(name)


def _element(key: Key) -> Key:
    from dataclasses import replace

    return replace(key, one=False) if key.one else key


def _masked(text: Text) -> str | None:
    # A value that is nothing but a reference says where the secret is, not what it is; its default would.
    if not text.text:
        return None
    if text.text.startswith("${") and text.text.find("}") == len(text.text) - 1:
        head, sign, default = text.text.partition(":-")
        return f"{head}{sign}{_MASK}}}" if default.removesuffix("}") else text.text
    return _MASK


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # A block that ends with empty lines, or holds nothing else, is followed by the end of the document.
    style = None if "\n" not in text else "|" if text.strip() and not text.endswith("\n\n") else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _block)
