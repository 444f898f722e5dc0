"""Tells an answer that lacks a member which a read needs from a mistake of Udo's."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from udo.errors import LostAnswer

T = TypeVar("T")
_HINT = "check the network, a proxy on the way, and AWS_ENDPOINT_URL"


def whole(reads: type[T]) -> type[T]:
    """A class of reads whose methods say of a missing member that the answer is not AWS's (LostAnswer)."""
    for name, method in list(vars(reads).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(reads, name, _each(method) if inspect.isgeneratorfunction(method) else _once(method))
    return reads


def _once(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def read(*words: Any, **more: Any) -> Any:
        try:
            return method(*words, **more)
        except KeyError as error:
            raise _lacks(method, error) from error

    return read


def _each(method: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
    @functools.wraps(method)
    def read(*words: Any, **more: Any) -> Iterator[Any]:
        try:
            yield from method(*words, **more)
        except KeyError as error:
            raise _lacks(method, error) from error

    return read


def _lacks(method: Callable[..., Any], error: KeyError) -> LostAnswer:
    what = method.__qualname__.replace("_", " ").replace(".", ": ")
    return LostAnswer(f"{what}: the answer is not one of AWS's, it holds no {error.args[0]}", hint=_HINT)
