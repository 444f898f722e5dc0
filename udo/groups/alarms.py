"""The alarms of a role as udo.yml wants them, in AWS's words, beside those there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from udo.config.alarm_rules import with_names, words
from udo.config.alarms import check_alarms, depends, full_name
from udo.config.periods import Periods, periods
from udo.config.tree import Table
from udo.errors import ConfigError
from udo.groups.points import Point, literal, points, shown
from udo.model.groups import APP_TAG
from udo.schema.alarms import COMPARISONS, USUAL_FOR, USUAL_MISSING, USUAL_STATISTIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from udo.config import Role

Row = Mapping[str, Any]
# Source: API_PutMetricAlarm, ComparisonOperator.
_OPERATORS = dict(
    zip(
        COMPARISONS,
        (
            "GreaterThanThreshold",
            "LessThanThreshold",
            "GreaterThanOrEqualToThreshold",
            "LessThanOrEqualToThreshold",
        ),
        strict=True,
    )
)
_WORDS = {operator: key.replace("_", " ") for key, operator in _OPERATORS.items()}
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html;
# docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html: metrics by AutoScalingGroupName.
_OF_GROUPS = ("AWS/AutoScaling", "AWS/EC2")
_METRIC, _COMPARED = ("Namespace", "MetricName"), ("ComparisonOperator", "Threshold")
# What an alarm has that no key says: it is sent again as it is. A put takes away whatever it does not name.
_CARRIED = ("InsufficientDataActions", "ActionConfiguration")
CARRIED: Mapping[str, tuple[str, ...]] = {
    "PutMetricAlarm": (*_CARRIED, "EvaluationWindow", "WarmUpConfiguration"),
    "PutCompositeAlarm": (
        *_CARRIED,
        "ActionsSuppressor",
        "ActionsSuppressorWaitPeriod",
        "ActionsSuppressorExtensionPeriod",
    ),
}


class Wanted(NamedTuple):
    """An alarm of udo.yml: its name there and in AWS, the operation that puts it, and what with."""

    name: str
    full: str
    operation: str
    settings: Row
    said: Row

    def points(self, live: Row | None) -> tuple[Point, ...]:
        """Every value that is wanted, and what it is in an alarm as AWS shows it, or in none."""
        found = _composite_points if self.operation == "PutCompositeAlarm" else _metric_points
        return tuple(
            one._replace(name=f"alarms.{self.name}.{one.name}")
            for one in (*found(self, live or {}), *_common_points(self, live or {}))
        )

    def sent(self, live: Row | None) -> dict[str, Any]:
        """What the operation is sent: what is wanted, and of the alarm that there is what no key of udo.yml says."""
        there = live or {}
        kept = {key: there[key] for key in CARRIED[self.operation] if there.get(key)}
        # Somebody has silenced it.
        kept |= {"ActionsEnabled": False} if there.get("ActionsEnabled") is False else {}
        if self.settings.get("MetricName") and there.get("MetricName") == self.settings["MetricName"]:
            kept |= {"Unit": there["Unit"]} if there.get("Unit") else {}
        if "ExtendedStatistic" in self.settings and (low := there.get("EvaluateLowSampleCountPercentile")):
            kept |= {"EvaluateLowSampleCountPercentile": low}
        return {"AlarmName": self.full, **kept, **self.settings}

    def __str__(self) -> str:
        if self.operation == "PutCompositeAlarm":
            return str(self.said["composite"])
        if "MetricName" in self.settings:
            looks_at = f"{_metric(self.settings)} {_statistic(self.settings)}"
        else:
            looks_at = ", ".join(
                str(one["Id"]) for one in self.settings["Metrics"] if one.get("ReturnData") is not False
            )
        return f"{looks_at} {threshold(self.settings)} for {_periods(self)}"


def wanted_alarms(role: Role, place: str) -> tuple[Wanted, ...]:
    """The alarms that udo.yml says, those that others are made of first; `place` begins the ARNs of topics.

    Raises: ConfigError.
    """
    if not (role.says("alarms") and (said := role.get("alarms"))):
        return ()
    check_alarms(role)
    return tuple(_wanted(role, name, said, place) for name in _children_first(said))


def said_alarms(role: Role) -> dict[str, str]:
    """The names in AWS of the alarms that udo.yml says, by theirs there; what they rest on need not be known."""
    entry = role.entry("alarms") if role.says("alarms") else None
    said = entry.value.entries if entry and isinstance(entry.value, Table) else {}
    return {name: full_name(role, name) for name, one in said.items() if isinstance(one.value, Table)}


def are_otherwise(role: Role, there: Mapping[str, Row], place: str) -> bool:
    """Whether an alarm that udo.yml says is missing or otherwise; one that rests on a parameter is not looked up."""
    try:
        wanted = wanted_alarms(role, place)
    except ConfigError:
        return False
    return any(point.differs for one in wanted for point in one.points(there.get(one.full)))


def marks(role: Role) -> dict[str, str]:
    """The tags by which an alarm is known to be one that Udo made of this role."""
    found = {"udo:cluster": role.cluster, "udo:role": role.name}
    app = role.get("app_name")
    return found | ({APP_TAG: str(app)} if app else {})


def topics_of(arn: str, region: str | None = None) -> str:
    """How the ARNs of topics begin in the account of an ARN, and in its region where no other is named."""
    _, partition, _, own, account = arn.split(":")[:5]
    return f"arn:{partition}:sns:{region or own}:{account}"


def threshold(row: Row) -> str:
    """What an alarm is compared with, in words; empty where it is compared with no number."""
    operator, number = row.get("ComparisonOperator"), row.get("Threshold")
    return "" if number is None else f"{_WORDS.get(str(operator), operator)} {number:g}"


def lasting(row: Row) -> Periods | None:
    """For how long it has to be so, None where AWS tells no period."""
    of = row.get("EvaluationPeriods")
    inside = ((one.get("MetricStat") or {}).get("Period") for one in row.get("Metrics") or ())
    length = row.get("Period") or next(filter(None, inside), None)
    return Periods(int(row.get("DatapointsToAlarm") or of), int(of), int(length)) if of and length else None


def _children_first(said: Mapping[str, Row]) -> list[str]:
    found: list[str] = []

    def add(name: str) -> None:
        for one in depends(said, name):
            add(one)
        if name not in found:
            found.append(name)

    plain = [name for name in said if "composite" not in said[name]]
    for name in (*plain, *said):
        add(name)
    return found


def _wanted(role: Role, name: str, said: Mapping[str, Row], place: str) -> Wanted:
    one = said[name]
    told = [who if who.startswith("arn:") else f"{place}:{who}" for who in one.get("tell") or ()]
    common = {"AlarmDescription": one["doc"]} if one.get("doc") else {}
    common |= {"AlarmActions": told, "OKActions": told} if told else {}
    full = full_name(role, name)
    if "composite" in one:
        rule = with_names(words(str(one["composite"])), {other: full_name(role, other) for other in said})
        return Wanted(name, full, "PutCompositeAlarm", {"AlarmRule": rule, **common}, one)
    return Wanted(name, full, "PutMetricAlarm", {**_metric_settings(role, one), **common}, one)


def _metric_settings(role: Role, one: Row) -> dict[str, Any]:
    """What a metric alarm looks at, and with what that is compared."""
    lasts = periods(one.get("for", USUAL_FOR))
    key = next(key for key in COMPARISONS if key in one)
    found: dict[str, Any] = {
        "EvaluationPeriods": lasts.of,
        "DatapointsToAlarm": lasts.points,
        "Threshold": float(one[key]),
        "ComparisonOperator": _OPERATORS[key],
        "TreatMissingData": one.get("missing", USUAL_MISSING),
    }
    if "metrics" in one:
        return {"Metrics": [_query(role, query, lasts.seconds) for query in one["metrics"]], **found}
    namespace, _, metric = str(one["metric"]).rpartition("/")
    statistic = str(one.get("statistic", USUAL_STATISTIC))
    given = [{"Name": name, "Value": value} for name, value in (one.get("dimensions") or {}).items()]
    dimensions = given or _group_dimensions(role, namespace)
    return {
        "Namespace": namespace,
        "MetricName": metric,
        **({"Dimensions": dimensions} if dimensions else {}),
        "Statistic" if statistic in _STATISTICS else "ExtendedStatistic": statistic,
        "Period": lasts.seconds,
        **found,
    }


def _group_dimensions(role: Role, namespace: Any) -> list[dict[str, str]]:
    return [{"Name": "AutoScalingGroupName", "Value": role.group_name}] if namespace in _OF_GROUPS else []


def _query(role: Role, query: Row, seconds: int) -> dict[str, Any]:
    """A metric of metric math, with the period and the group where it names none."""
    stat = query.get("MetricStat")
    if not isinstance(stat, Mapping):
        return dict(query)
    metric = stat.get("Metric")
    if isinstance(metric, Mapping) and not metric.get("Dimensions"):
        filled = _group_dimensions(role, metric.get("Namespace"))
        metric = {**metric, **({"Dimensions": filled} if filled else {})}
    return {**query, "MetricStat": {"Period": seconds, **stat, "Metric": metric}}


def _common_points(wanted: Wanted, live: Row) -> Iterator[Point]:
    told = sorted(wanted.settings.get("AlarmActions") or ())
    seen = [sorted(live.get(member) or ()) for member in ("AlarmActions", "OKActions")]
    before = ", ".join(dict.fromkeys(one for actions in seen for one in actions)) or "nobody"
    path = "[sort(AlarmActions || `[]`), sort(OKActions || `[]`)]"
    yield Point("tell", path, seen, [told, told], (before, ", ".join(told) or "nobody"))
    doc = wanted.settings.get("AlarmDescription", "")
    yield _point("doc", "AlarmDescription || ''", live.get("AlarmDescription") or "", doc)


def _composite_points(wanted: Wanted, live: Row) -> Iterator[Point]:
    yield _point("composite", "AlarmRule", live.get("AlarmRule"), wanted.settings["AlarmRule"])


def _metric_points(wanted: Wanted, live: Row) -> Iterator[Point]:
    settings = wanted.settings
    if "Metrics" in settings:
        yield from _query_points(live.get("Metrics") or (), settings["Metrics"])
    else:
        told = (_metric(live), _metric(settings))
        yield Point("metric", "[Namespace, MetricName]", _both(live, *_METRIC), _both(settings, *_METRIC), told)
        path = "sort((Dimensions || `[]`)[].join('=', [Name, Value]))"
        there, named = _dimensions(live), _dimensions(settings)
        yield Point(
            "dimensions", path, there, named, (", ".join(there) or shown(None), ", ".join(named) or shown(None))
        )
        yield _point("statistic", "Statistic || ExtendedStatistic", _statistic(live), _statistic(settings))
    key = next(key for key in COMPARISONS if key in wanted.said)
    told = (threshold(live) or shown(None), threshold(settings))
    yield Point(key, f"[{', '.join(_COMPARED)}]", _both(live, *_COMPARED), _both(settings, *_COMPARED), told)
    counted = ("DatapointsToAlarm", "EvaluationPeriods", *(() if "Metrics" in settings else ("Period",)))
    told = (str(lasting(live) or shown(None)), str(_periods(wanted)))
    yield Point("for", f"[{', '.join(counted)}]", _both(live, *counted), _both(settings, *counted), told)
    missing = live.get("TreatMissingData") or USUAL_MISSING
    yield _point("missing", f"TreatMissingData || '{USUAL_MISSING}'", missing, settings["TreatMissingData"])


def _query_points(live: Iterable[Row], wanted: list[Row]) -> Iterator[Point]:
    """Those of metric math, by their ids: AWS keeps no order."""
    there = {one["Id"]: one for one in live}
    yield Point("metrics count", "length(Metrics || `[]`)", len(there), len(wanted))
    for one in wanted:
        path = f"(Metrics[?Id=={literal(str(one['Id']))}] | [0])"
        yield from points(f"metrics.{one['Id']}", path, there.get(one["Id"]), one)


def _both(row: Row, *members: str) -> list[Any]:
    return [row.get(member) for member in members]


def _metric(row: Row) -> str:
    return "/".join(filter(None, _both(row, *_METRIC))) or shown(None)


def _statistic(row: Row) -> Any:
    return row.get("Statistic") or row.get("ExtendedStatistic")


def _dimensions(row: Row) -> list[str]:
    return sorted(f"{one['Name']}={one['Value']}" for one in row.get("Dimensions") or ())


def _periods(wanted: Wanted) -> Periods:
    return periods(str(wanted.said.get("for", USUAL_FOR)))


def _point(name: str, path: str, live: Any, wanted: Any) -> Point:
    return Point(name, path, live, wanted, (live or shown(None), wanted or shown(None)))
