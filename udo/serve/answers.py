"""What the front door answers: documents of the command line's, with the HTTP status that fits how a command ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

# By the word of the error; what is not here is a failure of what is behind the door.
_STATUS = {
    "usage": 422,
    "absent": 404,
    "conflict": 409,
    "unconfirmed": 409,
    "refused": 403,
    "deadline": 504,
    "unknown-key": 401,
    "forbidden": 403,
    "too-large": 413,
    "too-many": 429,
    "busy": 429,
    "slow": 408,
    "host": 421,
    "method": 405,
    "not-json": 400,
}
_ELSE = 502


class Json(Response):
    """A document of JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of it."""
        return content if isinstance(content, bytes) else json.dumps(content, indent=2).encode() + b"\n"


def status(document: Mapping[str, Any]) -> int:
    """The HTTP status of a document of the command line's."""
    error = document.get("error")
    return 200 if not error else _STATUS.get(str(error.get("code")), _ELSE)


def refusal(command: str, code: str, message: str, hint: str | None = None, **headers: str) -> Json:
    """A document that says what is wrong, in the form of the command line's."""
    error = {"code": code, "message": message, "hint": hint}
    document = {"udo": 1, "command": command, "ok": False, "exit": None, "data": None, "error": error}
    return Json(document, _STATUS.get(code, _ELSE), headers)
