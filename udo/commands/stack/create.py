"""Make a stack from its template, and follow it to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.commands._options import order_params, reasoned_waivers, wait_lock
from udo.stacks.change import changed
from udo.stacks.plan import CREATE

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")
FORMATS = ("text", "json", "jsonl")


@click.command()
@click.argument("name", metavar="NAME")
@order_params
@reasoned_waivers
@wait_lock
@click.pass_obj
def command(session: Session, /, name: str, params: dict[str, str]) -> Result:
    """Make the stack that udo.yml describes as NAME, and follow it until all of it is there; then its outputs are
    shown.

    A change set shows what will be made, and is what is executed. Where something fails the first real reason is told,
    and udo.yml's on_failure says what becomes of the rest. What was cut off continues with the same command: it follows
    what is under way, and makes nothing twice. A stack that exists as udo.yml says has nothing to do; one that is
    otherwise is not touched (exit 4), and neither is one that Udo did not make. After `timeout` (exit 124) and Ctrl-C
    it continues in AWS.

    -o jsonl writes a document whenever something changes.

    \b
    udo stack create queues
    udo stack create review --param branch=cart
    """
    return changed(session, CREATE, name, params)
