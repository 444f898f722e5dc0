"""Members that leave their group by name and come back: into Standby and out of it, detached and attached."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from udo.change.plan import Call, Difference, Pair, Plan, Read, Wait
from udo.errors import Absent, Refused
from udo.frozen import frozen
from udo.groups.points import literal
from udo.groups.rest import sizes_goal, sizes_of
from udo.groups.tags import group_read
from udo.groups.watch import STEADY, is_steady

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.model.instances import Instance

_STANDBY = ("EnteringStandby", "Standby")
_LEAVING = ("Detaching", "Detached")
# Of the rows of one instance.
_STATE = "[0].LifecycleState"


@frozen
class Asked:
    """Who is moved; with `shrink` nobody takes their place. `timeout` in seconds."""

    ids: tuple[str, ...]
    shrink: bool = False
    timeout: float = 1800.0


def plan_standby(role: Role, group: AutoScalingGroup, asked: Asked) -> Plan:
    """The plan that takes members out of service, to be looked at, and waits for those in their place.

    Raises: Absent, Refused.
    """
    states = _states(group, asked.ids)
    ids = [one for one in asked.ids if states[one] not in _STANDBY]
    call = _leaving(group, "EnterStandby", ids, asked, "to Standby", (f"contains({list(_STANDBY)}, {_STATE})", True))
    back = f"udo standby {role.cluster} {role.name} {' '.join(asked.ids)} --return"
    return _left(role, "standby", group, ids, asked, call, f"in Standby; back with: {back}")


def plan_detach(role: Role, group: AutoScalingGroup, known: Mapping[str, Instance], asked: Asked) -> Plan:
    """The plan that takes members out of the group, and waits for those in their place; they go on running.

    `known` are the instances that EC2 knows. Raises: Absent, Refused.
    """
    inside = [one for one in asked.ids if one in {member.instance_id for member in group.members}]
    for one in asked.ids:
        if one not in inside and not _may_have_left(group, known.get(one)):
            raise _no_member(group, one)
    states = _states(group, inside)
    ids = [one for one in inside if states[one] not in _LEAVING]
    aside = [one for one in ids if states[one] == "Standby"]
    if asked.shrink and aside:
        if len(aside) < len(ids):
            told = f"{_named(aside)} in Standby, the others not: only those lower the desired capacity"
            raise Refused(told, hint="nothing was changed; detach them by themselves, without --shrink")
        # They are no part of it: another member would go in their place.
        asked = replace(asked, shrink=False)
    call = _leaving(group, "DetachInstances", ids, asked, "out of the group", (_STATE, None))
    back = f"udo attach {role.cluster} {role.name} {' '.join(asked.ids)}"
    return _left(
        role, "detach", group, ids, asked, call, f"out of the group, and still running at your cost; back with: {back}"
    )


def plan_return(role: Role, group: AutoScalingGroup, asked: Asked) -> Plan:
    """The plan that takes members out of Standby, back into service.

    Raises: Absent, Refused where one is elsewhere, or the maximum is too small.
    """
    states = _states(group, asked.ids)
    for one, state in states.items():
        if state not in ("Standby", "InService") and not state.startswith("Pending"):
            raise Refused(f"{one} is {state}: only out of Standby it comes back", hint="nothing was changed")
    ids = [one for one in asked.ids if states[one] == "Standby"]
    call = Call(
        f"{_named(ids)} of {group.name} from Standby into service",
        "autoscaling",
        "ExitStandby",
        {"AutoScalingGroupName": group.name, "InstanceIds": ids},
        expect=(*_seen(group, ids, states), sizes_goal(group, sizes_of(group))),
        proof=tuple(Pair(_state_of(group, one, f"{_STATE} != 'Standby'"), True, one) for one in ids),
    )
    return _came(role, "standby", group, ids, asked, call, "from Standby")


def plan_attach(role: Role, group: AutoScalingGroup, known: Mapping[str, Instance], asked: Asked) -> Plan:
    """The plan that puts running instances into the group.

    Raises: Absent, Refused where one is in another group or does not run, or the maximum is too small.
    """
    inside = {member.instance_id for member in group.members}
    ids = [one for one in asked.ids if one not in inside]
    for one in ids:
        instance = known.get(one)
        if instance is None or instance.state == "terminated":
            raise Absent(f"there is no instance {one}")
        if other := instance.tags.get("aws:autoscaling:groupName"):
            raise Refused(f"{one} is in the group {other}", hint="nothing was changed; detach it there first")
        if instance.state != "running":
            raise Refused(f"{one} is {instance.state}, not running", hint="nothing was changed")
    call = Call(
        f"{_named(ids)} into {group.name}",
        "autoscaling",
        "AttachInstances",
        {"AutoScalingGroupName": group.name, "InstanceIds": ids},
        expect=(sizes_goal(group, sizes_of(group)),),
        proof=tuple(Pair(_state_of(group, one, f"{_STATE} != `null`"), True, one) for one in ids),
    )
    return _came(role, "attach", group, ids, asked, call, "into the group")


def _states(group: AutoScalingGroup, ids: Iterable[str]) -> dict[str, str]:
    """The lifecycle state of each. Raises: Absent for one that is no member."""
    known = {member.instance_id: member.lifecycle_state for member in group.members}
    for one in ids:
        if one not in known:
            raise _no_member(group, one)
    return {one: known[one] for one in ids}


def _may_have_left(group: AutoScalingGroup, instance: Instance | None) -> bool:
    """Whether an instance that is no member is there, and in no other group."""
    if instance is None or instance.state == "terminated":
        return False
    return instance.tags.get("aws:autoscaling:groupName") in (None, group.name)


def _no_member(group: AutoScalingGroup, instance_id: str) -> Absent:
    return Absent(f"{instance_id} is no member of {group.name}", hint="nothing was changed; see 'udo instances'")


def _leaving(
    group: AutoScalingGroup, operation: str, ids: Sequence[str], asked: Asked, says: str, gone: tuple[str, object]
) -> Call:
    states = {member.instance_id: member.lifecycle_state for member in group.members}
    for one in ids:
        if states[one] not in ("InService", "Standby" if operation == "DetachInstances" else "InService"):
            raise Refused(f"{one} is {states[one]}, not InService", hint="nothing was changed; try again once it is")
    params = {
        "AutoScalingGroupName": group.name,
        "InstanceIds": list(ids),
        "ShouldDecrementDesiredCapacity": asked.shrink,
    }
    path, value = gone
    return Call(
        f"{_named(ids)} of {group.name} {says}",
        "autoscaling",
        operation,
        params,
        expect=(*_seen(group, ids, states), *([sizes_goal(group, sizes_of(group))] if asked.shrink else [])),
        proof=tuple(Pair(_state_of(group, one, path), value, one) for one in ids),
    )


def _left(
    role: Role, verb: str, group: AutoScalingGroup, ids: Sequence[str], asked: Asked, call: Call, done: str
) -> Plan:
    heading = Plan(verb, role.label, (), unchanged=f"{_named(asked.ids)} {done}")
    if not ids:
        return heading if is_steady(group) else replace(heading, steps=(_wait(group, asked),), done=heading.unchanged)
    fewer = _weight(group, ids) if asked.shrink else 0
    launched = [one.instance_id for one in group.members if one.in_service and one.instance_id in ids]
    left = group.desired_capacity - fewer
    if left < group.min_size:
        raise Refused(
            f"the desired capacity of {group.name} would be {left}, below its minimum, {group.min_size}",
            hint=f"nothing was changed; lower it: udo scale {role.cluster} {role.name} --min {left}",
        )
    asks = f"Lower the desired capacity of {group.name} from {group.desired_capacity} to {left}?" if fewer else None
    return replace(
        heading,
        steps=(call, _wait(group, asked)),
        goal=call.proof,
        differences=(Difference("desired", str(group.desired_capacity), str(left)),) if fewer else (),
        notes=() if asked.shrink or not launched else (_replaced(group, len(launched)),),
        asks=f"{role.label} is protected. {asks or f'{call.says}?'}" if role.protects(verb) else asks,
        done=f"{_named(asked.ids)} {done}",
    )


def _replaced(group: AutoScalingGroup, count: int) -> str:
    return f"{group.name} launches {count} in {'its' if count == 1 else 'their'} place"


def _came(
    role: Role, verb: str, group: AutoScalingGroup, ids: Sequence[str], asked: Asked, call: Call, says: str
) -> Plan:
    heading = Plan(verb, role.label, (), unchanged=f"{_named(asked.ids)} in service in {group.name}")
    if not ids:
        return heading if is_steady(group) else replace(heading, steps=(_wait(group, asked),), done=heading.unchanged)
    now = group.desired_capacity
    more = now + (_weight(group, ids) if verb == "standby" else len(ids))
    if more > group.max_size:
        raise Refused(
            f"the desired capacity of {group.name} would be {more}, above its maximum, {group.max_size}",
            hint=f"nothing was changed; raise it: udo scale {role.cluster} {role.name} --max {more}",
        )
    return replace(
        heading,
        steps=(replace(call, says=f"{call.says}  desired {now} -> {more}"), _wait(group, asked)),
        goal=call.proof,
        differences=(Difference("desired", str(now), str(more)),),
        done=f"{_named(ids)} back {says}: {group.name} has {more} in service",
    )


def _wait(group: AutoScalingGroup, asked: Asked) -> Wait:
    return Wait(
        f"wait until {group.name} has what it wants in service",
        group_read(group.name, "DesiredCapacity"),
        success=(STEADY,),
        timeout=asked.timeout,
        detached="AWS continues; the same command waits again",
        watch="group",
    )


def _seen(group: AutoScalingGroup, ids: Iterable[str], states: Mapping[str, str]) -> tuple[Pair, ...]:
    return tuple(Pair(_state_of(group, one), states[one], one) for one in ids)


def _state_of(group: AutoScalingGroup, instance_id: str, path: str = _STATE) -> Read:
    return group_read(group.name, f"Instances[?InstanceId=={literal(instance_id)}] | {path}")


def _weight(group: AutoScalingGroup, ids: Sequence[str]) -> int:
    return sum(member.weight for member in group.members if member.instance_id in ids)


def _named(ids: Sequence[str]) -> str:
    return ", ".join(ids)
