"""Suspend processes of a group by name, until they are resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.change.finish import finish
from udo.commands._options import wait_lock
from udo.groups.observe import observe_group
from udo.groups.processes import by_hand, listed, named_processes, ordered, plan_suspend
from udo.groups.target import role_target
from udo.result import Result
from udo.selectors import one_role

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE [PROCESS...]")
@wait_lock
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """Suspend processes of a group until 'udo resume' resumes them; without a process show which are suspended.

    Processes are Launch, Terminate, AddToLoadBalancer, AlarmNotification, AZRebalance, HealthCheck, InstanceRefresh,
    ReplaceUnhealthy and ScheduledActions. What is suspended here is in the tag udo:suspended; what somebody else
    has suspended is left out of it.

    \b
    udo suspend prod webapp
    udo suspend prod webapp AZRebalance ScheduledActions
    """
    role, rest = one_role(session.config, words)
    names = named_processes(rest)
    aws = session.aws(role)
    group = observe_group(aws, role)
    if not names:
        return _shown(group)
    return finish(session, role_target(session, role), plan_suspend(role, group, names))


def _shown(group: AutoScalingGroup) -> Result:
    noted, there = by_hand(group), ordered(group.suspended_processes)
    told = [f"{name}{' (by udo suspend)' if name in noted else ''}" for name in there]
    data = {"group": group.name, "suspended": list(there), "by_udo": [name for name in there if name in noted]}
    return Result(data, text=f"{group.name}: {listed(told) or 'no process is suspended'}")
