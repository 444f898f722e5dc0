"""Alarms for worlds whose udo.yml guards a change with them, and configurations that do."""

from __future__ import annotations

from typing import Any

from udo.sandbox.faults import Fault

# Monday, 5 January 2026, the day on which worlds begin.
FROZEN = 'freeze: [{when: "Mon 00:00 - Tue 07:00", zone: Europe/Dublin}]'
UNTIL = "frozen until Tue 2026-01-06 07:00 Europe/Dublin (Mon 00:00 - Tue 07:00, udo.yml:"


def alarm(world: Any, name: str, state: str = "OK") -> None:
    """An alarm that stays in this state: no metric is put, and it takes missing data for nothing new."""
    client = world.client("cloudwatch")
    words = {"MetricName": "Errors", "Namespace": "Shop", "Statistic": "Sum", "Period": 60}
    limits = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    client.put_metric_alarm(AlarmName=name, TreatMissingData="ignore", **words, **limits)
    client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="told")


def composite(world: Any, name: str, rule: str) -> None:
    """A composite alarm over others."""
    world.client("cloudwatch").put_composite_alarm(AlarmName=name, AlarmRule=rule)


def ring(world: Any, name: str) -> None:
    """Puts an alarm into ALARM."""
    world.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="told")


def rings_at(world: Any, name: str, operation: str, nth: int = 1) -> None:
    """Has an alarm go off just before AWS sees the nth of these requests."""
    world.faults.add(Fault("hook", operation, nth=nth, hook=lambda _: ring(world, name)))


def reads(world: Any) -> int:
    """How many times alarms were read since the log was cleared."""
    return sum(one.operation == "DescribeAlarms" for one in world.log)


def rings_at_any(world: Any, name: str, nth: int) -> None:
    """Has an alarm go off just before AWS sees the nth of all requests from now."""
    world.faults.add(Fault("hook", nth=nth, hook=lambda _: ring(world, name)))
