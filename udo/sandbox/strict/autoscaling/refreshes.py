"""Instance refreshes as they are asked for: started, described, cancelled and rolled back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import limits, moment
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.autoscaling.launch_reference import desired_source
from udo.sandbox.strict.autoscaling.refresh_members import new_instances_warm_up
from udo.sandbox.strict.autoscaling.refresh_run import begin_cancelling, begin_rollback, move
from udo.sandbox.strict.autoscaling.refresh_state import Refresh, active, described, refreshes_of
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, rule

_SIX_WEEKS = 42 * 86_400.0


@answers("autoscaling", "DescribeInstanceRefreshes", moto="does not have it")
def groups_show_their_refreshes(request: Request) -> dict[str, Any]:
    """DescribeInstanceRefreshes lists the refreshes of a group that exists from six weeks, newest first, 50 a page and
    at most 100.

    Source: botocore autoscaling DescribeInstanceRefreshes and DescribeInstanceRefreshesType, member MaxRecords.
    """
    params = request.params
    group = known_group(request.backend("autoscaling"), params["AutoScalingGroupName"])
    size, wanted = limit(params, "MaxRecords", default=50, maximum=100), params.get("InstanceRefreshIds") or []
    kept = [one for one in refreshes_of(group) if one.started >= moment.now() - _SIX_WEEKS]
    found = [one for one in kept if not wanted or one.refresh_id in wanted]
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    rows = [described(one, warm_pool=bool(group.warm_pool)) for one in shown]
    return {"InstanceRefreshes": rows, "NextToken": token}


@refuses("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def one_refresh_at_a_time(request: Request) -> None:
    """A group with an active refresh, also one that is cancelled or rolled back, refuses another:
    InstanceRefreshInProgress.

    Source: botocore autoscaling StartInstanceRefresh, error InstanceRefreshInProgressFault; the words are those of logs
    in public repositories.
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    if active(group):
        raise Refusal(
            "InstanceRefreshInProgress",
            "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
        )


@answers("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def refreshes_begin_as_pending(request: Request) -> dict[str, Any]:
    """StartInstanceRefresh answers with an id at once; the refresh is Pending, and in progress a little later.

    Source: botocore autoscaling StartInstanceRefreshAnswer and shape InstanceRefresh, member Status.
    """
    params = request.params
    group: Any = known_group(request.backend("autoscaling"), params["AutoScalingGroupName"])
    desired, asked = params.get("DesiredConfiguration"), params.get("Preferences") or {}
    if params.get("Strategy") == "ReplaceRootVolume":
        raise NotImplementedError("the strategy ReplaceRootVolume")
    preferences = unnamed_preferences_have_defaults(group, asked)
    found = frozenset(member.instance_id for member in group.instance_states)
    refresh = Refresh(
        refresh_id=str(mock_random.uuid4()),
        group_name=group.name,
        strategy=params.get("Strategy") or "Rolling",
        preferences=preferences,
        shown=_shown(asked, preferences),
        desired=desired,
        source=desired_source(group, desired) if desired else None,
        started=moment.now(),
        warmup=new_instances_warm_up(group, preferences),
        todo=set(found),
        found=found,
        moved=moment.now(),
    )
    refreshes_of(group).insert(0, refresh)
    move(group)
    return {"InstanceRefreshId": refresh.refresh_id}


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def unnamed_preferences_have_defaults(group: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Percentages that are not named are those of the group's instance maintenance policy, else 90 and none;
    checkpoints wait an hour, protected instances and those in Standby are waited for, nothing is skipped or rolled
    back.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/understand-instance-refresh-default-values.html.
    """
    policy = getattr(group, "instance_maintenance_policy", None) or {}
    least, most = (int(policy.get(name, -1)) for name in ("MinHealthyPercentage", "MaxHealthyPercentage"))
    preferences: dict[str, Any] = {
        "MinHealthyPercentage": least if least >= 0 else 90,
        "MaxHealthyPercentage": most if most >= 0 else None,
        "SkipMatching": False,
        "AutoRollback": False,
        "ScaleInProtectedInstances": "Wait",
        "StandbyInstances": "Wait",
    }
    if asked.get("CheckpointPercentages"):
        preferences["CheckpointDelay"] = 3600
    return {**preferences, **asked}


# What AWS shows of preferences though nobody named it: an answer of DescribeInstanceRefreshes of 2026 in a public
# repository.
_ALWAYS = ("MinHealthyPercentage", "MaxHealthyPercentage", "CheckpointDelay", "SkipMatching", "AutoRollback")


def _shown(asked: Mapping[str, Any], preferences: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: preferences[name] for name in _ALWAYS if preferences.get(name) is not None}
    return {**known, "AlarmSpecification": {}, **asked}


@answers("autoscaling", "CancelInstanceRefresh", moto="has no such operation")
def refreshes_can_be_cancelled(request: Request) -> dict[str, Any]:
    """CancelInstanceRefresh cancels the group's active refresh or its rollback, and answers with its id; without one it
    is ActiveInstanceRefreshNotFound.

    Source: botocore autoscaling CancelInstanceRefresh and error ActiveInstanceRefreshNotFoundFault.
    """
    group: Any = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    refresh = active(group)
    if refresh is None:
        raise Refusal(
            "ActiveInstanceRefreshNotFound",
            f"No in progress or pending Instance Refresh found for Auto Scaling group {group.name}",
        )
    begin_cancelling(refresh, group, waits=request.params.get("WaitForTransitioningInstances") is not False)
    return {"InstanceRefreshId": refresh.refresh_id}


@answers("autoscaling", "RollbackInstanceRefresh", moto="has no such operation")
def refreshes_can_be_rolled_back(request: Request) -> dict[str, Any]:
    """RollbackInstanceRefresh replaces what an active refresh has launched by what the group had before; without one it
    is ActiveInstanceRefreshNotFound.

    Source: botocore autoscaling RollbackInstanceRefresh and error ActiveInstanceRefreshNotFoundFault.
    """
    group: Any = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    refresh = active(group)
    if refresh is None or refresh.status not in ("Pending", "InProgress", "Baking"):
        raise Refusal(
            "ActiveInstanceRefreshNotFound",
            f"No in progress or baking Instance Refresh found for Auto Scaling group {group.name}",
        )
    begin_rollback(refresh, group, "User request")
    move(group)
    return {"InstanceRefreshId": refresh.refresh_id}
