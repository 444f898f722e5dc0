"""The metrics a group collects: all of them where none is named, and only AWS's own."""

from __future__ import annotations

import functools
import re
from typing import Any

from moto.core.utils import get_service_model

from udo.sandbox.strict.autoscaling.group_samples import begin
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses


@refuses("autoscaling", "EnableMetricsCollection", "DisableMetricsCollection", moto="accepts any name and granularity")
def metrics_exist(request: Request) -> None:
    """Metrics are AWS's own, collected every minute: anything else is ValidationError.

    Source: botocore autoscaling EnableMetricsCollectionQuery, members Metrics and Granularity.
    """
    for name in request.params.get("Metrics") or []:
        if name not in metrics():
            raise Refusal("ValidationError", f"Metric {name} is not valid: [{', '.join(metrics())}]")
    if (granularity := request.params.get("Granularity", "1Minute")) != "1Minute":
        raise Refusal("ValidationError", f"Granularity {granularity} is not valid: [1Minute]")


@answers("autoscaling", "EnableMetricsCollection", moto="enables none where none is named, and drops those there were")
def all_metrics_are_enabled_unless_named(request: Request) -> None:
    """EnableMetricsCollection enables those that it names beside those that are on, and all where it names none.

    Source: botocore autoscaling EnableMetricsCollectionQuery, member Metrics ("If you specify Granularity and don't
    specify any metrics, all metrics are enabled").
    """
    group: Any = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    begin(group)
    wanted = {*group.metrics, *(request.params.get("Metrics") or metrics())}
    group.metrics = [name for name in metrics() if name in wanted]


@answers("autoscaling", "DisableMetricsCollection", moto="has no such operation")
def metrics_are_disabled(request: Request) -> None:
    """DisableMetricsCollection disables the metrics that it names, and all where it names none.

    Source: botocore autoscaling DisableMetricsCollectionQuery, member Metrics.
    """
    group: Any = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    named = request.params.get("Metrics") or metrics()
    group.metrics = [name for name in group.metrics if name not in named]


@functools.cache
def metrics() -> tuple[str, ...]:
    """The names of all metrics of a group, as AWS documents them."""
    shape: Any = get_service_model("autoscaling").shape_for("EnableMetricsCollectionQuery")
    return tuple(re.findall(r"<code>((?:Group|WarmPool)\w+)</code>", shape.members["Metrics"].documentation))
