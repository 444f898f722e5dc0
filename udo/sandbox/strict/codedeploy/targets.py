"""The targets of a deployment: which instances it reached, and every lifecycle event on each."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.codedeploy.configs import INVALID_TOKEN
from udo.sandbox.strict.codedeploy.deployments import known_deployment
from udo.sandbox.strict.codedeploy.history import run_of
from udo.sandbox.strict.codedeploy.lifecycle import Target
from udo.sandbox.strict.codedeploy.view import instance_target
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Refusal, Request, answers, rule

_STATUSES = ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Unknown", "Ready")


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
    wanted = target_statuses_exist(filters.get("TargetStatus"))
    labels = filters.get("ServerInstanceLabel")
    among = [target for target in found if not labels or target.label in labels]
    ids = [target.instance_id for target in among if not wanted or target.status in wanted]
    shown, token = page(ids, 100, params.get("nextToken"), refusal=INVALID_TOKEN)
    return {"targetIds": shown, "nextToken": token}


@rule("codedeploy", "ListDeploymentTargets", "ListDeploymentInstances", moto="has no such operation")
def target_statuses_exist(statuses: list[str] | None) -> list[str] | None:
    """Targets and instances are filtered by statuses that exist.

    Source: botocore codedeploy ListDeploymentTargets, error InvalidInstanceStatusException, and TargetStatus.
    """
    for status in statuses or []:
        if status not in _STATUSES:
            raise Refusal("InvalidInstanceStatusException", f"Invalid instance status: {status}")
    return statuses


@answers("codedeploy", "ListDeploymentInstances", moto="has no such operation")
def instances_are_listed(request: Request) -> dict[str, Any]:
    """ListDeploymentInstances, the older form, gives the same ids.

    Source: botocore codedeploy ListDeploymentInstancesInput.
    """
    params = request.params
    _, found = _started(request)
    wanted, kinds = target_statuses_exist(params.get("instanceStatusFilter")), params.get("instanceTypeFilter")
    among = [target for target in found if not kinds or target.label in kinds]
    ids = [target.instance_id for target in among if not wanted or target.status in wanted]
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
        "deploymentTargets": [
            instance_target(request.backend("codedeploy"), deployment, _one(found, wanted)) for wanted in ids
        ]
    }


@answers("codedeploy", "GetDeploymentTarget", moto="has no such operation")
def one_target_tells_its_events(request: Request) -> dict[str, Any]:
    """GetDeploymentTarget gives one target; an id that is not of the deployment is refused.

    Source: botocore codedeploy GetDeploymentTarget, error DeploymentTargetDoesNotExistException.
    """
    deployment, found = _started(request)
    target = _one(found, request.params["targetId"])
    return {"deploymentTarget": instance_target(request.backend("codedeploy"), deployment, target)}


@answers("codedeploy", "BatchGetDeploymentInstances", moto="has no such operation")
def instances_come_in_batches(request: Request) -> dict[str, Any]:
    """BatchGetDeploymentInstances, the older form, gives at most 25 instances; the unknown are named in errorMessage.

    Source: botocore codedeploy BatchGetDeploymentInstancesInput and BatchGetDeploymentInstancesOutput.
    """
    ids = request.params["instanceIds"]
    if len(ids) > 25:
        raise Refusal("BatchLimitExceededException", "The number of instances in a batch must be at most 25")
    deployment, found = _started(request)
    known = {target.instance_id: target for target in found}
    answer: dict[str, Any] = {
        "instancesSummary": [_summary(request, deployment, known[one]) for one in ids if one in known]
    }
    if missing := [one for one in ids if one not in known]:
        answer["errorMessage"] = f"The deployment has no instance {', '.join(missing)}"
    return answer


@answers("codedeploy", "GetDeploymentInstance", moto="has no such operation")
def one_instance_tells_its_events(request: Request) -> dict[str, Any]:
    """GetDeploymentInstance, the older form, gives one instance; one that is not of the deployment is refused.

    Source: botocore codedeploy GetDeploymentInstance, error InstanceDoesNotExistException.
    """
    deployment, found = _started(request)
    wanted = request.params["instanceId"]
    target = next((one for one in found if one.instance_id == wanted), None)
    if target is None:
        raise Refusal("InstanceDoesNotExistException", f"The instance {wanted} does not exist in the deployment.")
    return {"instanceSummary": _summary(request, deployment, target)}


def _summary(request: Request, deployment: Any, target: Target) -> dict[str, Any]:
    shown = instance_target(request.backend("codedeploy"), deployment, target)["instanceTarget"]
    kept = ("deploymentId", "status", "lastUpdatedAt", "lifecycleEvents")
    kind = {"instanceType": target.label} if target.label else {}
    return {"instanceId": shown["targetArn"], **{key: shown[key] for key in kept}, **kind}


@rule("codedeploy", "ListDeploymentTargets", "BatchGetDeploymentTargets", moto="has no such operation")
def targets_are_unknown_before_the_start(request: Request) -> None:
    """Until a deployment has started its targets are not known: DeploymentNotStartedException.

    Source: botocore codedeploy ListDeploymentTargets, error DeploymentNotStartedException.
    """
    deployment = known_deployment(request.backend("codedeploy"), request.params["deploymentId"])
    if run_of(deployment).started is None:
        raise Refusal(
            "DeploymentNotStartedException", f"The deployment {deployment.deployment_id} has not started yet."
        )


def _started(request: Request) -> tuple[Any, list[Target]]:
    targets_are_unknown_before_the_start(request)
    deployment = known_deployment(request.backend("codedeploy"), request.params["deploymentId"])
    return deployment, run_of(deployment).targets


def _one(found: list[Target], instance_id: str) -> Target:
    for target in found:
        if target.instance_id == instance_id:
            return target
    raise Refusal("DeploymentTargetDoesNotExistException", f"The target {instance_id} does not exist.")
