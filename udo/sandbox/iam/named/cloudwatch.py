"""The alarms that a request to CloudWatch is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


def _alarms(ask: Ask) -> Iterator[str]:
    """Source: API_PutCompositeAlarm and API_DescribeAlarms: of composite alarms permissions must be scoped to `*`."""
    composite = ask.asked.operation == "PutCompositeAlarm" or "CompositeAlarm" in ask.named("AlarmTypes")
    names = ask.named("AlarmName", "AlarmNames")
    yield from ["*"] if composite else (ask.arn(f"alarm:{name}") for name in names)
    yield from (one for one in ask.named("ResourceARN") if ":alarm:" in one)


NAMERS = {"alarm": _alarms}
