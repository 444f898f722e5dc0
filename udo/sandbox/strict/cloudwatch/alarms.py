"""Alarms as they are put, shown, set and deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from udo.sandbox.strict import limits, moment
from udo.sandbox.strict.cloudwatch.alarm import OK, UNKNOWN, Alarm, alarms, kept
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, replaces

_MOST = 100
_METRIC, _COMPOSITE = "MetricAlarm", "CompositeAlarm"
_LISTS = ("OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions")


def known(request: Request) -> dict[str, Alarm]:
    """The alarms of the account and region that are asked."""
    return alarms(request.account, request.region)


@answers("cloudwatch", "PutMetricAlarm", moto="starts every alarm in OK, and one that is put again, too")
def new_alarms_know_nothing(request: Request) -> None:
    """A new alarm is INSUFFICIENT_DATA, one on a PromQL query OK; one that is put again keeps its state, its history
    and its tags, and has the settings of the new request alone.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html; botocore cloudwatch
    PutMetricAlarm, documentation (PromQL).
    """
    put(request, OK if request.params.get("EvaluationCriteria") else UNKNOWN)


def put(request: Request, first: str) -> Alarm:
    """Puts an alarm as a request says, in the state `first` where it is new."""
    params = request.params
    name, is_new = str(params["AlarmName"]), params["AlarmName"] not in known(request)
    settings = {key: value for key, value in params.items() if key not in ("AlarmName", "Tags") and value is not None}
    made = kept(request.account, request.region, name, settings, first)
    if is_new and (tags := params.get("Tags")):
        request.backend("cloudwatch").tagger.tag_resource(made.alarm_arn, tags)
    return made


@replaces(CloudWatchBackend, "put_metric_alarm")
def put_metric_alarm(backend: Any, name: str, **settings: Any) -> Alarm:
    """Puts an alarm for another service of moto's."""
    said = {"".join(part.title() for part in key.split("_")): value for key, value in settings.items() if value}
    said["AlarmDescription"] = said.pop("Description", "")
    return kept(backend.account_id, backend.region_name, name, said, UNKNOWN)


@refuses("cloudwatch", "DescribeAlarms", moto="takes any of them together, and any number of names")
def alarms_are_asked_for_in_one_way(request: Request) -> None:
    """DescribeAlarms takes 100 names at most, or a prefix and not both; children or parents of an alarm are asked for
    alone.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html.
    """
    params = {name for name, value in request.params.items() if value not in (None, [])}
    refuse_too_many(request.params.get("AlarmNames") or [])
    if {"AlarmNames", "AlarmNamePrefix"} <= params:
        raise Refusal("ValidationError", "AlarmNames and AlarmNamePrefix must not be specified together")
    family = params & {"ChildrenOfAlarmName", "ParentsOfAlarmName"}
    if family and params - {"MaxRecords", "NextToken"} - {next(iter(family))}:
        raise Refusal("ValidationError", f"{min(family)} must not be specified with other parameters")


@answers("cloudwatch", "DescribeAlarms", moto="gives everything at once, goes by one filter, and ignores AlarmTypes")
def alarms_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeAlarms gives metric alarms alone unless AlarmTypes names composite ones, those that every filter fits, 50
    a page by default and 100 at most.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html (the size of a page that
    nobody asks for is read from the console's, no source tells it).
    """
    params = request.params
    names = params.get("AlarmNames") or []
    # As many as are named come in one answer.
    size = limit(params, "MaxRecords", default=max(50, len(names)), maximum=_MOST)
    kinds = params.get("AlarmTypes") or [_METRIC]
    for member in ("ChildrenOfAlarmName", "ParentsOfAlarmName"):
        if params.get(member):
            raise NotImplementedError(member)
    found = [
        one
        for one in sorted(known(request).values(), key=lambda one: one.name)
        if kind_of(one) in kinds and (not names or one.name in names) and _fits(one, params)
    ]
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    answer = {
        "MetricAlarms": [described(one) for one in shown if kind_of(one) == _METRIC],
        "CompositeAlarms": [described(one) for one in shown if kind_of(one) == _COMPOSITE],
        "NextToken": token,
    }
    return {name: value for name, value in answer.items() if value is not None}


def kind_of(alarm: Alarm) -> str:
    """AlarmTypes' word for it."""
    return _COMPOSITE if alarm.rule is not None else _METRIC


def _fits(alarm: Alarm, params: Mapping[str, Any]) -> bool:
    every = (action for member in _LISTS[:3] for action in alarm.settings.get(member) or [])
    return (
        alarm.name.startswith(params.get("AlarmNamePrefix") or "")
        and params.get("StateValue") in (None, alarm.state_value)
        and (not params.get("ActionPrefix") or any(one.startswith(params["ActionPrefix"]) for one in every))
    )


def described(alarm: Alarm) -> dict[str, Any]:
    """An alarm as AWS shows it."""
    empty: Iterable[str] = _LISTS[:3] if alarm.rule is not None else _LISTS
    return {
        **{name: [] for name in empty},
        **alarm.settings,
        "AlarmName": alarm.name,
        "AlarmArn": alarm.alarm_arn,
        "AlarmConfigurationUpdatedTimestamp": moment.at(alarm.configured),
        "ActionsEnabled": alarm.acts,
        "StateValue": alarm.state_value,
        "StateReason": alarm.reason,
        **({} if alarm.reason_data is None else {"StateReasonData": alarm.reason_data}),
        "StateUpdatedTimestamp": moment.at(alarm.since),
        "StateTransitionedTimestamp": moment.at(alarm.changed),
    }


@answers("cloudwatch", "DescribeAlarmsForMetric")
def describe_alarms_for_metric(request: Request) -> dict[str, Any]:
    params = request.params
    same = ("MetricName", "Namespace", *(name for name in ("Statistic", "Period", "Unit") if params.get(name)))
    wanted = dimensions_of(params)
    found = [
        one
        for one in known(request).values()
        if all(one.settings.get(name) == params.get(name) for name in same) and dimensions_of(one.settings) == wanted
    ]
    return {"MetricAlarms": [described(one) for one in found]}


def dimensions_of(named: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The dimensions of a metric, in whatever order."""
    return frozenset((one["Name"], one["Value"]) for one in named.get("Dimensions") or [])


@answers("cloudwatch", "SetAlarmState", moto="knows no time of a change")
def states_can_be_set(request: Request) -> None:
    """SetAlarmState sets the state of an alarm that exists, with a reason whose data is JSON; the time of the change is
    that of the last other state.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html.
    """
    params = request.params
    found = known(request).get(params["AlarmName"])
    if found is None:
        raise Refusal("ResourceNotFound", "")
    data = params.get("StateReasonData")
    if data:
        try:
            json.loads(data)
        except ValueError as error:
            raise Refusal("InvalidFormat", "State reason data is not valid JSON") from error
    found.become(params["StateValue"], params["StateReason"], data)


@answers("cloudwatch", "EnableAlarmActions", "DisableAlarmActions")
def enable_or_disable_actions(request: Request) -> None:
    on = request.response._get_action() == "EnableAlarmActions"
    for name in request.params.get("AlarmNames") or []:
        if found := known(request).get(name):
            found.settings = {**found.settings, "ActionsEnabled": on}


@answers("cloudwatch", "DescribeAlarmHistory", moto="has no such operation")
def alarms_have_a_history(request: Request) -> dict[str, Any]:
    """DescribeAlarmHistory tells what an alarm was put with and which states it had, newest first, 100 a page at most.

    Source: botocore cloudwatch DescribeAlarmHistoryInput and AlarmHistoryItem.
    """
    params = request.params
    kind, name = params.get("HistoryItemType"), params.get("AlarmName")
    items = [
        item
        for one in known(request).values()
        for item in one.history
        if name in (None, one.name) and kind in (None, item["HistoryItemType"])
    ]
    items.sort(key=lambda item: item["Timestamp"], reverse=params.get("ScanBy") != "TimestampAscending")
    size = limit(params, "MaxRecords", default=100, maximum=100)
    shown, token = page(items, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"AlarmHistoryItems": shown, **({"NextToken": token} if token else {})}


def refuse_too_many(names: list[str]) -> None:
    """Refuses more names than a request may have."""
    if len(names) > _MOST:
        raise Refusal(
            "ValidationError",
            f"1 validation error detected: Value '{names[:3]}...' at 'alarmNames' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MOST}",
        )
