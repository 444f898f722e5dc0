"""How many instances an instance refresh replaces at once: numbers in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass

from udo.sandbox.strict.rules import rule


@dataclass(frozen=True)
class Bounds:
    """The fewest instances that stay in service, healthy and warm, and the most there are, pending ones too."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class Batch:
    """What may be done now: `terminate` this many of the old that serve, and have `surplus` more than is desired."""

    terminate: int
    surplus: int


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def healthy_percentages_bound_a_refresh(desired: int, least: int, most: int | None) -> Bounds:
    """The minimum in service is MinHealthyPercentage of the desired capacity, rounded up, the maximum
    MaxHealthyPercentage of it, rounded down.

    Source: botocore autoscaling RefreshPreferences, members MinHealthyPercentage and MaxHealthyPercentage;
    docs.aws.amazon.com/autoscaling/ec2/userguide/asg-adding-checkpoints-instance-refresh.html (10 instances, 80
    percent: two at a time). The rounding of the maximum is read from "increase to".
    """
    minimum = -(-desired * least // 100)
    maximum = desired * (100 if most is None else most) // 100
    if minimum >= desired and maximum <= desired and desired:
        return bounds_that_meet_give_way(desired, most)
    return Bounds(minimum, maximum)


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def bounds_that_meet_give_way(desired: int, most: int | None) -> Bounds:
    """Where both bounds are the desired capacity nothing could be replaced: with MaxHealthyPercentage an instance is
    launched before one is terminated, without it one is terminated while its replacement launches.

    Source: botocore autoscaling RefreshPreferences, member MaxHealthyPercentage ("Explicitly setting
    MaxHealthyPercentage to 100 is not equivalent to omitting it").
    """
    return Bounds(desired - 1, desired) if most is None else Bounds(desired, desired + 1)


def batch(desired: int, bounds: Bounds, ready: int, left: int) -> Batch:
    """What may be done with `left` old instances still to go, of which some serve, and `ready` that serve in all."""
    terminate = max(0, min(left, ready - bounds.minimum))
    return Batch(terminate, min(bounds.maximum - desired, left - terminate))


def needed(total: int, percentage: int) -> int:
    """How many of `total` instances must be new for a checkpoint to be reached."""
    return -(-total * percentage // 100)


def complete(done: int, total: int) -> int:
    """The whole percentage that `done` of `total` are; nothing to do is all of it."""
    return 100 * min(done, total) // total if total > 0 else 100
