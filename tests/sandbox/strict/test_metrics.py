"""Data of metrics as it comes back: every statistic, of values and of sets, and what groups tell of themselves."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

START = datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.UTC)
HOUR = {"StartTime": START, "EndTime": START + datetime.timedelta(hours=1)}
SET = {"SampleCount": 3, "Sum": 30.0, "Minimum": 5.0, "Maximum": 20.0}


def put(world: Any, **datum: Any) -> None:
    words = {"MetricName": "Latency", "Unit": "Seconds", **datum}
    world.client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=[words])


@pytest.mark.parametrize(
    ("statistic", "value"),
    [("SampleCount", 6.0), ("Sum", 36.0), ("Average", 6.0), ("Minimum", 1.0), ("Maximum", 20.0), ("p50", 3.0)],
)
def test_a_statistic_is_of_all_that_was_put(world: Any, statistic: str, value: float) -> None:
    put(world, Values=[1.0, 2.0, 3.0])
    put(world, StatisticValues=SET)
    put(world, Value=99.0, Unit="Count")
    words = {"MetricName": "Latency", "Namespace": "Shop", "Unit": "Seconds"}
    one = "ExtendedStatistics" if statistic == "p50" else "Statistics"
    (found,) = world.client("cloudwatch").get_metric_statistics(**words, **HOUR, Period=300, **{one: [statistic]})[
        "Datapoints"
    ]
    assert found.get(statistic, found.get("ExtendedStatistics", {}).get(statistic)) == value
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "Latency"}, "Period": 300, "Unit": "Seconds"}
    query = {"Id": "q", "MetricStat": stat | {"Stat": statistic}}
    (row,) = world.client("cloudwatch").get_metric_data(MetricDataQueries=[query], **HOUR)["MetricDataResults"]
    assert (row["Values"], row["Timestamps"]) == ([value], [START])


def test_a_time_without_a_length_is_refused(world: Any) -> None:
    words = {"MetricName": "Latency", "Namespace": "Shop", "StartTime": START, "EndTime": START, "Period": 60}
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        world.client("cloudwatch").get_metric_statistics(**words, Statistics=["Sum"])
    with pytest.raises(ClientError, match="InvalidParameterCombination"):
        world.client("cloudwatch").get_metric_statistics(**words)


def test_alarms_are_found_by_their_metric(world: Any) -> None:
    client = world.client("cloudwatch")
    limits = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold", "Period": 60}
    metric = {"MetricName": "Latency", "Namespace": "Shop"}
    roles = [{"Name": "Role", "Value": "web"}]
    client.put_metric_alarm(AlarmName="all", **metric, **limits, Statistic="Sum")
    client.put_metric_alarm(AlarmName="web", **metric, **limits, Statistic="Sum", Dimensions=roles)
    for asked, names in (({}, ["all"]), ({"Dimensions": roles}, ["web"]), ({"Statistic": "Average"}, [])):
        found = client.describe_alarms_for_metric(**metric, **asked)["MetricAlarms"]
        assert [one["AlarmName"] for one in found] == names


def test_what_a_group_tells_is_there_for_every_minute_that_has_passed(world: Any, seeded: Any) -> None:
    roles = "{web: {ami: ami-0aaaaaaaaaaaaaaaa, scale_policy: {desired: 2}}}"
    seeded(f"region: us-west-2\nclusters: {{prod: {{roles: {roles}}}}}\n")
    group = {"AutoScalingGroupName": "prod-web"}
    scaling = world.client("autoscaling")
    scaling.enable_metrics_collection(**group, Granularity="1Minute", Metrics=["GroupInServiceInstances"])
    world.clock.step(150)
    scaling.update_auto_scaling_group(**group, MinSize=0, DesiredCapacity=1)
    world.clock.step(90)
    named = [{"Name": "AutoScalingGroupName", "Value": "prod-web"}]
    rows = []
    for name in ("GroupInServiceInstances", "GroupDesiredCapacity"):
        metric = {"Namespace": "AWS/AutoScaling", "MetricName": name, "Dimensions": named}
        rows.append({"Id": name.lower(), "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}})
    words = {"ScanBy": "TimestampAscending", "MetricDataQueries": rows}
    found = world.client("cloudwatch").get_metric_data(**words, **HOUR)["MetricDataResults"]
    assert [row["Values"] for row in found] == [[2.0, 2.0, 1.0, 1.0], []]
