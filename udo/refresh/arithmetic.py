"""What a refresh comes to on so many members: how many stay in service, how many at a time, and how long it takes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from udo.frozen import frozen
from udo.refresh.preferences import reached

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.model.refreshes import Preferences

# Source: botocore autoscaling RefreshPreferences, MinHealthyPercentage and MaxHealthyPercentage.
_MIN, _MAX = 90, 100
# AWS does not say how long a launch takes: what an image of Amazon's takes to be in service, about.
LAUNCH = 60.0


@frozen
class Bounds:
    """How many of the desired capacity stay in service at least, and are there at most, in service or on their way."""

    desired: int
    least: int
    most: int

    @property
    def at_once(self) -> int:
        """How many are replaced at a time."""
        return max(1, self.most - self.least)

    @property
    def launches_first(self) -> bool:
        """Whether nobody goes before a successor is in service."""
        return self.least >= self.desired


@frozen
class Course:
    """A refresh of `count` members within bounds: `stops` are how many are replaced where it pauses."""

    bounds: Bounds
    count: int
    stops: tuple[int, ...]
    rounds: int
    seconds: float

    def row(self) -> dict[str, Any]:
        """The same for scripts."""
        return {
            "replaced": self.count,
            "desired": self.bounds.desired,
            "least_in_service": self.bounds.least,
            "most": self.bounds.most,
            "at_once": self.bounds.at_once,
            "checkpoints": list(self.stops),
            "rounds": self.rounds,
            "seconds": round(self.seconds),
        }


def bounds(desired: int, preferences: Preferences) -> Bounds:
    """The bounds of a refresh of a group of that desired capacity.

    Where no member could be replaced within them AWS launches one first, or ends one first if no maximum is said.
    Source: botocore autoscaling RefreshPreferences, MaxHealthyPercentage.
    """
    low = _MIN if preferences.min_healthy is None else preferences.min_healthy
    high = _MAX if preferences.max_healthy is None else preferences.max_healthy
    least, most = -(-desired * low // 100), desired * high // 100
    if least == most == desired and desired:
        return (
            Bounds(desired, least, most + 1)
            if preferences.max_healthy is not None
            else Bounds(desired, desired - 1, most)
        )
    return Bounds(desired, least, most)


def course(desired: int, weights: Sequence[int], preferences: Preferences, warmup: float) -> Course:
    """The course of a refresh that replaces members of these weights; `warmup` is what a newcomer is given."""
    count = len(weights)
    found = bounds(desired, preferences)
    heaviest = max(weights, default=1)
    if heaviest > 1:
        # Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html: a member that weighs as
        # much as the whole capacity is replaced with all the others.
        found = Bounds(desired, max(0, found.least - heaviest + 1), found.most + heaviest - 1)
    stops = tuple(reached(one, count) for one in preferences.checkpoints if one < 100)
    at_once = max(1, found.at_once // heaviest)
    ends = [0, *stops, count]
    rounds = sum(-(-(then - now) // at_once) for now, then in pairwise(ends))
    pauses = len(set(stops)) * (preferences.checkpoint_delay or 0)
    return Course(found, count, stops, rounds, rounds * (LAUNCH + warmup) + pauses + (preferences.bake or 0))
