"""The history of scaling activities, which is where AWS tells about launches that failed."""

from __future__ import annotations

import json
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import limits, moment
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Request, answers, rule

Activity = dict[str, Any]
_DELETED = "Deleted"


def record(group: Any, description: str, cause: str, *, status: str = "Successful", message: str = "") -> Activity:
    """Writes an activity into the group's history and returns it, so that its status can follow what happens."""
    started = moment.utcnow()
    activity: Activity = {
        "ActivityId": str(mock_random.uuid4()),
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "Description": description,
        "Cause": cause,
        "StartTime": started,
        "AutoScalingGroupState": "InService",
        "StatusCode": status,
        "Progress": 50,
        "Details": json.dumps({"Availability Zone": group.availability_zones[0]}),
    }
    if status in ("Successful", "Failed", "Cancelled"):
        finish(activity, status, message)
    history(group.autoscaling_backend).insert(0, activity)
    return activity


def finish(activity: Activity, status: str = "Successful", message: str = "") -> None:
    """Ends an activity now."""
    activity.update(StatusCode=status, Progress=100, EndTime=moment.utcnow())
    if message:
        activity["StatusMessage"] = message


@rule("autoscaling", "DescribeScalingActivities", moto="always returns an empty list")
def activities_of_deleted_groups_are_apart(backend: Any, name: str) -> None:
    """What a deleted group has done is listed with IncludeDeletedGroups alone, though a new one has its name.

    Source: botocore autoscaling DescribeScalingActivitiesType, member IncludeDeletedGroups, and Activity, member
    AutoScalingGroupState.
    """
    for one in history(backend):
        if one["AutoScalingGroupName"] == name:
            one["AutoScalingGroupState"] = _DELETED


def history(backend: Any) -> list[Activity]:
    """Every activity of a region, newest first."""
    kept: list[Activity] = backend.__dict__.setdefault("udo_activities", [])
    return kept


@answers("autoscaling", "DescribeScalingActivities", moto="always returns an empty list")
def scaling_activities_are_recorded(request: Request) -> dict[str, Any]:
    """Launches and terminations are listed newest first, with their cause, 100 a page; an unknown group is refused.

    Source: botocore autoscaling DescribeScalingActivitiesType and Activity.
    """
    params = request.params
    name = params.get("AutoScalingGroupName")
    if name and not params.get("IncludeDeletedGroups"):
        known_group(request.backend("autoscaling"), name)
    wanted = set(params.get("ActivityIds") or [])
    found = [
        one
        for one in history(request.backend("autoscaling"))
        if (not name or one["AutoScalingGroupName"] == name)
        and (not wanted or one["ActivityId"] in wanted)
        and (params.get("IncludeDeletedGroups") or one["AutoScalingGroupState"] != _DELETED)
    ]
    size = limit(params, "MaxRecords", default=100, maximum=100)
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"Activities": shown, "NextToken": token}


@rule("autoscaling", "TerminateInstanceInAutoScalingGroup", moto="writes the times of its causes as Python does")
def difference_cause(action: str, before: int, after: int, reason: str) -> str:
    """An activity's cause tells the request and the difference in capacity, with times as 2026-01-05T09:00:00Z.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-verify-scaling-activity.html.
    """
    moved = "increasing" if after > before else "shrinking"
    done = "started" if action == "launch" else "taken out of service"
    return (
        f"{reason} At {moment.text()} an instance was {done} in response to a difference between desired and actual "
        f"capacity, {moved} the capacity from {before} to {after}."
    )
