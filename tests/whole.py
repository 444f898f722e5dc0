"""Which tests run each time: those marked `whole` only with `--whole`, as in `make test-all`, or named by an id."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import Any

import pytest

# With these `make sweep` and `make farm` take every case of their tests.
_EVERYTHING = ("UDO_SWEEP", "UDO_WHOLE_FARM")
_asked = False


def some(values: Iterable[Any], *kept: Any) -> list[Any]:
    """Parameters of a test, of which only those kept run each time."""
    return [pytest.param(one, marks=() if one in kept else pytest.mark.whole) for one in values]


def rows(values: Iterable[tuple[Any, ...]], kept: Collection[Any]) -> list[Any]:
    """The same of a test with several parameters."""
    return [pytest.param(*row, marks=() if row in kept else pytest.mark.whole) for row in values]


def examples(number: int) -> int:
    """How many examples a property is tried with: all of them with `--whole`, else a fourth."""
    return number if _asked else max(number // 4, 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Has `--whole`."""
    parser.addoption("--whole", action="store_true", help="also the tests that are marked `whole`")


def pytest_configure(config: pytest.Config) -> None:
    """Tells of the marker, and takes note of what is asked for."""
    global _asked  # noqa: PLW0603 - examples are counted where test files are imported
    config.addinivalue_line("markers", "whole: a test that `make test` leaves to `make test-all`")
    _asked = config.getoption("whole") or any(map(os.environ.get, _EVERYTHING))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is not asked for; a property with all its examples is one of those tests too."""
    if _asked:
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker(pytest.mark.whole)
    if _asked or any("::" in word for word in config.args):
        return
    left = [item for item in items if item.get_closest_marker("whole")]
    items[:] = [item for item in items if not item.get_closest_marker("whole")]
    config.hook.pytest_deselected(items=left)
