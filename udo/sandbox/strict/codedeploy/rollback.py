"""Rolling back: a new deployment of the last good revision, where that is switched on for what happened."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.codedeploy.creation import create, is_blue_green
from udo.sandbox.strict.codedeploy.history import OF_ONE_INSTANCE, last_good, run_of
from udo.sandbox.strict.rules import rule


@rule("codedeploy", "StopDeployment", "CreateDeployment", moto="never rolls back")
def failed_deployments_are_rolled_back(backend: Any, deployment: Any) -> None:
    """Where rolling back is switched on for what happened (a failure, an alarm, a stop), a new deployment of the last
    successful revision follows, created by codeDeployRollback; each names the other, in words too.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html; rollbackInfo of
    deployments in public repositories.
    """
    group = deployment.deployment_group
    if deployment.creator in ("codeDeployRollback", *OF_ONE_INSTANCE) or is_blue_green(group):
        return
    if not _wanted(deployment):
        return
    good = last_good(backend, group, before=deployment)
    if good is None:
        deployment.udo_rollback = {"rollbackMessage": "There is no successful deployment to roll back to."}
        return
    failed = deployment.deployment_id
    follower = create(
        backend,
        group,
        good.revision,
        "codeDeployRollback",
        after=deployment,
        deployment_config_name=deployment.deployment_config_name,
        file_exists_behavior=rollbacks_treat_files_as_before(good),
    )
    follower.udo_rollback = {
        "rollbackTriggeringDeploymentId": failed,
        "rollbackMessage": f"Deployment {follower.deployment_id} is triggered to roll back deployment {failed}.",
    }
    deployment.udo_rollback = {
        "rollbackDeploymentId": follower.deployment_id,
        "rollbackMessage": f"Deployment {failed} terminated. Automatic rollback is triggered with a DeploymentId "
        f"{follower.deployment_id}.",
    }


def _wanted(deployment: Any) -> bool:
    settings = deployment.auto_rollback_configuration or deployment.deployment_group.auto_rollback_configuration or {}
    events = settings.get("events") or [] if settings.get("enabled") else []
    run = run_of(deployment)
    if run.status == "Failed":
        return "DEPLOYMENT_FAILURE" in events
    if run.status != "Stopped":
        return False
    if run.error is not None and run.error[0] == "ALARM_ACTIVE":
        return "DEPLOYMENT_STOP_ON_ALARM" in events
    asked = getattr(deployment, "udo_roll_back", None)
    return "DEPLOYMENT_STOP_ON_REQUEST" in events if asked is None else bool(asked)


@rule("codedeploy", "CreateDeployment", moto="never rolls back")
def rollbacks_treat_files_as_before(good: Any) -> str | None:
    """A rollback treats files that are in the way as the deployment did whose revision it brings back.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html (existing content).
    """
    behavior: str | None = good.file_exists_behavior
    return behavior
