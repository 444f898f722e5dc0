"""Looks at the data of every alarm when that is due, and changes the states that it changes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.cloudwatch import expression, metrics
from udo.sandbox.strict.cloudwatch.alarm import ALARM, OK, UNKNOWN, Alarm, alarms
from udo.sandbox.strict.cloudwatch.composite import composite_alarms_follow_their_children
from udo.sandbox.strict.cloudwatch.judgement import FARTHER, breaches, missing_data_is_filled_in
from udo.sandbox.strict.rules import rule

_WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_DAY = 86_400


def advance() -> None:
    """Moves every alarm of every account and region up to the present moment."""
    for account, regions in list(cloudwatch_backends.items()):
        for region in list(regions):
            known = alarms(account, region)
            if not known:
                continue
            steady.each(lambda alarm: _look(*where(alarm), alarm), [one for one in known.values() if one.rule is None])
            follow(known)


def follow(known: Mapping[str, Alarm]) -> None:
    """Lets composite alarms follow their children, and those that they are the children of."""
    composite = [alarm for alarm in known.values() if alarm.rule is not None]
    for _ in composite:
        # Each of them, whatever the first says.
        moved = [composite_alarms_follow_their_children(alarm, known) for alarm in composite]
        if not any(moved):
            return


def where(alarm: Alarm) -> tuple[str, str]:
    """Account and region of an alarm."""
    parts = alarm.alarm_arn.split(":")
    return parts[4], parts[3]


@rule("cloudwatch", "DescribeAlarms", "PutMetricData", moto="evaluates no alarm")
def alarms_are_evaluated_every_minute(alarm: Alarm) -> float | None:
    """A metric alarm is evaluated at the end of every minute, with a shorter period every ten seconds, over more than a
    day every hour; then it takes the state that its data says, also where another one was set.

    Returns the moment that is due and was not looked at yet.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html; API_SetAlarmState.html.
    """
    period = _period(alarm.settings)
    whole = period * alarm.settings["EvaluationPeriods"]
    every = 10 if period < 60 else 3600 if whole > _DAY else 60
    due = math.floor(moment.now() / every) * float(every)
    return due if due > alarm.looked else None


def _look(account: str, region: str, alarm: Alarm) -> None:
    # What a PromQL query or an anomaly band would say is unknown here: such alarms keep the state they have.
    if "EvaluationCriteria" in alarm.settings or "ThresholdMetricId" in alarm.settings:
        return
    due = alarms_are_evaluated_every_minute(alarm)
    if due is None:
        return
    alarm.looked = due
    before = alarm.changed
    if not alarm.held:
        _judge(account, region, alarm, due)
    if alarm.changed == before:
        alarms_tell_groups_every_minute(alarm)


@rule("cloudwatch", "PutMetricAlarm", moto="carries out no action")
def alarms_tell_groups_every_minute(alarm: Alarm) -> None:
    """Actions are carried out when an alarm comes into the state that they belong to; those of Auto Scaling again at
    every evaluation, as long as it stays there.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html; API_SetAlarmState.html.
    """
    alarm.act("autoscaling")


def _judge(account: str, region: str, alarm: Alarm, due: float) -> None:
    settings, period = alarm.settings, _period(alarm.settings)
    most = int(settings["EvaluationPeriods"])
    count = most + FARTHER
    values = _values(account, region, settings, due - count * period, period, count)
    seen = [None if one is None else breaches(*_compared(settings, one)) for one in values]
    least = int(settings.get("DatapointsToAlarm") or most)
    state = missing_data_is_filled_in(seen, most, least, settings.get("TreatMissingData") or "missing")
    if state is not None and state != alarm.state_value:
        recent = [one for one in values if one is not None][-most:]
        alarm.become(state, _reason(alarm, state, recent, seen[-most:], least), _data(settings, due, recent))


def _values(
    account: str, region: str, settings: Mapping[str, Any], start: float, period: int, count: int
) -> list[float | None]:
    if "Metrics" in settings:
        return expression.values(account, region, settings["Metrics"], start, period, count)
    found = metrics.points(account, region, metrics.Key.of(settings))
    unit = settings.get("Unit")
    stat = settings.get("Statistic") or settings["ExtendedStatistic"]
    return metrics.series((one for one in found if unit in (None, one.unit)), stat, period, start, count)


def _period(settings: Mapping[str, Any]) -> int:
    if "Period" in settings:
        return int(settings["Period"])
    return expression.period(settings.get("Metrics") or [])


def _compared(settings: Mapping[str, Any], value: float) -> tuple[str, float, float]:
    return settings["ComparisonOperator"], value, float(settings["Threshold"])


def _reason(alarm: Alarm, state: str, recent: Sequence[float], seen: Sequence[bool | None], least: int) -> str:
    missing = sum(1 for one in seen if one is None)
    points = "datapoint" if len(recent or seen) == 1 else "datapoints"
    if state == UNKNOWN:
        return f"Insufficient Data: {missing} {points} {'was' if missing == 1 else 'were'} unknown."
    if not recent:
        treated = "Breaching" if state == ALARM else "NonBreaching"
        told = f"no datapoints were received for {len(seen)} periods and {missing} missing {points}"
        return f"Threshold Crossed: {told} {'was' if missing == 1 else 'were'} treated as [{treated}]."
    words = _WORDS[alarm.settings["ComparisonOperator"]]
    wrong = sum(breaches(*_compared(alarm.settings, one)) for one in recent)
    count, verb = (wrong, "") if state == ALARM else (len(recent) - wrong, "not ")
    told = (
        f"{count} out of the last {len(recent)} {points} {list(recent)} {'was' if count == 1 else 'were'} {verb}{words}"
    )
    needed = least if state == ALARM else len(recent) - least + 1
    return (
        f"Threshold Crossed: {told} the threshold ({float(alarm.settings['Threshold'])}) (minimum {max(1, needed)} "
        f"datapoint{'' if needed <= 1 else 's'} for {OK if state == ALARM else ALARM} -> {state} transition)."
    )


def _data(settings: Mapping[str, Any], due: float, recent: Sequence[float]) -> str:
    told = {
        "version": "1.0",
        "queryDate": f"{moment.at(due).isoformat(timespec='milliseconds')}+0000",
        "statistic": settings.get("Statistic") or settings.get("ExtendedStatistic"),
        "period": _period(settings),
        "recentDatapoints": list(recent),
        "threshold": float(settings["Threshold"]),
    }
    return json.dumps({name: value for name, value in told.items() if value is not None})
