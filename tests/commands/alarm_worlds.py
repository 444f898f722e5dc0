"""Worlds for alarms: what CloudWatch has of the role, and of others that are called almost like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import create_worlds
import update_worlds

PUT = {
    "MetricName": "Depth",
    "Namespace": "Shop",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 500.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
MARKS = [{"Key": "udo:cluster", "Value": "prod"}, {"Key": "udo:role", "Value": "webapp"}]
# The alarms of somebody else, which are called like the role's.
THEIRS = ("prod-webapp-theirs", "prod-webapp2-depth", "prod-web-depth", "prod-webapp")
DEPTH = "depth: {metric: Shop/Depth, dimensions: {Queue: jobs}, above: 500, tell: [on-call], doc: look at the workers}"
SLOW = "slow: {metric: Shop/Latency, at_least: 2.5, for: 2 of 3 x 5m, statistic: p99, missing: notBreaching}"
ANY = 'any: {composite: "ALARM(depth) OR NOT OK(slow)", tell: [on-call]}'
TOPIC = "arn:aws:sns:us-west-2:123456789012:on-call"


def cloudwatch(world: Any) -> Any:
    return world.client("cloudwatch")


def alarms(*lines: str) -> str:
    """The lines of udo.yml that say alarms."""
    return "\n          ".join(("alarms:", *lines))


def write(*lines: str, more: str = "") -> None:
    update_worlds.write(alarms(*lines), *([more] if more else []))


def write_new(*lines: str) -> None:
    """The same of a group that is still to be made."""
    text = create_worlds.config(create_worlds.BASE, create_worlds.ZONES, alarms(*lines))
    Path("udo.yml").write_text(text)


def put(world: Any, name: str, *, tags: Any = (), **more: Any) -> None:
    """Puts an alarm as somebody else does."""
    asked = {key: value for key, value in (PUT | more).items() if value is not None}
    cloudwatch(world).put_metric_alarm(AlarmName=name, **asked, **({"Tags": list(tags)} if tags else {}))


def strangers(world: Any) -> None:
    """Somebody else's alarms, of which one has tags like ours but of another role."""
    for name in THEIRS:
        put(world, name)
    put(world, "prod-webapp-odd", tags=[MARKS[0], {"Key": "udo:role", "Value": "webapp-odd"}])


def there(world: Any) -> dict[str, Any]:
    """Every alarm by its name, but for when it was put."""
    found = cloudwatch(world).describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"], MaxRecords=100)
    return {row["AlarmName"]: row for row in (*found["MetricAlarms"], *found["CompositeAlarms"])}


def ours(world: Any) -> set[str]:
    """The names of those that are marked as made of the role."""
    client = cloudwatch(world)
    return {
        name
        for name, row in there(world).items()
        if all(one in client.list_tags_for_resource(ResourceARN=row["AlarmArn"])["Tags"] for one in MARKS)
    }
