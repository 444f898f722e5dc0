"""What an alarm makes of M of N data points, some of them missing: AWS's tables, and what holds of any."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole import examples, rows

from udo.sandbox.strict.cloudwatch.alarm import ALARM, OK, STATES, UNKNOWN
from udo.sandbox.strict.cloudwatch.judgement import FARTHER, missing_data_is_filled_in

TREATED = ("missing", "ignore", "breaching", "notBreaching")
SAME = None
# Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html, both tables: the data
# points, the newest last (0 is within the threshold, X is not, - is missing), M of 3, and the state for each treatment.
TABLES = (
    ("0 - X - X", 3, (OK, OK, OK, OK)),
    ("0 - - - -", 3, (OK, OK, OK, OK)),
    ("- - - - -", 3, (UNKNOWN, SAME, ALARM, OK)),
    ("0 X X - X", 3, (ALARM, ALARM, ALARM, ALARM)),
    ("- - X - -", 3, (ALARM, SAME, ALARM, OK)),
    ("0 - X - X", 2, (ALARM, ALARM, ALARM, ALARM)),
    ("0 0 X 0 X", 2, (ALARM, ALARM, ALARM, ALARM)),
    ("0 - X - -", 2, (OK, OK, ALARM, OK)),
    ("- - - - 0", 2, (OK, OK, ALARM, OK)),
    ("- - - X -", 2, (ALARM, SAME, ALARM, OK)),
)
POINTS: dict[str, bool | None] = {"0": False, "X": True, "-": None}


@pytest.mark.parametrize(("points", "least", "states"), TABLES)
def test_the_tables_of_aws_hold(points: str, least: int, states: tuple[str | None, ...]) -> None:
    seen = [POINTS[one] for one in points.split()]
    assert tuple(missing_data_is_filled_in(seen, 3, least, how) for how in TREATED) == states


@pytest.mark.parametrize(("points", "least", "states"), rows(TABLES, (TABLES[4], TABLES[9])))
@pytest.mark.parametrize("before", [OK, ALARM])
def test_an_alarm_has_the_state_of_the_tables(
    world: Any, points: str, least: int, states: tuple[str | None, ...], before: str
) -> None:
    client = world.client("cloudwatch")
    now = datetime.datetime.fromtimestamp(world.clock.now(), datetime.UTC)
    for how in TREATED:
        client.put_metric_alarm(
            AlarmName=how,
            MetricName="Latency",
            Namespace="Shop",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=3,
            DatapointsToAlarm=least,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData=how,
        )
        client.set_alarm_state(AlarmName=how, StateValue=before, StateReason="told")
    # Its next look is in a minute, and goes back five periods from there.
    for number, one in enumerate(points.split()):
        if one != "-":
            when = now + datetime.timedelta(seconds=60 * (number - 4) + 30)
            value = {"MetricName": "Latency", "Value": 2.0 if one == "X" else 1.0, "Timestamp": when}
            client.put_metric_data(Namespace="Shop", MetricData=[value])
    world.clock.step(60)
    found = {one["AlarmName"]: one["StateValue"] for one in client.describe_alarms()["MetricAlarms"]}
    assert [found[how] for how in TREATED] == [before if state is SAME else state for state in states]


@st.composite
def alarms(draw: st.DrawFn) -> tuple[list[bool | None], int, int]:
    """What an alarm sees, its N and its M."""
    most = draw(st.integers(1, 6))
    seen = draw(st.lists(st.sampled_from([True, False, None]), min_size=most + FARTHER, max_size=most + FARTHER))
    return seen, most, draw(st.integers(1, most))


@settings(max_examples=examples(400), deadline=None)
@given(alarms())
def test_whatever_is_missing_the_treatments_differ_in_that_alone(alarm: tuple[list[bool | None], int, int]) -> None:
    seen, most, least = alarm
    found = {how: missing_data_is_filled_in(seen, most, least, how) for how in TREATED}
    real = [one for one in seen if one is not None]
    assert all(state in (SAME, *STATES) for state in found.values())
    assert SAME not in (found["missing"], found["breaching"], found["notBreaching"])
    assert (found["missing"] == UNKNOWN) == (not real)
    if len(real) >= most:
        # Enough is known: nothing is filled in, and older data does not count.
        assert set(found.values()) == {ALARM if sum(real[-most:]) >= least else OK}
        return
    assert (found["notBreaching"] == ALARM) == (sum(real) >= least)
    assert (found["breaching"] == ALARM) == (sum(real) + most - len(real) >= least)
    if found["ignore"] is not SAME:
        assert found["ignore"] == found["missing"]
    # As few as possible are filled in: an alarm that rings without any rings with them.
    if found["notBreaching"] == ALARM:
        assert set(found.values()) == {ALARM}


@settings(max_examples=examples(400), deadline=None)
@given(alarms(), st.sampled_from(TREATED), st.data())
def test_a_worse_point_never_ends_an_alarm(
    alarm: tuple[list[bool | None], int, int], how: str, data: st.DataObject
) -> None:
    seen, most, least = alarm
    good = [number for number, one in enumerate(seen) if one is False]
    if not good or missing_data_is_filled_in(seen, most, least, how) != ALARM:
        return
    worse = [*seen]
    worse[data.draw(st.sampled_from(good))] = True
    assert missing_data_is_filled_in(worse, most, least, how) == ALARM
