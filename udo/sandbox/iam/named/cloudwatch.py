"""The alarms that a request to CloudWatch is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from udo.sandbox.strict.rules import rule

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


@rule("cloudwatch", "DescribeAlarms", "PutCompositeAlarm", moto="asks for no permission")
def composite_alarms_need_all_resources(ask: Ask) -> Iterator[str]:
    """With `--iam` alarms are allowed by name; composite alarms are described and put by who may on `*` alone.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html, API_DescribeAlarms.html
    (permissions that are scoped to *).
    """
    composite = ask.asked.operation == "PutCompositeAlarm" or "CompositeAlarm" in ask.named("AlarmTypes")
    names = ask.named("AlarmName", "AlarmNames")
    yield from ["*"] if composite else (ask.arn(f"alarm:{name}") for name in names)
    yield from (one for one in ask.named("ResourceARN") if ":alarm:" in one)


NAMERS = {"alarm": composite_alarms_need_all_resources}
