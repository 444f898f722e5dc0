"""Answers in which every member stands that this botocore knows, made from its models."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

TIME = "2026-11-12T13:14:15.000Z"
_PLAIN = {"boolean": "true", "integer": "7", "long": "8", "float": "1.5", "double": "2.5", "blob": "Ymxvb2I="}


def body(operation: Any) -> bytes:
    """The answer to an operation, in the words of its service's protocol."""
    shape = operation.output_shape
    if operation.service_model.resolved_protocol == "json":
        return json.dumps(_json(shape, ())).encode()
    inside = _xml(shape, (), f"{operation.name}/")
    wrapper = shape.serialization.get("resultWrapper")
    inside = f"<{wrapper}>{inside}</{wrapper}>" if wrapper else inside
    return f"<{operation.name}Response>{inside}<requestId>r</requestId></{operation.name}Response>".encode()


def _xml(shape: Any, above: tuple[str, ...], path: str) -> str:
    match shape.type_name:
        case "structure":
            # What holds itself is left out where it begins again; a token would go on for ever.
            return "".join(
                f"<{tag}>{_xml(member, (*above, shape.name), f'{path}{name}.')}</{tag}>"
                for name, member in shape.members.items()
                if member.name not in above and name != "NextToken"
                for tag in [member.serialization.get("name", name)]
            )
        case "list":
            tag = shape.member.serialization.get("name", "item" if "/" in path and path[0] == "D" else "member")
            one = _xml(shape.member, above, path)
            return f"<{tag}>{one}</{tag}><{tag}>{one}</{tag}>"
        case "timestamp":
            return TIME
        case kind:
            return escape(_PLAIN.get(kind, f"<{path}>"))


def _json(shape: Any, above: tuple[str, ...]) -> Any:
    match shape.type_name:
        case "structure":
            return {
                name: _json(member, (*above, shape.name))
                # Of a union one member alone may be there.
                for name, member in [*shape.members.items()][: 1 if shape.is_tagged_union else None]
                if member.name not in above and name.lower() != "nexttoken"
            }
        case "list":
            return [_json(shape.member, above)] * 2
        case "map":
            return {"key": _json(shape.value, above)}
        case "timestamp":
            return 1794489255.25
        case "string":
            return f"some {shape.name}"
        case kind:
            return "Ymxvb2I=" if kind == "blob" else json.loads(_PLAIN[kind])
