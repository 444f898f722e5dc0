"""The body of a cluster's dashboard: what users would feel first, then each role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.dashboards.seen import CAPACITY
from udo.dashboards.widgets import COLUMNS, Widget, alarm_graph, alarm_states, graph, metric, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from udo.dashboards.seen import Seen

Body = dict[str, Any]
# Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring: load-balancer-cloudwatch-metrics.html and
# elb-metricscollected-nlb.html: which kinds of load balancers tell what, by how the dimension begins.
_NAMESPACES = {"app": "AWS/ApplicationELB", "net": "AWS/NetworkELB", "gwy": "AWS/GatewayELB"}
_PERCENTILES = ("p50", "p90", "p99")
# Basic monitoring tells every five minutes.
_OF_INSTANCES = 300


def body_of(seen: Sequence[Seen], mark: str) -> Body:
    """The dashboard of these roles."""
    head = [text(f"# {seen[0].role.cluster}\n{mark}", height=2)]
    felt = [widget for one in seen for widget in (*_requests(one), *_queues(one))]
    rows = [head, felt, *(part for one in seen for part in ([_heading(one)], list(_role(one))))]
    # The periods of its graphs are those of the alarms.
    return {"periodOverride": "inherit", "widgets": _placed(rows)}


def title(widget: Mapping[str, Any]) -> str:
    """What a widget is called: its title, or the first line of its text."""
    properties = widget.get("properties") or {}
    lines = str(properties.get("markdown") or "").splitlines()
    return str(properties.get("title") or (lines[0].lstrip("# ") if lines else "") or widget.get("type"))


def is_of(widget: Mapping[str, Any], role: str) -> bool:
    """Whether a widget is of a role."""
    return title(widget) == role or title(widget).startswith(f"{role}: ")


def _placed(rows: Iterable[Sequence[Widget]]) -> list[Widget]:
    """The widgets with their places: each part begins a row of its own."""
    placed, y = [], 0
    for widgets in rows:
        x, tallest = 0, 0
        for widget in widgets:
            if x + widget["width"] > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            placed.append({"x": x, "y": y, **widget})
            x, tallest = x + widget["width"], max(tallest, widget["height"])
        y += tallest
    return placed


def _heading(seen: Seen) -> Widget:
    return text(f"## {seen.role.name}\nAuto Scaling group `{seen.role.group_name}`", height=2)


def _requests(seen: Seen) -> Iterator[Widget]:
    """What load balancers tell of a role: how fast it answers, what fails, who can answer."""
    latency, errors, hosts = list[Any](), list[Any](), list[Any]()
    for target_group, balancer in seen.behind:
        namespace = _NAMESPACES.get(balancer.partition("/")[0], _NAMESPACES["app"])
        of = {"TargetGroup": target_group, "LoadBalancer": balancer}
        if namespace == _NAMESPACES["app"]:
            latency += [metric(namespace, "TargetResponseTime", of, stat, label=stat) for stat in _PERCENTILES]
            errors.append(metric(namespace, "HTTPCode_Target_5XX_Count", of, "Sum"))
            errors.append(metric(namespace, "HTTPCode_ELB_5XX_Count", {"LoadBalancer": balancer}, "Sum"))
        hosts += _hosts(namespace, of)
    for name in seen.classic:
        of = {"LoadBalancerName": name}
        latency += [metric("AWS/ELB", "Latency", of, stat, label=stat) for stat in _PERCENTILES]
        errors += [metric("AWS/ELB", f"HTTPCode_{who}_5XX", of, "Sum") for who in ("Backend", "ELB")]
        hosts += _hosts("AWS/ELB", of)
    name = seen.role.name
    for what, found in (("latency", latency), ("5xx", errors), ("hosts", hosts)):
        if found:
            yield graph(f"{name}: {what}", seen.region, found, markers=seen.markers or ())


def _hosts(namespace: str, of: Mapping[str, str]) -> list[Any]:
    return [
        metric(namespace, "HealthyHostCount", of, "Minimum"),
        metric(namespace, "UnHealthyHostCount", of, "Maximum"),
    ]


def _queues(seen: Seen) -> Iterator[Widget]:
    """The queues that alarms of a role look at: how many wait, and how long."""
    name, markers = seen.role.name, seen.markers or ()
    for queue in dict.fromkeys(_queue_names(seen)):
        of = {"QueueName": queue}
        depth = [metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", of, "Maximum")]
        yield graph(f"{name}: depth of {queue}", seen.region, depth, markers=markers)
        age = [metric("AWS/SQS", "ApproximateAgeOfOldestMessage", of, "Maximum")]
        yield graph(f"{name}: age of {queue}", seen.region, age, markers=markers)


def _queue_names(seen: Seen) -> Iterator[str]:
    for one in seen.alarms:
        queries = ((query.get("MetricStat") or {}).get("Metric") for query in one.settings.get("Metrics") or ())
        for named in (one.settings, *filter(None, queries)):
            if named.get("Namespace") == "AWS/SQS":
                yield from (row["Value"] for row in named.get("Dimensions") or () if row["Name"] == "QueueName")


def _role(seen: Seen) -> Iterator[Widget]:
    """A role: its capacity, its health, its CPU, what its alarms look at, and how they stand."""
    name, region, markers = seen.role.name, seen.region, seen.markers or ()
    of = {"AutoScalingGroupName": seen.role.group_name}
    capacity = [metric("AWS/AutoScaling", one, of, "Average") for one in CAPACITY]
    yield graph(f"{name}: capacity", region, capacity, markers=markers)
    failing = [metric("AWS/EC2", f"StatusCheckFailed{part}", of, "Maximum") for part in ("_Instance", "_System")]
    yield graph(f"{name}: health", region, failing, markers=markers)
    cpu = [metric("AWS/EC2", "CPUUtilization", of, stat, label=stat) for stat in ("Average", "Maximum")]
    yield graph(f"{name}: CPU", region, cpu, period=_OF_INSTANCES, markers=markers)
    for one in seen.alarms:
        if one.operation != "PutCompositeAlarm":
            yield alarm_graph(f"{name}: alarm {one.name}", region, one, markers)
    yield from alarm_states(f"{name}: alarms", seen.alarm_arns)
