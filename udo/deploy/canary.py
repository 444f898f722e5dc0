"""A zone as the canary of a deployment: the deployment configuration that goes to one zone, waits, and goes on."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Pair, Read
from udo.deploy.arithmetic import AWS_OWN, ONE_AT_A_TIME, arithmetic
from udo.deploy.watch import CANARY
from udo.errors import AwsError, Conflict, Refused, UsageError
from udo.model.deployments import DeploymentConfig, Minimum, Zonal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws import Aws
    from udo.config import Role
    from udo.deploy.observe import Observed

ZONE = "zone"
_MISSING = "DeploymentConfigDoesNotExistException"
_SAID = "nothing was deployed"


@dataclass(frozen=True)
class Canary:
    """A configuration of Udo's own, and whether it is there already."""

    config: DeploymentConfig
    is_there: bool

    @property
    def call(self) -> Call:
        """The call that creates it."""
        name = self.config.name
        read = Read("codedeploy", "GetDeploymentConfig", {"deploymentConfigName": name}, _PATH)
        proof = (Pair(read, _told(self.config), f"deployment configuration {name}"),)
        params = {"deploymentConfigName": name, "computePlatform": "Server", **content(self.config)}
        says = f"create deployment configuration {name} (zone by zone, {self.waits})"
        return Call(says, "codedeploy", "CreateDeploymentConfig", params, proof=proof)

    @property
    def waits(self) -> str:
        """How long it waits, in a few words."""
        zonal = self.config.zonal or Zonal(Minimum("FLEET_PERCENT", 0))
        more = f", then {_time(zonal.wait)} after each" if zonal.wait else ""
        return f"{_time(zonal.first_wait)} before the others{more}"


def asked_pause(canary: str | None, pause: float | None, timeout: float, *, follow: bool) -> int | None:
    """The seconds to wait after the first zone, None where no canary is asked for.

    Raises: UsageError.
    """
    if canary is None:
        if pause is not None:
            raise UsageError("--pause is the wait after a canary", hint="give it with --canary zone")
        return None
    if canary != ZONE:
        counts = canary.rstrip("%").isdigit()
        why = "CodeDeploy cannot deploy to so many first, only to the first zone" if counts else "no such canary"
        hint = "write --canary zone --pause 10m" + ("; 'udo refresh' takes a number" if counts else "")
        raise UsageError(f"--canary {canary}: {why}", hint=hint)
    if follow:
        raise UsageError("--canary and --follow exclude each other: what is followed has begun", hint="leave one out")
    if pause is None:
        raise UsageError("--canary zone waits for how long after the first zone?", hint="write --pause 10m")
    if pause >= timeout:
        raise UsageError(
            f"--pause {_time(math.ceil(pause))} is not over when --timeout is ({_time(math.ceil(timeout))})",
            hint="give the deployment more time, or the canary less",
        )
    return math.ceil(pause)


def observe_canary(aws: Aws, role: Role, observed: Observed, pause: int) -> Canary:
    """The configuration that deploys to the zones of the group one after the other, and waits after the first.

    Raises: Refused for a group of one zone, or a deployment group with more than the group; Conflict where another
    configuration has its name; another UdoError.
    """
    over, name = observed.deployment_group, observed.group.name
    others = [one for one in over.auto_scaling_groups if one != name]
    if others or over.has_tags:
        also = f"Auto Scaling groups {', '.join(others)}" if others else "instances by their tags"
        told = f"deployment group {over.name} of {over.application} also deploys to {also}"
        raise Refused(f"{told}: --canary zone is for one group alone", hint=_SAID)
    zones = Counter(one.availability_zone for one in observed.group.members if one.in_service)
    if len(zones) == 1:
        where = next(iter(zones))
        raise Refused(
            f"every instance of {role.label} in service is in {where}: no zone is there to be first",
            hint=f"{_SAID}; leave --canary out, or spread the group over zones",
        )
    name = str(role.get("deploy.config") or over.config or ONE_AT_A_TIME)
    base = AWS_OWN.get(name) or aws.codedeploy.deployment_config(name)
    config = canary_config(base, zones, pause)
    return Canary(config, _is_there(aws, config))


def canary_config(base: DeploymentConfig, zones: Mapping[str, int], pause: int) -> DeploymentConfig:
    """The configuration with the base's minimum, under which no zone but the first is begun once all of a zone failed.

    Which zone is the first is CodeDeploy's affair, so that the smallest one counts.
    """
    count = sum(zones.values())
    least = arithmetic(base, zones).whole.least
    # A zone that fails as a whole leaves no more than must stay healthy: then nothing further is begun.
    kept = count - min(zones.values(), default=0)
    hosts = base.minimum if base.minimum.kind != "MOST_CONCURRENCY" else Minimum("HOST_COUNT", least)
    if least < kept:
        hosts = Minimum("HOST_COUNT", kept)
    each = base.zonal.minimum if base.zonal else _share(base.minimum, zones)
    config = DeploymentConfig("", hosts, Zonal(each, pause, base.zonal.wait if base.zonal else 0))
    written = json.dumps(content(config), sort_keys=True)
    return DeploymentConfig(f"{CANARY}{hashlib.sha256(written.encode()).hexdigest()[:16]}", hosts, config.zonal)


def content(config: DeploymentConfig) -> dict[str, Any]:
    """What a configuration says, in CodeDeploy's words."""
    zonal = config.zonal or Zonal(Minimum("FLEET_PERCENT", 0))
    return {
        "minimumHealthyHosts": _minimum(config.minimum),
        "zonalConfig": {
            "firstZoneMonitorDurationInSeconds": zonal.first_wait,
            "monitorDurationInSeconds": zonal.wait,
            "minimumHealthyHostsPerZone": _minimum(zonal.minimum),
        },
    }


def _share(minimum: Minimum, zones: Mapping[str, int]) -> Minimum:
    """The percentage of the whole for each zone, where it leaves one to deploy to in each."""
    nothing = Minimum("FLEET_PERCENT", 0)
    if minimum.kind != "FLEET_PERCENT":
        return nothing
    return minimum if all(math.ceil(size * minimum.value / 100) < size for size in zones.values()) else nothing


# What is compared: AWS may say more of a configuration than it was told.
_PATH = (
    "deploymentConfigInfo.[minimumHealthyHosts.type, minimumHealthyHosts.value, "
    "zonalConfig.firstZoneMonitorDurationInSeconds, zonalConfig.monitorDurationInSeconds, "
    "zonalConfig.minimumHealthyHostsPerZone.type, zonalConfig.minimumHealthyHostsPerZone.value]"
)


def _told(config: DeploymentConfig) -> list[Any]:
    said = content(config)
    zonal = said["zonalConfig"]
    each = zonal["minimumHealthyHostsPerZone"]
    waits = (zonal["firstZoneMonitorDurationInSeconds"], zonal["monitorDurationInSeconds"])
    return [*said["minimumHealthyHosts"].values(), *waits, *each.values()]


def _minimum(minimum: Minimum) -> dict[str, Any]:
    return {"type": minimum.kind, "value": minimum.value}


def _is_there(aws: Aws, config: DeploymentConfig) -> bool:
    try:
        found = aws.codedeploy.deployment_config(config.name)
    except AwsError as error:
        if error.aws_code == _MISSING:
            return False
        raise
    if found != config:
        raise Conflict(
            f"deployment configuration {config.name} is another one than its name says", hint=f"{_SAID}; delete it"
        )
    return True


def _time(seconds: int) -> str:
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
