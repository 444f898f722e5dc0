"""Stopping deployments, and continuing those that wait."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.codedeploy.blue_green import proceed
from udo.sandbox.strict.codedeploy.deployments import known_deployment, wind_up
from udo.sandbox.strict.codedeploy.history import run_of
from udo.sandbox.strict.codedeploy.run import stop
from udo.sandbox.strict.codedeploy.world import world_of
from udo.sandbox.strict.rules import Refusal, Request, answers

_NO_MORE = {"status": "Succeeded", "statusMessage": "No more deployment activity will take place."}
_WAITS = ("READY_WAIT", "TERMINATION_WAIT")


@answers("codedeploy", "StopDeployment", moto="has no such operation")
def stopping_waits_for_running_scripts(request: Request) -> dict[str, Any]:
    """StopDeployment answers Pending while scripts still run and Succeeded where none do, also for one that was stopped
    before; one that has succeeded or failed refuses. Whether it is rolled back the call says, else the configuration.

    Source: botocore codedeploy StopDeployment, StopDeploymentOutput, error DeploymentAlreadyCompletedException;
    docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-server.html (stopped deployments).
    """
    backend, deployment = request.backend("codedeploy"), _named(request)
    run = run_of(deployment)
    if run.status == "Stopped":
        return dict(_NO_MORE)
    _refuse_ended(deployment)
    if request.params.get("autoRollbackEnabled") is not None:
        deployment.udo_roll_back = bool(request.params["autoRollbackEnabled"])
    if not stop(run, moment.now(), world_of(backend, deployment)):
        return {"status": "Pending", "statusMessage": "Stopping deployment."}
    wind_up(backend, deployment)
    return dict(_NO_MORE)


@answers("codedeploy", "ContinueDeployment", moto="has no such operation")
def only_blue_green_deployments_wait(request: Request) -> None:
    """ContinueDeployment is for a blue/green deployment that is Ready, or waits to terminate the original instances;
    one in place refuses it, and one that does not wait.

    Source: botocore codedeploy ContinueDeployment, errors UnsupportedActionForDeploymentTypeException,
    DeploymentIsNotInReadyStateException, InvalidDeploymentWaitTypeException and DeploymentAlreadyCompletedException.
    """
    kind = request.params.get("deploymentWaitType") or "READY_WAIT"
    _go_on(_named(request), kind)


@answers("codedeploy", "SkipWaitTimeForInstanceTermination", moto="has no such operation")
def terminations_need_not_wait(request: Request) -> None:
    """SkipWaitTimeForInstanceTermination ends the wait before the original instances are terminated.

    Source: botocore codedeploy SkipWaitTimeForInstanceTermination.
    """
    _go_on(_named(request), "TERMINATION_WAIT")


def _go_on(deployment: Any, kind: str) -> None:
    run, told = run_of(deployment), deployment.deployment_id
    if kind not in _WAITS:
        raise Refusal("InvalidDeploymentWaitTypeException", f"The wait type {kind} is invalid")
    _refuse_ended(deployment)
    if run.traffic is None:
        raise Refusal(
            "UnsupportedActionForDeploymentTypeException", f"The deployment {told} is not a blue/green deployment"
        )
    if not (run.status == "Ready" if kind == "READY_WAIT" else run.traffic.terminating):
        raise Refusal("DeploymentIsNotInReadyStateException", f"The deployment {told} does not wait to be continued")
    proceed(run, moment.now())


def _named(request: Request) -> Any:
    deployment_id = request.params.get("deploymentId")
    if not deployment_id:
        raise Refusal("DeploymentIdRequiredException", "The deployment id was not specified")
    return known_deployment(request.backend("codedeploy"), deployment_id)


def _refuse_ended(deployment: Any) -> None:
    if run_of(deployment).ended:
        told = f"The deployment {deployment.deployment_id} has already completed"
        raise Refusal("DeploymentAlreadyCompletedException", told)
