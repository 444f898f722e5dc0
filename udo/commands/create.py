"""Make the group of a role with all that is its own, and wait until its members are in service."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from udo.change.finish import told, told_begun
from udo.change.many import Change, finish_each
from udo.change.mark import mark
from udo.change.plan import Plan, Wait
from udo.check.launchable import refuse_missing
from udo.commands._options import reasoned_override, wait_lock, wait_timeout
from udo.deploy.joining import observe_joining
from udo.deploy.several import ordered
from udo.errors import Conflict, UdoError
from udo.frozen import frozen
from udo.groups.alarm_calls import observe_alarms
from udo.groups.alarms import topics_of
from udo.groups.balancers import observe_target_groups
from udo.groups.create import (
    CREATING,
    New,
    first_calls,
    first_differences,
    first_sizes,
    found_differences,
    missing_calls,
)
from udo.groups.observe import existing_group
from udo.groups.place import observe_place
from udo.groups.settings import says
from udo.groups.subnets import by_id, names_subnets, observe_subnets
from udo.groups.tags import group_read
from udo.groups.target import role_target
from udo.groups.update import KEYS, observe_parts
from udo.groups.watch import STEADY, is_steady
from udo.launch.changes import plan_configuration, plan_template
from udo.launch.first import observe_first
from udo.launch.network import names_by_id, observe_security_groups
from udo.launch.observe import observe_image, observe_labels, observe_updatelc
from udo.launch.overlay import BASIS, launch_keys
from udo.launch.states import ConfigurationState, Heading, Wanted, live_data
from udo.result import Result
from udo.selectors import cluster_roles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.change.plan import Difference
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.session import Session

TAKES = ("--dry-run", "--yes")
_MOST_TOLD = 6
# What a refused launch configuration is told to change, of a group that exists.
_TO_TEMPLATE = "use --to-template"
_RESTS_ON = (
    *dict.fromkeys((*KEYS, *BASIS)),
    *("app_name", "deploy.application", "deploy.deployment_group", "deploy.config", "deploy.service_role"),
)


@frozen
class Asked:
    """What the command line asks for; with `every` role of a cluster, one that exists is passed over."""

    wait: bool = True
    timeout: float = 1800.0
    every: bool = False


class Existing(NamedTuple):
    """A group that exists, and what of it is not as udo.yml says: what it launches, and its settings."""

    launch: tuple[Difference, ...]
    settings: tuple[Difference, ...]


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@click.option("--no-wait", is_flag=True, help="Make it and leave the rest to AWS.")
@wait_timeout
@reasoned_override
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], no_wait: bool, timeout: float) -> Result:
    """Make the group of a role as udo.yml says: launch template (or launch configuration) and group, what it is
    registered with, its hooks, policies, schedules and metrics; and wait until its members are in service. Without ROLE
    all groups of the cluster that are absent, each after those that its deploy.after names.

    It joins the deployment group of udo.yml, which is made where deploy.service_role is set. Where a revision was
    deployed to that before, the new group begins empty and gets its members once it has joined, so that they get the
    revision. What was cut off continues with the same command. A group that exists and is not as udo.yml says is not
    touched (exit 4): 'udo update' and 'udo updatelc' change it.

    A launch that fails is reported with AWS's reason; where no launch can ever succeed as things are the wait ends.

    \b
    udo create stage webapp --dry-run
    udo create stage webapp
    udo create stage --no-wait
    """
    roles = cluster_roles(session.config, words)
    every = len(words) == 1 and "." not in words[0]
    asked = Asked(not no_wait, timeout, every)
    work = [
        (role_target(session, role), partial(_planned, session, role, asked)) for role in ordered(session.config, roles)
    ]
    return finish_each(session, work, in_order=True)


def _planned(session: Session, role: Role, asked: Asked) -> Change:
    aws = session.aws(role)
    known = session.resolve(role, *_RESTS_ON)
    group = aws.autoscaling.groups([known.group_name], whole=True).get(known.group_name)
    if group is None:
        plan = observe_new(session, aws, known, asked)
    else:
        existing_group({group.name: group}, known, aws.region)
        plan = observe_existing(session, aws, known, group, asked)
    making = _Making(session, aws, known, asked, plan)
    return Change(plan, tell=making.told, instead=making.instead, again=partial(_planned, session, role, asked))


class _Making:
    """A group on its way, and the plan that counts: somebody else may be faster."""

    def __init__(self, session: Session, aws: Aws, role: Role, asked: Asked, plan: Plan) -> None:
        self._session, self._aws, self._role, self._asked = session, aws, role, asked
        self._plan = plan
        self._overtaken = False

    def instead(self, outcome: Outcome) -> Plan | None:
        """What is left to do where another run has made the group before this one began; None where none has.

        Raises: Conflict where it is not as udo.yml says; another UdoError.
        """
        if self._overtaken or outcome.changed or not isinstance(outcome.error, Conflict):
            return None
        group = self._aws.autoscaling.groups([self._role.group_name], whole=True).get(self._role.group_name)
        if group is None or group.status:
            return None
        self._overtaken = True
        self._plan = observe_existing(self._session, self._aws, self._role, group, self._asked)
        return self._plan

    def told(self, outcome: Outcome) -> Result:
        """What became of it."""
        if self._overtaken and not self._plan.steps and outcome.error is None:
            return Result(outcome.document(), text=f"{self._plan.unchanged}: another run has made it")
        return _told(self._plan, self._asked, outcome)


def observe_new(session: Session, aws: Aws, role: Role, asked: Asked) -> Plan:
    """The plan that makes the group of a role that has none.

    Raises: UsageError where udo.yml does not say enough; Refused where AWS would refuse it; another UdoError.
    """
    sizes = first_sizes(role)
    role, vpc = observe_place(aws, role)
    arns = observe_target_groups(aws, role, vpc)
    role, image = _in_vpc(aws, role, vpc), observe_image(aws, role, None)
    unknown = refuse_missing(aws, role.saying({"ami": image}))
    first = observe_first(aws, role, image, mark(session.run_id))
    joining = observe_joining(aws, role)
    held = joining.deploys and sizes.desired > 0
    topics, alarms = _alarms(aws, role)
    now = session.clock.time()
    new = New(first.params, first.proof, arns, session.run_id, now, held, alarms=alarms, topics=topics)
    calls, goal, notes = first_calls(role, new, joining.calls)
    waits = (_wait(role, sizes.desired, asked),) if asked.wait and sizes.desired else ()
    plan = Plan(
        "create",
        role.label,
        (*filter(None, [first.create]), *calls, *waits),
        goal=goal,
        differences=(*first.found, *first_differences(role, sizes)),
        notes=(*filter(None, [first.note]), *joining.notes, *unknown, *notes),
        done=_done(role, sizes.desired, asked),
    )
    return observe_labels(aws, plan, now)


def observe_existing(session: Session, aws: Aws, role: Role, group: AutoScalingGroup, asked: Asked) -> Plan:
    """The plan that makes what a run which was cut off has left undone of a group, or waits for its members.

    Raises: Conflict where it is not as udo.yml says, with how; another UdoError.
    """
    role = by_id(role, observe_subnets(aws, role, group.subnets)) if names_subnets(role) else role
    live = observe_parts(aws.read, role, group, session.clock.time())
    found = Existing(_launch_differences(session, aws, role), found_differences(role, live))
    as_said = f"{group.name} exists as udo.yml says"
    heading = Plan("create", role.label, (), unchanged=as_said)
    if any(found):
        error = _conflict(role, found)
        if not asked.every:
            raise error
        return replace(heading, unchanged=f"{group.name} exists", notes=(error.message, f"to change it: {error.hint}"))
    half = CREATING in group.tags
    joining = observe_joining(aws, role)
    calls = missing_calls(role, live, joining.calls) if half else list(() if asked.every else joining.calls)
    desired = first_sizes(role).desired if half and not group.desired_capacity else group.desired_capacity
    waits = (_wait(role, desired, asked),) if asked.wait and desired and not (is_steady(group) and not half) else ()
    if not (calls or waits):
        return heading
    return replace(
        heading,
        steps=(*calls, *waits),
        goal=tuple(pair for call in calls for pair in call.proof),
        notes=joining.notes if calls else (),
        done=_done(role, desired, asked),
    )


def _launch_differences(session: Session, aws: Aws, role: Role) -> tuple[Difference, ...]:
    """What `updatelc` would change. Raises: UdoError."""
    state = observe_updatelc(aws, role)
    live = live_data(state)
    role = names_by_id(aws, role, state.group, live)
    keys = launch_keys(role, ami=observe_image(aws, role, None, live.get("ImageId")))
    wanted = Wanted(keys, int(role.get("launch.keep")), mark(session.run_id))
    heading = Heading("create", role.label)
    if isinstance(state, ConfigurationState):
        return plan_configuration(heading, state, wanted).differences
    return plan_template(heading, state, wanted).differences


def _in_vpc(aws: Aws, role: Role, vpc: str) -> Role:
    """The role with its security groups by the ids they have in that VPC. Raises: Refused."""
    if not role.get("security_groups"):
        return role
    return role.saying({"security_groups": observe_security_groups(aws, role, vpc)})


def _alarms(aws: Aws, role: Role) -> tuple[str, Mapping[str, Mapping[str, Any]]]:
    """How the ARNs of topics begin, and the alarms that there are by names like the role's. Raises: UdoError."""
    if not says(role, "alarms"):
        return "", {}
    _, arn = aws.identity()
    topics = topics_of(arn, aws.region)
    return topics, observe_alarms(aws.read, role, topics)


def _conflict(role: Role, found: Existing) -> Conflict:
    rows = (*found.launch, *found.settings)
    told = [f"{one.key} {one.old} -> {one.new}" for one in rows[:_MOST_TOLD]]
    more = f" and {len(rows) - _MOST_TOLD} more" if len(rows) > _MOST_TOLD else ""
    verbs = [verb for verb, rows in (("updatelc", found.launch), ("update", found.settings)) if rows]
    lines = " and ".join(f"'udo {verb} {role.cluster} {role.name}'" for verb in verbs)
    error = Conflict(
        f"group {role.group_name} exists and is not as udo.yml says: {'; '.join(told)}{more}",
        hint=f"{lines} {'changes' if len(verbs) == 1 else 'change'} that",
    )
    error.data = {"differences": [one.row() for one in rows]}
    return error


def _wait(role: Role, desired: int, asked: Asked) -> Wait:
    return Wait(
        f"wait until {role.group_name} has {desired} in service",
        group_read(role.group_name, "DesiredCapacity"),
        success=(STEADY,),
        timeout=asked.timeout,
        detached=f"the group is made and AWS continues; look again with: udo create {role.cluster} {role.name}",
        watch="launches",
    )


def _done(role: Role, desired: int, asked: Asked) -> str:
    if asked.wait and desired:
        return f"{role.group_name} has {desired} in service"
    return f"{role.group_name} is made" + (f", with {desired} to come; not waited for" if desired else "")


def _told(plan: Plan, asked: Asked, outcome: Outcome) -> Result:
    """What became of it; where it failed after something was made, that too."""
    error: Any = outcome.error
    made = [one.step for one in outcome.steps if one.outcome == "done"]
    waited = plan.steps and isinstance(plan.steps[-1], Wait) and len(outcome.steps) == len(plan.steps)
    if isinstance(error, UdoError) and error.hint and _TO_TEMPLATE in error.hint:
        error.hint = error.hint.replace(_TO_TEMPLATE, "leave out launch.as: configuration")
    if isinstance(error, UdoError) and made and not waited:
        left = f"done so far: {'; '.join(made)}; the same command continues"
        error.hint = f"{error.hint}; {left}" if error.hint else left
    return (told if asked.wait else told_begun)(plan, outcome)
