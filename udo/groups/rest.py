"""Groups that rest: to zero and back to the sizes they had, which a tag remembers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from udo.change.plan import AT_THE_START, TO_THE_END, Call, Difference, Pair, Plan, Wait
from udo.errors import Refused
from udo.groups.asleep import ASLEEP
from udo.groups.processes import (
    DANGERS,
    WAKERS,
    listed,
    nobody_elses,
    noted_first,
    ordered,
    resume_call,
    suspend_call,
)
from udo.groups.tags import group_read, tag_call, tag_read, untag_call
from udo.groups.watch import STEADY, is_steady
from udo.schema.deploy import PROCESSES

if TYPE_CHECKING:
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup

SIZES = "[MinSize, DesiredCapacity, MaxSize]"
_NAMES = ("minimum", "desired", "maximum")
_KEYS = ("MinSize", "DesiredCapacity", "MaxSize")


class Sizes(NamedTuple):
    """How large a group is meant to be, in the order AWS keeps them: low <= desired <= high."""

    low: int
    desired: int
    high: int

    def __str__(self) -> str:
        return f"{self.desired} (min {self.low}, max {self.high})"


class Remembered(NamedTuple):
    """What the tag of a group that rests says: the sizes to wake to, and what was suspended until then."""

    sizes: Sizes
    processes: tuple[str, ...]


def sizes_of(group: AutoScalingGroup) -> Sizes:
    """The sizes as AWS has them."""
    return Sizes(group.min_size, group.desired_capacity, group.max_size)


def sizes_call(group: AutoScalingGroup, wanted: Sizes) -> Call:
    """The one call that sets what differs, where the sizes still are those that were seen."""
    now = sizes_of(group)
    changed = {key: new for key, old, new in zip(_KEYS, now, wanted, strict=True) if new != old}
    return Call(
        f"set the sizes of {group.name}  {now} -> {wanted}",
        "autoscaling",
        "UpdateAutoScalingGroup",
        {"AutoScalingGroupName": group.name, **changed},
        expect=(Pair(group_read(group.name, SIZES), list(now), f"sizes of {group.name}"),),
        proof=(sizes_goal(group, wanted),),
    )


def sizes_goal(group: AutoScalingGroup, wanted: Sizes) -> Pair:
    """That the group has these sizes."""
    return Pair(group_read(group.name, SIZES), list(wanted), f"sizes of {group.name}")


def size_differences(now: Sizes, wanted: Sizes) -> tuple[Difference, ...]:
    """One row a size that changes."""
    named = zip(_NAMES, now, wanted, strict=True)
    return tuple(Difference(key, str(old), str(new)) for key, old, new in named if old != new)


def terminates_all(group: AutoScalingGroup) -> str:
    """What is asked before a group goes to zero, without its end."""
    count = len(group.members) - len(_aside(group))
    return f"Terminate {'the only member' if count == 1 else f'all {count} members'} of {group.name}"


def stays(group: AutoScalingGroup) -> tuple[str, ...]:
    """What is told of members that stay where a group goes to zero."""
    aside = _aside(group)
    are, they = ("is", "it runs on and costs") if len(aside) == 1 else ("are", "they run on and cost")
    return (f"warning: {listed(aside)} {are} in Standby and not terminated: {they}",) if aside else ()


def _aside(group: AutoScalingGroup) -> list[str]:
    return [one.instance_id for one in group.members if one.is_aside]


def steady_wait(group: AutoScalingGroup, says: str, timeout: float, again: str) -> Wait:
    """The wait until the members are what the sizes say."""
    return Wait(
        says,
        group_read(group.name, "DesiredCapacity"),
        success=(STEADY,),
        timeout=timeout,
        detached=f"the sizes are set and AWS continues; look again with: {again}",
        watch="group",
    )


def remembered(group: AutoScalingGroup) -> Remembered | None:
    """What the group is to wake to; None where it does not rest.

    Raises: Refused where the tag holds what Udo does not write.
    """
    value = group.tags.get(ASLEEP)
    if value is None:
        return None
    words = value.split()
    numbers, names = words[:3], words[3:]
    if len(numbers) < 3 or not all(word.isdecimal() for word in numbers) or any(one not in PROCESSES for one in names):
        raise Refused(
            f"tag {ASLEEP} of {group.name} holds {value!r}, which Udo does not write",
            hint="nothing was changed; look at the group, and remove the tag",
        )
    return Remembered(Sizes(*map(int, numbers)), ordered(names))


def plan_sleep(role: Role, group: AutoScalingGroup, timeout: float | None) -> Plan:
    """The plan that takes a group to zero; with a `timeout` in seconds it waits until nobody is left.

    Raises: Conflict where a run of deploy has suspended for itself what would wake it; Refused.
    """
    known, now = remembered(group), sizes_of(group)
    asleep = Sizes(0, 0, now.high)
    heading = Plan("sleep", role.label, (), unchanged=f"{group.name} sleeps already")
    if known is None and now.desired == 0:
        return replace(heading, unchanged=f"{group.name} wants no instance: nothing to put to sleep")
    record, calls = resting(group, asleep)
    steps: list[Call | Wait] = [*calls]
    if timeout and (steps or not is_steady(group)):
        again = f"udo sleep {role.cluster} {role.name}"
        steps.append(steady_wait(group, f"wait until {group.name} is empty", timeout, again))
    if not steps:
        return heading
    asks = f"{terminates_all(group)}, until it is woken?" if now.desired else None
    if role.protects("sleep"):
        asks = f"{role.label} is protected. {asks or 'Put it to sleep?'}"
    return replace(
        heading,
        steps=tuple(steps),
        goal=(sizes_goal(group, asleep),),
        differences=size_differences(now, asleep),
        notes=(
            *(f"warning: {name} is suspended: no instance will go" for name in _stops(group, "Terminate")),
            *stays(group),
        ),
        asks=asks,
        done=f"{group.name} sleeps; it wakes to {record.sizes} with: udo wake {role.cluster} {role.name}",
        guarded=TO_THE_END if timeout else AT_THE_START,
    )


def resting(group: AutoScalingGroup, to: Sizes) -> tuple[Remembered, list[Call]]:
    """What a group is to wake to, and the calls that take it to rest: that is remembered first, then what would wake it
    is suspended, then the sizes are set.

    Raises: Refused.
    """
    known, now = remembered(group), sizes_of(group)
    asleep = Sizes(0, 0, now.high)
    # A run that was cut off has remembered the sizes that are there still; any others somebody has set since.
    sizes = known.sizes if known and now in (known.sizes, asleep) else now
    kept = known.processes if known else ()
    # What a run resumes at its end would not stay suspended.
    nobody_elses(group, [name for name in WAKERS if name not in kept])
    fresh = [name for name in WAKERS if name not in group.suspended_processes]
    record = Remembered(sizes, ordered([*kept, *fresh]))
    tag = _remember(group, record)
    calls = [*(noted_first(tag, suspend_call(group.name, fresh)) if fresh else tag)]
    return record, [*calls, sizes_call(group, to)] if now != to else calls


def plan_wake(role: Role, group: AutoScalingGroup, timeout: float | None) -> Plan:
    """The plan that brings a group back to the sizes it had, or that udo.yml says where nobody remembers any.

    Nobody who came meanwhile is terminated. Raises: Refused.
    """
    known, now = remembered(group), sizes_of(group)
    said = _said(role) if known is None and now.desired == 0 else None
    heading = Plan("wake", role.label, (), unchanged=f"{group.name} is awake: {now}")
    if known is None and said is None:
        unknown = f"{group.name} has no instance, and no sizes to wake to: set them with udo scale"
        return heading if now.desired else replace(heading, unchanged=unknown)
    wanted = _awake(now, known.sizes if known else said or now)
    steps: list[Call | Wait] = [sizes_call(group, wanted)] if wanted != now else []
    there = [name for name in known.processes if name in group.suspended_processes] if known else []
    steps += [resume_call(group.name, there)] if there else []
    if timeout and (wanted != now or not is_steady(group)):
        again = f"udo wake {role.cluster} {role.name}"
        steps.append(steady_wait(group, f"wait until {group.name} has {wanted.desired} in service", timeout, again))
    if known:
        steps.append(untag_call(group.name, ASLEEP, group.tags[ASLEEP], f"remove tag {ASLEEP} of {group.name}"))
    if not steps:
        return heading
    return replace(
        heading,
        steps=tuple(steps),
        goal=(sizes_goal(group, wanted),),
        differences=size_differences(now, wanted),
        notes=tuple(f"warning: while {name} is suspended {DANGERS[name]}" for name in _stops(group, "Launch")),
        asks=f"{role.label} is protected. Wake it to {wanted}?" if role.protects("wake") else None,
        done=f"{group.name} is awake: {wanted}",
    )


def _stops(group: AutoScalingGroup, name: str) -> list[str]:
    return [name] if name in group.suspended_processes else []


def _remember(group: AutoScalingGroup, record: Remembered) -> list[Call]:
    value, seen = " ".join([*map(str, record.sizes), *record.processes]), group.tags.get(ASLEEP)
    if value == seen:
        return []
    also = f"; suspended until then: {listed(record.processes)}" if record.processes else ""
    call = tag_call(group.name, ASLEEP, value, f"tag {ASLEEP} of {group.name}: wakes to {record.sizes}{also}")
    return [replace(call, expect=(Pair(tag_read(group.name, ASLEEP), seen, f"tag {ASLEEP} of {group.name}"),))]


def _awake(now: Sizes, to: Sizes) -> Sizes:
    """The sizes that were remembered, and at least what somebody has set since."""
    high = max(now.high, to.high) if now.desired else to.high
    low, desired = (max(now.low, to.low), max(now.desired, to.desired)) if now.desired else (to.low, to.desired)
    return Sizes(min(low, desired), desired, max(high, desired))


def _said(role: Role) -> Sizes | None:
    said = role.get("scale_policy") or {}
    desired = said.get("desired", said.get("min_size", 0))
    if not desired:
        return None
    return Sizes(said.get("min_size", 0), desired, max(said.get("max_size", desired), desired))
