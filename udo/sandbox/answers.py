"""Makes moto write its answers faster: where a member of an answer is looked for is worked out once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from moto.core import serialize
from moto.core.constants import MISSING
from moto.core.utils import get_value


@functools.cache
def install() -> None:
    """Patches moto's serializers; a second call changes nothing. What they write stays the same, byte for byte."""
    setattr(serialize.ResponseSerializer, "get_value", _member)  # noqa: B010
    setattr(serialize.ResponseSerializer, "_serialize_type_structure", _structure)  # noqa: B010
    setattr(serialize.BaseXMLSerializer, "_serialize_body", _xml_body)  # noqa: B010
    setattr(serialize.EC2Serializer, "_serialize_body", _xml_document)  # noqa: B010


def xml(body: Mapping[str, Any]) -> str:
    """The XML of nested mappings and lists in xmltodict's notation (`@name` an attribute, `#text` the text)."""
    written: list[str] = []
    for name, value in body.items():
        _write(name, value, written.append)
    return "".join(written)


def _member(self: Any, value: Any, key: str, shape: Any) -> Any:
    """The member `key` of a moto object or mapping, under whichever of its names it is kept there."""
    picker = self._value_picker
    if type(picker) is not serialize.XFormedAttributePicker:
        return _as_moto(self, value, key, shape)
    found = None
    for name in _names(picker, value, key, shape, self.operation_model):
        found = get_value(value, name, MISSING)
        if found is not MISSING:
            break
    else:
        found = None
    if picker.response_transformers:
        path = f"{'.'.join(self.path)}.{key}"
        for ending, transform in picker.response_transformers.items():
            if path.endswith(ending):
                return transform(found)
    return found


_as_moto = serialize.ResponseSerializer.get_value
_ec2_as_moto = serialize.EC2Serializer._serialize_body
_structure_as_moto = serialize.ResponseSerializer._serialize_type_structure


def _structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Writes those members of a moto object or mapping that are there."""
    if value is None:
        return
    picker = self._value_picker
    # Members of the REST protocols may go into headers.
    if type(picker) is not serialize.XFormedAttributePicker or isinstance(self, serialize.BaseRestSerializer):
        _structure_as_moto(self, serialized, value, shape, key)
        return
    wrapper = self.MAP_TYPE() if key else serialized
    look = _in_mapping if type(value) is dict else None if hasattr(value, "__getitem__") else _in_object
    for one in _members(picker, value, shape, self.operation_model):
        if look is None or not one.is_plain:
            found = _member(self, value, one.name, one.shape)
        else:
            found = look(value, one.names)
        if found is not None:
            self.path.append(one.name)
            getattr(self, one.method, self._default_serialize)(wrapper, found, one.shape, one.name)
            self.path.pop()
    if key:
        self._default_serialize(serialized, wrapper, shape, key)


def _in_mapping(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in value:
            return value[name]
    return None


def _in_object(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        found = getattr(value, name, MISSING)
        if found is not MISSING:
            return found
    return None


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of a structure: the names it may be kept under, the method that writes it.

    One that is not `plain` is transformed on its way, or kept in parts.
    """

    name: str
    shape: Any
    names: tuple[str, ...]
    method: str
    is_plain: bool


def _members(picker: Any, value: Any, shape: Any, operation: Any) -> tuple[_Member, ...]:
    # They follow from the shape and the kind of the object alone, so they are kept with the shape.
    transformers = picker.response_transformers or {}
    known: dict[Any, tuple[_Member, ...]] = shape.__dict__.setdefault("_udo_members", {})
    kind = type(value), id(transformers) if transformers else 0
    if kind not in known:
        for inner in shape.members.values():
            inner.parent = shape
        found = []
        for name, inner in shape.members.items():
            names = _names(picker, value, name, inner, operation)
            is_plain = not any("." in one for one in names) and not any(_may_end(name, one) for one in transformers)
            found.append(_Member(name, inner, names, f"_serialize_type_{inner.type_name}", is_plain))
        known[kind] = tuple(found)
    return known[kind]


def _may_end(name: str, ending: str) -> bool:
    """Whether a path whose last part is `name` can end so."""
    last = f".{name}"
    return last.endswith(ending) or ending.endswith(last)


def _names(picker: Any, value: Any, key: str, shape: Any, operation: Any) -> tuple[str, ...]:
    # They follow from the member's shape and the kind of the object alone, so they are kept with the shape.
    known = shape.__dict__.get("_udo_names")
    if known is None:
        known = shape.__dict__["_udo_names"] = {}
    kind = (key, type(value))
    names: tuple[str, ...] | None = known.get(kind)
    if names is None:
        context = serialize.AttributePickerContext(value, key, shape, operation, operation.service_model)
        names = known[kind] = tuple(dict.fromkeys(picker.get_possible_keys(context)))
    return names


def _xml_body(self: Any, body: Mapping[str, Any]) -> str:
    return xml(body)


def _xml_document(self: Any, body: Mapping[str, Any]) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{xml(body)}'


def _write(name: str, value: Any, write: Callable[[str], None]) -> None:
    if type(value) is str:
        # Most of what an answer holds.
        write(f"<{name}>{escape(value)}</{name}>" if value else f"<{name}/>")
        return
    if not isinstance(value, Mapping):
        if hasattr(value, "__iter__") and not isinstance(value, str | bytes | bytearray):
            for one in value:
                _write(name, one, write)
            return
        text = _text(value)
        write(f"<{name}>{escape(text)}</{name}>" if text else f"<{name}/>")
        return
    attributes = "".join(f" {key[1:]}={quoteattr(_text(one))}" for key, one in value.items() if key[:1] == "@")
    inner: list[str] = []
    for key, one in value.items():
        if key[:1] != "@" and key != "#text":
            _write(key, one, inner.append)
    text = escape(_text(value.get("#text")))
    write(f"<{name}{attributes}>{''.join(inner)}{text}</{name}>" if inner or text else f"<{name}{attributes}/>")


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case bytes():
            return value.decode("utf-8", "replace")
    return str(value)
