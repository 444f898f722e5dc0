"""Deployments: what CreateDeployment accepts, how they are listed, stopped and rolled back."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from moto.codedeploy.models import CodeDeployBackend, codedeploy_backends

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.autoscaling.holding import Worker, works
from udo.sandbox.strict.codedeploy.configs import INVALID_TOKEN, known_config
from udo.sandbox.strict.codedeploy.creation import begin, is_blue_green
from udo.sandbox.strict.codedeploy.history import OF_ONE_INSTANCE, last_good, of_group, run_of
from udo.sandbox.strict.codedeploy.launch import let_go
from udo.sandbox.strict.codedeploy.outdated import outdated_instances_are_updated
from udo.sandbox.strict.codedeploy.rollback import failed_deployments_are_rolled_back
from udo.sandbox.strict.codedeploy.run import due, move
from udo.sandbox.strict.codedeploy.view import deployment_info
from udo.sandbox.strict.codedeploy.world import world_of
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses

_STATUSES = ("Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready")


def advance() -> None:
    """Moves every deployment of every account and region up to the present moment."""
    for account in list(codedeploy_backends.values()):
        for backend in list(account.values()):
            _advance(backend)


def next_due() -> float | None:
    """When a deployment that holds an instance of an Auto Scaling group changes next, in seconds since the epoch."""
    backends = [backend for account in codedeploy_backends.values() for backend in account.values()]
    holding = [one for backend in backends for one in _running(backend) if getattr(one, "udo_held", None)]
    return min((when for one in holding if (when := due(run_of(one))) is not None), default=None)


works(Worker(next_due, advance))


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
    """A deployment group with an active deployment refuses another, naming the active one; those of single instances
    that are born or die do not count.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/limits.html; CreateDeployment, error
    DeploymentLimitExceededException.
    """
    application, name = request.params["applicationName"], request.params.get("deploymentGroupName")
    for deployment in of_group(request.backend("codedeploy"), application, name or ""):
        if not run_of(deployment).ended and deployment.creator not in OF_ONE_INSTANCE:
            raise Refusal(
                "DeploymentLimitExceededException",
                f"The Deployment Group '{name}' already has an active Deployment '{deployment.deployment_id}'",
            )


@refuses("codedeploy", "CreateDeployment", moto="deploys the revision all the same")
def restarts_take_no_revision(request: Request) -> None:
    """A deployment in the mode RESTART names no revision and is for all instances, deployed to in place: it takes the
    revision of the last success.

    Source: botocore codedeploy CreateDeploymentInput, member deploymentMode.
    """
    params, backend = request.params, request.backend("codedeploy")
    mode = params.get("deploymentMode") or "STANDARD"
    if mode not in ("STANDARD", "RESTART"):
        raise Refusal("InvalidInputException", f"Invalid deploymentMode: {mode}")
    if mode == "STANDARD":
        return
    for member in ("revision", "updateOutdatedInstancesOnly"):
        if params.get(member):
            raise Refusal("InvalidInputException", f"A deployment with deploymentMode RESTART takes no {member}")
    group: Any = backend.get_deployment_group(params["applicationName"], params.get("deploymentGroupName"))
    if (group.application.compute_platform or "Server") != "Server" or is_blue_green(group):
        raise Refusal("InvalidInputException", "deploymentMode RESTART is for in-place deployments to instances only")
    if last_good(backend, group) is None:
        raise Refusal("InvalidInputException", "The deployment group has no successful deployment to restart")


@answers("codedeploy", "CreateDeployment")
def create_deployment(request: Request) -> dict[str, Any]:
    params, backend = request.params, request.backend("codedeploy")
    more: dict[str, Any] = {"udo_options": params.get("ec2DeploymentOptions")}
    if params.get("deploymentMode") == "RESTART":
        group = backend.get_deployment_group(params["applicationName"], params["deploymentGroupName"])
        good = last_good(backend, group)
        more |= {"udo_mode": "RESTART", "revision": good and good.revision}
    made = request.moto()["deploymentId"]
    return {"deploymentId": begin(backend, made, **more).deployment_id}


def _advance(backend: Any) -> None:
    """Moves the deployments of a region on in the order of time, since what one does is seen by the others."""
    now, running = moment.now(), _running(backend)
    while running:
        dues = [(when, place) for place, one in enumerate(running) if (when := due(run_of(one))) is not None]
        when, place = min(dues, default=(now, -1))
        if place < 0 or when > now:
            break
        one = running[place]
        steady.each(partial(_move, backend, when), [one])
        if run_of(one).ended:
            running = _running(backend)
        elif due(run_of(one)) == when:
            # It cannot be moved; the others can.
            running = [other for other in running if other is not one]
    steady.each(partial(_move, backend, now), _running(backend))


def _running(backend: Any) -> list[Any]:
    return [one for one in backend.deployments.values() if not run_of(one).ended]


def _move(backend: Any, until: float, deployment: Any) -> None:
    run = run_of(deployment)
    move(run, until, world_of(backend, deployment))
    if run.ended:
        wind_up(backend, deployment)


def wind_up(backend: Any, deployment: Any) -> None:
    """What follows the end of a deployment."""
    failed_deployments_are_rolled_back(backend, deployment)
    let_go(deployment)
    if run_of(deployment).status == "Succeeded":
        outdated_instances_are_updated(backend, deployment)


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
