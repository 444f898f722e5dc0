"""The plan of a refresh: the call and the wait for its end, or the wait alone for one that runs; and of its end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.change.plan import AT_THE_START, NEVER, TO_THE_END, Call, Pair, Plan, Read, Ref, Wait
from udo.errors import Refused
from udo.frozen import frozen
from udo.launch.remembering import remembered, settled, settling
from udo.launch.swapping import launch_pair
from udo.model.refreshes import ACTIVE, ENDED
from udo.refresh.forecast import can_skip, course_of, forecast, note_on_launch, reach
from udo.refresh.preferences import request
from udo.refresh.text import instances, listed
from udo.refresh.words import named, preferences_text, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.model.refreshes import Preferences, Refresh
    from udo.refresh.observe import Observed, Outlook
    from udo.refresh.preferences import Wanted

# Under which name the id of a run's own refresh is saved.
ID = "refresh_id"
IN_PROGRESS = "InstanceRefreshInProgress"
# What CancelInstanceRefresh and RollbackInstanceRefresh say where it has ended meanwhile.
NOT_FOUND = "ActiveInstanceRefreshNotFound"
SUCCESS = "Successful"
# Source: botocore autoscaling AlarmSpecification; AWS takes those that are OK.
_MOST_ALARMS = 10


@frozen
class Following:
    """How a run follows a refresh: for how many seconds, where it does at all, and the words its hints begin with."""

    timeout: float
    wait: bool = True
    reason: str = ""


def plan_refresh(
    role: Role, observed: Observed, wanted: Wanted, following: Following, outlook: Callable[[AutoScalingGroup], Outlook]
) -> Plan:
    """The plan that replaces the members that differ, or follows the refresh that runs already.

    `outlook` looks at what it will meet, where one is to be started.

    Raises: UsageError for a canary that is all of them.
    """
    group = observed.group
    heading = Plan("refresh", role.label, (), reason=following.reason)
    if observed.active:
        return attached(role, heading, group, observed.active, following)
    found = reach(observed, wanted.preferences)
    if not found.is_needed(wanted.preferences):
        nothing = _nothing(observed, wanted.preferences)
        return replace(heading, steps=settled(group), unchanged=nothing, done=nothing)
    preferences = wanted.for_so_many(found.count)
    seen = outlook(group)
    rows = tuple(forecast(observed, seen, preferences, str(group.launch)))
    preferences = replace(preferences, alarms=given_to_aws(seen.alarms))
    notes = (
        *alone(seen.alarms),
        *note_on_launch(group, preferences, len(observed.outdated)),
        *(row["says"] for row in rows),
    )
    call = start(observed, preferences, None)
    waits = (until_its_end(role, group.name, Ref(ID), following, back=False),) if following.wait else ()
    return replace(
        heading,
        steps=(*settled(group), call, *waits),
        goal=() if following.wait else call.proof,
        notes=notes,
        forecast=rows,
        asks=question(role, observed, preferences, "refresh"),
        done=f"instance refresh {{{ID}}} of {group.name} is started",
        back=way_back(role, group.name, Ref(ID), following, desired=False),
        guarded=TO_THE_END if following.wait else AT_THE_START,
    )


def given_to_aws(alarms: Sequence[str]) -> tuple[str, ...]:
    """Those that AWS watches, too."""
    return tuple(alarms[:_MOST_ALARMS])


def alone(alarms: Sequence[str]) -> tuple[str, ...]:
    """Which alarms only Udo watches, a line."""
    more = alarms[_MOST_ALARMS:]
    return (f"AWS takes {_MOST_ALARMS} alarms: Udo alone watches {', '.join(more)}",) if more else ()


def attached(role: Role, heading: Plan, group: AutoScalingGroup, active: Refresh, following: Following) -> Plan:
    """The plan that follows a refresh that runs, whoever started it."""
    found = f"{named(active)} of {group.name} {standing(active)}, since {active.started_at}"
    if not following.wait:
        return replace(heading, unchanged=found)
    notes = (*heading.notes, f"{found}: following it", f"it goes by: {preferences_text(active)}")
    one = active.refresh_id
    back = way_back(role, group.name, one, following, desired=active.is_desired)
    return replace(
        heading,
        notes=notes,
        steps=(until_its_end(role, group.name, one, following, back=active.is_desired),),
        back=back,
        cleanup=_cleanup(group),
        inherits=True,
    )


def _cleanup(group: AutoScalingGroup) -> tuple[Call, ...]:
    """What settles the tag of a group once a refresh that brings something has ended."""
    told = remembered(group)
    return settling(group, told.pending, told.before, no_active(group.name)) if told and told.pending else ()


def question(role: Role, observed: Observed, preferences: Preferences, verb: str) -> str:
    """What is asked before members are replaced."""
    group, found = observed.group, reach(observed, preferences)
    its = course_of(observed, found, preferences)
    asks = f"Replace {found.count} of {instances(len(group.members))} of {group.name}"
    asks += f", with at least {its.bounds.least} in service?"
    return f"{role.label} is protected. {asks}" if role.protects(verb) else asks


def start(
    observed: Observed,
    preferences: Preferences,
    desired: Mapping[str, Any] | None,
    expect: tuple[Pair, ...] | None = None,
) -> Call:
    """The call that starts a refresh, where none runs and the group is what is expected: it launches what was seen."""
    group = observed.group
    params: dict[str, Any] = {
        "AutoScalingGroupName": group.name,
        "Strategy": "Rolling",
        "Preferences": request(preferences, desired=bool(desired), matching=can_skip(group)),
    }
    if desired:
        params["DesiredConfiguration"] = dict(desired)
    return Call(
        f"start an instance refresh of {group.name}{' that brings it' if desired else ''}",
        "autoscaling",
        "StartInstanceRefresh",
        params,
        save={ID: "InstanceRefreshId"},
        expect=(*((launch_pair(group),) if expect is None else expect), no_active(group.name)),
        proof=(Pair(_new(observed), Ref(ID), "instance refresh"),),
    )


def no_active(group_name: str) -> Pair:
    """Holds where no refresh of the group runs."""
    path = f"InstanceRefreshes[?contains(`{json.dumps(list(ACTIVE))}`, Status)].InstanceRefreshId | [0]"
    return Pair(_refreshes(group_name, path), None, f"active instance refresh of {group_name}")


def until_its_end(
    role: Role,
    group_name: str,
    refresh_id: str | Ref,
    following: Following,
    success: tuple[str, ...] = (SUCCESS,),
    *,
    back: bool = True,
) -> Wait:
    """The wait until a refresh has ended in one of these states; `back` where AWS can roll it back."""
    shown = f"{{{refresh_id.name}}}" if isinstance(refresh_id, Ref) else refresh_id
    words = f"udo refresh {role.cluster} {role.name}"
    return Wait(
        f"wait for the instance refresh of {group_name} to end",
        Read(
            "autoscaling",
            "DescribeInstanceRefreshes",
            {"AutoScalingGroupName": group_name, "InstanceRefreshIds": [refresh_id]},
            "InstanceRefreshes[0].Status",
        ),
        success=success,
        failure=tuple(one for one in ENDED if one not in success),
        timeout=following.timeout,
        detached=f"instance refresh {shown} continues in AWS; look again with: {words} (or --status); end it with: "
        f"{words} --cancel{f', or take it back with: {words} --rollback' if back else ''}",
        watch="refresh",
    )


def plan_cancel(role: Role, observed: Observed, following: Following) -> Plan:
    """The plan that cancels the refresh that runs, and waits until it has."""
    active, name = observed.active, observed.group.name
    nothing = f"no instance refresh of {name} is active"
    heading = Plan("refresh --cancel", role.label, (), unchanged=nothing, guarded=NEVER)
    if active is None:
        return replace(heading, steps=settled(observed.group), done=nothing)
    asks: str | None = None
    notes: tuple[str, ...] = ()
    if active.status == "RollbackInProgress":
        asks = (
            f"{named(active)} is being rolled back, and that ends too: some members stay of either version. Cancel it?"
        )
    elif active.status != "Cancelling":
        notes = (f"{active.percent} % is replaced, and stays: a cancelled refresh takes nothing back",)
    call = cancelled(name, active.refresh_id)
    steps: tuple[Call | Wait, ...] = () if active.status == "Cancelling" else (call,)
    if following.wait:
        steps = (*steps, until_its_end(role, name, active.refresh_id, following, ("Cancelled",)))
    done = f"{named(active)} of {name} is being cancelled"
    heading = replace(heading, cleanup=_cleanup(observed.group), inherits=True)
    return replace(heading, steps=steps, asks=asks, notes=notes, done=done, reason=following.reason)


def plan_back(role: Role, observed: Observed, following: Following) -> Plan:
    """The plan that has AWS roll the refresh that runs back, and waits until it has.

    Raises: Refused where AWS would not do that, with what does.
    """
    active, name = observed.active, observed.group.name
    heading = Plan("refresh --rollback", role.label, (), reason=following.reason, guarded=NEVER)
    by_hand = f"udo rollback {role.cluster} {role.name}, then: udo refresh {role.cluster} {role.name}"
    if active is None:
        last = next(iter(observed.refreshes), None)
        if last and last.status == "RollbackSuccessful":
            already = f"{named(last)} of {name} was rolled back already"
            return replace(heading, steps=settled(observed.group), unchanged=already, done=already)
        ended = f"{named(last)} has ended ({last.status})" if last else "there was none lately"
        raise Refused(
            f"no instance refresh of {name} is active: {ended}, and AWS rolls back only one that runs",
            hint=f"back goes: {by_hand}; nothing was changed",
        )
    if not active.is_desired:
        raise Refused(
            f"{named(active)} of {name} brings no configuration of its own, so AWS cannot roll it back",
            hint=f"end it with: udo refresh {role.cluster} {role.name} --cancel; back goes: {by_hand}",
        )
    if active.status == "Cancelling":
        raise Refused(
            f"{named(active)} of {name} is being cancelled, and AWS rolls back only one that runs",
            hint=f"once it has ended, back goes: {by_hand}; nothing was changed",
        )
    call = rolled_back(name, active.refresh_id)
    steps: tuple[Call | Wait, ...] = () if active.status == "RollbackInProgress" else (call,)
    if following.wait:
        steps = (*steps, until_its_end(role, name, active.refresh_id, following, ("RollbackSuccessful",)))
    done = f"{named(active)} of {name} is being rolled back"
    return replace(heading, steps=steps, done=done, cleanup=_cleanup(observed.group), inherits=True)


def cancelled(group_name: str, one: str | Ref) -> Call:
    """The call that cancels that very refresh, where it still runs."""
    return _ends(group_name, one, "CancelInstanceRefresh", "cancel", ("Cancelling", "Cancelled"))


def rolled_back(group_name: str, one: str | Ref) -> Call:
    """The call that has AWS roll that very refresh back, where it still runs."""
    return _ends(group_name, one, "RollbackInstanceRefresh", "roll back", ("RollbackInProgress", "RollbackSuccessful"))


def _ends(group_name: str, one: str | Ref, operation: str, verb: str, after: tuple[str, ...]) -> Call:
    """The call that ends a refresh, where it still runs: AWS takes no id."""
    there = replace(no_active(group_name), value=one)
    says = f"{verb} {'the instance refresh' if isinstance(one, Ref) else f'instance refresh {one}'} of {group_name}"
    proof = (_shows(group_name, one, after, says),)
    return Call(says, "autoscaling", operation, {"AutoScalingGroupName": group_name}, expect=(there,), proof=proof)


def _shows(group_name: str, one: str | Ref, states: Sequence[str], says: str) -> Pair:
    """Holds where that refresh is in one of these states."""
    path = f"contains(`{json.dumps(list(states))}`, InstanceRefreshes[0].Status || '')"
    asked = {"AutoScalingGroupName": group_name, "InstanceRefreshIds": [one]}
    return Pair(Read("autoscaling", "DescribeInstanceRefreshes", asked, path), True, says)


def way_back(
    role: Role, group_name: str, one: str | Ref, following: Following, *, desired: bool
) -> tuple[Call | Wait, ...]:
    """What is done where a guard ends the run: AWS rolls back what brought a configuration, and ends anything else."""
    call = rolled_back(group_name, one) if desired else cancelled(group_name, one)
    end = "RollbackSuccessful" if desired else "Cancelled"
    # AWS, which watches the alarm too, may begin it first, or have ended it.
    begun = "RollbackInProgress" if desired else "Cancelling"
    call = replace(call, optional=True, proof=(_shows(group_name, one, (begun, *ENDED), call.says),))
    return call, until_its_end(role, group_name, one, following, (end,), back=False)


def _nothing(observed: Observed, preferences: Preferences) -> str:
    group = observed.group
    found = reach(observed, preferences)
    if not group.members:
        return f"{group.name} has no instance to replace"
    if found.left:
        kept = listed([one.instance_id for one in found.left])
        return (
            f"nothing to replace: those of {group.name} that differ are left as they are (Standby or protected): {kept}"
        )
    return f"nothing to replace: every instance of {group.name} is of {group.launch}"


def _new(observed: Observed) -> Read:
    """The id of the newest refresh, where it was not there before; AWS lists the newest first."""
    known = json.dumps([one.refresh_id for one in observed.refreshes])
    path = f"InstanceRefreshes[:1] | [?!contains(`{known}`, InstanceRefreshId)] | [0].InstanceRefreshId"
    return _refreshes(observed.group.name, path)


def _refreshes(group_name: str, path: str) -> Read:
    asked: dict[str, Any] = {"AutoScalingGroupName": group_name, "MaxRecords": 100}
    return Read("autoscaling", "DescribeInstanceRefreshes", asked, path)
