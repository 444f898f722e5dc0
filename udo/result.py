"""What a command returns, and what is never shown: apart from the model, which `udo check` has no use for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from udo.frozen import frozen


@frozen
class Secret:
    """A text that is never shown: printed it is a mask, and only `text` holds it."""

    text: str

    def __str__(self) -> str:
        return "****"

    def __repr__(self) -> str:
        return "Secret(****)"


# Columns of this rank and above give way before any text is shortened.
LOW = 5


@frozen
class Column:
    """A table column: the key in each row, its heading, its side, and how it gives way on a narrow terminal.

    Rank 0 stays, and the highest goes first. `fold` says a cell in fewer letters, under the heading `brief`; prose may
    be cut down to `least` cells. With `once` a cell is not repeated under an equal one.
    """

    key: str
    heading: str
    align: Literal["left", "right"] = "left"
    rank: int = 0
    fold: Callable[[str], str] | None = None
    brief: str = ""
    least: int = 0
    once: bool = False


@frozen
class Result:
    """What a command found out: `data` for scripts, `rows` under `columns` (or `text`) for people, exit code.

    Above the rows stand `facts`, each with what it is about.

    With `is_plan` the text shows what would change, in colour on a terminal. `error` is (code, message, hint) where the
    command did its work and the exit is not 0. What still `continues` in AWS is told to nobody as a success.
    """

    data: Any
    columns: Sequence[Column] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    text: str | None = None
    notes: Sequence[str] = ()
    exit: int = 0
    error: tuple[str, str, str | None] | None = None
    is_plan: bool = False
    facts: Sequence[tuple[str, str]] = ()
    continues: bool = False
