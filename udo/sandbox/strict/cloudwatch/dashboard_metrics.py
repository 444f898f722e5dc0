"""What a graph of a dashboard may show: its metrics in AWS's short form, and the lines drawn across them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from udo.sandbox.strict.cloudwatch.dashboard_body import ALLOWED, Problem, required, too_many
from udo.sandbox.strict.cloudwatch.metrics import is_statistic
from udo.sandbox.strict.cloudwatch.settings import EXTENDED, is_period
from udo.sandbox.strict.rules import rule

_MOST_METRICS = 500
_VIEWS = ("timeSeries", "singleValue", "gauge", "bar", "pie", "table")
_SOURCES = "The metric widget should have specified a region and a data source or an alarm annotation"
_FORM = 'Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element'
_TEXTS = 'Invalid metric field type, only "String" type is allowed'
_SAME, _SAME_ALL = ".", "..."
_COLOR, _ID = re.compile(r"#[0-9a-fA-F]{6}"), re.compile(r"[a-z][A-Za-z0-9_]*")
# What may be said of one metric, and how each is checked.
_RENDERED: Mapping[str, Callable[[Any], bool]] = {
    "accountId": lambda value: isinstance(value, str),
    "color": lambda value: isinstance(value, str) and bool(_COLOR.fullmatch(value)),
    "expression": lambda value: isinstance(value, str),
    "id": lambda value: isinstance(value, str) and bool(_ID.fullmatch(value)),
    "label": lambda value: isinstance(value, str),
    "period": lambda value: type(value) is int and (value in (1, 5) or is_period(value)),
    "region": lambda value: isinstance(value, str),
    "stat": lambda value: isinstance(value, str) and _is_statistic(value),
    "visible": lambda value: isinstance(value, bool),
    "yAxis": lambda value: value in ("left", "right"),
}


@rule("cloudwatch", "PutDashboard", moto="accepts any")
def graphs_show_metrics(path: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    """A graph has a region and 1 to 500 metrics, or the ARN of one alarm as an annotation; a gauge says where its scale
    begins and ends.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html;
    github.com/aws-samples/aws-eda-slurm-cluster/issues/116, which has AWS's words for neither.
    """
    metrics, notes = properties.get("metrics"), properties.get("annotations")
    alarms = notes.get("alarms") if isinstance(notes, dict) else None
    if metrics is None and not alarms:
        yield Problem(path, required("metrics"))
        yield Problem(path, _SOURCES)
        if notes is None:
            yield Problem(path, required("annotations"))
    elif not alarms and "region" not in properties:
        yield Problem(path, _SOURCES)
    if metrics is not None and alarms:
        yield Problem(f"{path}/annotations/alarms", "Should NOT be given together with metrics")
    if alarms and len(alarms) > 1:
        yield Problem(f"{path}/annotations/alarms", too_many(1))
    yield from _views(path, properties)
    yield from metrics_are_lists_of_words(f"{path}/metrics", [] if metrics is None else metrics)
    yield from lines_have_values(f"{path}/annotations", notes)


def _views(path: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    view = properties.get("view")
    if view not in (None, *_VIEWS):
        yield Problem(f"{path}/view", ALLOWED)
    scale = (properties.get("yAxis") or {}).get("left") or {}
    for bound in ("min", "max") if view == "gauge" else ():
        if bound not in scale:
            yield Problem(f"{path}/yAxis/left", required(bound))
    for name, checked in (("period", _RENDERED["period"]), ("stat", _RENDERED["stat"])):
        if name in properties and not checked(properties[name]):
            yield Problem(f"{path}/{name}", ALLOWED)


@rule("cloudwatch", "PutDashboard", moto="accepts any")
def metrics_are_lists_of_words(path: str, metrics: Any) -> Iterator[Problem]:
    """A metric of a graph is a list: namespace, name, names and values of dimensions by turns, and last what is said of
    it (a colour of six hex digits, a statistic, an id ...). A dot repeats what stands there in the metric before, three
    dots all of it; a calculation is an expression alone.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html;
    github.com/pulumi/pulumi/issues/13059 and github.com/aws/aws-cdk/issues/5026, which have AWS's words (no source
    tells those for a dimension without value, and for a dot in the first metric).
    """
    if not isinstance(metrics, list):
        yield Problem(path, "Should be array")
        return
    if len(metrics) > _MOST_METRICS:
        yield Problem(path, too_many(_MOST_METRICS))
    before: list[Any] = []
    for number, one in enumerate(metrics):
        here = f"{path}/{number}"
        if not isinstance(one, list):
            yield Problem(here, "Should be array")
            yield Problem(here, _FORM)
            continue
        yield from _metric(here, one, before)
        before = [word for word in one if isinstance(word, str)] or before


def _metric(path: str, one: Sequence[Any], before: Sequence[Any]) -> Iterator[Problem]:
    how = one[-1] if one and isinstance(one[-1], dict) else None
    words = one if how is None else one[:-1]
    if how is not None and not _is_rendering(how):
        yield Problem(path, too_many(len(words)))
        yield Problem(f"{path}/{len(words)}", _TEXTS)
    wrong = [place for place, word in enumerate(words) if not isinstance(word, str)]
    for place in wrong:
        yield Problem(f"{path}/{place}", _TEXTS)
    if wrong:
        return
    if how is not None and "expression" in how:
        if words:
            yield Problem(path, _FORM)
        return
    repeats = _SAME_ALL in words or _SAME in words
    if (repeats and not before) or (_SAME_ALL not in words and (len(words) < 2 or len(words) % 2)):
        yield Problem(path, _FORM)


@rule("cloudwatch", "PutDashboard", moto="accepts any")
def lines_have_values(path: str, notes: Any) -> Iterator[Problem]:
    """A horizontal line has a number and a vertical one a time in ISO 8601; two of them are a band. What is filled lies
    above or below, before or after.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html (no source
    tells the words).
    """
    if notes is None:
        return
    if not isinstance(notes, dict):
        yield Problem(path, "Should be object")
        return
    for kind, fills in (("horizontal", ("above", "below", "none")), ("vertical", ("before", "after", "none"))):
        for number, one in enumerate(notes.get(kind) or ()):
            here = f"{path}/{kind}/{number}"
            for place, line in enumerate(one if isinstance(one, list) else [one]):
                there = f"{here}/{place}" if isinstance(one, list) else here
                yield from _line(there, line, fills, is_time=kind == "vertical")


def _line(path: str, line: Any, fills: Sequence[str], *, is_time: bool) -> Iterator[Problem]:
    if not isinstance(line, dict):
        yield Problem(path, "Should be object")
        return
    value = line.get("value")
    if "value" not in line:
        yield Problem(path, required("value"))
    elif is_time and not _is_time(value):
        yield Problem(f"{path}/value", 'Should match format "date-time"')
    elif not is_time and (isinstance(value, bool) or not isinstance(value, int | float)):
        yield Problem(f"{path}/value", "Should be number")
    if line.get("fill") not in (None, *fills):
        yield Problem(f"{path}/fill", ALLOWED)
    if line.get("yAxis") not in (None, "left", "right"):
        yield Problem(f"{path}/yAxis", ALLOWED)
    if "color" in line and not _RENDERED["color"](line["color"]):
        yield Problem(f"{path}/color", ALLOWED)


def _is_rendering(how: Mapping[str, Any]) -> bool:
    return all(name in _RENDERED and _RENDERED[name](value) for name, value in how.items())


def _is_statistic(name: str) -> bool:
    return is_statistic(name) or bool(EXTENDED.fullmatch(name))


def _is_time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(str(value)).tzinfo is not None
    except ValueError:
        return False
