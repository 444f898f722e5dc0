"""What a command returns, and what is never shown: apart from the model, which `udo check` has no use for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, repr=False)
class Secret:
    """A text that is never shown: printed it is a mask, and only `text` holds it."""

    text: str

    def __str__(self) -> str:
        return "****"

    def __repr__(self) -> str:
        return "Secret(****)"


@dataclass(frozen=True)
class Column:
    """A table column: the key in each row, its heading and how it is aligned."""

    key: str
    heading: str
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class Result:
    """What a command found out: `data` for scripts, `rows` under `columns` (or `text`) for people, exit code.

    `error` is (code, message, hint) where the command did its work and the exit is not 0.
    """

    data: Any
    columns: Sequence[Column] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    text: str | None = None
    notes: Sequence[str] = ()
    exit: int = 0
    error: tuple[str, str, str | None] | None = None
