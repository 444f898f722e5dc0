"""Delete old launch versions of a group that nothing uses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from udo.change.many import finish_each
from udo.change.plan import Plan
from udo.commands._options import wait_lock
from udo.groups.target import role_target
from udo.launch.changes import leftovers
from udo.launch.observe import observe_updatelc
from udo.launch.remembering import settled
from udo.result import Result
from udo.selectors import changing_roles

if TYPE_CHECKING:
    from udo.config import Role
    from udo.launch.states import State
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


def plan_prune(role: Role, state: State, keep: int) -> Plan:
    """The plan that deletes what is beyond the newest `keep` of the group's own family and needed by nobody."""
    steps = leftovers(state, keep, whoever_set_it=True)
    group = state.group.name
    over = () if state.refresh else settled(state.group)
    return Plan(
        "prune",
        role.label,
        (*over, *steps),
        notes=state.notes,
        unchanged=f"nothing to delete: {group} keeps its newest {keep} and what is in use",
        done=f"the old launch versions of {group} are deleted" if steps else f"nothing to delete of {group}",
    )


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="How many to keep (default: launch.keep, 5).")
@wait_lock
@click.pass_obj
def command(session: Session, words: tuple[str, ...], keep: int | None) -> Result:
    """Delete the launch configurations (or launch template versions) of a group beyond the newest N, the current one
    counted. Never one that a group or an instance uses, the one before the current, a template's default, or one that
    is not exactly of the group's family (GROUP and GROUP-v<number>).

    \b
    udo prune prod webapp --dry-run
    udo prune prod '*' --keep 3
    """
    roles = changing_roles(session.config, words)
    return finish_each(
        session, [(role_target(session, role), partial(_planned, session, role, keep)) for role in roles]
    )


def _planned(session: Session, role: Role, keep: int | None) -> Plan:
    state = observe_updatelc(session.aws(role), role)
    return plan_prune(role, state, keep or int(role.get("launch.keep")))
