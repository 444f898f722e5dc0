"""Deployment configurations: how many instances must stay healthy, and so how many are deployed to at once."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, rule

INVALID_TOKEN = ("InvalidNextTokenException", "The nextToken is not valid.")
ONE_AT_A_TIME = "CodeDeployDefault.OneAtATime"
_PREFIX = "CodeDeployDefault."


@dataclass(frozen=True)
class Zonal:
    """How a configuration goes from zone to zone: the least that stays healthy in each, and waits in seconds."""

    kind: str = "FLEET_PERCENT"
    value: int = 0
    first_wait: int = 0
    wait: int = 0

    def healthy(self, instances: int) -> int:
        """How many of so many instances of a zone must stay healthy."""
        return _healthy(self.kind, self.value, instances)


@dataclass(frozen=True)
class Config:
    """A deployment configuration: `kind` is HOST_COUNT, FLEET_PERCENT or AWS's own MOST_CONCURRENCY."""

    name: str
    kind: str
    value: int
    id: str
    created: float
    zonal: Zonal | None = None
    described_zonal: Mapping[str, Any] | None = None

    @property
    def own(self) -> bool:
        """Whether it is one of AWS's own."""
        return self.name.startswith(_PREFIX)

    def healthy(self, instances: int) -> int:
        """How many of so many instances must stay healthy; AWS's own configurations always leave one to deploy to."""
        needed = _healthy(self.kind, self.value, instances)
        return min(needed, instances - 1) if self.own else needed


def _healthy(kind: str, value: int, instances: int) -> int:
    if kind == "MOST_CONCURRENCY":
        return max(0, instances - value)
    if kind == "FLEET_PERCENT":
        return math.ceil(instances * value / 100)
    return value


_DEFAULTS = (
    Config("CodeDeployDefault.OneAtATime", "MOST_CONCURRENCY", 1, "00000000-0000-0000-0000-000000000001", 1415000000.0),
    Config("CodeDeployDefault.HalfAtATime", "FLEET_PERCENT", 50, "00000000-0000-0000-0000-000000000002", 1415000000.0),
    Config("CodeDeployDefault.AllAtOnce", "FLEET_PERCENT", 0, "00000000-0000-0000-0000-000000000003", 1415000000.0),
)


def configs(backend: Any) -> dict[str, Config]:
    """A region's deployment configurations by name, AWS's own three among them."""
    kept: dict[str, Config] = backend.__dict__.setdefault("udo_configs", {one.name: one for one in _DEFAULTS})
    return kept


def known_config(backend: Any, name: str) -> Config:
    """The deployment configuration of this name, or AWS's refusal."""
    found = configs(backend).get(name)
    if found is None:
        raise Refusal("DeploymentConfigDoesNotExistException", f"No Deployment Configuration found for name: {name}")
    return found


@answers("codedeploy", "GetDeploymentConfig", moto="has no such operation")
def deployment_configs_are_described(request: Request) -> dict[str, Any]:
    """GetDeploymentConfig gives the minimum of healthy hosts; an unknown name is refused.

    Source: botocore codedeploy DeploymentConfigInfo; docs.aws.amazon.com/codedeploy/latest/userguide/
    deployment-configurations.html.
    """
    config = known_config(request.backend("codedeploy"), request.params["deploymentConfigName"])
    shown = {
        "deploymentConfigId": config.id,
        "deploymentConfigName": config.name,
        "minimumHealthyHosts": {"type": config.kind, "value": config.value},
        "createTime": moment.at(config.created),
        "computePlatform": "Server",
        "zonalConfig": config.described_zonal,
    }
    return {"deploymentConfigInfo": {key: value for key, value in shown.items() if value is not None}}


@answers("codedeploy", "ListDeploymentConfigs", moto="has no such operation")
def default_configs_are_listed(request: Request) -> dict[str, Any]:
    """ListDeploymentConfigs names AWS's own configurations and the account's.

    Source: botocore codedeploy ListDeploymentConfigs.
    """
    names, token = page(
        sorted(configs(request.backend("codedeploy"))), 100, request.params.get("nextToken"), refusal=INVALID_TOKEN
    )
    return {"deploymentConfigsList": names, "nextToken": token}


@answers("codedeploy", "CreateDeploymentConfig", moto="has no such operation")
def deployment_config_names_are_unique(request: Request) -> dict[str, Any]:
    """A deployment configuration's name is taken once, and never one of AWS's own.

    Source: botocore codedeploy CreateDeploymentConfig, errors DeploymentConfigAlreadyExistsException and
    InvalidDeploymentConfigNameException.
    """
    params, known = request.params, configs(request.backend("codedeploy"))
    name = params["deploymentConfigName"]
    if name in known:
        raise Refusal(
            "DeploymentConfigAlreadyExistsException", f"Deployment Configuration already exists for name: {name}"
        )
    if name.startswith(_PREFIX) or not re.fullmatch(r"[A-Za-z0-9+=,.@_-]{1,100}", name):
        raise Refusal("InvalidDeploymentConfigNameException", f"The name {name} is reserved or not valid.")
    hosts = minimum_healthy_hosts(params.get("minimumHealthyHosts") or {})
    asked = params.get("zonalConfig")
    zonal = None if asked is None else zonal_configs_are_whole(asked)
    known[name] = Config(name, *hosts, str(mock_random.uuid4()), moment.now(), zonal, asked)
    return {"deploymentConfigId": known[name].id}


@rule("codedeploy", "CreateDeploymentConfig", moto="has no such operation")
def minimum_healthy_hosts(asked: dict[str, Any]) -> tuple[str, int]:
    """Healthy hosts are a count from 0 or a percentage from 0 to 99; anything else is refused.

    Source: botocore codedeploy MinimumHealthyHosts, error InvalidMinimumHealthyHostValueException.
    """
    kind, value = asked.get("type", ""), int(asked.get("value", -1))
    highest = 99 if kind == "FLEET_PERCENT" else 1_000_000
    if kind not in ("HOST_COUNT", "FLEET_PERCENT") or not 0 <= value <= highest:
        raise Refusal("InvalidMinimumHealthyHostValueException", "The minimum healthy hosts value is not valid.")
    return kind, value


@rule("codedeploy", "CreateDeploymentConfig", moto="has no such operation")
def zonal_configs_are_whole(asked: Mapping[str, Any]) -> Zonal:
    """A zonal configuration waits no negative time, the first zone as long as the others unless it says otherwise, and
    keeps 0 % of a zone healthy where it names no minimum.

    Source: botocore codedeploy ZonalConfig, error InvalidZonalDeploymentConfigurationException.
    """
    wait = int(asked.get("monitorDurationInSeconds") or 0)
    first = asked.get("firstZoneMonitorDurationInSeconds")
    hosts = asked.get("minimumHealthyHostsPerZone") or {"type": "FLEET_PERCENT", "value": 0}
    kind, value = hosts.get("type", ""), int(hosts.get("value", -1))
    first_wait = wait if first is None else int(first)
    highest = 99 if kind == "FLEET_PERCENT" else 1_000_000
    if kind not in ("HOST_COUNT", "FLEET_PERCENT") or not 0 <= value <= highest or min(wait, first_wait) < 0:
        raise Refusal("InvalidZonalDeploymentConfigurationException", "The zonal configuration is not valid.")
    return Zonal(kind, value, first_wait, wait)


@refuses("codedeploy", "CreateDeployment", moto="goes by no configuration")
def zonal_configs_are_for_deployments_in_place(request: Request) -> None:
    """A deployment to a blue/green deployment group goes by no zonal configuration.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations-create.html (zonal configuration;
    no source tells how it is refused).
    """
    params, backend = request.params, request.backend("codedeploy")
    group = backend.deployment_groups.get(params["applicationName"], {}).get(params.get("deploymentGroupName"))
    name = params.get("deploymentConfigName") or (group and str(group.deployment_config_name or ""))
    found = configs(backend).get(name) if name else None
    style = (getattr(group, "deployment_style", None) or {}).get("deploymentType")
    if found is not None and found.zonal is not None and style == "BLUE_GREEN":
        raise Refusal(
            "InvalidDeploymentConfigNameException",
            f"The deployment configuration {name} is zonal, which blue/green deployments do not support.",
        )


@answers("codedeploy", "DeleteDeploymentConfig", moto="has no such operation")
def configs_in_use_stay(request: Request) -> None:
    """A deployment configuration that a deployment group uses, or AWS's own, is not deleted.

    Source: botocore codedeploy DeleteDeploymentConfig, errors DeploymentConfigInUseException and
    InvalidOperationException.
    """
    backend, name = request.backend("codedeploy"), request.params["deploymentConfigName"]
    if name.startswith(_PREFIX):
        raise Refusal("InvalidOperationException", f"The deployment configuration {name} cannot be deleted.")
    used = {
        str(group.deployment_config_name) for groups in backend.deployment_groups.values() for group in groups.values()
    }
    if name in used:
        raise Refusal("DeploymentConfigInUseException", f"The deployment configuration {name} is in use.")
    configs(backend).pop(name, None)
