"""Auto Scaling processes that CodeDeploy suspends while it deploys, and resumes."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.core.utils import get_service_model

from udo.sandbox.strict.autoscaling.processes import suspended_processes, suspensions_tell_when
from udo.sandbox.strict.codedeploy.creation import is_blue_green
from udo.sandbox.strict.codedeploy.errors import Why, group_gone, processes_denied
from udo.sandbox.strict.codedeploy.faults import deployment_faults
from udo.sandbox.strict.rules import Refusal, Request, refuses, rule

# What a fault names as the event at which CodeDeploy lacks the permission.
SUSPEND, RESUME = "SuspendProcesses", "ResumeProcesses"
_MEMBER = "autoScalingGroupProcessesToSuspend"
_CODE = "InvalidAutoScalingGroupProcessToSuspendException"


def _possible() -> list[str]:
    model = get_service_model("codedeploy")
    # An older botocore knows nothing of them.
    if "AutoScalingGroupProcess" not in model.shape_names:
        return []
    return list(getattr(model.shape_for("AutoScalingGroupProcess"), "enum", []))


@refuses("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", "CreateDeployment", moto="ignores the list")
def processes_to_suspend_are_possible(request: Request) -> None:
    """CodeDeploy suspends Terminate, AZRebalance, InstanceRefresh and ScheduledActions, written like this, for groups
    that deploy in place and have an Auto Scaling group.

    Source: docs.aws.amazon.com/codedeploy/latest/APIReference/API_EC2DeploymentOptions.html; error
    InvalidAutoScalingGroupProcessToSuspendException.
    """
    params = request.params
    asked = (params.get("ec2DeploymentOptions") or {}).get(_MEMBER) or []
    possible = _possible()
    if wrong := [name for name in asked if name not in possible]:
        raise Refusal(_CODE, f"Invalid process to suspend: {wrong[0]}. Valid values are: {', '.join(possible)}")
    if not asked:
        return
    name = params.get("currentDeploymentGroupName") or params.get("deploymentGroupName")
    groups = request.backend("codedeploy").deployment_groups.get(params["applicationName"], {})
    known = groups.get(name)
    style = params.get("deploymentStyle") or (known.deployment_style if known else None) or {}
    names = params.get("autoScalingGroups")
    names = (known.auto_scaling_groups if known else None) if names is None else names
    if style.get("deploymentType") == "BLUE_GREEN" or not names:
        raise Refusal(_CODE, "Processes are suspended for in-place deployments to Auto Scaling groups only")


def options_of(deployment: Any) -> dict[str, Any] | None:
    """The EC2 deployment options a deployment goes by: its own before its group's."""
    own: dict[str, Any] | None = getattr(deployment, "udo_options", None)
    return getattr(deployment.deployment_group, "udo_options", None) if own is None else own


@rule("codedeploy", "CreateDeployment", moto="suspends nothing")
def processes_are_suspended_meanwhile(backend: Any, deployment: Any) -> Why | None:
    """Before it touches an instance a deployment suspends the processes it was told to, in each of its Auto Scaling
    groups; where it may not, it fails, and touches none.

    Source: botocore codedeploy EC2DeploymentOptions, member autoScalingGroupProcessesToSuspend.
    """
    wanted = (options_of(deployment) or {}).get(_MEMBER) or []
    deployment.udo_suspended = {}
    if not wanted or is_blue_green(deployment.deployment_group):
        return None
    autoscaling = autoscaling_backends[backend.account_id][backend.region_name]
    for name in deployment.deployment_group.auto_scaling_groups or []:
        if _denied(deployment, SUSPEND):
            return processes_denied(SUSPEND, name)
        suspended = suspended_processes(autoscaling.autoscaling_groups.get(name))
        # What was suspended before is somebody else's.
        ours = [one for one in wanted if one not in suspended]
        suspended.update({one: suspensions_tell_when() for one in ours})
        deployment.udo_suspended[name] = ours
    return None


@rule("codedeploy", "CreateDeployment", moto="suspends nothing")
def processes_are_resumed_at_the_end(backend: Any, deployment: Any) -> Why | None:
    """When a deployment has succeeded, failed or been stopped the processes are resumed; where that cannot be done the
    deployment fails, and they stay suspended.

    Source: botocore codedeploy EC2DeploymentOptions, member autoScalingGroupProcessesToSuspend.
    """
    autoscaling = autoscaling_backends[backend.account_id][backend.region_name]
    for name, ours in getattr(deployment, "udo_suspended", {}).items():
        known = autoscaling.autoscaling_groups.get(name)
        if known is None:
            return group_gone(name)
        if ours and _denied(deployment, RESUME):
            return processes_denied(RESUME, name)
        for one in ours:
            suspended_processes(known).pop(one, None)
    return None


def _denied(deployment: Any, operation: str) -> bool:
    names = (deployment.application_name, deployment.deployment_group_name)
    return deployment_faults.due(deployment.deployment_id, names, ("", 0), operation) is not None
