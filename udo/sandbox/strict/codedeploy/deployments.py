"""Deployments: what CreateDeployment accepts, how they are listed, stopped and rolled back."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from moto.codedeploy.models import CodeDeployBackend, codedeploy_backends
from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.codedeploy.configs import INVALID_TOKEN, ONE_AT_A_TIME, known_config
from udo.sandbox.strict.codedeploy.revisions import register
from udo.sandbox.strict.codedeploy.run import ENDED, Run, move, stop
from udo.sandbox.strict.codedeploy.view import deployment_info
from udo.sandbox.strict.codedeploy.world import events_of, world_of
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, rule

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_STATUSES = ("Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready")


def advance() -> None:
    """Moves every deployment of every account and region up to the present moment."""
    for account in list(codedeploy_backends.values()):
        for backend in list(account.values()):
            running = [one for one in backend.deployments.values() if not run_of(one).ended]
            steady.each(partial(_move, backend), running)


def run_of(deployment: Any) -> Run:
    """What the clock has made of a deployment."""
    run: Run = deployment.udo_run
    return run


def known_deployment(backend: CodeDeployBackend, deployment_id: str) -> Any:
    """The deployment of this id, or AWS's refusal."""
    _refuse_malformed(deployment_id)
    found = backend.deployments.get(deployment_id)
    if found is None:
        raise Refusal("DeploymentDoesNotExistException", f"The deployment {deployment_id} could not be found")
    return found


def _refuse_malformed(deployment_id: str) -> None:
    if not re.fullmatch(r"d-[A-Z0-9]+", deployment_id):
        raise Refusal("InvalidDeploymentIdException", f"Invalid deployment id: {deployment_id}")


@refuses("codedeploy", "CreateDeployment", moto="accepts any word")
def file_behaviors_exist(request: Request) -> None:
    """FileExistsBehavior is DISALLOW, OVERWRITE or RETAIN.

    Source: botocore codedeploy FileExistsBehavior; CreateDeployment, error InvalidFileExistsBehaviorException.
    """
    behavior = request.params.get("fileExistsBehavior") or "DISALLOW"
    if behavior not in ("DISALLOW", "OVERWRITE", "RETAIN"):
        raise Refusal("InvalidFileExistsBehaviorException", f"Invalid fileExistsBehavior: {behavior}")


@refuses("codedeploy", "CreateDeployment", moto="accepts any name")
def unknown_deployment_configs_are_refused(request: Request) -> None:
    """A deployment names a deployment configuration that exists, or none.

    Source: botocore codedeploy CreateDeployment, error DeploymentConfigDoesNotExistException.
    """
    if name := request.params.get("deploymentConfigName"):
        known_config(request.backend("codedeploy"), name)


@refuses("codedeploy", "CreateDeployment", moto="accepts any length")
def descriptions_are_short(request: Request) -> None:
    """A deployment's description has at most 256 characters.

    Source: botocore codedeploy CreateDeployment, error DescriptionTooLongException.
    """
    if len(request.params.get("description") or "") > 256:
        raise Refusal("DescriptionTooLongException", "The description is too long; at most 256 characters are allowed")


@refuses("codedeploy", "CreateDeployment", moto="runs any number side by side")
def one_deployment_at_a_time(request: Request) -> None:
    """A deployment group with an active deployment refuses another, naming the active one.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/limits.html; CreateDeployment, error
    DeploymentLimitExceededException.
    """
    application, name = request.params["applicationName"], request.params.get("deploymentGroupName")
    for deployment in of_group(request.backend("codedeploy"), application, name or ""):
        if not run_of(deployment).ended:
            raise Refusal(
                "DeploymentLimitExceededException",
                f"The Deployment Group '{name}' already has an active Deployment '{deployment.deployment_id}'",
            )


@answers("codedeploy", "CreateDeployment")
def create_deployment(request: Request) -> dict[str, Any]:
    made = request.moto()
    return {"deploymentId": _begin(request.backend("codedeploy"), made["deploymentId"])}


def _begin(backend: Any, moto_id: str) -> str:
    deployment = backend.deployments.pop(moto_id)
    deployment.deployment_id = deployment_ids_are_short(backend)
    deployment.deployment_config_name = str(deployment.deployment_config_name or ONE_AT_A_TIME)
    config = known_config(backend, deployment.deployment_config_name)
    group = deployment.deployment_group
    deployment.udo_run = Run(config, events_of(group), created=moment.now())
    register(backend, deployment.application_name, deployment.revision)
    backend.deployments[deployment.deployment_id] = deployment
    return str(deployment.deployment_id)


@rule("codedeploy", "CreateDeployment", moto="gives a UUID")
def deployment_ids_are_short(backend: Any) -> str:
    """A deployment's id is d- and nine capital letters or digits.

    Source: botocore codedeploy example of CreateDeployment; user guide, "View deployment details".
    """
    while True:
        made = "d-" + "".join(mock_random.choice(_ALPHABET) for _ in range(9))
        if made not in backend.deployments:
            return made


def of_group(backend: Any, application: str, name: str) -> list[Any]:
    """A deployment group's deployments, newest first."""
    return [
        one
        for one in reversed(backend.deployments.values())
        if (one.application_name, one.deployment_group_name) == (application, name)
    ]


def _move(backend: Any, deployment: Any) -> None:
    run = run_of(deployment)
    move(run, moment.now(), world_of(backend, deployment))
    if run.ended:
        failed_deployments_are_rolled_back(backend, deployment)


@rule("codedeploy", "StopDeployment", "CreateDeployment", moto="never rolls back")
def failed_deployments_are_rolled_back(backend: Any, deployment: Any) -> None:
    """Where rolling back is switched on for what happened, a new deployment of the last successful revision follows,
    created by codeDeployRollback.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html.
    """
    settings = deployment.auto_rollback_configuration or deployment.deployment_group.auto_rollback_configuration or {}
    events = settings.get("events") or [] if settings.get("enabled") else []
    status = run_of(deployment).status
    wanted = status == "Failed" and "DEPLOYMENT_FAILURE" in events
    wanted |= status == "Stopped" and getattr(deployment, "udo_roll_back", False)
    if not wanted or deployment.creator == "codeDeployRollback":
        return
    good = next((one for one in _before(backend, deployment) if run_of(one).status == "Succeeded"), None)
    if good is None:
        deployment.udo_rollback = {"rollbackMessage": "There is no successful deployment to roll back to."}
        return
    made = backend.create_deployment(
        deployment.application_name,
        deployment.deployment_group_name,
        good.revision,
        deployment.deployment_config_name,
    )
    follower = backend.deployments[_begin(backend, made)]
    follower.creator = "codeDeployRollback"
    follower.udo_rollback = {"rollbackTriggeringDeploymentId": deployment.deployment_id}
    deployment.udo_rollback = {"rollbackDeploymentId": follower.deployment_id}


def _before(backend: Any, deployment: Any) -> list[Any]:
    all_of_it = of_group(backend, deployment.application_name, deployment.deployment_group_name)
    return all_of_it[all_of_it.index(deployment) + 1 :]


@answers("codedeploy", "GetDeployment", moto="has neither times nor errors nor an overview")
def deployments_tell_how_they_stand(request: Request) -> dict[str, Any]:
    """GetDeployment gives status, overview, times and the error; an unknown id is refused.

    Source: botocore codedeploy DeploymentInfo.
    """
    deployment = known_deployment(request.backend("codedeploy"), request.params["deploymentId"])
    return {"deploymentInfo": deployment_info(request.backend("codedeploy"), deployment)}


@answers("codedeploy", "BatchGetDeployments", moto="accepts any number")
def batches_of_deployments_are_small(request: Request) -> dict[str, Any]:
    """BatchGetDeployments takes at most 25 ids; unknown ones drop out.

    Source: botocore codedeploy BatchGetDeploymentsInput, member deploymentIds.
    """
    ids = request.params["deploymentIds"]
    if len(ids) > 25:
        raise Refusal("BatchLimitExceededException", "The number of deployments in a batch must be at most 25")
    for one in ids:
        _refuse_malformed(one)
    backend = request.backend("codedeploy")
    found = [backend.deployments[one] for one in ids if one in backend.deployments]
    return {"deploymentsInfo": [deployment_info(backend, one) for one in found]}


@refuses("codedeploy", "ListDeployments", moto="answers with an empty list")
def listing_unknown_names_is_refused(request: Request) -> None:
    """ListDeployments names an application and a deployment group that exist, both or neither.

    Source: botocore codedeploy ListDeployments, errors ApplicationNameRequiredException and
    DeploymentGroupDoesNotExistException.
    """
    application, name = request.params.get("applicationName"), request.params.get("deploymentGroupName")
    if name and not application:
        raise Refusal("ApplicationNameRequiredException", "Application name was not specified")
    if application and name:
        request.backend("codedeploy").get_deployment_group(application, name)
    elif application:
        request.backend("codedeploy").get_application(application)
        raise Refusal("DeploymentGroupNameRequiredException", "Deployment group name was not specified")


@refuses("codedeploy", "ListDeployments", moto="matches nothing")
def unknown_statuses_are_refused(request: Request) -> None:
    """ListDeployments filters by statuses that exist.

    Source: botocore codedeploy ListDeployments, error InvalidDeploymentStatusException.
    """
    for status in request.params.get("includeOnlyStatuses") or []:
        if status not in _STATUSES:
            raise Refusal("InvalidDeploymentStatusException", f"Invalid deployment status: {status}")


@answers("codedeploy", "ListDeployments", moto="lists the oldest first and everything at once")
def newest_deployments_come_first(request: Request) -> dict[str, Any]:
    """ListDeployments gives ids, the newest first, in pages of at most 100.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployments-view-details.html.
    """
    params = request.params
    application, name = params.get("applicationName"), params.get("deploymentGroupName")
    statuses = params.get("includeOnlyStatuses") or _STATUSES
    every = list(reversed(request.backend("codedeploy").deployments.values()))
    found = [
        one.deployment_id
        for one in (of_group(request.backend("codedeploy"), application, name) if application and name else every)
        if run_of(one).status in statuses and _within(one, params.get("createTimeRange") or {})
    ]
    shown, token = page(found, 100, params.get("nextToken"), refusal=INVALID_TOKEN)
    return {"deployments": shown, "nextToken": token}


def _within(deployment: Any, span: Mapping[str, Any]) -> bool:
    start, end = (_seconds(span.get(edge)) for edge in ("start", "end"))
    if start is not None and end is not None and start > end:
        raise Refusal("InvalidTimeRangeException", "The start time must be earlier than the end time.")
    created = run_of(deployment).created
    return (start is None or created >= start) and (end is None or created <= end)


def _seconds(value: Any) -> float | None:
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=value.tzinfo or datetime.UTC).timestamp()
    return None if value is None else float(value)


@answers("codedeploy", "StopDeployment", moto="has no such operation")
def stopping_waits_for_running_scripts(request: Request) -> dict[str, Any]:
    """StopDeployment answers Pending while scripts still run and Succeeded where none do; one that has ended refuses.

    Source: botocore codedeploy StopDeployment, StopDeploymentOutput, error DeploymentAlreadyCompletedException.
    """
    deployment = known_deployment(request.backend("codedeploy"), request.params["deploymentId"])
    run = run_of(deployment)
    if run.status in ENDED:
        raise Refusal(
            "DeploymentAlreadyCompletedException",
            f"The deployment {deployment.deployment_id} has already completed",
        )
    deployment.udo_roll_back = bool(request.params.get("autoRollbackEnabled"))
    if not stop(run, moment.now()):
        return {"status": "Pending", "statusMessage": "Stopping deployment."}
    failed_deployments_are_rolled_back(request.backend("codedeploy"), deployment)
    return {"status": "Succeeded", "statusMessage": "No more deployment activity will take place."}


@answers("codedeploy", "ContinueDeployment", moto="has no such operation")
def only_blue_green_deployments_wait(request: Request) -> None:
    """ContinueDeployment is for a blue/green deployment that waits; one in place refuses it.

    Source: botocore codedeploy ContinueDeployment, errors UnsupportedActionForDeploymentTypeException and
    DeploymentAlreadyCompletedException.
    """
    deployment_id = request.params.get("deploymentId")
    if not deployment_id:
        raise Refusal("DeploymentIdRequiredException", "The deployment id was not specified")
    if run_of(known_deployment(request.backend("codedeploy"), deployment_id)).ended:
        raise Refusal("DeploymentAlreadyCompletedException", f"The deployment {deployment_id} has already completed")
    raise Refusal(
        "UnsupportedActionForDeploymentTypeException", f"The deployment {deployment_id} is not a blue/green deployment"
    )
