"""AWS as it is seen once: many roles planned together share every listing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from udo.aws import SERVICES

if TYPE_CHECKING:
    from udo.aws import Aws


def cached(aws: Aws) -> Aws:
    """The same AWS, where a read that was answered is answered alike from then on."""
    return cast("Aws", _Cached(aws))


class _Cached:
    """Stands for an object whose parts are services, each of which remembers."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.__dict__["_aws"], name)
        if name not in SERVICES:
            return found
        self.__dict__[name] = _Remembering(found)
        return self.__dict__[name]


class _Remembering:
    """Stands for a service; a read that failed is asked again, and so is one that answers row by row."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._answers: dict[tuple[Any, ...], Any] = {}

    def __getattr__(self, name: str) -> Any:
        def read(*words: Any, **more: Any) -> Any:
            plain = tuple(
                word if isinstance(word, str) or not isinstance(word, Iterable) else (*word,) for word in words
            )
            asked = (name, *plain, *more.items())
            if asked in self._answers:
                return self._answers[asked]
            answer = getattr(self._service, name)(*plain, **more)
            if not isinstance(answer, Iterator):
                self._answers[asked] = answer
            return answer

        return read
