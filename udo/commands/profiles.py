"""Show the profiles that ship with Udo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from udo.config.shipped import Shipped, names, shipped
from udo.config.suggesting import among
from udo.errors import UsageError
from udo.result import Column, Result
from udo.selectors import no_more

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.session import Session

_COLUMNS = (
    Column("name", "PROFILE"),
    Column("needs", "NEEDS", rank=1, least=12),
    Column("says", "WHAT IT IS FOR", least=20),
)


@click.command()
@click.argument("words", nargs=-1, metavar="[NAME]")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """List the profiles that ship with Udo, or print one: what it is for, when to use it and when not, and all it says.

    Their names begin with udo/. A cluster or role uses one like a profile of udo.yml, and gives it what it needs; what
    stands in udo.yml comes before what a profile says. It reads no udo.yml.

    \b
    udo profiles
    udo profiles udo/queue-worker
    """
    no_more(words[1:])
    rows = [_row(one) for one in _known(words)]
    if words:
        return Result(rows[0], text=rows[0]["text"].removesuffix("\n"))
    shown = [{**row, "needs": ", ".join(_needed(row["params"]))} for row in rows]
    return Result([{key: row[key] for key in ("name", "says", "params")} for row in rows], _COLUMNS, shown)


def _known(words: Sequence[str]) -> Iterator[Shipped]:
    for name in words or names():
        found = shipped(name)
        if found is None:
            raise UsageError(f"no profile {name!r} ships with Udo", hint=among(name, names()))
        yield found


def _row(one: Shipped) -> dict[str, Any]:
    return {"name": one.name, "says": one.says, "params": one.params(), "text": one.text}


def _needed(params: Sequence[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in params if one["default"] is None]
