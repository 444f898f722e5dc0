"""Show what making or changing a stack would come to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from udo.commands._options import order_params
from udo.stacks.change import planned

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session


@click.command()
@click.argument("name", metavar="NAME")
@order_params
@click.option("--exit-code", is_flag=True, help="Exit 5 where something would be made or changed.")
@click.pass_obj
def command(session: Session, /, name: str, params: dict[str, str], exit_code: bool) -> Result:
    """Show what 'udo stack create' or 'udo stack update' would do with the stack NAME: what is added, what is modified,
    property by property, what is replaced, and what is removed; and what CloudFormation refuses, with its place.

    To see that, a change set is made in AWS, named `udo-RUN`, and removed again, and so is the empty stack that it
    needs where there is none yet. Nothing else is written. What a run that was killed has left of these the next one
    removes.

    \b
    udo stack plan queues
    udo stack plan review --param branch=cart --exit-code      5 where something would change
    """
    found = planned(session, name, params)
    return replace(found, exit=5) if exit_code and found.is_plan else found
