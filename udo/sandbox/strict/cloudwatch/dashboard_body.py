"""What the body of a dashboard may say: its widgets, where they lie, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from udo.sandbox.strict.rules import rule

_KINDS = ("metric", "text", "log", "explorer", "alarm", "custom", "chart")
# Each with its least and most; a widget need have none of them.
_GRID = {"x": (0, 23), "y": (0, 1_000_000), "width": (1, 24), "height": (1, 1000)}
_MOST_WIDGETS, _MOST_VARIABLES, _MOST_ALARMS = 500, 25, 100
_SORTS = ("default", "stateUpdatedTimestamp", "timestamp")
_STATES = ("ALARM", "INSUFFICIENT_DATA", "OK")

ALLOWED = "Should be equal to one of the allowed values"


class Problem(NamedTuple):
    """What is wrong in a body, and where."""

    path: str
    message: str


@rule("cloudwatch", "PutDashboard", moto="accepts a body without any")
def bodies_have_widgets(body: Mapping[str, Any]) -> Iterator[Problem]:
    """A body has a list of 500 widgets at most and of 25 variables at most; an end goes with a start, and
    periodOverride is auto or inherit.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html; the words
    are those of github.com/aws-samples/aws-eda-slurm-cluster/issues/116 for another list.
    """
    widgets = body.get("widgets")
    if "widgets" not in body:
        yield Problem("", required("widgets"))
    elif not isinstance(widgets, list):
        yield Problem("/widgets", "Should be array")
    elif len(widgets) > _MOST_WIDGETS:
        yield Problem("/widgets", too_many(_MOST_WIDGETS))
    if len(body.get("variables") or ()) > _MOST_VARIABLES:
        yield Problem("/variables", too_many(_MOST_VARIABLES))
    if "end" in body and "start" not in body:
        yield Problem("", required("start"))
    if body.get("periodOverride") not in (None, "auto", "inherit"):
        yield Problem("/periodOverride", ALLOWED)


@rule("cloudwatch", "PutDashboard", moto="accepts any")
def widgets_are_of_a_kind(path: str, widget: Mapping[str, Any]) -> Iterator[Problem]:
    """A widget has one of seven types, and an object of properties.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html (no source
    tells the words for an unknown type).
    """
    if "type" not in widget:
        yield Problem(path, required("type"))
    elif widget["type"] not in _KINDS:
        yield Problem(f"{path}/type", ALLOWED)
    if "properties" not in widget:
        yield Problem(path, required("properties"))
    elif not isinstance(widget["properties"], dict):
        yield Problem(f"{path}/properties", "Should be object")


@rule("cloudwatch", "PutDashboard", moto="accepts any")
def widgets_lie_in_a_grid(path: str, widget: Mapping[str, Any]) -> Iterator[Problem]:
    """A widget begins in one of 24 columns and is up to 24 wide and up to 1000 high; x and y are given together.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html (no source
    tells the words for numbers beyond).
    """
    for name, (least, most) in _GRID.items():
        value = widget.get(name)
        if value is None:
            continue
        if type(value) is not int:
            yield Problem(f"{path}/{name}", "Should be integer")
        elif value < least:
            yield Problem(f"{path}/{name}", f"Should be >= {least}")
        elif value > most:
            yield Problem(f"{path}/{name}", f"Should be <= {most}")
    for name, other in (("x", "y"), ("y", "x")):
        if name in widget and other not in widget:
            yield Problem(path, required(other))


@rule("cloudwatch", "PutDashboard", moto="accepts any")
def texts_are_markdown(path: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    """A text widget has a text of Markdown, on a background that is solid or transparent.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html.
    """
    if "markdown" not in properties:
        yield Problem(path, required("markdown"))
    elif not isinstance(properties["markdown"], str):
        yield Problem(f"{path}/markdown", "Should be string")
    if properties.get("background") not in (None, "solid", "transparent"):
        yield Problem(f"{path}/background", ALLOWED)


@rule("cloudwatch", "PutDashboard", moto="accepts none")
def states_are_of_some_alarms(path: str, properties: Mapping[str, Any]) -> Iterator[Problem]:
    """An alarm status widget has the ARNs of 1 to 100 alarms, sorted in one of three ways, and the states it shows.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html;
    github.com/aws-solutions-library-samples/guidance-for-automating-network-monitoring-and-alerting-on-aws/issues/7,
    which has AWS's words for none.
    """
    alarms = properties.get("alarms")
    if "alarms" not in properties:
        yield Problem(path, required("alarms"))
    elif not isinstance(alarms, list):
        yield Problem(f"{path}/alarms", "Should be array")
    elif not alarms:
        yield Problem(f"{path}/alarms", "Should NOT have less than 1 items")
    elif len(alarms) > _MOST_ALARMS:
        yield Problem(f"{path}/alarms", too_many(_MOST_ALARMS))
    if properties.get("sortBy") not in (None, *_SORTS):
        yield Problem(f"{path}/sortBy", ALLOWED)
    for number, state in enumerate(properties.get("states") or ()):
        if state not in _STATES:
            yield Problem(f"{path}/states/{number}", ALLOWED)


def required(name: str) -> str:
    """AWS's words for what is missing."""
    return f"Should have required property '{name}'"


def too_many(most: int) -> str:
    """AWS's words for a list that is too long."""
    return f"Should NOT have more than {most} items"
