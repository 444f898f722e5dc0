"""What AWS asks for beside the operation: roles that are passed, templates to launch from, tags that are put."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


@dataclass(frozen=True)
class Beside:
    """An action on a resource of a kind; the rest as Need has it."""

    action: str
    resource: str
    kind: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    told: str = ""


def beside(ask: Ask) -> Iterator[Beside]:
    """Everything that the operation needs beside itself."""
    yield from ()
