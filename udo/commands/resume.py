"""Put back what a run that was killed has left suspended on a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.change.finish import finish
from udo.commands._options import wait_lock
from udo.deploy.observe import observe_active
from udo.deploy.suspend import plan_recovery
from udo.errors import UsageError
from udo.groups.target import role_target
from udo.result import Result
from udo.selectors import no_more, one_role

if TYPE_CHECKING:
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.option("--recover", is_flag=True, help="Resume what a run of deploy has suspended and not resumed.")
@wait_lock
@click.pass_obj
def command(session: Session, words: tuple[str, ...], recover: bool) -> Result:
    """Resume the processes of the group of CLUSTER ROLE that a killed run of deploy has left suspended.

    A run notes what it suspends (deploy.suspend) in the group's tag udo:suspended-by-run first. Once its deployment has
    ended and no run holds the lock, this resumes what the tag names, and removes the tag; before, it is a conflict
    (exit 4). What somebody else has suspended stays suspended. Where nothing was left there is nothing to do. The next
    'udo deploy' to the group does the same.

    \b
    udo resume prod webapp --recover --dry-run
    udo resume prod webapp --recover
    """
    role, rest = one_role(session.config, words)
    no_more(rest)
    if not recover:
        raise UsageError(
            "resume puts back what a killed run of deploy has left suspended, and nothing else so far",
            hint=f"udo resume {role.cluster} {role.name} --recover",
        )
    observed = observe_active(session.aws(role), role)
    return finish(session, role_target(session, role), plan_recovery(role, observed))
