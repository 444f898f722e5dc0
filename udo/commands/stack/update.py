"""Change a stack to what udo.yml says now, and follow it to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.commands._options import order_params, reasoned_waivers, wait_lock
from udo.stacks.change import changed
from udo.stacks.plan import UPDATE

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
    """Change the stack NAME to what its template and udo.yml say now, and follow it until that is done.

    A change set shows each property old to new, and is what is executed. Where a resource is replaced or removed it
    asks first, and wants --yes without a terminal. CloudFormation rolls back what fails; the first real reason is told.
    What was cut off continues with the same command. After `timeout` (exit 124) and Ctrl-C it continues in AWS.

    -o jsonl writes a document whenever something changes.

    \b
    udo stack plan queues
    udo stack update queues
    udo stack update review --param branch=cart --yes
    """
    return changed(session, UPDATE, name, params)
