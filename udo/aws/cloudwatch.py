"""Reads of CloudWatch: the states of alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.aws.autoscaling import batched
from udo.aws.members import whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from udo.aws.connection import Connection

# Source: API_DescribeAlarms: at most 100 names; without AlarmTypes composite alarms are left out.
_NAMES = 100
_KINDS = ["MetricAlarm", "CompositeAlarm"]


@whole
class CloudWatch:
    """What CloudWatch holds in one account and region."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def alarm_states(self, names: Iterable[str]) -> dict[str, str]:
        """The states of those of these alarms that exist, by name: OK, ALARM or INSUFFICIENT_DATA.

        Raises: UdoError.
        """
        found: dict[str, str] = {}
        for batch in batched(names, _NAMES):
            asked = {"AlarmNames": batch, "AlarmTypes": _KINDS, "MaxRecords": _NAMES}
            for page in self._connection.pages("cloudwatch", "DescribeAlarms", asked):
                rows = (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
                found |= {row["AlarmName"]: row["StateValue"] for row in rows}
        return found
