"""Widgets in AWS's words, and metrics in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.groups.alarms import lasting, threshold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from udo.dashboards.markers import Marker
    from udo.groups.alarms import Wanted

Widget = dict[str, Any]
# Columns of the grid, and how large a widget with a graph is: three a row.
COLUMNS, WIDTH, HEIGHT = 24, 8, 6
# Source: CloudWatch-Dashboard-Body-Structure: ARNs of an alarm status widget.
MOST_ALARMS = 100


def metric(namespace: str, name: str, dimensions: Mapping[str, str], stat: str, **more: Any) -> list[Any]:
    """A metric with a statistic of its own."""
    return [namespace, name, *(word for pair in dimensions.items() for word in pair), {"stat": stat, **more}]


def graph(
    title: str,
    region: str,
    metrics: Sequence[Sequence[Any]],
    *,
    period: int = 60,
    lines: Sequence[Mapping[str, Any]] = (),
    markers: Iterable[Marker] = (),
) -> Widget:
    """A graph of metrics from zero up, with lines across it and markers down."""
    drawn = {"horizontal": list(lines), "vertical": list(markers)}
    notes = {name: found for name, found in drawn.items() if found}
    return {
        "type": "metric",
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": region,
            "view": "timeSeries",
            "stacked": False,
            "period": period,
            "yAxis": {"left": {"min": 0}},
            "metrics": [list(one) for one in metrics],
            **({"annotations": notes} if notes else {}),
        },
    }


def text(markdown: str, height: int = 1) -> Widget:
    """A text as wide as the dashboard."""
    properties = {"markdown": markdown, "background": "transparent"}
    return {"type": "text", "width": COLUMNS, "height": height, "properties": properties}


def alarm_graph(title: str, region: str, wanted: Wanted, markers: Iterable[Marker]) -> Widget:
    """What an alarm looks at, with a line at what that is compared with."""
    settings = wanted.settings
    lasts = lasting(settings)
    told = " for ".join(filter(None, (threshold(settings), str(lasts or ""))))
    above = str(settings["ComparisonOperator"]).startswith("Greater")
    line = {"label": told, "value": settings["Threshold"], "fill": "above" if above else "below"}
    period = lasts.seconds if lasts else 60
    return graph(title, region, _looked_at(settings), period=period, lines=[line], markers=markers)


def alarm_states(title: str, arns: Sequence[str]) -> list[Widget]:
    """How alarms stand, at most a hundred a widget."""
    parts = [arns[start : start + MOST_ALARMS] for start in range(0, len(arns), MOST_ALARMS)]
    return [
        {
            "type": "alarm",
            "width": WIDTH,
            "height": HEIGHT,
            "properties": {"title": f"{title} {number}" if number > 1 else title, "alarms": list(part)},
        }
        for number, part in enumerate(parts, 1)
    ]


def _looked_at(settings: Mapping[str, Any]) -> list[list[Any]]:
    if "Metrics" not in settings:
        stat = settings.get("Statistic") or settings["ExtendedStatistic"]
        return [metric(settings["Namespace"], settings["MetricName"], _dimensions(settings), stat)]
    return [_query(one) for one in settings["Metrics"]]


def _query(query: Mapping[str, Any]) -> list[Any]:
    """A metric of metric math: those that are only reckoned with are not drawn."""
    how: dict[str, Any] = {"id": query["Id"]}
    how |= {"label": query["Label"]} if query.get("Label") else {}
    how |= {"accountId": query["AccountId"]} if query.get("AccountId") else {}
    how |= {"visible": False} if query.get("ReturnData") is False else {}
    if "Expression" in query:
        return [{"expression": query["Expression"], **how}]
    stat = query["MetricStat"]
    named = stat["Metric"]
    how |= {"period": stat["Period"]}
    return metric(named["Namespace"], named["MetricName"], _dimensions(named), stat["Stat"], **how)


def _dimensions(named: Mapping[str, Any]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in named.get("Dimensions") or ()}
