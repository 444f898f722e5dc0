"""Makes moto write its answers faster: where a member of an answer is looked for is worked out once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from moto.core import serialize
from moto.core.constants import MISSING
from moto.core.utils import get_value


@functools.cache
def install() -> None:
    """Patches moto's serializers; a second call changes nothing. What they write stays the same, byte for byte."""
    setattr(serialize.ResponseSerializer, "get_value", _member)  # noqa: B010
    setattr(serialize.BaseXMLSerializer, "_serialize_body", _xml_body)  # noqa: B010


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


def _write(name: str, value: Any, write: Any) -> None:
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
