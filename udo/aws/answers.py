"""Tells an answer of AWS's from what else comes in its place: cut short, a page of a proxy's, or without content."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import JSONParser, ResponseParserFactory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.model import OperationModel
    from botocore.session import Session

# How often in all a read is asked for whose answers are broken.
_TIMES = 3
_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:[\w.-]+:)?([\w.-]+)", re.DOTALL)
_PAGE = re.compile(rb"\s*<(!doctype\s+)?html", re.IGNORECASE)


class Broken(Exception):
    """What came is not the answer to what was asked; why, in a few words."""


def watch(session: Session) -> None:
    """Makes every client that the session creates from now on refuse answers that are not AWS's."""
    session.register("before-parse", _check, unique_id="udo-answers")
    session.register_component("response_parser_factory", _Parsers())


def asked(send: Callable[[], dict[str, Any]], operation: OperationModel, *, writing: bool) -> dict[str, Any]:
    """What `send` gives; a read whose answer is broken is asked again, a write never.

    Raises: Broken; whatever botocore raises for an answer that is AWS's.
    """
    left = 1 if writing else _TIMES
    while True:
        left -= 1
        try:
            return _whole(send(), operation, writing=writing)
        except ClientError as error:
            if _told(error.response) or operation.http.get("method") == "HEAD":
                raise
            broken = Broken("an error without a code")
        except (BotoCoreError, HTTPClientError):
            raise
        except Broken as error:
            broken = error
        except Exception as error:
            # Whatever botocore stumbles over while it reads an answer.
            broken = Broken(f"{type(error).__name__} in it")
        if not left:
            raise broken


def drained(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with the content of an object in place of the stream that it comes by."""
    read = getattr(answer.get("Body"), "read", None)
    return {**answer, "Body": read()} if read else answer


def _told(response: Mapping[str, Any]) -> bool:
    """Whether an error says what it is; the status alone counts for failures of the server, which says no more."""
    code = str(response.get("Error", {}).get("Code") or "")
    return bool(code) and (not code.isdigit() or int(code) >= 500)


def _whole(answer: dict[str, Any], operation: OperationModel, *, writing: bool) -> dict[str, Any]:
    shape: Any = operation.output_shape
    if shape is None:
        return answer
    for name in shape.required_members:
        if name not in answer:
            raise Broken(f"it holds no {name}")
    if not writing and shape.members and not any(name in answer for name in shape.members):
        raise Broken("it holds nothing")
    if operation.service_model.resolved_protocol == "rest-json":
        _check_values(answer, shape)
    return answer


# What botocore hands on from JSON as it stands; whatever else is wrong it stumbles over by itself.
_PLAIN: Mapping[str, type[Any]] = {"string": str, "boolean": bool, "integer": int, "long": int}


def _check_values(value: Any, shape: Any) -> None:
    """Raises: Broken for a value of another kind than the model says."""
    match shape.type_name:
        case "structure":
            for name, member in shape.members.items():
                if value.get(name) is not None:
                    _check_values(value[name], member)
        case "list":
            for one in value:
                _check_values(one, shape.member)
        case "map":
            for one in value.values():
                _check_values(one, shape.value)
        case kind if kind in _PLAIN and type(value) is not _PLAIN[kind]:
            raise Broken(f"{type(value).__name__} for a {kind} in it")


def _check(**event: Any) -> None:
    """A botocore `before-parse` handler. Raises: Broken."""
    operation_model: OperationModel = event["operation_model"]
    response_dict: Mapping[str, Any] = event["response_dict"]
    body, status = response_dict["body"], response_dict["status_code"]
    if not isinstance(body, bytes) or operation_model.http.get("method") == "HEAD":
        return
    declared = str(response_dict["headers"].get("content-length") or "")
    if declared.isdigit() and len(body) < int(declared):
        raise Broken(f"cut short after {len(body):,} of {int(declared):,} bytes")
    if status >= 500:
        return
    if _PAGE.match(body):
        raise Broken("a page of HTML")
    protocol = operation_model.service_model.resolved_protocol
    if protocol == "rest-json" or (protocol == "json" and (status >= 300 or operation_model.output_shape is None)):
        _object(body)
    elif protocol in ("query", "ec2") and status < 300:
        root = _ROOT.match(body)
        if root is None or root[1].decode() != f"{operation_model.name}Response":
            raise Broken(f"no {operation_model.name}Response")


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Broken("no JSON") from error
    if not isinstance(found, dict):
        raise Broken("no JSON object")
    return found


class _Parsers(ResponseParserFactory):
    """Makes botocore's parsers, and for plain JSON one that hands on no value of another kind than the model says."""

    def create_parser(self: Any, protocol_name: str) -> Any:
        if protocol_name == "json":
            return _Json(**self._defaults)
        factory: Any = super()
        return factory.create_parser(protocol_name)


class _Json(JSONParser):
    """botocore's parser, which itself takes what is no JSON for an error's message, and any value for a string.

    The body is read once, and what it holds is gone through once: many answers cost more to check than to send.
    """

    def _handle_json_body(self: Any, raw_body: bytes, shape: Any) -> Any:
        return self._parse_shape(shape, _object(raw_body))

    def _handle_structure(self: Any, shape: Any, value: Any) -> Any:
        if value is None or shape.is_document_type or shape.is_tagged_union:
            parser: Any = super()
            return parser._handle_structure(shape, value)
        found = {}
        for name, member in shape.members.items():
            given = value.get(member.serialization.get("name", name))
            if given is not None:
                kind = _PLAIN.get(member.type_name)
                if kind is None:
                    given = self._parse_shape(member, given)
                elif type(given) is not kind:
                    raise Broken(f"{type(given).__name__} for a {member.type_name} in it")
                found[name] = given
        return found

    def _handle_list(self, shape: Any, value: Any) -> Any:
        if type(value) is not list or None in value:
            raise Broken("no list, or one with gaps, in it")
        parser: Any = super()
        return parser._handle_list(shape, value)

    def _handle_plain(self, shape: Any, value: Any) -> Any:
        if type(value) is not _PLAIN[shape.type_name]:
            raise Broken(f"{type(value).__name__} for a {shape.type_name} in it")
        return value

    # Elements of lists and values of maps.
    _handle_string = _handle_boolean = _handle_integer = _handle_long = _handle_plain
