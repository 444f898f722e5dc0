"""Dashboards as they are put, given, listed and deleted: they are of an account, whatever region is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.utilities.utils import get_partition

from udo.sandbox.strict import limits
from udo.sandbox.strict.cloudwatch.dashboard_body import (
    Problem,
    bodies_have_widgets,
    states_are_of_some_alarms,
    texts_are_markdown,
    widgets_are_of_a_kind,
    widgets_lie_in_a_grid,
)
from udo.sandbox.strict.cloudwatch.dashboard_metrics import graphs_show_metrics
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses

# Where those of an account are kept.
_HOMES = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_LOOKS = {"metric": graphs_show_metrics, "text": texts_are_markdown, "alarm": states_are_of_some_alarms}
_OF_A_WIDGET = ("type", "x", "y", "width", "height", "properties")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST, _A_PAGE, _MOST_DELETED = 255, 1000, 100


@refuses("cloudwatch", "PutDashboard", moto="accepts any name")
def dashboards_have_plain_names(request: Request) -> None:
    """The name of a dashboard has letters, digits, dashes and underscores alone, 255 at most.

    Source: botocore cloudwatch PutDashboardInput, member DashboardName; github.com/aws/aws-cdk/issues/2976, which has
    AWS's words (no source tells those for a name that is too long).
    """
    name = str(request.params["DashboardName"])
    if not _NAME.fullmatch(name):
        told = f"The value {name} for field DashboardName contains invalid characters."
        raise Refusal(
            "InvalidParameterValue", f"{told} It can only contain alphanumerics, dash (-) and underscore (_).\n"
        )
    if len(name) > _LONGEST:
        raise Refusal("InvalidParameterValue", f"The field DashboardName must not be longer than {_LONGEST}")


@refuses("cloudwatch", "PutDashboard", moto="accepts whatever is JSON")
def bodies_are_looked_through(request: Request) -> None:
    """A body that says what no dashboard can is refused, with all that is wrong in it and where: InvalidParameterInput.

    Source: botocore cloudwatch DashboardInvalidInputError; github.com/aws-samples/aws-eda-slurm-cluster/issues/116 and
    github.com/pulumi/pulumi/issues/13059, which have AWS's words (no source tells those for what is no JSON object).
    """
    try:
        body = json.loads(request.params["DashboardBody"])
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal("InvalidParameterInput", "The field DashboardBody must be a valid JSON object")
    if found := [{"dataPath": one.path, "message": one.message} for one in _problems(body)]:
        told = f"The dashboard body is invalid, there are {len(found)} validation errors:"
        raise Refusal("InvalidParameterInput", f"{told}\n{json.dumps(found, indent=2)}")


@answers("cloudwatch", "PutDashboard", moto="never warns")
def what_is_ignored_is_told(request: Request) -> dict[str, Any]:
    """A widget that has what no widget has is taken, and a message says that this is ignored.

    Source: botocore cloudwatch PutDashboardOutput; github.com/aws-samples, code that hides this message for a chart
    widget (build_dashboard_body), which has AWS's words.
    """
    name, body = str(request.params["DashboardName"]), str(request.params["DashboardBody"])
    _home(request).put_dashboard(name, body)
    told = [{"DataPath": one.path, "Message": one.message} for one in _warnings(json.loads(body))]
    return {"DashboardValidationMessages": told}


@answers("cloudwatch", "GetDashboard", moto="has some in each region")
def dashboards_are_of_an_account(request: Request) -> dict[str, Any]:
    """Dashboards are of an account, and the same whatever region is asked.

    Source: botocore cloudwatch PutDashboard, documentation (no source tells the words for one that there is not).
    """
    name = str(request.params["DashboardName"])
    found = _home(request).dashboards.get(name)
    if found is None:
        raise Refusal("ResourceNotFound", f"Dashboard {name} does not exist")
    return {"DashboardArn": found.arn, "DashboardName": name, "DashboardBody": found.body}


@answers("cloudwatch", "ListDashboards", moto="gives everything at once")
def dashboards_come_in_pages(request: Request) -> dict[str, Any]:
    """ListDashboards gives those whose names begin like its prefix, 1000 a page.

    Source: botocore cloudwatch ListDashboards, documentation.
    """
    prefix = request.params.get("DashboardNamePrefix") or ""
    found = [one for name, one in sorted(_home(request).dashboards.items()) if name.startswith(prefix)]
    shown, token = page(found, _A_PAGE, request.params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    rows = [
        {
            "DashboardName": one.name,
            "DashboardArn": one.arn,
            "LastModified": one.last_modified,
            "Size": len(one.body.encode()),
        }
        for one in shown
    ]
    return {"DashboardEntries": rows, **({"NextToken": token} if token else {})}


@answers("cloudwatch", "DeleteDashboards", moto="deletes none where one is unknown, and takes any number")
def unknown_dashboards_are_told_after_the_others_went(request: Request) -> dict[str, Any]:
    """DeleteDashboards takes 100 names at most and deletes those there are; one that there is not is ResourceNotFound.

    Source: botocore cloudwatch DeleteDashboards, documentation (no source tells the words, nor the code).
    """
    names = list(request.params.get("DashboardNames") or [])
    if not 1 <= len(names) <= _MOST_DELETED:
        raise Refusal("InvalidParameterValue", f"DashboardNames must have 1 to {_MOST_DELETED} members")
    there = _home(request).dashboards
    unknown = [name for name in names if there.pop(name, None) is None]
    if unknown:
        raise Refusal("ResourceNotFound", f"Dashboard {', '.join(unknown)} does not exist")
    return {}


def home_of_dashboards(account: str, region: str) -> Any:
    """moto's backend that has the dashboards of an account, whatever region of it is asked."""
    return cloudwatch_backends[account][_HOMES.get(get_partition(region), _HOMES["aws"])]


def _home(request: Request) -> Any:
    return home_of_dashboards(request.account, request.region)


def _problems(body: Mapping[str, Any]) -> Iterator[Problem]:
    """All that keeps a body from being taken."""
    yield from bodies_have_widgets(body)
    widgets = body.get("widgets")
    for number, widget in enumerate(widgets if isinstance(widgets, list) else ()):
        path = f"/widgets/{number}"
        if not isinstance(widget, dict):
            yield Problem(path, "Should be object")
            continue
        yield from widgets_are_of_a_kind(path, widget)
        yield from widgets_lie_in_a_grid(path, widget)
        properties, looks = widget.get("properties"), _LOOKS.get(str(widget.get("type")))
        if looks and isinstance(properties, dict):
            yield from looks(f"{path}/properties", properties)


def _warnings(body: Mapping[str, Any]) -> Iterator[Problem]:
    """What of a body is ignored."""
    for number, widget in enumerate(body["widgets"]):
        for name in widget:
            if name not in _OF_A_WIDGET:
                told = f'The "{name}" property is not expected to be part of a widget definition, will be ignored'
                yield Problem(f"/widgets/{number}", told)
