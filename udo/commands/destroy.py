"""Delete a group and what is its own, once nobody is left in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import click

from udo.change.finish import finish
from udo.change.plan import Plan
from udo.commands._options import reasoned_waivers, wait_lock, wait_timeout
from udo.deploy.leaving import leave, observe_membership, what_remains
from udo.errors import Conflict, Refused
from udo.groups.alarm_calls import gone_alarms, observe_named
from udo.groups.ending import Ending, deleted, emptied, gone_goal, gone_wait, refuse
from udo.groups.owner import owner
from udo.groups.settings import says
from udo.groups.target import role_target
from udo.launch.ending import family_ends, strange
from udo.selectors import no_more, one_role

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.plan import Call, Wait
    from udo.config import Role
    from udo.model.deployments import DeploymentGroup
    from udo.model.groups import AutoScalingGroup
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")


class Seen(NamedTuple):
    """What there is of a role: its group, the deployment groups it is in, and the calls that delete its launch
    data and its alarms, with what to know of that."""

    group: AutoScalingGroup | None
    joined: tuple[DeploymentGroup, ...]
    launch_data: tuple[Call, ...]
    notes: tuple[str, ...]
    alarms: tuple[Call, ...] = ()


def plan_destroy(role: Role, seen: Seen, how: Ending) -> Plan:
    """The plan that ends a group: emptied, out of its deployment group, deleted, its launch data and alarms after it.

    What an earlier run has done already is left out. Raises: Refused.
    """
    name, group = role.group_name, seen.group
    steps: list[Call | Wait] = []
    if group and not group.status:
        refuse(role, group, how)
        steps += [] if how.force else emptied(role, group, how)
    leaving = tuple(leave(one, name) for one in seen.joined)
    steps += leaving
    if group:
        steps += [gone_wait(name, how)] if group.status else [deleted(group, how), gone_wait(name, how)]
    # Alarms that guard the role are looked at to the end.
    steps += (*seen.launch_data, *seen.alarms)
    heading = Plan("destroy", role.label, (), notes=seen.notes, unchanged=f"nothing to destroy: {name} does not exist")
    if not steps:
        return heading
    after = (*leaving, *seen.launch_data, *seen.alarms)
    return replace(
        heading,
        steps=tuple(steps),
        goal=(gone_goal(name), *(pair for call in after for pair in call.proof)),
        notes=(*_notes(role, seen, how), *seen.notes),
        asks=_question(name, group),
        confirm=name,
        done=f"{name} is destroyed",
        held=True,
        again=how.again,
    )


def _question(name: str, group: AutoScalingGroup | None) -> str:
    if group is None or group.status:
        return f"Delete what is left of {name}?"
    count = len(group.members)
    members = f" and terminate its {'only member' if count == 1 else f'{count} members'}" if count else ""
    return f"Delete {name} for ever{members}?"


def _notes(role: Role, seen: Seen, how: Ending) -> list[str]:
    notes = []
    if seen.group and how.force and not seen.group.status:
        notes.append("warning: --force skips the termination hooks: members end without draining")
    if seen.group and (whose := owner(seen.group)):
        notes.append(f"warning: {role.group_name} belongs to {whose}, which may make it again")
    notes += strange(role.group_name, seen.group) if seen.group else ()
    notes += [note for one in seen.joined for note in what_remains(one, role.group_name)]
    return notes


def observe_destroy(aws: Aws, role: Role) -> Seen:
    """The group, who else uses what is its own, and whether anybody is at work on it.

    Raises: Conflict for an active deployment or instance refresh; another UdoError.
    """
    name = role.group_name
    groups = aws.autoscaling.groups()
    group = groups.get(name)
    if group and not group.status and (refresh := aws.autoscaling.active_refresh(name)):
        told = f"an instance refresh of {name} is {refresh}"
        raise Conflict(told, hint="nothing was changed; wait for its end, or cancel it")
    versions = aws.ec2.launch_template_named(name)
    template_id = versions[0].template_id if versions else ""
    calls, notes = family_ends(name, aws.autoscaling.launch_configurations(), template_id, groups)
    joined, elsewhere = observe_membership(aws, role, exists=bool(group and not group.status))
    alarms = tuple(one.call for one in gone_alarms(role, observe_named(aws.read, role))) if says(role, "alarms") else ()
    return Seen(group, joined, calls, (*notes, *elsewhere), alarms)


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.option("--confirm", metavar="GROUP", default="", help="The group's name, where there is no terminal to type it.")
@click.option("--force", is_flag=True, help="Do not empty it first; its termination hooks are skipped.")
@wait_timeout
@reasoned_waivers
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], confirm: str, force: bool, timeout: float) -> Result:
    """Delete a group for ever, and what is its own. The name of the group has to be typed; --yes alone is not enough.

    It is emptied first: what would launch members is suspended, its sizes go to zero, and it is waited for, lifecycle
    hooks included; until it is deleted 'udo wake' brings it back. Then exactly this group leaves all deployment groups
    of its application, and is deleted with the launch data of its family (GROUP, GROUP-v<number>, the launch template
    GROUP), but for what another group uses, and with the alarms that Udo made of the role. What was cut off
    continues with the same command.

    A group that is protected, that a CloudFormation stack owns, or whose members cannot go is refused.

    \b
    udo destroy stage webapp --dry-run
    udo destroy stage webapp --confirm stage-webapp
    """
    role, rest = one_role(session.config, words)
    no_more(rest)
    if role.protects("destroy"):
        told = f"{role.label} is protected ({role.where('protected')})"
        raise Refused(told, hint="nothing was changed; take 'destroy' out of protected there first")
    role = session.resolve(role, "deploy.application", "deploy.deployment_group")
    session.confirmed = confirm
    again = f"udo destroy {role.cluster} {role.name} --confirm {role.group_name}{' --force' if force else ''}"
    how = Ending(force, timeout, again)
    return finish(
        session, role_target(session, role), plan_destroy(role, observe_destroy(session.aws(role), role), how)
    )
