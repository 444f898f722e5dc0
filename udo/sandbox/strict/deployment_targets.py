"""The targets of a deployment: which instances it reached, and every lifecycle event on each."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.deployment_configs import INVALID_TOKEN
from udo.sandbox.strict.deployment_run import Target
from udo.sandbox.strict.deployment_view import instance_target
from udo.sandbox.strict.deployments import known_deployment, run_of
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Refusal, Request, answers, rule


@answers("codedeploy", "ListDeploymentTargets", moto="has no such operation")
def targets_are_listed(request: Request) -> dict[str, Any]:
    """ListDeploymentTargets gives the ids of a deployment's instances in pages, filtered by TargetStatus.

    Source: botocore codedeploy ListDeploymentTargetsInput.
    """
    params = request.params
    _, found = _started(request)
    filters = params.get("targetFilters") or {}
    unknown = set(filters) - {"TargetStatus", "ServerInstanceLabel"}
    if unknown:
        raise Refusal("InvalidTargetFilterNameException", f"The target filter name is not valid: {sorted(unknown)[0]}")
    wanted = filters.get("TargetStatus")
    ids = [target.instance_id for target in found if not wanted or target.status in wanted]
    shown, token = page(ids, 100, params.get("nextToken"), refusal=INVALID_TOKEN)
    return {"targetIds": shown, "nextToken": token}


@answers("codedeploy", "ListDeploymentInstances", moto="has no such operation")
def instances_are_listed(request: Request) -> dict[str, Any]:
    """ListDeploymentInstances, the older form, gives the same ids.

    Source: botocore codedeploy ListDeploymentInstancesInput.
    """
    params = request.params
    _, found = _started(request)
    wanted = params.get("instanceStatusFilter")
    ids = [target.instance_id for target in found if not wanted or target.status in wanted]
    shown, token = page(ids, 100, params.get("nextToken"), refusal=INVALID_TOKEN)
    return {"instancesList": shown, "nextToken": token}


@answers("codedeploy", "BatchGetDeploymentTargets", moto="has no such operation")
def targets_tell_their_events(request: Request) -> dict[str, Any]:
    """BatchGetDeploymentTargets gives at most 25 targets, each with its lifecycle events, times and diagnostics.

    Source: botocore codedeploy BatchGetDeploymentTargetsInput, InstanceTarget, LifecycleEvent and Diagnostics.
    """
    ids = request.params.get("targetIds") or []
    if len(ids) > 25:
        raise Refusal("DeploymentTargetListSizeExceededException", "The maximum number of targets in a batch is 25.")
    deployment, found = _started(request)
    return {
        "deploymentTargets": [instance_target(request.codedeploy, deployment, _one(found, wanted)) for wanted in ids]
    }


@answers("codedeploy", "GetDeploymentTarget", moto="has no such operation")
def one_target_tells_its_events(request: Request) -> dict[str, Any]:
    """GetDeploymentTarget gives one target; an id that is not of the deployment is refused.

    Source: botocore codedeploy GetDeploymentTarget, error DeploymentTargetDoesNotExistException.
    """
    deployment, found = _started(request)
    target = _one(found, request.params["targetId"])
    return {"deploymentTarget": instance_target(request.codedeploy, deployment, target)}


@rule("codedeploy", "ListDeploymentTargets", "BatchGetDeploymentTargets", moto="has no such operation")
def targets_are_unknown_before_the_start(request: Request) -> None:
    """Until a deployment has started its targets are not known: DeploymentNotStartedException.

    Source: botocore codedeploy ListDeploymentTargets, error DeploymentNotStartedException.
    """
    deployment = known_deployment(request.codedeploy, request.params["deploymentId"])
    if run_of(deployment).started is None:
        raise Refusal(
            "DeploymentNotStartedException", f"The deployment {deployment.deployment_id} has not started yet."
        )


def _started(request: Request) -> tuple[Any, list[Target]]:
    targets_are_unknown_before_the_start(request)
    deployment = known_deployment(request.codedeploy, request.params["deploymentId"])
    return deployment, run_of(deployment).targets


def _one(found: list[Target], instance_id: str) -> Target:
    for target in found:
        if target.instance_id == instance_id:
            return target
    raise Refusal("DeploymentTargetDoesNotExistException", f"The target {instance_id} does not exist.")
