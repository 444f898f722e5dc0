"""Processes of a group that are suspended by hand, kept in a tag, and resumed: those alone that Udo has suspended."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from udo.change.plan import Call, Pair, Plan, Read
from udo.errors import Conflict, Refused, UsageError
from udo.groups.asleep import ASLEEP
from udo.groups.tags import group_read, tag_call, tag_read, untag_call
from udo.schema.deploy import PROCESSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from udo.config import Role
    from udo.model.groups import AutoScalingGroup

# What `udo suspend` has suspended, by name.
TAG = "udo:suspended"
# What a run of deploy has suspended: its own to resume.
BY_RUN = "udo:suspended-by-run"
# What would launch members into a group that rests.
WAKERS = ("AlarmNotification", "ScheduledActions")
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html.
DANGERS = {
    "Launch": "nothing is launched, and what is unhealthy is terminated without a successor",
    "Terminate": "what is unhealthy is not replaced",
    "AddToLoadBalancer": "instances that are launched never enter the load balancer, afterwards neither",
}


def named_processes(words: Sequence[str]) -> tuple[str, ...]:
    """The processes that the words name, each once, in AWS's order. Raises: UsageError."""
    from udo.config.suggesting import among

    for word in words:
        if word not in PROCESSES:
            raise UsageError(f"no process {word!r}", hint=among(word, PROCESSES))
    return ordered(words)


def by_hand(group: AutoScalingGroup) -> tuple[str, ...]:
    """What the tag says that `udo suspend` has suspended. Raises: Refused where it holds what Udo does not write."""
    names = group.tags.get(TAG, "").split()
    if any(name not in PROCESSES for name in names):
        raise Refused(
            f"tag {TAG} of {group.name} holds {group.tags[TAG]!r}, which Udo does not write",
            hint="nothing was changed; look at the suspended processes, and remove the tag",
        )
    return ordered(names)


def plan_suspend(role: Role, group: AutoScalingGroup, names: Sequence[str]) -> Plan:
    """The plan that suspends processes, noted in the tag before.

    Raises: Conflict where a run has suspended one for itself; Refused.
    """
    noted, before = by_hand(group), set(group.suspended_processes)
    nobody_elses(group, names)
    theirs = [name for name in names if name in before and name not in noted]
    fresh = [name for name in names if name not in before]
    heading = Plan("suspend", role.label, (), unchanged=f"{listed(names)} of {group.name} suspended already")
    notes = [f"{name} is suspended already, not by Udo: resume leaves it" for name in theirs]
    if not fresh:
        return replace(heading, notes=tuple(notes))
    notes += [f"warning: while {name} is suspended {DANGERS[name]}" for name in fresh if name in DANGERS]
    steps = noted_first(_tag(group, noted, ordered([*noted, *fresh])), suspend_call(group.name, fresh))
    goal = steps[-1].proof
    asks = f"{role.label} is protected. Suspend {listed(fresh)}?" if role.protects("suspend") else None
    done = f"{listed(fresh)} of {group.name} suspended; back with: udo resume {role.cluster} {role.name}"
    return replace(heading, steps=steps, goal=goal, notes=tuple(notes), asks=asks, done=done)


def plan_resume(role: Role, group: AutoScalingGroup, words: Sequence[str]) -> Plan:
    """The plan that resumes what the words name, or all that the tag names, and then takes it out of the tag.

    Raises: Conflict, Refused where one is a run's or a sleep's to resume.
    """
    noted, before = by_hand(group), set(group.suspended_processes)
    names = words or noted
    nobody_elses(group, names)
    nothing = f"{listed(words)} of {group.name} {is_or_are(words)} not suspended" if words else _nothing(group)
    heading = Plan("resume", role.label, (), unchanged=nothing)
    there = [name for name in names if name in before]
    left = tuple(name for name in noted if name not in names)
    calls = (resume_call(group.name, there),) if there else ()
    tag = _tag(group, noted, left)
    if not (calls or tag):
        return heading
    asks = f"{role.label} is protected. Resume {listed(there)}?" if role.protects("resume") and there else None
    goal = tuple(pair for call in calls for pair in call.proof)
    done = f"{listed(there)} of {group.name} resumed" if there else nothing
    notes = [f"warning: {group.name} sleeps, and {name} may wake it" for name in there if name in WAKERS]
    notes = notes if ASLEEP in group.tags else []
    return replace(heading, steps=(*calls, *tag), goal=goal, notes=tuple(notes), asks=asks, done=done)


def suspend_call(group_name: str, names: Sequence[str]) -> Call:
    """The call that suspends processes."""
    return Call(
        f"suspend {listed(names)} of {group_name}",
        "autoscaling",
        "SuspendProcesses",
        {"AutoScalingGroupName": group_name, "ScalingProcesses": list(names)},
        proof=(Pair(suspended_read(group_name, names), sorted(names), f"suspended processes of {group_name}"),),
    )


def noted_first(tag: Sequence[Call], suspend: Call) -> tuple[Call, ...]:
    """The call that suspends processes after the one that notes them, if any: the first only where none is yet.

    What somebody else has suspended since it was looked at must not be noted as ours.
    """
    first, *rest = (*tag, suspend)
    free = tuple(replace(pair, value=[]) for pair in suspend.proof)
    return (replace(first, expect=(*first.expect, *free)), *rest)


def resume_call(group_name: str, names: Sequence[str]) -> Call:
    """The call that resumes processes."""
    return Call(
        f"resume {listed(names)} of {group_name}",
        "autoscaling",
        "ResumeProcesses",
        {"AutoScalingGroupName": group_name, "ScalingProcesses": list(names)},
        proof=(Pair(suspended_read(group_name, names), [], f"suspended processes of {group_name}"),),
    )


def suspended_read(group_name: str, names: Sequence[str]) -> Read:
    """Which of these processes are suspended, sorted."""
    path = f"sort(SuspendedProcesses[?contains(`{json.dumps(list(names))}`, ProcessName)].ProcessName || `[]`)"
    return group_read(group_name, path)


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """The processes, each once, in the order AWS lists them."""
    wanted = set(names)
    return tuple(name for name in PROCESSES if name in wanted)


def listed(names: Iterable[str]) -> str:
    """Processes in a line."""
    return ", ".join(names)


def is_or_are(names: Sequence[str]) -> str:
    """The verb after processes."""
    return "is" if len(names) == 1 else "are"


def _tag(group: AutoScalingGroup, noted: Sequence[str], wanted: Sequence[str]) -> tuple[Call, ...]:
    """The call that makes the tag say what is wanted, where it does not."""
    if tuple(noted) == tuple(wanted):
        return ()
    if not wanted:
        return (untag_call(group.name, TAG, group.tags[TAG], f"remove tag {TAG} of {group.name}: {listed(noted)}"),)
    seen = Pair(tag_read(group.name, TAG), group.tags.get(TAG), f"tag {TAG} of {group.name}")
    call = tag_call(group.name, TAG, " ".join(wanted), f"tag {TAG} of {group.name}: {listed(wanted)}")
    return (replace(call, expect=(seen,)),)


def nobody_elses(group: AutoScalingGroup, names: Iterable[str]) -> None:
    """Accepts processes that neither a run of deploy nor sleep has suspended for itself. Raises: Conflict."""
    by_run = group.tags.get(BY_RUN, "").split()
    asleep = group.tags.get(ASLEEP, "").split()
    for name in names:
        if name in by_run:
            raise Conflict(
                f"{name} of {group.name} is suspended by run {by_run[0]}, which resumes it",
                hint="nothing was changed; if that is dead, use: resume --recover",
            )
        if name in asleep:
            raise Conflict(f"{name} of {group.name} is suspended while it sleeps", hint="udo wake resumes it")


def _nothing(group: AutoScalingGroup) -> str:
    others = ordered(group.suspended_processes)
    also = (
        f"; {listed(others)} {is_or_are(others)} suspended, not by 'udo suspend': name what to resume" if others else ""
    )
    return f"'udo suspend' has suspended nothing of {group.name}{also}"
