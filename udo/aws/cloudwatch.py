"""Reads of CloudWatch: alarms, their states and what they look at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from udo.aws.autoscaling import batched
from udo.aws.members import whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
        return {name: row["StateValue"] for name, row in self.alarms(names).items()}

    def alarms(self, names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Those of these alarms that exist, metric or composite, by name as AWS tells of them.

        Raises: UdoError.
        """
        found: dict[str, Mapping[str, Any]] = {}
        for batch in batched(names, _NAMES):
            asked = {"AlarmNames": batch, "AlarmTypes": _KINDS, "MaxRecords": _NAMES}
            for page in self._connection.pages("cloudwatch", "DescribeAlarms", asked):
                rows = (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
                found |= {row["AlarmName"]: row for row in rows}
        return found

    def all_alarms(self) -> tuple[Mapping[str, Any], ...]:
        """Every alarm of the region, metric or composite: CloudWatch does not tell which look at a group.

        Raises: UdoError.
        """
        pages = self._connection.pages("cloudwatch", "DescribeAlarms", {"AlarmTypes": _KINDS, "MaxRecords": _NAMES})
        return tuple(row for page in pages for key in ("MetricAlarms", "CompositeAlarms") for row in page.get(key, ()))

    def data(
        self, queries: Sequence[Mapping[str, Any]], start: float, end: float
    ) -> dict[str, list[tuple[float, float]]]:
        """The data of some 500 queries at most, by their ids: times and values, the newest first.

        Raises: UdoError.
        """
        between = {"StartTime": datetime.fromtimestamp(start, UTC), "EndTime": datetime.fromtimestamp(end, UTC)}
        asked = {"MetricDataQueries": list(queries), **between, "ScanBy": "TimestampDescending"}
        found: dict[str, list[tuple[float, float]]] = {}
        for page in self._connection.pages("cloudwatch", "GetMetricData", asked):
            for row in page.get("MetricDataResults", ()):
                times = (time.timestamp() for time in row.get("Timestamps", ()))
                found.setdefault(row["Id"], []).extend(zip(times, row.get("Values", ()), strict=True))
        return found
