"""Lock a group or stack by hand, so that no run of Udo changes it, or list the locks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from udo.change.finish import finish
from udo.change.holder import by_hand, holder_from, parameter_name
from udo.change.lock import lock_read, plan_lock, plan_unlock
from udo.commands._options import locked_target
from udo.errors import Conflict
from udo.groups.locks import observe_locks
from udo.groups.text import brief_name, brief_time, local_time, short_name
from udo.result import LOW, Column, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.change.holder import Holder
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.session import Session

TAKES = ("--dry-run", "--yes")

COLUMNS = (
    Column("group", "GROUP"),
    Column("roles", "ROLE", rank=LOW),
    Column("state", "LOCKED"),
    Column("holder", "BY", fold=brief_name),
    Column("host", "HOST", rank=2, least=10),
    Column("since", "SINCE", fold=brief_time, brief="FOR"),
    Column("reason", "WHY", rank=1, least=16),
)


def plan_locked(group_name: str, value: str | None, holder: Holder) -> Plan:
    """The plan that locks a group by hand, in place of what a dead run on this host left.

    Raises: Conflict, with the holder, where it is locked.
    """
    plan = plan_lock(group_name, holder)
    if value is None:
        return plan
    if not (other := holder_from(value)).gone:
        raise Conflict(f"{group_name} is locked by {other}", hint="'udo unlock' removes it; nothing was changed")
    return replace(plan, steps=(*plan_unlock(group_name, value).steps, *plan.steps))


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER ROLE | stack:NAME]")
@click.option("--reason", metavar="TEXT", default="", help="Why; shown to whoever meets the lock.")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], reason: str) -> Result:
    """Lock the group of CLUSTER ROLE, or a stack, until it is unlocked by hand. Every changing run of Udo stops there
    with exit 4 and names you; the console and autoscaling honour no lock. It is a parameter /udo/lock/GROUP in SSM
    Parameter Store.

    Without words it lists all locks, also those of groups that udo.yml does not name: held by hand, by a run at work,
    by one for more than an hour (stale), or by one of this host that is dead.

    \b
    udo lock
    udo lock prod webapp --reason "investigating"
    udo lock stack:queues --reason "moving house"
    udo unlock prod webapp
    """
    if not words and not reason:
        return _listed(session)
    target = locked_target(session, words, there=True)
    _account, operator = target.aws.identity()
    value = target.aws.read(lock_read(parameter_name(target.lock)))
    plan = plan_locked(target.lock, value, by_hand(session.run_id, operator, reason))
    return finish(session, target, replace(plan, reason=reason), locked=False)


def _listed(session: Session) -> Result:
    now = session.clock.time()
    rows = []
    for aws, roles in session.by_aws(session.config.roles("*", None)):
        rows += [
            {"group": one.group, "roles": _labels(roles, one.group), "region": aws.region, **one.row(now)}
            for one in observe_locks(aws)
        ]
    if not rows:
        return Result([], text="no group is locked")
    shown = [{**row, "holder": short_name(row["holder"]), "since": local_time(row["since"], now)} for row in rows]
    return Result(rows, COLUMNS, shown)


def _labels(roles: Sequence[Role], group: str) -> list[str]:
    return [role.label for role in roles if role.group_name == group]
