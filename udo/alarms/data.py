"""What CloudWatch is asked for the data that alarms look at: few requests, and ids that no two alarms share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from udo.groups.alarms import lasting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# So far back, in columns of so many seconds each.
HOURS, COLUMN = 3, 600.0
WINDOW = HOURS * 3600.0
# Source: API_GetMetricData: at most so many queries and data points in a request.
_MOST_QUERIES, _MOST_POINTS = 500, 100_800
# What stands in quotes is no id.
_WORDS = re.compile(r"'[^']*'|\"[^\"]*\"|[A-Za-z_][A-Za-z0-9_]*")


class Asked(NamedTuple):
    """One alarm's queries, the id of the one that it compares, how far back they go and how many points they give."""

    full: str
    shown: str
    queries: Sequence[Mapping[str, Any]]
    seconds: float
    points: int


def asked(rows: Mapping[str, Mapping[str, Any]]) -> list[Asked]:
    """What to ask of the alarms as AWS shows them, by their names; nothing of composite ones."""
    found = (_asked(full, row, f"a{number}") for number, (full, row) in enumerate(rows.items()))
    return [one for one in found if one]


def batches(wanted: Sequence[Asked]) -> Iterator[tuple[float, list[Asked]]]:
    """Those that go into one request, and how many seconds it goes back."""
    for seconds in sorted({one.seconds for one in wanted}):
        batch: list[Asked] = []
        for one in (one for one in wanted if one.seconds == seconds):
            if batch and not _fits([*batch, one]):
                yield seconds, batch
                batch = []
            batch.append(one)
        yield seconds, batch


def _fits(batch: Sequence[Asked]) -> bool:
    return sum(len(one.queries) for one in batch) <= _MOST_QUERIES and sum(one.points for one in batch) <= _MOST_POINTS


def _asked(full: str, row: Mapping[str, Any], prefix: str) -> Asked | None:
    lasts = lasting(row)
    if lasts is None:
        return None
    # Of a period longer than that at least one is over.
    seconds = max(WINDOW, 2.0 * lasts.seconds)
    points = int(seconds // lasts.seconds) + 1
    if "MetricName" in row:
        metric = {key: row[key] for key in ("Namespace", "MetricName", "Dimensions") if row.get(key)}
        stat = {"Metric": metric, "Period": row["Period"], "Stat": row.get("Statistic") or row.get("ExtendedStatistic")}
        stat |= {"Unit": row["Unit"]} if row.get("Unit") else {}
        return Asked(full, prefix, [{"Id": prefix, "MetricStat": stat}], seconds, points)
    known = {str(one["Id"]): f"{prefix}_{one['Id']}" for one in row["Metrics"]}
    queries = [_renamed(one, known) for one in row["Metrics"]]
    shown = next((known[str(one["Id"])] for one in row["Metrics"] if one.get("ReturnData") is not False), "")
    return Asked(full, shown, queries, seconds, points)


def _renamed(query: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    found = {**query, "Id": known[str(query["Id"])]}
    if expression := query.get("Expression"):
        found["Expression"] = _WORDS.sub(lambda word: known.get(word[0], word[0]), expression)
    return found
