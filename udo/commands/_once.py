"""AWS as it is seen once: many roles planned together share every listing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from udo.aws import Aws


def once(aws: Aws) -> Aws:
    """The same AWS, where a read that was answered is answered alike from then on."""
    return cast("Aws", _Once(aws))


class _Once:
    """Stands for an object whose parts are services, each of which remembers."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._services = {
            name: _Remembering(getattr(aws, name)) for name in ("autoscaling", "codedeploy", "ec2", "ssm")
        }

    def __getattr__(self, name: str) -> Any:
        services = self.__dict__["_services"]
        return services[name] if name in services else getattr(self.__dict__["_aws"], name)


class _Remembering:
    """Stands for a service; a read that failed is asked again."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._answers: dict[tuple[Any, ...], Any] = {}

    def __getattr__(self, name: str) -> Any:
        def read(*words: Any) -> Any:
            plain = tuple(
                word if isinstance(word, str) or not isinstance(word, Iterable) else (*word,) for word in words
            )
            asked = (name, *plain)
            if asked not in self._answers:
                self._answers[asked] = getattr(self._service, name)(*plain)
            return self._answers[asked]

        return read
