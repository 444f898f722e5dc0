"""What an alarm is put with: one way to say what it looks at, and numbers that can be evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.utilities.utils import get_partition

from udo.sandbox.strict.rules import Refusal, Request, refuses

# What stands in `Metrics` instead, where that is given.
_OF_ONE_METRIC = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_COUNTED = ("Period", "Threshold", "ComparisonOperator", "EvaluationPeriods", "DatapointsToAlarm")
_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_OF_BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")
EXTENDED = re.compile(
    r"IQM|p100(\.0+)?|(p|tm|tc|ts|wm)\d{1,2}(\.\d{1,10})?|PR\([\d.]*:[\d.]*\)|(TC|TM|TS|WM)\([\d.%]*:[\d.%]*\)"
)
_DAY, _WEEK = 86_400, 7 * 86_400


@refuses("cloudwatch", "PutMetricAlarm", moto="accepts an alarm without anything to compare, and with more than one")
def alarms_look_at_one_thing(request: Request) -> None:
    """An alarm has exactly one of MetricName, Metrics and EvaluationCriteria; what belongs to another of the three is
    refused.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html; botocore cloudwatch
    PutMetricAlarmInput (no source tells the words).
    """
    params = given(request.params)
    ways = [name for name in ("MetricName", "Metrics", "EvaluationCriteria") if name in params]
    if len(ways) != 1:
        raise Refusal("ValidationError", "Exactly one of MetricName, Metrics and EvaluationCriteria must be specified")
    beside = {"MetricName": (), "Metrics": _OF_ONE_METRIC, "EvaluationCriteria": (*_OF_ONE_METRIC, *_COUNTED)}[ways[0]]
    if wrong := [name for name in beside if name in params]:
        raise Refusal("ValidationError", f"{wrong[0]} must not be specified with {ways[0]}")


@refuses("cloudwatch", "PutMetricAlarm", moto="accepts one without a statistic, a period of 7 and a number of 5 of 3")
def alarms_can_be_evaluated(request: Request) -> None:
    """An alarm on a metric has one statistic, a period of 10, 20, 30 or a multiple of 60, a threshold and an operator;
    M is not above N, and all periods are a day at most, from periods of an hour on seven.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html (no source tells the
    words).
    """
    for wrong, why in _wrong(given(request.params)):
        if wrong:
            raise Refusal("ValidationError", why)


def _wrong(params: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    if "EvaluationCriteria" in params:
        yield "EvaluationInterval" not in params, "EvaluationInterval is required with EvaluationCriteria"
        return
    for name in ("EvaluationPeriods", "ComparisonOperator"):
        yield name not in params, f"{name} must be specified"
    bands = params.get("ComparisonOperator") in _OF_BANDS
    yield bands != ("ThresholdMetricId" in params), "ThresholdMetricId goes with anomaly detection, and only with it"
    yield bands == ("Threshold" in params), "Threshold must be specified, but for anomaly detection"
    periods = params["EvaluationPeriods"]
    if "MetricName" in params:
        yield "Namespace" not in params, "Namespace must be specified"
        yield "Period" not in params, "Period must be specified"
        both = ("Statistic" in params) + ("ExtendedStatistic" in params)
        yield both != 1, "Exactly one of Statistic and ExtendedStatistic must be specified"
        period = params["Period"]
        yield not is_period(period), "Period must be 10, 20, 30 or a multiple of 60"
        longest = _DAY if period < 3600 else _WEEK
        yield period * periods > longest, f"Metrics cannot be checked across more than {longest} seconds"
    else:
        shown = [one for one in params["Metrics"] if one.get("ReturnData") is not False]
        yield len(shown) != (2 if bands else 1), "Exactly one element of the metrics list should return data"
    yield params.get("DatapointsToAlarm", 1) > periods, "DatapointsToAlarm must not be above EvaluationPeriods"


@refuses("cloudwatch", "PutMetricAlarm", moto="accepts any word")
def missing_data_is_treated_in_four_ways(request: Request) -> None:
    """TreatMissingData is breaching, notBreaching, ignore or missing.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
    """
    asked = request.params.get("TreatMissingData")
    if asked is not None and asked not in _MISSING:
        raise Refusal("ValidationError", f"Option {asked} is not supported for TreatMissingData: {list(_MISSING)}")


@refuses("cloudwatch", "PutMetricAlarm", "PutCompositeAlarm", moto="accepts any number")
def alarms_have_five_actions_a_state(request: Request) -> None:
    """An alarm has at most five actions for each of its states.

    Source: botocore cloudwatch ResourceList (max 5).
    """
    for member in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        if len(request.params.get(member) or []) > 5:
            raise Refusal(
                "ValidationError",
                f"1 validation error detected: Value at '{member[0].lower()}{member[1:]}' failed to satisfy "
                "constraint: Member must have length less than or equal to 5",
            )


@refuses("cloudwatch", "PutMetricAlarm", "PutCompositeAlarm", moto="accepts any text")
def alarms_act_in_their_region(request: Request) -> None:
    """What an alarm does is an ARN of its own partition and region.

    Source: github.com/cds-snc/notification-terraform/pull/128, aws-samples/amazon-cloudwatch-auto-alarms/issues/61 and
    hashicorp/terraform/issues/19015 (whose text is empty), which have AWS's words.
    """
    own = (get_partition(request.region), request.region)
    for member in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        for one in request.params.get(member) or []:
            words = str(one).split(":")
            if words[0] != "arn" or len(words) < 6:
                raise Refusal("ValidationError", "")
            for what, said, meant in zip(("partition", "region"), (words[1], words[3]), own, strict=True):
                if said != meant:
                    raise Refusal("ValidationError", f"Invalid {what} {said} specified. Only {meant} is supported.")


@refuses("cloudwatch", "PutMetricAlarm", moto="accepts any text")
def extended_statistics_are_of_a_kind(request: Request) -> None:
    """An extended statistic is a percentile, or a trimmed or winsorized one, IQM or a rank, as the documentation lists.

    Source: botocore cloudwatch PutMetricAlarmInput, member ExtendedStatistic (no source tells the words).
    """
    told = request.params.get("ExtendedStatistic")
    if told and not EXTENDED.fullmatch(told):
        raise Refusal("ValidationError", f"The value {told} for parameter ExtendedStatistic is not supported.")


def is_period(seconds: Any) -> bool:
    """Whether CloudWatch evaluates periods of so many seconds."""
    return int(seconds) in (10, 20, 30) or (int(seconds) > 0 and int(seconds) % 60 == 0)


def given(params: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request that say something."""
    return {name: value for name, value in params.items() if value not in (None, [], {})}
