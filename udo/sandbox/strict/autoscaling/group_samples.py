"""What a group tells CloudWatch of itself, once a minute."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.cloudwatch import metrics
from udo.sandbox.strict.rules import rule

# A day of minutes.
_KEPT = 1440
# How the metrics call the states that members are in; a wait counts as what it is a part of.
_STATES = {"Pending": "Pending", "InService": "InService", "Standby": "Standby", "Terminating": "Terminating"}


def advance() -> None:
    """Samples every group that collects metrics, for the minutes that have passed."""
    for account in list(autoscaling_backends.values()):
        for backend in list(account.values()):
            steady.each(_sample, [group for group in backend.autoscaling_groups.values() if group.metrics])


@rule("autoscaling", "EnableMetricsCollection", moto="collects nothing")
def groups_tell_of_themselves(group: Any) -> dict[str, float]:
    """A group that collects metrics tells every minute its sizes and how many members are in which state, under
    AWS/AutoScaling with its name; nothing of the time before.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html.
    """
    counted = dict.fromkeys(_STATES.values(), 0.0)
    for member in group.instance_states:
        if state := _STATES.get(member.lifecycle_state.partition(":")[0]):
            counted[state] += 1
    counted["Total"] = float(len(group.instance_states))
    told = {f"Group{state}{what}": count for state, count in counted.items() for what in ("Instances", "Capacity")}
    sizes = {"Min": group.min_size, "Max": group.max_size}
    told |= {f"Group{name}Size": float(size or 0) for name, size in sizes.items()}
    return told | {"GroupDesiredCapacity": float(group.desired_capacity or 0)}


def begin(group: Any) -> None:
    """Samples a group from now on, unless it was sampled already."""
    if not group.metrics:
        group.udo_sampled = math.floor(moment.now() / 60)


def _sample(group: Any) -> None:
    minute = math.floor(moment.now() / 60)
    last: int = group.udo_sampled
    if minute == last:
        return
    group.udo_sampled = minute
    # As it was left by whoever asked last: what time has moved since is for the minutes to come.
    told = groups_tell_of_themselves(group)
    told = {name: value for name, value in told.items() if name in group.metrics}
    samples: deque[tuple[int, Mapping[str, float]]] = group.__dict__.setdefault("udo_samples", deque(maxlen=_KEPT))
    samples.extend((one, told) for one in range(max(last + 1, minute - _KEPT), minute + 1))


def points(account: str, region: str, key: metrics.Key) -> Iterator[metrics.Point]:
    """The points of a metric of a group."""
    names = [value for name, value in key.dimensions if name == "AutoScalingGroupName"]
    group = autoscaling_backends[account][region].autoscaling_groups.get(names[0]) if names else None
    for minute, told in getattr(group, "udo_samples", ()):
        if key.name in told and len(key.dimensions) == 1:
            yield metrics.Point(minute * 60.0, ((told[key.name], 1.0),))


metrics.sources["AWS/AutoScaling"] = points
