"""What the settings of deployment groups and deployments must say: style, fleets, rollbacks, room for hooks."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.autoscaling.lifecycle_hooks import of_group
from udo.sandbox.strict.codedeploy.creation import is_blue_green
from udo.sandbox.strict.rules import Refusal, Request, refuses

_TYPES = ("IN_PLACE", "BLUE_GREEN")
_OPTIONS = ("WITH_TRAFFIC_CONTROL", "WITHOUT_TRAFFIC_CONTROL")
_EVENTS = ("DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST")
_MOST_HOOKS = 50


@refuses("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="accepts any word")
def deployment_styles_exist(request: Request) -> None:
    """A deployment style is IN_PLACE or BLUE_GREEN, with or without traffic control.

    Source: botocore codedeploy DeploymentStyle, error InvalidDeploymentStyleException.
    """
    style = request.params.get("deploymentStyle") or {}
    if (
        style.get("deploymentType", _TYPES[0]) not in _TYPES
        or style.get("deploymentOption", _OPTIONS[0]) not in _OPTIONS
    ):
        raise Refusal("InvalidDeploymentStyleException", "An invalid deployment style was specified")


@refuses("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="accepts any fleet")
def copied_fleets_have_one_group(request: Request) -> None:
    """COPY_AUTO_SCALING_GROUP needs exactly one Auto Scaling group, named in each request that sets it.

    Source: botocore codedeploy GreenFleetProvisioningOption; hashicorp/terraform-provider-aws issue 4678
    (InvalidBlueGreenDeploymentConfigurationException).
    """
    settings = request.params.get("blueGreenDeploymentConfiguration") or {}
    copies = (settings.get("greenFleetProvisioningOption") or {}).get("action") == "COPY_AUTO_SCALING_GROUP"
    if copies and len(request.params.get("autoScalingGroups") or []) != 1:
        raise Refusal(
            "InvalidBlueGreenDeploymentConfigurationException",
            "COPY_AUTO_SCALING_GROUP needs exactly one Auto Scaling group in the request",
        )


@refuses(
    "codedeploy", "CreateDeployment", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="accepts any configuration"
)
def rollbacks_say_when(request: Request) -> None:
    """An automatic rollback that is enabled names one event at least, and events that exist.

    Source: botocore codedeploy AutoRollbackConfiguration, error InvalidAutoRollbackConfigException.
    """
    asked = request.params.get("autoRollbackConfiguration") or {}
    events = asked.get("events") or []
    if any(event not in _EVENTS for event in events) or (asked.get("enabled") and not events):
        raise Refusal("InvalidAutoRollbackConfigException", "The automatic rollback configuration is invalid")


@refuses("codedeploy", "CreateDeployment", moto="accepts them for any deployment")
def target_instances_are_replacements(request: Request) -> None:
    """Target instances are named for blue/green deployments only, whose replacement they are.

    Source: botocore codedeploy CreateDeployment, error InvalidTargetInstancesException.
    """
    params = request.params
    if not params.get("targetInstances"):
        return
    groups: dict[str, Any] = request.backend("codedeploy").deployment_groups.get(params["applicationName"], {})
    known = groups.get(params.get("deploymentGroupName") or "")
    if known is not None and not is_blue_green(known):
        raise Refusal("InvalidTargetInstancesException", "Target instances were specified for an in-place deployment")


@refuses("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="installs no hook")
def hooks_need_room(request: Request) -> None:
    """A deployment group whose Auto Scaling group has no room for another lifecycle hook is refused.

    Source: botocore codedeploy CreateDeploymentGroup, error LifecycleHookLimitExceededException; botocore autoscaling
    PutLifecycleHookType (50 hooks).
    """
    params = request.params
    name = params.get("currentDeploymentGroupName") or params.get("deploymentGroupName")
    known = request.backend("codedeploy").deployment_groups.get(params["applicationName"], {}).get(name)
    ours: dict[str, str] = getattr(known, "udo_hooks", {})
    for group in params.get("autoScalingGroups") or []:
        if group not in ours and len(of_group(request.backend("autoscaling"), group)) >= _MOST_HOOKS:
            raise Refusal("LifecycleHookLimitExceededException", f"No lifecycle hook can be added to {group}")
