"""The schema as JSON Schema 2020-12, for editors that complete and check udo.yml while it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from udo import schema
from udo.duration import PATTERN
from udo.schema import Key, Level
from udo.schema.key import NONE
from udo.window import PATTERN as WINDOW

_REFERENCE: dict[str, Any] = {"type": "string", "pattern": r"(^|[^$])\$\{"}
_NOTHING: dict[str, Any] = {"type": "null"}
_SCALAR = ["string", "number", "boolean"]
_NAMES = {"pattern": "^[A-Za-z0-9][A-Za-z0-9_-]*$"}
_DURATION = rf"^(?![0.]+[smhd]?$){PATTERN}$"
_MOST_SECONDS = 10**9


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a configuration file."""
    levels: tuple[Level, ...] = ("cluster", "role", "profile")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of Udo",
        **_level("root"),
        "required": ["clusters"],
        "$defs": {level: _level(level) for level in levels},
    }


def _level(level: Level) -> dict[str, Any]:
    keys = {name: key for name, key in schema.inside("").items() if level in key.levels}
    return {"type": "object", **_properties(keys)}


def _properties(keys: Mapping[str, Key]) -> dict[str, Any]:
    return {
        "properties": {name: {"description": key.doc, **_value(key)} for name, key in keys.items()},
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }


def _value(key: Key) -> dict[str, Any]:
    found = {"anyOf": [*_forms(key), *([] if key.needed else [_NOTHING])]}
    return found if key.default is None else {**found, "default": key.default}


def _forms(key: Key) -> list[dict[str, Any]]:
    match key.kind:
        case "text":
            return _text(key)
        case "script":
            return [{"type": _SCALAR}]
        case "zone":
            return [{"type": "string", "minLength": 1}]
        case "window":
            return [{"type": "string", "pattern": f"^(?:{WINDOW})$"}, _REFERENCE]
        case "whole":
            return [{"type": "integer", "minimum": key.least, "maximum": key.most}, _REFERENCE]
        case "flag":
            return [{"type": "boolean"}, _REFERENCE]
        case "verbs":
            return [{"type": "boolean"}, _REFERENCE, {"type": "array", "items": {"anyOf": _text(key)}}]
        case "duration":
            least = {"minimum": 0} if key.zero else {"exclusiveMinimum": 0}
            number = {"type": "number", **least, "exclusiveMaximum": _MOST_SECONDS}
            word: list[dict[str, Any]] = [{"const": NONE}] if key.none else []
            return [number, {"type": "string", "pattern": f"^{PATTERN}$" if key.zero else _DURATION}, *word, _REFERENCE]
        case "list" | "maps" | "commands":
            return _lists(key)
        case "map":
            return [_map(key)]
        case "image":
            return [*_text(key), _map(key) | {"required": ["owner", "name"]}]
    return _structural(key)


def _text(key: Key) -> list[dict[str, Any]]:
    if key.choices:
        return [{"enum": [*key.choices, ""]}, _REFERENCE]
    if not key.pattern:
        return [{"type": _SCALAR}]
    found: list[dict[str, Any]] = [{"type": "string", "pattern": f"^(?:{key.pattern})$|^$"}, _REFERENCE]
    return found + _unquoted(key.pattern)


def _unquoted(pattern: str) -> list[dict[str, Any]]:
    """The numbers and flags that are text of this pattern when they stand without quotes."""

    def fits(text: str) -> bool:
        return re.fullmatch(pattern, text) is not None

    found: list[dict[str, Any]] = [{"type": "boolean"}] if fits("true") else []
    if fits("5") and fits("0.5"):
        found.append({"type": "number"} if fits("-5") else {"type": "number", "minimum": 0})
    elif fits("123456789012"):
        found.append({"type": "integer", "minimum": 10**11, "maximum": 10**12 - 1})
    return found


def _map(key: Key) -> dict[str, Any]:
    known = schema.inside(key.path)
    needed = [name for name, child in known.items() if child.needed]
    return {"type": "object", **_properties(known), **({"required": needed} if needed else {})}


def _lists(key: Key) -> list[dict[str, Any]]:
    if key.kind == "maps":
        rows = {"type": "array", "items": _map(key)}
        return [rows, _replacing(rows)] if key.merge == "append" else [rows]
    if key.kind == "commands":
        words = {"type": "array", "items": {"type": _SCALAR}, "minItems": 1}
        line = {"type": _SCALAR, "pattern": r"\S"}
        return [line, {"type": "array", "items": {"anyOf": [line, words]}}]
    array: dict[str, Any] = {"type": "array", "items": {"anyOf": _text(key), "not": {"const": ""}}}
    if key.once:
        array["uniqueItems"] = True
    if key.merge == "append":
        return [array, _replacing(array)]
    return [array, *_text(key)] if key.one else [array]


def _replacing(array: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"replace": array},
        "required": ["replace"],
        "additionalProperties": False,
    }


def _structural(key: Key) -> list[dict[str, Any]]:
    match key.kind:
        case "tags":
            names = {"minLength": 1, "maxLength": 128, "not": {"pattern": "^[aA][wW][sS]:"}}
            return [{"type": "object", "propertyNames": names, "additionalProperties": {"type": [*_SCALAR, "null"]}}]
        case "structure":
            return [_structure(key)]
        case "structures":
            names = {"minLength": 1, "maxLength": 255}
            inner = {"anyOf": [_structure(key), _NOTHING]}
            return [{"type": "object", "propertyNames": names, "additionalProperties": inner}]
        case "named":
            return [_named(_map(key))]
        case "parameters":
            names = {"pattern": "^[A-Za-z0-9]{1,255}$"}
            words = {"type": "array", "items": {"type": _SCALAR}}
            inner = {"anyOf": [{"type": _SCALAR}, words, _NOTHING]}
            return [{"type": "object", "propertyNames": names, "additionalProperties": inner}]
        case "queries":
            return [{"type": "array", "items": _structure(key)}]
        case "periods":
            return [{"type": "string", "pattern": f"^(?:{key.pattern})$"}, _REFERENCE]
        case "uses":
            given = {"type": "object", "minProperties": 1, "maxProperties": 1}
            given["additionalProperties"] = {"type": ["object", "null"]}
            return [{"type": "array", "items": {"anyOf": [{"type": _SCALAR}, given]}}]
        case "params":
            return [_named({"type": "object", **_properties(schema.inside("params"))})]
    return [_named({"$ref": f"#/$defs/{key.name.removesuffix('s')}"})]


def _structure(key: Key) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {} for name in key.members}, "additionalProperties": False}


def _named(inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "propertyNames": _NAMES, "additionalProperties": {"anyOf": [inner, _NOTHING]}}
