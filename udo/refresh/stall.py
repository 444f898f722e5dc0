"""Why a refresh does not move: what AWS says, joined with what the group, its hooks, targets and activities show."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from udo.errors import AwsError, PermissionDenied
from udo.groups.failures import failed_activities
from udo.groups.health import reasons
from udo.groups.processes import is_or_are
from udo.groups.processes import listed as joined
from udo.refresh.forecast import NEEDED
from udo.refresh.text import length, listed
from udo.refresh.words import why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from udo.aws import Aws
    from udo.model.groups import AutoScalingGroup, Member
    from udo.model.refreshes import Refresh

# So many of the newest activities are looked at.
_MOST = 100


def explained(aws: Aws, group: AutoScalingGroup, refresh: Refresh) -> list[str]:
    """Why it does not move, a line each, the most certain first; what cannot be read is one of them."""
    said = why(refresh)
    return [
        *([f"AWS: {said}"] if said else []),
        *_suspended(group),
        *_kept(group, refresh),
        *_asked("lifecycle hooks", lambda: list(_held(aws, group))),
        *_asked("the health of targets", lambda: list(_unhealthy(aws, group))),
        *_asked("scaling activities", lambda: list(_failed(aws, group, refresh))),
    ]


def _asked(what: str, ask: Callable[[], list[str]]) -> list[str]:
    try:
        return ask()
    except (AwsError, PermissionDenied) as error:
        return [f"{what} unknown: {error.message}"]


def _suspended(group: AutoScalingGroup) -> Iterator[str]:
    names = [name for name in NEEDED if name in group.suspended_processes]
    if names:
        yield f"{joined(names)} {is_or_are(names)} suspended: nobody is replaced until 'udo resume'"


def _kept(group: AutoScalingGroup, refresh: Refresh) -> Iterator[str]:
    said = refresh.preferences
    aside = [one.instance_id for one in group.members if one.is_aside]
    if aside and said.standby == "Wait":
        yield f"{listed(aside)} in Standby: it waits until {_it(aside)} back"
    protected = [one.instance_id for one in group.members if one.protected_from_scale_in and not one.is_aside]
    if protected and said.protected == "Wait":
        yield f"{listed(protected)} protected from scale-in: it waits until {_it(protected)} not"


def _it(ids: Sequence[str]) -> str:
    return "it is" if len(ids) == 1 else "they are"


def _held(aws: Aws, group: AutoScalingGroup) -> Iterator[str]:
    """Members that wait for a lifecycle hook."""
    waiting = [one for one in group.members if one.lifecycle_state.endswith(":Wait")]
    if not waiting:
        return
    hooks = aws.autoscaling.hooks(group.name)
    for state in dict.fromkeys(one.lifecycle_state for one in waiting):
        holds = "launching" if state.startswith(("Pending", "Warmed:Pending")) else "terminating"
        ids = [one.instance_id for one in waiting if one.lifecycle_state == state]
        names = [
            f"{one.name} ({length(one.seconds)}, then {one.default_result})" for one in hooks if one.holds == holds
        ]
        yield f"{listed(ids)} in {state}, held by {'hook ' + joined(names) if names else 'no hook that is left'}"


def _unhealthy(aws: Aws, group: AutoScalingGroup) -> Iterator[str]:
    """Members in service that group or target groups do not call healthy."""
    arns = group.raw.get("TargetGroupARNs") or ()
    targets: dict[str, Any] = {arn: aws.elbv2.target_health(arn) for arn in arns}
    found: dict[str, list[str]] = {}
    for one in group.members:
        if one.in_service:
            for reason in reasons(one, targets):
                found.setdefault(reason, []).append(one.instance_id)
    yield from (f"{listed(ids)}: {reason}" for reason, ids in found.items())


def _failed(aws: Aws, group: AutoScalingGroup, refresh: Refresh) -> Iterator[str]:
    """Launches and terminations that failed since it began."""
    activities = takewhile(lambda one: one.started_at >= refresh.started_at, aws.autoscaling.activities(group.name))
    found = failed_activities([one for one, _ in zip(activities, range(_MOST), strict=False)])
    for failure in found:
        if not failure.since:
            yield f"{failure.says}: {' '.join(failure.lines)}"


def looked_at(refresh: Refresh, members: Sequence[Member]) -> tuple[Any, ...]:
    """What of a refresh and a group changes while it makes progress."""
    states = tuple(sorted((one.instance_id, one.lifecycle_state) for one in members))
    return refresh.status, refresh.percent, refresh.left, states
