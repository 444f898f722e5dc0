"""update: the alarms of a role as udo.yml says them, and never somebody else's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alarm_worlds import ANY, DEPTH, MARKS, SLOW, TOPIC, cloudwatch, ours, put, strangers, there, write
from deploy_worlds import at, writes
from update_worlds import UPDATE, config
from whole import rows

Udo = Callable[..., Any]
Seeded = Callable[..., Any]


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(config())
    strangers(world)
    world.log.clear()
    return world


def test_alarms_are_made_as_udo_yml_says_them_and_a_third_run_writes_nothing(shop: Any, udo: Udo) -> None:
    write(ANY, DEPTH, SLOW)
    before = there(shop)
    told = udo(*UPDATE, "--dry-run")
    assert "+ alarms.depth" in told.stdout
    assert "Shop/Depth Average above 500 for 3 x 1m" in told.stdout
    assert writes(shop) == []
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    assert writes(shop) == ["PutMetricAlarm", "PutMetricAlarm", "PutCompositeAlarm"]
    found = there(shop)
    assert {name: found.pop(name) for name in before} == before
    depth, slow, both = (found[f"prod-webapp-{name}"] for name in ("depth", "slow", "any"))
    assert depth["Dimensions"] == [{"Name": "Queue", "Value": "jobs"}]
    assert (depth["Namespace"], depth["MetricName"], depth["Statistic"]) == ("Shop", "Depth", "Average")
    assert (depth["ComparisonOperator"], depth["Threshold"]) == ("GreaterThanThreshold", 500.0)
    assert (depth["DatapointsToAlarm"], depth["EvaluationPeriods"], depth["Period"]) == (3, 3, 60)
    assert depth["AlarmActions"] == depth["OKActions"] == [TOPIC]
    assert depth["AlarmDescription"] == "look at the workers"
    assert (slow["ExtendedStatistic"], slow["TreatMissingData"]) == ("p99", "notBreaching")
    assert (slow["ComparisonOperator"], slow["Threshold"]) == ("GreaterThanOrEqualToThreshold", 2.5)
    assert (slow["DatapointsToAlarm"], slow["EvaluationPeriods"], slow["Period"]) == (2, 3, 300)
    assert both["AlarmRule"] == 'ALARM("prod-webapp-depth") OR NOT OK("prod-webapp-slow")'
    assert ours(shop) == {"prod-webapp-depth", "prod-webapp-slow", "prod-webapp-any"}
    shop.log.clear()
    again = udo(*UPDATE)
    assert (again.exit, writes(shop)) == (0, [])
    assert again.stdout == "prod-webapp is as udo.yml says\n"


CHANGES = [
    ("above: 600", "above 500 -> above 600"),
    ("above: ~, below: 500", "above 500 -> below 500"),
    ("statistic: Maximum", "Average -> Maximum"),
    ("for: 5 x 1m", "3 x 1m -> 5 x 1m"),
    ("for: 2 of 3 x 1m", "3 x 1m -> 2 of 3 x 1m"),
    ("missing: breaching", "missing -> breaching"),
    ("tell: ~", f"{TOPIC} -> nobody"),
    ("tell: [on-call, pager]", f"{TOPIC} -> {TOPIC}, {TOPIC.replace('on-call', 'pager')}"),
    ("doc: ~", "- alarms.depth.doc  look at the workers"),
    ("dimensions: {Queue: mail}", "Queue=jobs -> Queue=mail"),
    ("metric: Shop/Length", "Shop/Depth -> Shop/Length"),
]


@pytest.mark.parametrize(("line", "told"), rows(CHANGES, (CHANGES[1], CHANGES[4], CHANGES[6])))
def test_what_differs_is_one_put_that_keeps_the_state(shop: Any, udo: Udo, line: str, told: str) -> None:
    write(DEPTH, SLOW)
    assert udo(*UPDATE).exit == 0
    cloudwatch(shop).set_alarm_state(AlarmName="prod-webapp-depth", StateValue="OK", StateReason="fine")
    before = there(shop)
    shop.log.clear()
    write("depth: {" + line + "}", SLOW, more="use: [queue]")
    _profile()
    assert told in udo(*UPDATE, "--dry-run").stdout
    assert writes(shop) == []
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    assert writes(shop) == ["PutMetricAlarm"]
    found = there(shop)
    assert found["prod-webapp-depth"]["StateValue"] == "OK"
    assert found.pop("prod-webapp-depth") != before.pop("prod-webapp-depth")
    assert found == before
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"


def _profile() -> None:
    path = Path("udo.yml")
    path.write_text(f"profiles:\n  queue:\n    alarms:\n      {DEPTH}\n{path.read_text()}")


def test_what_no_key_says_of_an_alarm_stays(shop: Any, udo: Udo) -> None:
    write(SLOW)
    assert udo(*UPDATE).exit == 0
    row = there(shop)["prod-webapp-slow"]
    kept = {"InsufficientDataActions": [TOPIC], "Unit": "Seconds", "EvaluateLowSampleCountPercentile": "ignore"}
    cloudwatch(shop).put_metric_alarm(**{key: row[key] for key in _sent(row)} | kept)
    cloudwatch(shop).disable_alarm_actions(AlarmNames=["prod-webapp-slow"])
    write(SLOW.replace("2.5", "3"))
    assert udo(*UPDATE).exit == 0
    found = there(shop)["prod-webapp-slow"]
    assert (found["Threshold"], found["ActionsEnabled"]) == (3.0, False)
    assert {key: found[key] for key in kept} == kept


def _sent(row: Any) -> set[str]:
    told = ("Arn", "State", "Timestamp")
    return {key for key in row if not any(word in key for word in told)}


def test_the_group_is_the_dimension_of_metrics_of_its_own(shop: Any, udo: Udo) -> None:
    inner = "{Namespace: AWS/EC2, MetricName: StatusCheckFailed}"
    write(
        "busy: {metric: AWS/EC2/CPUUtilization, above: 80}",
        "few: {metric: AWS/AutoScaling/GroupInServiceInstances, below: 1, dimensions: {AutoScalingGroupName: other}}",
        "sick: {above: 0, for: 2 x 5m, metrics: [{Id: rate, Expression: 'sick * 2'},"
        f" {{Id: sick, ReturnData: false, MetricStat: {{Metric: {inner}, Stat: Maximum}}}}]}}",
    )
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    found = there(shop)
    group = [{"Name": "AutoScalingGroupName", "Value": "prod-webapp"}]
    assert found["prod-webapp-busy"]["Dimensions"] == group
    assert found["prod-webapp-few"]["Dimensions"][0]["Value"] == "other"
    stat = found["prod-webapp-sick"]["Metrics"][1]["MetricStat"]
    assert (stat["Period"], stat["Metric"]["Dimensions"]) == (300, group)
    assert "Period" not in found["prod-webapp-sick"]
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"


@pytest.mark.parametrize("tags", [(), MARKS[:1], [*MARKS, {"Key": "udo:app", "Value": "other"}]])
def test_an_alarm_of_our_name_that_is_not_marked_as_ours_is_exit_4_and_nothing_is_written(
    shop: Any, udo: Udo, tags: Any
) -> None:
    put(shop, "prod-webapp-depth", tags=tags)
    shop.log.clear()
    write(DEPTH, SLOW, more="tags: {team: shop}")
    before = there(shop)
    done = udo(*UPDATE)
    assert done.exit == 4
    assert "alarm prod-webapp-depth exists and is not managed by Udo" in done.stderr
    assert "aws cloudwatch tag-resource --resource-arn" in done.stderr
    assert (writes(shop), there(shop)) == ([], before)


def test_an_equal_alarm_of_somebody_else_is_left_as_it_is_without_asking_whose_it_is(shop: Any, udo: Udo) -> None:
    put(shop, "prod-webapp-depth", DatapointsToAlarm=3)
    shop.log.clear()
    write("depth: {metric: Shop/Depth, above: 500}")
    done = udo(*UPDATE)
    assert (done.exit, writes(shop)) == (0, [])
    asked = [call.params["ResourceARN"] for call in shop.log if call.operation == "ListTagsForResource"]
    assert not [arn for arn in asked if arn.endswith(":prod-webapp-depth")]


def test_extras_are_those_that_udo_made_and_go_parents_first(shop: Any, udo: Udo) -> None:
    write("all: {composite: ALARM(any)}", ANY, DEPTH, SLOW)
    assert udo(*UPDATE).exit == 0
    before = there(shop)
    write(SLOW)
    shop.log.clear()
    told = udo(*UPDATE)
    assert (told.exit, writes(shop)) == (0, [])
    assert "not in udo.yml, and left: alarms.all, alarms.any, alarms.depth" in told.stderr
    done = udo(*UPDATE, "--delete-extras", "--yes")
    assert done.exit == 0, done.stderr
    assert writes(shop) == ["DeleteAlarms"] * 3
    left = there(shop)
    assert {*before} - {*left} == {"prod-webapp-all", "prod-webapp-any", "prod-webapp-depth"}
    assert left == {name: before[name] for name in left}


def test_an_alarm_that_somebody_takes_over_meanwhile_is_not_put(shop: Any, udo: Udo) -> None:
    write(DEPTH)
    assert udo(*UPDATE).exit == 0
    arn = there(shop)["prod-webapp-depth"]["AlarmArn"]
    write(DEPTH.replace("500", "600"))
    shop.log.clear()
    untag = cloudwatch(shop).untag_resource
    at(shop, "ssm:PutParameter", lambda: untag(ResourceARN=arn, TagKeys=["udo:role"]))
    done = udo(*UPDATE)
    assert done.exit == 4
    assert there(shop)["prod-webapp-depth"]["Threshold"] == 500.0


def test_one_that_becomes_composite_is_refused_with_a_way_out(shop: Any, udo: Udo) -> None:
    write(DEPTH, SLOW)
    assert udo(*UPDATE).exit == 0
    shop.log.clear()
    write("depth: {composite: ALARM(slow)}", SLOW)
    done = udo(*UPDATE)
    assert (done.exit, writes(shop)) == (4, [])
    assert "alarm prod-webapp-depth is on a metric, and AWS makes it no alarm composite" in done.stderr


def test_an_alarm_that_guards_the_role_may_be_made_by_the_same_command(shop: Any, udo: Udo) -> None:
    write(DEPTH, more="guards: {alarms: [prod-webapp-depth]}")
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    assert "prod-webapp-depth" in ours(shop)
