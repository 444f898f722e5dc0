"""The CloudWatch alarms of an instance refresh: which stop it, and which hold it up."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.autoscaling.refresh_state import Refresh
from udo.sandbox.strict.cloudwatch.alarm import ALARM, UNKNOWN, state
from udo.sandbox.strict.rules import rule


def names_of(preferences: dict[str, Any]) -> list[str]:
    """The alarms that preferences name."""
    return list((preferences.get("AlarmSpecification") or {}).get("Alarms") or [])


def _in(group: Any, refresh: Refresh, wanted: str) -> list[str]:
    names = names_of(refresh.preferences)
    return [name for name in names if state(group.account_id, group.region, name) == wanted]


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def alarms_that_ring(group: Any, refresh: Refresh) -> str:
    """A refresh whose alarm goes into ALARM fails, or with AutoRollback is rolled back; a rollback looks at none.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html (no source tells the words of
    the reason).
    """
    ringing = _in(group, refresh, ALARM)
    return f"The CloudWatch alarms {', '.join(ringing)} are in the ALARM state." if ringing else ""


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def alarms_without_data_hold_up(group: Any, refresh: Refresh) -> bool:
    """While an alarm of a refresh is in INSUFFICIENT_DATA no instance is replaced.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html (considerations).
    """
    return bool(_in(group, refresh, UNKNOWN))
