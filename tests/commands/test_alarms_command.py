"""alarms: what each alarm of udo.yml says, beside what it looks at, in few requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from alarm_worlds import ANY, DEPTH, SLOW, cloudwatch, strangers, write
from launch_worlds import write_config
from update_worlds import UPDATE, config

from udo.alarms.trend import columns, number, sparkline
from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
RATE = (
    "rate: {above: 0.5, metrics: [{Id: rate, Expression: 'lost / jobs'},"
    " {Id: lost, ReturnData: false, MetricStat: {Metric: {Namespace: Shop, MetricName: Lost}, Stat: Sum}},"
    " {Id: jobs, ReturnData: false, MetricStat: {Metric: {Namespace: Shop, MetricName: Jobs}, Stat: Sum}}]}"
)


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(config())
    strangers(world)
    return world


def data(world: Any, metric: str, *values: float, ago: float = 1.0, **dimensions: str) -> None:
    """Puts a value a minute, the last one `ago` seconds before now."""
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    for place, value in enumerate(reversed(values)):
        when = datetime.fromtimestamp(world.clock.now() - ago - 60 * place, UTC)
        one = {"MetricName": metric, "Value": value, "Timestamp": when, "Dimensions": named}
        cloudwatch(world).put_metric_data(Namespace="Shop", MetricData=[one])


def test_alarms_show_their_state_and_threshold_beside_the_last_value_in_two_requests(shop: Any, udo: Udo) -> None:
    write(DEPTH, SLOW, ANY, RATE, "new: {metric: Shop/Depth, below: 1}")
    assert udo(*UPDATE).exit == 0
    cloudwatch(shop).delete_alarms(AlarmNames=["prod-webapp-new"])
    data(shop, "Depth", 100, 501, ago=2900, Queue="jobs")
    data(shop, "Depth", 250, 300, Queue="jobs")
    data(shop, "Lost", 1)
    data(shop, "Jobs", 4)
    cloudwatch(shop).set_alarm_state(AlarmName="prod-webapp-slow", StateValue="ALARM", StateReason="told")
    shop.log.clear()
    told = udo("alarms", "prod", "webapp", "-o", "json")
    assert told.exit == 0
    assert Counter(one.operation for one in shop.log) == {"DescribeAlarms": 1, "GetMetricData": 1}
    rows = {row["alarm"]: row for row in told.json["data"]}
    assert list(rows) == ["depth", "slow", "any", "rate", "new"]
    depth = rows["depth"]
    assert (depth["name"], depth["comparison"], depth["threshold"]) == (
        "prod-webapp-depth",
        "GreaterThanThreshold",
        500.0,
    )
    assert (depth["for"], depth["last"]["value"]) == ("3 x 1m", 300.0)
    there = [value for value in depth["trend"]["values"] if value is not None]
    assert (there[0], there[-1], len(depth["trend"]["values"])) == (501.0, 300.0, 18)
    assert (rows["slow"]["state"], rows["slow"]["for"], rows["slow"]["last"]) == ("ALARM", "2 of 3 x 5m", None)
    assert rows["rate"]["last"]["value"] == 0.25
    assert rows["any"]["rule"] == 'ALARM("prod-webapp-depth") OR NOT OK("prod-webapp-slow")'
    assert (rows["new"]["state"], rows["new"]["last"], rows["new"]["since"]) == ("absent", None, None)


def test_the_line_of_an_alarm_below_a_threshold_has_the_lowest_values(shop: Any, udo: Udo) -> None:
    write("few: {metric: Shop/Depth, below: 3}")
    assert udo(*UPDATE).exit == 0
    data(shop, "Depth", 5, 1, 4)
    (row,) = udo("alarms", "prod", "webapp", "-o", "json").json["data"]
    assert (row["last"]["value"], row["trend"]["values"][-1]) == (4.0, 1.0)


def test_metric_math_of_two_alarms_with_the_same_ids_is_kept_apart(shop: Any, udo: Udo) -> None:
    write(RATE, RATE.replace("rate: {", "other: {").replace("lost / jobs", "10 * lost / jobs"))
    assert udo(*UPDATE).exit == 0
    data(shop, "Lost", 1)
    data(shop, "Jobs", 4)
    rows = udo("alarms", "prod", "webapp", "-o", "json").json["data"]
    assert [row["last"]["value"] for row in rows] == [0.25, 2.5]


def test_people_see_a_line_of_three_hours_and_what_is_silent(shop: Any, udo: Udo) -> None:
    write(DEPTH, SLOW)
    assert udo(*UPDATE).exit == 0
    data(shop, "Depth", 250, Queue="jobs")
    cloudwatch(shop).disable_alarm_actions(AlarmNames=["prod-webapp-depth"])
    lines = udo("alarms", "prod", "webapp").stdout.splitlines()
    assert lines[0].split()[:6] == ["CLUSTER", "ROLE", "ALARM", "STATE", "SINCE", "THRESHOLD"]
    assert "no data (silent)" in lines[1]
    assert "above 500 for 3 x 1m" in lines[1]
    assert "·················▅" in lines[1]
    assert "at least 2.5 for 2 of 3 x 5m" in lines[2]


def test_what_is_denied_is_unknown_with_a_footnote(shop: Any, udo: Udo) -> None:
    write(DEPTH)
    assert udo(*UPDATE).exit == 0
    shop.faults.add(Fault("deny", "GetMetricData", times=None))
    told = udo("alarms", "prod", "webapp", "-o", "json")
    assert (told.exit, told.json["data"][0]["last"], told.json["data"][0]["state"]) == (0, "?", "INSUFFICIENT_DATA")
    shop.faults.add(Fault("deny", "DescribeAlarms", times=None))
    told = udo("alarms", "prod", "webapp")
    assert "alarms are unknown" in told.stderr
    assert told.stdout.splitlines()[1].split()[3] == "?"


def test_roles_without_alarms_are_named_and_ask_for_nothing(shop: Any, udo: Udo) -> None:
    write_config(config())
    shop.log.clear()
    told = udo("alarms")
    assert (told.exit, list(shop.log)) == (0, [])
    assert "without alarms in udo.yml: prod webapp, prod web" in told.stderr


def test_many_alarms_are_read_in_hundreds_and_their_data_in_five_hundreds(shop: Any, udo: Udo) -> None:
    names = [f"a{number}" for number in range(210)]
    write(*(f"{name}: {{metric: Shop/Depth, above: 1, for: 3 x 5m}}" for name in names))
    put = {"Namespace": "Shop", "MetricName": "Depth", "Statistic": "Average", "Period": 300, "EvaluationPeriods": 3}
    more = {"Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    for name in names:
        cloudwatch(shop).put_metric_alarm(AlarmName=f"prod-webapp-{name}", **put, **more)
    shop.log.clear()
    assert len(udo("alarms", "-o", "json").json["data"]) == 210
    assert Counter(one.operation for one in shop.log) == {"DescribeAlarms": 3, "GetMetricData": 1}


def test_status_names_the_alarms_that_ring_and_that_one_is_otherwise(shop: Any, udo: Udo) -> None:
    write(DEPTH, SLOW)
    assert "alarms of prod webapp: differs from udo.yml, udo update prod webapp applies it" in udo("status").stderr
    assert udo(*UPDATE).exit == 0
    cloudwatch(shop).set_alarm_state(AlarmName="prod-webapp-slow", StateValue="ALARM", StateReason="told")
    told = udo("status")
    assert "in ALARM: slow of prod webapp, 'udo alarms prod webapp' shows them" in told.stderr
    assert "alarms of prod webapp" not in told.stderr
    assert "slow ALARM, depth INSUFFICIENT_DATA" in udo("status", "prod", "webapp").stdout


def test_status_that_may_not_read_alarms_says_so_and_shows_the_rest(shop: Any, udo: Udo) -> None:
    write(DEPTH)
    shop.faults.add(Fault("deny", "DescribeAlarms", times=None))
    told = udo("status", "-o", "json")
    row = next(one for one in told.json["data"] if one["role"] == "webapp")
    assert (told.exit, row["alarms"], row["not_applied"]) == (0, "?", [])
    assert "alarms are unknown" in udo("status").stderr
    assert ["alarms", "?"] in [line.split() for line in udo("status", "prod", "webapp").stdout.splitlines()]


def test_a_bar_is_as_high_as_a_value_is_near_to_the_threshold_or_the_highest() -> None:
    assert sparkline([0, 250, 500, None, 1000], 500) == "▁▃▅·█"
    assert sparkline([0, 125, 250], 500) == "▁▃▅"
    assert sparkline([0, 0], None) == "▁▁"
    assert sparkline([None], 5) == ""
    assert columns([(0, 1), (9, 3), (10, 2), (30, 9)], 0, 10, 3, max) == [3, 2, None]
    assert columns([(0, 1), (9, 3)], 0, 10, 1, min) == [1]


def test_numbers_have_few_letters() -> None:
    assert [number(one) for one in (512.0, 0.01234, 15_432.0, 1_234_567.0, 2.5e9, -20_000.0)] == [
        *("512", "0.01234", "15.4k", "1.23M", "2.5G", "-20k"),
    ]
