"""Data of metrics as it is put and asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.cloudwatch import expression, metrics
from udo.sandbox.strict.cloudwatch.settings import is_period
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses

_TWO_WEEKS, _TWO_HOURS = 14 * 86_400.0, 7_200.0
_MOST_QUERIES, _MOST_POINTS = 500, 100_800


@answers("cloudwatch", "PutMetricData", moto="keeps data of any time")
def data_is_of_these_days(request: Request) -> None:
    """Data is put for the present moment, or for one up to two weeks ago or two hours ahead.

    Source: botocore cloudwatch MetricDatum, member Timestamp (no source tells the words).
    """
    params = request.params
    kept = []
    for number, one in enumerate(params.get("MetricData") or [], start=1):
        time = moment.seconds(one.get("Timestamp"))
        if time is not None and not moment.now() - _TWO_WEEKS <= time <= moment.now() + _TWO_HOURS:
            told = f"The parameter MetricData.member.{number}.Timestamp must specify a time within the past two weeks"
            raise Refusal("InvalidParameterValue", f"{told} and no more than two hours ahead.")
        at = {"Timestamp": moment.now() if time is None else time}
        kept += [({**one, "Namespace": params["Namespace"]}, point) for point in metrics.named({**one, **at})]
    # What else is wrong with it moto says; that it keeps it too does no harm.
    request.moto()
    for named, point in kept:
        metrics.put(request.account, request.region, metrics.Key.of(named), point)


@answers("cloudwatch", "GetMetricData", moto="counts periods from the start that is asked for")
def data_is_given_by_periods(request: Request) -> dict[str, Any]:
    """GetMetricData gives a value for each whole period that has data, the newest first, of the metric with exactly the
    dimensions that are named; it takes 500 queries at most.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html.
    """
    params = request.params
    queries = params.get("MetricDataQueries") or []
    start, end = moment.seconds(params["StartTime"]), moment.seconds(params["EndTime"])
    if len(queries) > _MOST_QUERIES:
        raise Refusal("ValidationError", f"MetricDataQueries must have at most {_MOST_QUERIES} members")
    if start is None or end is None or start >= end:
        raise Refusal("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    rows = [
        _row(request, queries, one, start, end, newest_first=params.get("ScanBy") != "TimestampAscending")
        for one in queries
        if one.get("ReturnData") is not False
    ]
    return {"MetricDataResults": rows, "Messages": []}


def _row(
    request: Request,
    queries: list[Mapping[str, Any]],
    query: Mapping[str, Any],
    start: float,
    end: float,
    *,
    newest_first: bool,
) -> dict[str, Any]:
    if not query.get("MetricStat") and not query.get("Expression"):
        raise Refusal("ValidationError", f"Either MetricStat or Expression must be specified in {query.get('Id')}")
    stat = query.get("MetricStat") or {}
    period = int(stat.get("Period") or query.get("Period") or expression.period(queries))
    if not is_period(period) and period not in (1, 5):
        raise Refusal("ValidationError", "Period must be 1, 5, 10, 20, 30 or a multiple of 60")
    first = math.floor(start / period) * float(period)
    count = math.ceil((end - first) / period)
    if count > _MOST_POINTS:
        raise Refusal("ValidationError", f"More than {_MOST_POINTS} datapoints are asked for")
    found = expression.result(request.account, request.region, queries, query, first, period, count)
    pairs = [(first + place * period, value) for place, value in enumerate(found) if value is not None]
    pairs = [pair for pair in pairs if pair[0] < end][:: -1 if newest_first else 1]
    name = (stat.get("Metric") or {}).get("MetricName")
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or name or query["Id"],
        "Timestamps": [moment.at(time) for time, _value in pairs],
        "Values": [value for _time, value in pairs],
        "StatusCode": "Complete",
    }


@answers("cloudwatch", "GetMetricStatistics")
def get_metric_statistics(request: Request) -> dict[str, Any]:
    params = request.params
    start, end, period = moment.seconds(params["StartTime"]), moment.seconds(params["EndTime"]), int(params["Period"])
    asked = [*(params.get("Statistics") or []), *(params.get("ExtendedStatistics") or [])]
    if not asked:
        raise Refusal("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
    if start is None or end is None or start >= end:
        raise Refusal("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
    unit = params.get("Unit")
    found = metrics.points(request.account, request.region, metrics.Key.of(params))
    found = [one for one in found if unit in (None, one.unit) and start <= one.time < end]
    first = math.floor(start / period) * float(period)
    slots: dict[int, list[metrics.Point]] = {}
    for one in found:
        slots.setdefault(math.floor((one.time - first) / period), []).append(one)
    rows = []
    for slot, inside in sorted(slots.items()):
        row: dict[str, Any] = {"Timestamp": moment.at(first + slot * period), "Unit": inside[0].unit or "None"}
        row |= {name: metrics.statistic(name, inside) for name in params.get("Statistics") or []}
        extended = {name: metrics.statistic(name, inside) for name in params.get("ExtendedStatistics") or []}
        rows.append({**row, **({"ExtendedStatistics": extended} if extended else {})})
    return {"Label": params["MetricName"], "Datapoints": rows}


@refuses("cloudwatch", "PutMetricAlarm", moto="accepts an expression that names nothing")
def expressions_name_their_metrics(request: Request) -> None:
    """An expression is made of the ids of the metrics beside it.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html.
    """
    queries = request.params.get("Metrics") or []
    known = {one.get("Id") for one in queries}
    for one in queries:
        if text := one.get("Expression"):
            unknown = [name for name in expression.names(expression.parsed(text)) if name not in known]
            if unknown:
                raise Refusal("ValidationError", f"Unknown id {unknown[0]} in the expression {text}")
