"""Carry out the plans that 'udo plan --save' wrote, exactly, or not at all."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from udo.aws.cached import cached
from udo.change.events import Notice
from udo.change.many import finish_each
from udo.change.resume import remaining
from udo.change.saved_plan import Entry, saved_in
from udo.change.waiting import watcher
from udo.check.launchable import possible
from udo.commands._options import path_given, reasoned_waivers, wait_lock
from udo.errors import Absent, AwsError, Conflict, PermissionDenied, Refused, UdoError, UsageError
from udo.groups.observe import existing_group
from udo.groups.target import role_target
from udo.launch.joint import swap_of
from udo.launch.observe import observe_deploying

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.aws import Aws
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


def observe_apply(session: Session, entries: Sequence[tuple[Role, Entry]], *, anyway: bool = False) -> dict[str, Plan]:
    """What is left of each plan, by role: no step where it is done already; `anyway` lets an instance refresh be.

    Raises: Refused in another account; Absent or Conflict where any of them no longer fits the world.
    """
    planned = {role.label: entry for role, entry in entries}
    together = session.by_aws([role for role, _ in entries])
    for aws, roles in together:
        _refuse_another_account(aws, [planned[role.label] for role in roles])
    left: dict[str, Plan] = {}
    troubles: list[UdoError] = []
    for aws, roles in together:
        groups = aws.autoscaling.groups(role.group_name for role in roles)
        seen = cached(aws)
        for role in roles:
            try:
                left[role.label] = plan = _left(session, role, groups, planned[role.label].plan)
                if swap_of(plan) and not anyway:
                    _check_refresh(session, aws, role.group_name)
                if plan.steps:
                    notes = (*plan.notes, *observe_deploying(session, seen, role, roles))
                    left[role.label] = replace(plan, notes=notes)
            except (Absent, Conflict) as error:
                troubles.append(error)
    if troubles:
        raise _joined(troubles)
    return left


@click.command()
@click.argument("file", metavar="FILE", type=path_given)
@click.option("--anyway", is_flag=True, help="Do it even during an instance refresh.")
@reasoned_waivers
@wait_lock
@click.pass_obj
def command(session: Session, file: Path, anyway: bool) -> Result:
    """Carry out the plans in FILE, which 'udo plan --save FILE' wrote: those calls, and no others.

    Before the first write everything the plans rest on is compared; if anything has changed meanwhile, nothing is
    written (exit 4). What is done is not done again: after a failure the same command continues where it stopped.
    Several roles are changed one by one, and are a list in `data` with -o json.

    udo.yml must still have the roles, with the same groups and regions. A file that was changed, or that another
    version of Udo wrote, is refused (exit 2); so is another account (exit 7).

    \b
    udo plan prod webapp --save prod.plan
    udo apply prod.plan --dry-run
    udo apply prod.plan
    """
    saved = saved_in(file)
    entries = [(_role(session, entry), entry) for entry in saved.entries]
    # What AWS and the journal keep of this change carries the run that planned it.
    session.run_id = saved.run_id
    left = observe_apply(session, entries, anyway=anyway)
    return finish_each(
        session, [(role_target(session, role), partial(left.__getitem__, role.label)) for role, _ in entries]
    )


def _role(session: Session, entry: Entry) -> Role:
    role = session.config.role(entry.cluster, entry.role)
    region = session.aws(role).region
    for what, planned, now in (("group", entry.group, role.group_name), ("region", entry.region, region)):
        if planned != now:
            told = f"{role.label} was planned for {what} {planned}, and now is {now}"
            raise UsageError(told, hint="make the plan again")
    return role


def _refuse_another_account(aws: Aws, entries: Sequence[Entry]) -> None:
    wanted = {entry.account for entry in entries if entry.account}
    if wanted and {(account := aws.identity()[0])} != wanted:
        told = f"these credentials are of account {account}, and the plan was made in {', '.join(sorted(wanted))}"
        raise Refused(told, hint="nothing was changed; choose the right profile")


def _left(session: Session, role: Role, groups: Mapping[str, AutoScalingGroup], plan: Plan) -> Plan:
    aws = session.aws(role)
    group = existing_group(groups, role, aws.region)
    left = replace(remaining(plan, aws.read, partial(watcher, aws, session.clock)), command="apply")
    # What was there when it was planned may be gone by now.
    return possible(aws, role, left, {}, group)


def _check_refresh(session: Session, aws: Aws, group_name: str) -> None:
    try:
        refresh = aws.autoscaling.active_refresh(group_name)
    except (AwsError, PermissionDenied) as error:
        told = f"it is unknown whether an instance refresh of {group_name} is active: {error.message}"
        session.emit(Notice(told, "warning"))
        return
    if refresh:
        raise Conflict(
            f"an instance refresh of {group_name} is {refresh}",
            hint="wait for it to end, or use --anyway; nothing was changed",
        )


def _joined(troubles: Sequence[UdoError]) -> UdoError:
    if len(troubles) == 1:
        return troubles[0]
    kind = Conflict if any(isinstance(one, Conflict) for one in troubles) else Absent
    return kind("; ".join(one.message for one in troubles), hint="nothing was changed; look, and make the plan again")
