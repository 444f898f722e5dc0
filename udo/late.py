"""Imports libraries without what only takes time: of the patterns they compile at once, most runs match few."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_METADATA = "importlib.metadata"


class _Pattern:
    """Stands for a compiled pattern, and becomes one when it is used."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self._given, self._named = given, named

    def __getattr__(self, name: str) -> Any:
        made = re.compile(*self._given, **self._named)
        vars(self).update(match=made.match, search=made.search, sub=made.sub, fullmatch=made.fullmatch)
        return getattr(made, name)


@contextmanager
def patterns(*modules: str) -> Iterator[None]:
    """While the block imports these modules, the patterns they compile wait for their first use.

    They may only call methods of theirs; which modules those are, tests know.
    """
    at_once: Any = re.compile

    def later(*given: Any, **named: Any) -> Any:
        asks = sys._getframe(1).f_globals.get("__name__")
        return _Pattern(*given, **named) if asks in modules else at_once(*given, **named)

    re.compile = later
    try:
        yield
    finally:
        re.compile = at_once


@contextmanager
def versions() -> Iterator[None]:
    """While the block imports, whoever wants to ask for versions of packages gets it without what reads them.

    urllib3 does, for one that it asks for where HTTP/2 is switched on.
    """
    if _METADATA in sys.modules:
        yield
        return
    stand_in: Any = ModuleType(_METADATA)
    stand_in.version = _version
    sys.modules[_METADATA] = stand_in
    try:
        yield
    finally:
        if sys.modules.get(_METADATA) is stand_in:
            del sys.modules[_METADATA]


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)
