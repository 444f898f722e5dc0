"""What the sandbox has to know of a service of AWS's: one row each, in the folder of its rules."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Names = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Service:
    """One service: moto's classes are given as `module:name`, so that a row loads nothing.

    Its rules stand in the folder of its name, or in `folder`.

    `signed` is the name that its requests are signed for, where that is another one than its own.

    `responses` is the class whose methods answer its operations, `backends` what moto holds of it by account and
    region; `keeps_time` are the modules that read the present moment. The last three name what its rules lean on in
    moto: attributes, what constructors set, and what they take. `moves` names the topics whose `advance()` moves what
    time moves. One that is `late` has an engine of its own, loaded with the first request to it. One that `is_rest`
    speaks REST with JSON, and its `responses` are a mapping of functions.
    """

    name: str
    title: str
    responses: str
    backends: str
    keeps_time: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    attributes: Names = field(default_factory=dict)
    fields: Names = field(default_factory=dict)
    taken: Names = field(default_factory=dict)
    signed: str = ""
    folder: str = ""
    late: bool = False
    is_rest: bool = False

    def found(self, what: str) -> Any:
        """The thing of moto's that a row names as `module:name`."""
        module, _, name = what.partition(":")
        return getattr(importlib.import_module(module), name)

    def advances(self) -> Iterator[Callable[[], None]]:
        """What moves its things up to the present moment, in order."""
        for topic in self.moves:
            yield importlib.import_module(f"{_FOLDER}.{self.folder or self.name}.{topic}").advance


_FOLDER = __name__.rpartition(".")[0]


@functools.cache
def services() -> Mapping[str, Service]:
    """Every service that has a folder here, by its name."""
    found = [importlib.import_module(f"{_FOLDER}.{name}").SERVICE for name in _names()]
    return {service.name: service for service in found}


@functools.cache
def by_signature() -> Mapping[str, Service]:
    """Every service by the name that its requests are signed for, but those that share one."""
    return {service.signed or service.name: service for service in services().values()}


def load_topics(*, late: bool = False) -> None:
    """Imports every file of rules, which registers them; those of services that are loaded late where it is said."""
    strict = importlib.import_module(_FOLDER)
    folders = [importlib.import_module(f"{_FOLDER}.{name}") for name in _names()]
    for folder in [strict, *(one for one in folders if late or not one.SERVICE.late)]:
        for one in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
            if not one.ispkg:
                importlib.import_module(one.name)


def _names() -> Iterator[str]:
    strict = importlib.import_module(_FOLDER)
    return (one.name for one in pkgutil.iter_modules(strict.__path__) if one.ispkg)
