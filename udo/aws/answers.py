"""Tells an answer of AWS's from what else comes in its place: cut short, a page of a proxy's, or without content."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

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
    if operation.service_model.resolved_protocol in ("json", "rest-json"):
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
    if protocol in ("json", "rest-json"):
        _check_json(body)
    elif protocol in ("query", "ec2") and status < 300:
        root = _ROOT.match(body)
        if root is None or root[1].decode() != f"{operation_model.name}Response":
            raise Broken(f"no {operation_model.name}Response")


def _check_json(body: bytes) -> None:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Broken("no JSON") from error
    if not isinstance(found, dict):
        raise Broken("no JSON object")
