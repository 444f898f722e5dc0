"""Remove the lock of a group or stack."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from udo.change.finish import finish
from udo.change.holder import holder_from, parameter_name, stale
from udo.change.lock import lock_read, modified_read, plan_unlock
from udo.change.plan import Plan
from udo.commands._options import locked_target

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


def plan_taken_away(group_name: str, value: str | None, *, old: bool) -> Plan:
    """The plan that takes a lock away; a young lock of a run that may still be at work asks first."""
    if value is None:
        return Plan("unlock", group_name, (), unchanged=f"{group_name} is not locked")
    holder = holder_from(value)
    plan = plan_unlock(group_name, value)
    if old or holder.gone or not holder.pid:
        return plan
    return replace(plan, asks=f"{group_name} is locked by {holder}, perhaps still running. Remove it?")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE | stack:NAME")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...]) -> Result:
    """Remove the lock of a group or stack: one set by hand, one that a run left behind, or, after a question, one whose
    run may still be at work. One older than an hour, or of a dead run on this host, is removed without a question.

    \b
    udo unlock prod webapp
    udo unlock stack:queues
    """
    target = locked_target(session, words)
    name = parameter_name(target.lock)
    value = target.aws.read(lock_read(name))
    old = value is not None and stale(target.aws.read(modified_read(name)), session.clock.time())
    return finish(session, target, plan_taken_away(target.lock, value, old=old), locked=False)
