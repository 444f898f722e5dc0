"""Resume processes of a group that Udo has suspended: by hand, or left so by a killed run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.change.finish import finish
from udo.commands._options import wait_lock
from udo.deploy.observe import observe_active
from udo.deploy.suspend import plan_recovery
from udo.groups.observe import observe_group
from udo.groups.processes import named_processes, plan_resume
from udo.groups.target import role_target
from udo.result import Result
from udo.selectors import no_more, one_role

if TYPE_CHECKING:
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE [PROCESS...]")
@click.option("--recover", is_flag=True, help="Resume what a run of deploy has suspended and not resumed.")
@wait_lock
@click.pass_obj
def command(session: Session, words: tuple[str, ...], recover: bool) -> Result:
    """Resume processes of the group of CLUSTER ROLE: those named, or exactly those that 'udo suspend' has suspended.

    With --recover resume what a killed run of deploy has left suspended instead. A run notes what it suspends
    (deploy.suspend) in the group's tag udo:suspended-by-run first. Once its deployment has ended and no run holds the
    lock, this resumes what the tag names, and removes the tag; before, it is a conflict (exit 4). The next 'udo deploy'
    to the group does the same. What somebody else has suspended stays suspended, unless it is named.

    \b
    udo resume prod webapp
    udo resume prod webapp AZRebalance
    udo resume prod webapp --recover --dry-run
    udo resume prod webapp --recover
    """
    role, rest = one_role(session.config, words)
    aws = session.aws(role)
    if not recover:
        names = named_processes(rest)
        group = observe_group(aws, role)
        return finish(session, role_target(session, role), plan_resume(role, group, names))
    no_more(rest)
    observed = observe_active(aws, role)
    return finish(session, role_target(session, role), plan_recovery(role, observed))
