"""Take members out of a group; they run on, outside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.change.finish import finish
from udo.commands._options import instance_words, wait_lock, wait_timeout
from udo.groups.moves import Asked, plan_detach
from udo.groups.observe import observe_group
from udo.groups.target import role_target
from udo.selectors import one_role

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE INSTANCE...")
@click.option("--shrink", is_flag=True, help="Lower the desired capacity, so that nobody takes their place; asks.")
@wait_timeout
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], shrink: bool, timeout: float) -> Result:
    """Take members out of a group. They run on and cost, but nobody watches or replaces them any more, and load
    balancers of the group send them nothing. The group launches others in their place, unless --shrink lowers the
    desired capacity. 'udo attach' puts them back; who ends them is up to you.

    \b
    udo detach prod webapp i-0123456789abcdef0
    """
    role, rest = one_role(session.config, words)
    asked = Asked(instance_words(rest), shrink, timeout)
    aws = session.aws(role)
    group = observe_group(aws, role)
    known = aws.ec2.instances(asked.ids)
    return finish(session, role_target(session, role), plan_detach(role, group, known, asked))
