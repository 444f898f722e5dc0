"""What a deployment configuration comes to on so many instances: how many at a time, and which failure ends it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from udo.deploy.watch import instances
from udo.frozen import frozen
from udo.model.deployments import DeploymentConfig, Minimum

_PREFIX = "CodeDeployDefault."
ONE_AT_A_TIME = f"{_PREFIX}OneAtATime"
# Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html. These need no read.
AWS_OWN = {
    one.name: one
    for one in (
        DeploymentConfig(ONE_AT_A_TIME, Minimum("MOST_CONCURRENCY", 1)),
        DeploymentConfig(f"{_PREFIX}HalfAtATime", Minimum("FLEET_PERCENT", 50)),
        DeploymentConfig(f"{_PREFIX}AllAtOnce", Minimum("FLEET_PERCENT", 0)),
    )
}


@frozen
class Fleet:
    """Instances of a deployment, in all or in one zone.

    `least` of the `count` must stay healthy; those that are `stopped` count as failed from the start.
    Source: docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html.
    """

    count: int
    least: int
    stopped: int = 0

    @property
    def running(self) -> int:
        """How many can be deployed to."""
        return self.count - self.stopped

    @property
    def spare(self) -> int:
        """How many of those that run may be missing: so many are begun at a time, and after so many failures none."""
        return max(0, self.running - self.least)

    @property
    def is_stuck(self) -> bool:
        """Whether too few are healthy, or none may be begun."""
        return self.running < self.least or (self.running > 0 and not self.spare)

    @property
    def missing(self) -> str:
        """Why it is stuck."""
        stopped = f", {self.stopped} {'is' if self.stopped == 1 else 'are'} stopped" if self.stopped else ""
        return f"{self.least} of {self.count} must stay healthy{stopped}"


@frozen
class Arithmetic:
    """A deployment configuration on all instances, and on those of each zone where it goes from zone to zone."""

    config: DeploymentConfig
    whole: Fleet
    zones: Mapping[str, Fleet] = field(default_factory=dict)

    @property
    def is_impossible(self) -> bool:
        """Whether it fails whatever its scripts do."""
        return self.whole.is_stuck or not self.whole.running or any(zone.is_stuck for zone in self.zones.values())

    @property
    def at_once(self) -> int:
        """How many instances it is at, at most: a zone has its own allowance, and the lesser one holds."""
        return min(self.whole.spare, max((zone.spare for zone in self.zones.values()), default=self.whole.spare))

    @property
    def says(self) -> str:
        """All of it on one line."""
        whole, name = self.whole, self.config.name.removeprefix(_PREFIX)
        if self.is_impossible:
            return f"{name} on {instances(whole.count)} cannot succeed: {self._missing()}"
        stopped = f", {whole.stopped} stopped" if whole.stopped else ""
        return f"{name} on {instances(whole.count)}{stopped}: {self._verdict()}"

    @property
    def zones_say(self) -> str:
        """How it goes from zone to zone; empty where it does not."""
        zonal = self.config.zonal
        if zonal is None:
            return ""
        names = ", ".join(f"{name} ({zone.count})" for name, zone in self.zones.items())
        least, unit = zonal.minimum.value, " %" if zonal.minimum.kind == "FLEET_PERCENT" else ""
        kept = f"; {least}{unit} of each must stay healthy" if least else ""
        after = [f"{_minutes(zonal.first_wait)} after the first"] if zonal.first_wait or zonal.wait else []
        after += [f"{_minutes(zonal.wait)} after each other"] if zonal.wait else []
        return f"zone by zone: {names}{kept}{'; ' if after else ''}{', '.join(after)}"

    def row(self) -> dict[str, Any]:
        """The same for scripts; `failures` is how many fail it while others have not begun, null where any way does."""
        whole = self.whole
        return {
            "config": self.config.name,
            "instances": whole.count,
            "stopped": whole.stopped,
            "at_once": self.at_once,
            "must_stay_healthy": whole.least,
            "failures": None if self.is_impossible else whole.spare,
            "zones": {name: {"instances": zone.count, "failures": zone.spare} for name, zone in self.zones.items()},
        }

    def _verdict(self) -> str:
        whole, spare = self.whole, self.whole.spare
        if whole.running == 1:
            return "any failure fails it"
        if spare == 1:
            once = "" if self.config.name == ONE_AT_A_TIME else "one at a time; "
            return f"{once}any failure but the last instance's fails it"
        if not whole.least:
            many = f"{self.at_once} at a time" if self.zones else "all at once"
            return f"{many}; it fails only if all fail"
        return f"{self.at_once} at a time; {spare} failures fail it while others wait"

    def _missing(self) -> str:
        if self.whole.is_stuck or not self.whole.running:
            return self.whole.missing
        name, zone = next((name, zone) for name, zone in self.zones.items() if zone.is_stuck)
        return f"{zone.missing} in {name}"


def arithmetic(
    config: DeploymentConfig, zones: Mapping[str, int], stopped: Mapping[str, int] | None = None
) -> Arithmetic:
    """What the configuration comes to on so many instances in each zone, of which so many are stopped."""
    lost = stopped or {}
    count = sum(zones.values())
    least = _least(config.minimum, count)
    if config.name in AWS_OWN:
        # AWS's own configurations always leave one to deploy to.
        least = min(least, count - 1)
    whole = Fleet(count, least, sum(lost.values()))
    if config.zonal is None:
        return Arithmetic(config, whole)
    each = config.zonal.minimum
    theirs = {name: Fleet(size, _least(each, size), lost.get(name, 0)) for name, size in sorted(zones.items())}
    return Arithmetic(config, whole, theirs)


def _least(minimum: Minimum, count: int) -> int:
    match minimum.kind:
        case "MOST_CONCURRENCY":
            return max(0, count - minimum.value)
        case "FLEET_PERCENT":
            return math.ceil(count * minimum.value / 100)
    return minimum.value


def _minutes(seconds: int) -> str:
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
