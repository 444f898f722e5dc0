"""Deployments and their targets as rows for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.mark import marked
from udo.deploy.watch import in_hand

if TYPE_CHECKING:
    from udo.model.deployments import Deployment, DeploymentTarget


def deployment_row(deployment: Deployment) -> dict[str, Any]:
    """A deployment; times are RFC 3339 UTC, `revision` is CodeDeploy's own mapping, what is not known is null."""
    run, reason = marked(deployment.description)
    return {
        "deployment_id": deployment.deployment_id,
        "application": deployment.application,
        "deployment_group": deployment.deployment_group,
        "created_at": deployment.created_at,
        "completed_at": deployment.completed_at or None,
        "creator": deployment.creator or None,
        "run": run or None,
        "reason": reason or None,
        "status": deployment.status,
        "outcome": deployment.outcome,
        "overview": dict(deployment.overview),
        "error": deployment.error_code or None,
        "revision": deployment.revision,
    }


def target_row(target: DeploymentTarget) -> dict[str, Any]:
    """A deployment on one instance, with the lifecycle event that runs or failed."""
    event = in_hand(target)
    return {
        "instance_id": target.instance_id,
        "label": target.label or None,
        "status": target.status,
        "lifecycle_event": event.name if event else None,
        "script": event.script if event else None,
        "error_code": event.error_code if event else None,
        "message": event.message if event else None,
        "log_tail": event.log_tail if event else None,
    }
