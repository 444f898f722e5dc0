"""Cuts lists into pages the way AWS does: opaque tokens, limits, and pages shorter than asked."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from udo.sandbox.strict.rules import Refusal

T = TypeVar("T")


def page(
    items: Sequence[T], limit: int, token: str | None, *, refusal: tuple[str, str], full: bool = False
) -> tuple[Sequence[T], str | None]:
    """One page and the token of the next; where more items follow, the page is one short of the limit.

    AWS promises no full pages, so a client that takes a short page for the last one must fail here; but where how many
    there are is looked at, `full` gives as many as AWS would.
    """
    start = _start(token, refusal) if token else 0
    if start > len(items):
        raise Refusal(*refusal)
    if len(items) - start <= limit:
        return items[start:], None
    end = start + (limit if full else max(1, limit - 1))
    return items[start:end], _token(end)


def limit(
    params: Mapping[str, Any], name: str, *, default: int, maximum: int, minimum: int = 1, code: str = "ValidationError"
) -> int:
    """The page size a request asks for, or refuses one outside AWS's bounds."""
    asked = params.get(name)
    if asked is None:
        return default
    size = int(asked)
    if not minimum <= size <= maximum:
        bound, value = ("less", maximum) if size > maximum else ("greater", minimum)
        field = name[0].lower() + name[1:]
        raise Refusal(
            code,
            f"1 validation error detected: Value '{size}' at '{field}' failed to satisfy constraint: "
            f"Member must have value {bound} than or equal to {value}",
        )
    return size


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"udo:{start}".encode()).decode()


def _start(token: str, refusal: tuple[str, str]) -> int:
    try:
        name, _, start = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if name != "udo":
            raise ValueError(token)
        return int(start)
    except (ValueError, binascii.Error) as error:
        raise Refusal(*refusal) from error
