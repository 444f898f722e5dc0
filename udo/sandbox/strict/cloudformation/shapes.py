"""Whether properties fit the schema of their type, in the words of the validator that AWS's registry uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from udo.sandbox.strict.cloudformation import schemas
from udo.sandbox.strict.cloudformation.values import LATER

_TYPES = {"array": list, "object": dict}
_TITLES = {"array": "JSONArray", "object": "JSONObject", "boolean": "Boolean", "integer": "Integer", "string": "String"}


def misfits(kind: str, properties: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where properties of a type do not fit its schema, and why."""
    schema = schemas.schema(kind)
    return _misfits(schema, schema, properties, ())


def told(kind: str, properties: Mapping[str, Any]) -> str:
    """All that does not fit, as a resource that cannot be made says it; empty where everything does."""
    return "\n".join(f"#{''.join(f'/{part}' for part in path)}: {why}" for path, why in misfits(kind, properties))


def _misfits(
    schema: Mapping[str, Any], root: Mapping[str, Any], value: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if value == LATER:
        return
    if "$ref" in schema:
        schema = _referred(root, str(schema["$ref"]))
    kind = schema.get("type")
    if isinstance(kind, str) and not _is_of(kind, value):
        yield path, f"expected type: {_TITLES.get(kind, 'Number')}, found: {_TITLES[_named(value)]}"
        return
    if "enum" in schema and not isinstance(value, dict | list) and str(value) not in map(str, schema["enum"]):
        yield path, f"{value} is not a valid enum value"
    if isinstance(value, dict) and "properties" in schema:
        yield from _of_object(schema, root, value, path)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for number, one in enumerate(value):
            yield from _misfits(schema["items"], root, one, (*path, str(number)))


def _of_object(
    schema: Mapping[str, Any], root: Mapping[str, Any], value: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for key in schema.get("required", ()):
        if key not in value:
            yield path, f"required key [{key}] not found"
    for key, one in value.items():
        if key in schema["properties"]:
            yield from _misfits(schema["properties"][key], root, one, (*path, key))
        elif schema.get("additionalProperties") is False and not schema.get("patternProperties"):
            yield path, f"extraneous key [{key}] is not permitted"


def _referred(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    while "$ref" in found:
        found = _referred(root, str(found["$ref"]))
    return dict(found)


def _is_of(kind: str, value: Any) -> bool:
    if kind in _TYPES:
        return isinstance(value, _TYPES[kind])
    if isinstance(value, dict | list):
        return False
    # Numbers and yes or no may be written as texts.
    if kind == "boolean":
        return str(value).lower() in ("true", "false")
    if kind in ("integer", "number"):
        try:
            float(value)
        except ValueError:
            return LATER in str(value)
        return not isinstance(value, bool)
    return True


def _named(value: Any) -> str:
    for kind, made in (("boolean", bool), ("integer", int), ("array", list), ("object", dict)):
        if isinstance(value, made):
            return kind
    return "string"
