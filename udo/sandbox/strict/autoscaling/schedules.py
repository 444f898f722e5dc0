"""Scheduled actions: each belongs to its group, says what it does and when, and is one of a batch that may fail."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeScheduledAction
from moto.moto_api._internal import mock_random

from udo.sandbox.strict import limits, moment
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.autoscaling.recurrence import recurs
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, replaces, rule

_SIZES = ("MinSize", "MaxSize", "DesiredCapacity")
_MEMBERS = ("DesiredCapacity", "MaxSize", "MinSize", "StartTime", "EndTime", "Recurrence", "TimeZone")
_AT_ONCE = 50


@refuses("autoscaling", "PutScheduledUpdateGroupAction", moto="accepts any recurrence, time zone, sizes and times")
def scheduled_actions_say_what_and_when(request: Request) -> None:
    """A scheduled action names a size and when: a recurrence of five fields or a start that is not past, a time zone
    that exists, and sizes that go together.

    Source: botocore autoscaling PutScheduledUpdateGroupActionType, documentation of its members; crontab(5);
    github.com/hashicorp/terraform-provider-aws issues (`Given start time is in the past`).
    """
    if why := _wrong(request.params):
        raise Refusal("ValidationError", why)


def _wrong(action: Mapping[str, Any]) -> str | None:
    """Why AWS refuses a scheduled action, or None."""
    start, end, recurrence = (
        moment.seconds(action.get("StartTime")),
        moment.seconds(action.get("EndTime")),
        action.get("Recurrence"),
    )
    sizes = [action.get(name) for name in _SIZES]
    wrong = (
        (
            all(size is None for size in sizes),
            "At least one of MinSize, MaxSize or DesiredCapacity must be specified",
        ),
        (recurrence is None and start is None, "StartTime or Recurrence must be specified"),
        (recurrence is not None and not recurs(str(recurrence)), f"Given recurrence string: {recurrence} is invalid"),
        (action.get("TimeZone") not in (None, *_zones()), f"Given time zone: {action.get('TimeZone')} is invalid"),
        (start is not None and start < moment.now(), "Given start time is in the past"),
        (end is not None and end < max(moment.now(), start or 0.0), "Given end time is before the start time"),
        *_sizes_apart(*sizes),
    )
    return next((text for is_wrong, text in wrong if is_wrong), None)


def _sizes_apart(least: Any, most: Any, desired: Any) -> tuple[tuple[bool, str], ...]:
    low, high = int(least or 0), float("inf") if most is None else int(most)
    return (
        (any(size is not None and int(size) < 0 for size in (least, most, desired)), "Sizes must not be negative"),
        (low > high, f"Max bound, {most}, must be greater than or equal to min bound, {least}"),
        (
            desired is not None and not low <= int(desired) <= high,
            f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}",
        ),
    )


def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


@answers("autoscaling", "PutScheduledUpdateGroupAction")
def put_scheduled_update_group_action(request: Request) -> None:
    _put(request.backend("autoscaling"), request.params["AutoScalingGroupName"], request.params)


@answers("autoscaling", "BatchPutScheduledUpdateGroupAction", moto="puts all of them, whatever they say")
def batches_of_schedules_name_what_failed(request: Request) -> dict[str, Any]:
    """BatchPutScheduledUpdateGroupAction takes 50 actions at most, puts those that can be and lists the others.

    Source: botocore autoscaling BatchPutScheduledUpdateGroupActionAnswer, FailedScheduledUpdateGroupActionRequest.
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    actions = request.params.get("ScheduledUpdateGroupActions") or []
    _refuse_too_many(actions)
    failed = []
    for action in actions:
        if why := _wrong(action):
            failed.append(_failure(action["ScheduledActionName"], why))
        else:
            _put(request.backend("autoscaling"), group.name, action)
    return {"FailedScheduledUpdateGroupActions": failed}


@answers("autoscaling", "BatchDeleteScheduledAction", moto="deletes nothing more from the first unknown one on")
def deleted_schedules_that_are_unknown_are_listed(request: Request) -> dict[str, Any]:
    """BatchDeleteScheduledAction takes 50 names at most, deletes those there are and lists the others.

    Source: botocore autoscaling BatchDeleteScheduledActionAnswer, FailedScheduledUpdateGroupActionRequest.
    """
    backend = request.backend("autoscaling")
    group = known_group(backend, request.params["AutoScalingGroupName"])
    names = request.params.get("ScheduledActionNames") or []
    _refuse_too_many(names)
    unknown = [name for name in names if _kept(backend).pop((group.name, name), None) is None]
    return {"FailedScheduledActions": [_failure(name, f"Scheduled action name not found: {name}") for name in unknown]}


def _refuse_too_many(named: list[Any]) -> None:
    if len(named) > _AT_ONCE:
        raise Refusal("ValidationError", f"The number of scheduled actions in a request is limited to {_AT_ONCE}")


def _failure(name: str, why: str) -> dict[str, str]:
    return {"ScheduledActionName": name, "ErrorCode": "ValidationError", "ErrorMessage": why}


def _put(backend: Any, group: str, action: Mapping[str, Any]) -> None:
    desired, most, least, start, end, recurrence, zone = (action.get(name) for name in _MEMBERS)
    name = action["ScheduledActionName"]
    scheduled_actions_belong_to_their_group(backend, group, desired, most, least, name, start, end, recurrence, zone)


@replaces(AutoScalingBackend, "put_scheduled_update_group_action")
@rule("autoscaling", "PutScheduledUpdateGroupAction", moto="steals an action of the same name from another group")
def scheduled_actions_belong_to_their_group(
    backend: Any,
    name: str,
    desired_capacity: Any,
    max_size: Any,
    min_size: Any,
    scheduled_action_name: str,
    start_time: Any,
    end_time: Any,
    recurrence: Any,
    timezone: Any,
) -> Any:
    """Scheduled actions of the same name in two groups are two actions.

    Source: botocore autoscaling PutScheduledUpdateGroupActionType, member ScheduledActionName.
    """
    kind: Any = FakeScheduledAction
    sizes = [None if size is None else int(size) for size in (desired_capacity, max_size, min_size)]
    made = kind(name, *sizes, scheduled_action_name, start_time, end_time, recurrence, timezone)
    before = _kept(backend).get((name, scheduled_action_name))
    made.udo_looked = moment.now()
    made.udo_id = before.udo_id if before else str(mock_random.uuid4())
    _kept(backend)[name, scheduled_action_name] = made
    return made


def _kept(backend: Any) -> dict[tuple[str, str], Any]:
    kept: dict[tuple[str, str], Any] = backend.scheduled_actions
    return kept


@replaces(AutoScalingBackend, "delete_scheduled_action")
def delete_scheduled_action(backend: Any, auto_scaling_group_name: str, scheduled_action_name: str) -> None:
    """Deletes one group's scheduled action."""
    if _kept(backend).pop((auto_scaling_group_name, scheduled_action_name), None) is None:
        raise Refusal("ValidationError", f"Scheduled action name not found: {scheduled_action_name}")


@answers("autoscaling", "DescribeScheduledActions", moto="gives them without an ARN, and ignores MaxRecords and times")
def scheduled_actions_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeScheduledActions gives 50 a page by default and 100 at most, by group, by names, or between two times.

    Source: botocore autoscaling DescribeScheduledActionsType and ScheduledUpdateGroupAction.
    """
    params, backend = request.params, request.backend("autoscaling")
    if name := params.get("AutoScalingGroupName"):
        known_group(backend, name)
    names = params.get("ScheduledActionNames") or []
    size = limit(params, "MaxRecords", default=50, maximum=100)
    found = [
        one
        for one in _kept(backend).values()
        if (not name or one.auto_scaling_group_name == name) and _is_asked_for(one, names, params)
    ]
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"ScheduledUpdateGroupActions": [_described(backend, one) for one in shown], "NextToken": token}


def _is_asked_for(action: Any, names: list[str], params: Mapping[str, Any]) -> bool:
    if names:
        return action.scheduled_action_name in names
    low, high = moment.seconds(params.get("StartTime")), moment.seconds(params.get("EndTime"))
    if low is None and high is None:
        return True
    start = moment.seconds(action.start_time)
    return start is not None and (low or 0.0) <= start <= (float("inf") if high is None else high)


def _described(backend: Any, action: Any) -> dict[str, Any]:
    group, name = action.auto_scaling_group_name, action.scheduled_action_name
    where = f"arn:aws:autoscaling:{backend.region_name}:{backend.account_id}:scheduledUpdateGroupAction:{action.udo_id}"
    shown = {
        "AutoScalingGroupName": group,
        "ScheduledActionName": name,
        "ScheduledActionARN": f"{where}:autoScalingGroupName/{group}:scheduledActionName/{name}",
        "Time": action.start_time,
        "StartTime": action.start_time,
        "EndTime": action.end_time,
        "Recurrence": action.recurrence,
        "MinSize": action.min_size,
        "MaxSize": action.max_size,
        "DesiredCapacity": action.desired_capacity,
        "TimeZone": action.time_zone,
    }
    return {key: value for key, value in shown.items() if value is not None}
