"""Bring groups that sleep back to the sizes they had."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from udo.change.finish import told, told_begun
from udo.change.many import Change, finish_each
from udo.commands._options import wait_lock, wait_timeout
from udo.groups.observe import observe_group
from udo.groups.rest import plan_wake
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
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], no_wait: bool, timeout: float) -> Result:
    """Bring groups back to the sizes they had before 'udo sleep', resume what was suspended, and wait for the members.
    Without ROLE all groups of the cluster.

    Whoever came meanwhile stays. A group at zero that nobody put to sleep wakes to the scale_policy of udo.yml.

    \b
    udo wake dev
    udo wake dev webapp
    """
    seconds = None if no_wait else timeout
    roles = cluster_roles(session.config, words)
    return finish_each(
        session, [(role_target(session, role), partial(_planned, session, role, seconds)) for role in roles]
    )


def _planned(session: Session, role: Role, seconds: float | None) -> Change:
    aws = session.aws(role)
    group = observe_group(aws, role)
    plan = plan_wake(role, group, seconds)
    return Change(plan, tell=partial(told if seconds else told_begun, plan))
