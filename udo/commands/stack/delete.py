"""Delete a stack and all that is in it, and follow that to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.commands._options import order_params, reasoned_waivers, wait_lock
from udo.stacks.deletion import deleted

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")
FORMATS = ("text", "json", "jsonl")


@click.command()
@click.argument("name", metavar="NAME")
@order_params
@click.option("--retain", metavar="RESOURCE,...", default="", help="Leave these in AWS, which could not be deleted.")
@reasoned_waivers
@wait_lock
@click.pass_obj
def command(session: Session, /, name: str, params: dict[str, str], retain: str) -> Result:
    """Delete the stack NAME and all that is in it, and follow that to its end. It asks, and wants --yes without a
    terminal.

    NAME is a key of udo.yml, or the stack's own name. One that Udo did not make is not touched: it has to have the tag
    udo:stack. Termination protection is respected (exit 7, with what takes it off). What its template retains stays in
    AWS and is named; what cannot be deleted is named with what helps. What was cut off continues with the same command.

    -o jsonl writes a document whenever something changes.

    \b
    udo stack delete review --param branch=cart
    udo stack delete shop-review-cart --yes
    udo stack delete queues --retain Uploads
    """
    return deleted(session, name, params, tuple(filter(None, retain.split(","))))
