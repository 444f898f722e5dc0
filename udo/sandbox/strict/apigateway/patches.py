"""Changes of documents as API Gateway takes them: operations on paths, each value a text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from udo.sandbox.strict.rules import Refusal


def patch(document: dict[str, Any], operations: Iterable[Mapping[str, Any]], known: Mapping[str, Any]) -> None:
    """Carries out operations on a document.

    `known` are the paths that may be changed, `*` for any one part, each with what makes its value of a text, or with
    None for a text. Raises: Refusal.
    """
    for one in operations:
        path = str(one.get("path", ""))
        parts = [part.replace("~1", "/").replace("~0", "~") for part in path.strip("/").split("/")]
        value = _kind(parts, known, path, str(one.get("op")))
        place = document
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        match one.get("op"):
            case "replace" | "add":
                place[parts[-1]] = value(one.get("value")) if value else one.get("value")
            case "remove":
                place.pop(parts[-1], None)
            case _:
                raise Refusal("BadRequestException", f"Invalid patch operation '{one.get('op')}' specified.")


def yes(text: Any) -> bool:
    """A yes or no that is written as a text."""
    return str(text).lower() == "true"


def _kind(parts: list[str], known: Mapping[str, Any], path: str, operation: str) -> Callable[[Any], Any] | None:
    for pattern, kind in known.items():
        wanted = pattern.strip("/").split("/")
        if len(wanted) == len(parts) and all(one in ("*", part) for one, part in zip(wanted, parts, strict=True)):
            found: Callable[[Any], Any] | None = kind
            return found
    told = f"Invalid patch path  '{path}' specified for op '{operation}'. Must be one of: [{', '.join(known)}]"
    raise Refusal("BadRequestException", told)
