"""Services that speak REST with JSON: which operation a request asks for, its parameters, and how an answer is written.

Source: botocore's model of each service: method and address of an operation, and where each member stands.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from moto.core.utils import get_service_model

from udo.sandbox.wire import Answer, body_of

if TYPE_CHECKING:
    from udo.sandbox.wire import Environ

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")
_SCALARS: Mapping[str, Callable[[str], Any]] = {
    "boolean": lambda text: text.lower() == "true",
    "integer": int,
    "long": int,
}


@dataclass(frozen=True)
class Later:
    """An answer that takes its time: `end()` gives it, and must not be called while the world is locked."""

    end: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True)
class _Route:
    name: str
    method: str
    path: re.Pattern[str]
    labels: tuple[str, ...]
    fixed: tuple[tuple[str, str], ...]


def asked(service: str, environ: Environ) -> tuple[str, dict[str, Any]]:
    """The operation of a request, empty where the service has none like it, and its parameters by their names."""
    path = urlsplit(str(environ.get("RAW_URI") or environ.get("PATH_INFO", ""))).path
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    for route in _routes(service):
        found = route.path.fullmatch(path) if route.method == environ.get("REQUEST_METHOD") else None
        if found and all(query.get(key) == [value] for key, value in route.fixed):
            labels = dict(zip(route.labels, map(unquote, found.groups()), strict=True))
            return route.name, _parameters(service, route.name, labels, query, environ)
    return "", {}


def answered(service: str, operation: str, result: Mapping[str, Any]) -> Answer:
    """The answer that says what an operation has given."""
    model = get_service_model(service).operation_model(operation)
    status, shape = int(model.http.get("responseCode", 200)), model.output_shape
    headers: list[tuple[str, str]] = []
    body: dict[str, Any] | bytes = {}
    for name, member in shape.members.items() if shape else ():
        value = result.get(name)
        if value is None:
            continue
        match member.serialization.get("location"):
            case "statusCode":
                status = int(value)
            case "header":
                headers.append((member.serialization["name"], str(value)))
            case _ if shape.serialization.get("payload") == name:
                body = value if isinstance(value, bytes) else _written(member, value)
            case _:
                assert isinstance(body, dict)
                body[member.serialization.get("name", name)] = _written(member, value)
    content = body if isinstance(body, bytes) else json.dumps(body).encode() if shape else b""
    kind = [("Content-Type", "application/json")] if content else []
    return Answer(status, (*kind, *headers, ("Content-Length", str(len(content)))), content)


def refused(service: str, code: str, message: str, more: Mapping[str, Any]) -> Answer:
    """The answer that refuses a request; `more` are the members of the error beside its message."""
    shapes = get_service_model(service).error_shapes
    status = next((one.metadata["error"].get("httpStatusCode") for one in shapes if one.name == code), None) or 400
    content = json.dumps({"Type": "Server" if status >= 500 else "User", "message": message, **more}).encode()
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", code), ("Content-Length", str(len(content))))
    return Answer(int(status), headers, content)


@functools.cache
def _routes(service: str) -> tuple[_Route, ...]:
    """The ways to the operations of a service, those with the fewest parts that may be anything first."""
    model = get_service_model(service)
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        address, _, query = http["requestUri"].partition("?")
        parts = _LABEL.split(address)
        texts, labels, greedy = parts[::3], parts[1::3], parts[2::3]
        holes = ["(.+)" if more else "([^/]+)" for more in greedy]
        pattern = "".join(re.escape(text) + hole for text, hole in zip(texts, [*holes, ""], strict=True)).removesuffix(
            "/"
        )
        fixed = tuple((key, value[0]) for key, value in parse_qs(query, keep_blank_values=True).items())
        found.append(_Route(name, http["method"], re.compile(f"{pattern}/?"), tuple(labels), fixed))
    return tuple(sorted(found, key=lambda one: (len(one.labels), -len(one.fixed), one.name)))


def _parameters(
    service: str, operation: str, labels: Mapping[str, str], query: Mapping[str, list[str]], environ: Environ
) -> dict[str, Any]:
    shape = get_service_model(service).operation_model(operation).input_shape
    if shape is None:
        return {}
    payload = shape.serialization.get("payload")
    sent = body_of(environ)
    document = {} if payload and shape.members[payload].type_name == "blob" else _document(sent)
    found: dict[str, Any] = {}
    for name, member in shape.members.items():
        told = member.serialization.get("name", name)
        value: Any = None
        match member.serialization.get("location"):
            case "uri":
                value = labels.get(told)
            case "querystring":
                value = _of_query(member, query.get(told))
            case "header":
                value = environ.get("HTTP_" + told.upper().replace("-", "_"))
            case _ if payload == name:
                value = sent if member.type_name == "blob" else _read(member, document)
            case _:
                value = _read(member, document.get(told))
        if value is not None:
            found[name] = value
    return found


def _document(sent: bytes) -> dict[str, Any]:
    try:
        found = json.loads(sent or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_query(member: Any, values: list[str] | None) -> Any:
    if not values:
        return None
    return values if member.type_name == "list" else _SCALARS.get(member.type_name, str)(values[0])


def _read(shape: Any, value: Any) -> Any:
    """A value of a body, under the names of the model."""
    if shape.type_name == "structure" and isinstance(value, dict):
        named = {name: value.get(member.serialization.get("name", name)) for name, member in shape.members.items()}
        return {name: _read(shape.members[name], one) for name, one in named.items() if one is not None}
    if shape.type_name == "list" and isinstance(value, list):
        return [_read(shape.member, one) for one in value]
    if shape.type_name == "blob" and isinstance(value, str):
        try:
            return base64.b64decode(value)
        except binascii.Error:
            return b""
    return value


def _written(shape: Any, value: Any) -> Any:
    """A value as it stands in a body; times are in seconds since the epoch."""
    match shape.type_name:
        case "structure":
            return {
                member.serialization.get("name", name): _written(member, value[name])
                for name, member in shape.members.items()
                if value.get(name) is not None
            }
        case "list":
            return [_written(shape.member, one) for one in value]
        case "map":
            return {key: _written(shape.value, one) for key, one in value.items()}
        case "blob":
            return base64.b64encode(value).decode()
    return value
