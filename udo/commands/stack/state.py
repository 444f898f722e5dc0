"""Show how a stack stands: its state, since when, its outputs, and who ordered it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.commands._options import order_params
from udo.errors import UsageError
from udo.result import Result
from udo.stacks.find import named
from udo.stacks.listing import listed
from udo.stacks.outcome import OUTPUTS, state_facts
from udo.stacks.rows import stack_row
from udo.stacks.states import ABSENT

if TYPE_CHECKING:
    from udo.session import Session


@click.command()
@click.argument("name", metavar="[NAME]", required=False)
@order_params
@click.pass_obj
def command(session: Session, /, name: str | None, params: dict[str, str]) -> Result:
    """Show how the stack NAME stands: its state and since when, who ordered it, its outputs, and what to do where it is
    stuck. Without NAME all stacks, as 'udo stack list'.

    NAME is a key of udo.yml, with --param where it is orderable, or the stack's own name in AWS.

    \b
    udo stack state queues
    udo stack state review --param branch=cart -o json
    """
    if name is None:
        if params:
            raise UsageError("--param belongs to a NAME", hint="give the stack's key, too")
        return listed(session)
    what = named(session, name, params)
    live = session.aws(what.base).cloudformation.stack(what.name)
    if live is None:
        made = f"; make it with: udo stack create {what.words}" if what.order else ""
        return Result({"name": what.name, "state": ABSENT}, text=f"{what.label} is absent{made}")
    now = session.clock.time()
    rows = [{"output": one.key, "value": one.value, "description": one.description} for one in live.outputs]
    facts = [("stack", live.name), *state_facts(live, what.words, now)]
    return Result(stack_row(live), OUTPUTS if rows else (), rows, facts=facts)
