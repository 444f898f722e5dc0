"""Take the groups of a cluster to zero, until they are woken."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from udo.change.finish import told, told_begun
from udo.change.many import Change, finish_each
from udo.commands._options import reasoned_waivers, wait_lock, wait_timeout
from udo.groups.observe import observe_group
from udo.groups.rest import plan_sleep
from udo.groups.target import role_target
from udo.selectors import cluster_roles

if TYPE_CHECKING:
    from udo.config import Role
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@click.option("--no-wait", is_flag=True, help="Set the sizes and leave the rest to AWS.")
@wait_timeout
@reasoned_waivers
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], no_wait: bool, timeout: float) -> Result:
    """Take groups to zero instances, for the night or for longer, until 'udo wake'. Without ROLE all groups of the
    cluster.

    The sizes are remembered in the group's tag udo:asleep first; then scheduled actions and alarms, which would wake
    it, are suspended; then minimum and desired capacity are set to zero. It asks, since every instance is terminated.

    \b
    udo sleep dev
    udo sleep dev webapp --dry-run
    """
    seconds = None if no_wait else timeout
    roles = cluster_roles(session.config, words)
    return finish_each(
        session, [(role_target(session, role), partial(_planned, session, role, seconds)) for role in roles]
    )


def _planned(session: Session, role: Role, seconds: float | None) -> Change:
    aws = session.aws(role)
    group = observe_group(aws, role)
    plan = plan_sleep(role, group, seconds)
    return Change(plan, tell=partial(told if seconds else told_begun, plan))
