"""Show what happened to a stack: each resource, how long it took, and what failed first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.commands._options import order_params
from udo.stacks.find import named
from udo.stacks.history import looked_at, watched

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session

FORMATS = ("text", "json", "jsonl")


@click.command()
@click.argument("name", metavar="NAME")
@order_params
@click.option("-w", "--watch", is_flag=True, help="Follow what is under way to its end.")
@click.pass_obj
def command(session: Session, /, name: str, params: dict[str, str], watch: bool) -> Result:
    """Show the last operation on the stack NAME as a tree: each resource with its state and how long it took, those of
    nested stacks below theirs, and on top the first real failure: what, why, and how many others it cancelled.

    With -w what is under way is followed to its end (exit 1 where that is a failure); Ctrl-C only ends the watching.
    NAME is a key of udo.yml, with --param where it is orderable, or the stack's own name in AWS. -o jsonl writes a
    document whenever something changes.

    \b
    udo stack events queues
    udo stack events review --param branch=cart -w
    """
    what = named(session, name, params)
    return watched(session, what) if watch else looked_at(session, what)
