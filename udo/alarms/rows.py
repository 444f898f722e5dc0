"""An alarm as a row: for scripts, and for people in a table that fits 80 columns."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from udo.alarms.data import COLUMN, WINDOW
from udo.alarms.trend import columns, number, sparkline
from udo.groups.alarms import lasting, threshold
from udo.groups.text import age
from udo.result import LOW, Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.config import Role

ABSENT = "absent"
_UNKNOWN = "?"
_STATES = {"INSUFFICIENT_DATA": "no data"}
_COUNT = int(WINDOW // COLUMN)


def _brief_threshold(text: str) -> str:
    """The number alone, without for how long."""
    return text.partition(" for ")[0]


def _brief_line(text: str) -> str:
    """The last half of it."""
    return text[len(text) // 2 :]


COLUMNS = (
    Column("cluster", "CLUSTER", once=True),
    Column("role", "ROLE"),
    Column("alarm", "ALARM", least=12),
    Column("state", "STATE"),
    Column("since", "SINCE"),
    Column("threshold", "THRESHOLD", rank=1, fold=_brief_threshold, least=10),
    Column("last", "LAST", "right"),
    Column("trend", "3 HOURS", rank=2, fold=_brief_line, brief="90 MIN"),
    Column("tells", "TELLS", rank=LOW + 1),
    Column("name", "NAME", rank=LOW + 2),
)


class Seen(NamedTuple):
    """An alarm of udo.yml: what AWS shows of it (None where it is absent or unknown), and the data it looks at.

    `points` are times and values, the newest first; None where they are unknown or it looks at none.
    """

    role: Role
    alarm: str
    name: str
    live: Mapping[str, Any] | None
    points: Sequence[tuple[float, float]] | None
    is_known: bool = True
    is_measured: bool = True


def data_row(one: Seen, now: float) -> dict[str, Any]:
    """An alarm for scripts: its state, what it is compared with, the last value, and a value a column of the trend."""
    live, points = one.live or {}, one.points or ()
    lasts = lasting(live)
    start = _start(now)
    # What comes nearest to the threshold.
    extreme = min if str(live.get("ComparisonOperator", "")).startswith("Less") else max
    last = {"value": points[0][1], "at": _rfc3339(points[0][0])} if points else None
    return {
        "cluster": one.role.cluster,
        "role": one.role.name,
        "alarm": one.alarm,
        "name": one.name,
        "state": (live.get("StateValue") or ABSENT) if one.is_known else _UNKNOWN,
        "since": _since(live),
        "reason": live.get("StateReason"),
        "actions_enabled": live.get("ActionsEnabled"),
        "tells": list(live.get("AlarmActions") or ()),
        "description": live.get("AlarmDescription"),
        "comparison": live.get("ComparisonOperator"),
        "threshold": live.get("Threshold"),
        "for": str(lasts) if lasts else None,
        "rule": live.get("AlarmRule"),
        "last": last if one.is_measured else _UNKNOWN,
        "trend": {
            "from": _rfc3339(start),
            "seconds": COLUMN,
            "values": columns(points, start, COLUMN, _COUNT, extreme),
        },
    }


def text_row(row: Mapping[str, Any], now: float) -> dict[str, Any]:
    """The row for people."""
    last = row["last"]
    silent = " (silent)" if row["actions_enabled"] is False else ""
    return {
        **row,
        "state": f"{_STATES.get(row['state'], row['state'])}{silent}",
        "since": age(row["since"], now) or None,
        "threshold": _compared(row),
        "last": number(last["value"]) if isinstance(last, dict) else last,
        "trend": sparkline(row["trend"]["values"], row["threshold"]) or None,
        "tells": ", ".join(arn.rpartition(":")[2] for arn in row["tells"]) or None,
    }


def _compared(row: Mapping[str, Any]) -> str | None:
    """What it is compared with, and for how long; the rule of a composite alarm, with the names of udo.yml."""
    told = threshold({"ComparisonOperator": row["comparison"], "Threshold": row["threshold"]})
    own = re.compile(f'"{re.escape(row["cluster"])}-{re.escape(row["role"])}-([^"]*)"')
    rule = own.sub(r"\1", row["rule"]) if row["rule"] else None
    return f"{told} for {row['for']}" if told and row["for"] else told or rule


def _start(now: float) -> float:
    """Where the first column begins: whole columns, the last of which holds the present moment."""
    return math.ceil(now / COLUMN) * COLUMN - WINDOW


def _since(live: Mapping[str, Any]) -> str | None:
    found = live.get("StateTransitionedTimestamp") or live.get("StateUpdatedTimestamp")
    return _rfc3339(found.timestamp()) if found else None


def _rfc3339(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
