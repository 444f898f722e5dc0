"""Deployments and deployment groups as CodeDeploy describes them: without the empty places moto fills in."""

from __future__ import annotations

from typing import Any

from udo.bundle.names import HOOKS
from udo.sandbox.strict import moment
from udo.sandbox.strict.codedeploy.history import OF_ONE_INSTANCE
from udo.sandbox.strict.codedeploy.lifecycle import NO_ANSWER, Event, Target
from udo.sandbox.strict.codedeploy.outdated import related
from udo.sandbox.strict.codedeploy.run import Run
from udo.sandbox.strict.codedeploy.suspension import options_of


def deployment_info(backend: Any, deployment: Any) -> dict[str, Any]:
    """A deployment as GetDeployment shows it."""
    run: Run = deployment.udo_run
    group = deployment.deployment_group
    found = {
        "applicationName": deployment.application_name,
        "deploymentGroupName": deployment.deployment_group_name,
        "deploymentConfigName": deployment.deployment_config_name,
        "deploymentId": deployment.deployment_id,
        "previousRevision": _previous_revision(backend, deployment),
        "revision": deployment.revision,
        "status": run.status,
        "errorInformation": run.error and dict(zip(("code", "message"), run.error, strict=True)),
        "createTime": moment.at(run.created),
        "startTime": _time(run.started),
        "completeTime": _time(run.completed),
        "deploymentOverview": overview(run),
        "description": deployment.description,
        "creator": deployment.creator,
        "ignoreApplicationStopFailures": bool(deployment.ignore_application_stop_failures),
        "autoRollbackConfiguration": deployment.auto_rollback_configuration or group.auto_rollback_configuration,
        "updateOutdatedInstancesOnly": bool(deployment.update_outdated_instances_only),
        "rollbackInfo": getattr(deployment, "udo_rollback", None),
        "deploymentStyle": group.deployment_style or _STYLE,
        "targetInstances": deployment.target_instances,
        "instanceTerminationWaitTimeStarted": run.traffic is not None and run.traffic.terminating,
        "blueGreenDeploymentConfiguration": group.blue_green_deployment_configuration if run.traffic else None,
        "deploymentMode": getattr(deployment, "udo_mode", None),
        "relatedDeployments": related(deployment),
        "overrideAlarmConfiguration": deployment.override_alarm_configuration,
        "ec2DeploymentOptions": options_of(deployment),
        "fileExistsBehavior": deployment.file_exists_behavior or "DISALLOW",
        "computePlatform": group.application.compute_platform or "Server",
        "loadBalancerInfo": group.load_balancer_info,
    }
    return {key: value for key, value in found.items() if value not in (None, {}, [])}


def overview(run: Run) -> dict[str, int] | None:
    """How many targets are in which state; absent until the deployment has found them."""
    if not run.targets:
        return None
    return {
        status: run.count(status) for status in ("Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Ready")
    }


def instance_target(backend: Any, deployment: Any, target: Target) -> dict[str, Any]:
    """A target as BatchGetDeploymentTargets shows it."""
    group = f"{deployment.application_name}/{deployment.deployment_group_name}"
    label = {"instanceLabel": target.label} if target.label else {}
    return {
        "deploymentTargetType": "InstanceTarget",
        "instanceTarget": {
            "deploymentId": deployment.deployment_id,
            "targetId": target.instance_id,
            "targetArn": f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:instance/{target.instance_id}",
            "status": target.status,
            "lastUpdatedAt": moment.at(target.updated),
            "lifecycleEvents": [_event(event, group) for event in target.events],
            **label,
        },
    }


def last_deployment(deployment: Any | None) -> dict[str, Any] | None:
    """A deployment as its group mentions it."""
    if deployment is None:
        return None
    run: Run = deployment.udo_run
    found = {
        "deploymentId": deployment.deployment_id,
        "status": run.status,
        "createTime": moment.at(run.created),
        "endTime": _time(run.completed),
    }
    return {key: value for key, value in found.items() if value is not None}


_STYLE = {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}


def _event(event: Event, group: str) -> dict[str, Any]:
    found: dict[str, Any] = {"lifecycleEventName": event.name, "status": event.status}
    if event.started is not None:
        found["startTime"] = moment.at(event.started)
    if event.ended is None:
        return found
    found["endTime"] = moment.at(event.ended)
    found["diagnostics"] = {"errorCode": "Success", "scriptName": "", "message": "Succeeded", "logTail": ""}
    by_agent = event.work and event.work.diagnostics
    if by_agent and (event.fault is None or event.fault.message == by_agent["message"]):
        found["diagnostics"] = dict(by_agent)
    elif (fault := event.fault) and fault.message and (fault.message == NO_ANSWER or event.name not in HOOKS):
        # There was no script, or nobody to run it.
        told = {"errorCode": fault.error_code, "scriptName": fault.script, "logTail": fault.log_tail}
        found["diagnostics"] = {**told, "message": fault.message}
    elif fault:
        script = fault.script or f"scripts/{event.name}.sh"
        message = fault.message or f"Script at specified location: {script} failed with exit code 1"
        found["diagnostics"] = {
            "errorCode": fault.error_code,
            "scriptName": script,
            "message": message,
            "logTail": (fault.log_tail or f"LifecycleEvent - {event.name}\nScript - {script}\n[stderr]{group}: failed")[
                -4096:
            ],
        }
    return found


def _previous_revision(backend: Any, deployment: Any) -> Any:
    before = None
    for one in backend.deployments.values():
        if one is deployment:
            break
        same = (one.application_name, one.deployment_group_name) == (
            deployment.application_name,
            deployment.deployment_group_name,
        )
        if same and one.udo_run.status == "Succeeded" and one.creator not in OF_ONE_INSTANCE:
            before = one.revision
    return before


def _time(seconds: float | None) -> Any:
    return None if seconds is None else moment.at(seconds)
