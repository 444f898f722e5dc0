"""Stopping a deployment: the call, the tag that says who did it, and who it was that stopped one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.change.plan import Call, Pair, Read, Wait
from udo.deploy.revision import told
from udo.groups.tags import tag_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.config import Role
    from udo.model.deployments import Deployment

TAG = "udo:stopped"
# Source: API_Tag (Auto Scaling), Value: at most 256 characters.
_MOST = 256
ROLLBACK = "codeDeployRollback"
# What StopDeployment says of a deployment that has ended.
COMPLETED = "DeploymentAlreadyCompletedException"


def stop_steps(
    role: Role, deployment: Deployment, operator: str, run_id: str, *, rollback: bool, timeout: float
) -> tuple[Call, Call, Wait]:
    """The tag that says who stopped it, the call that does, and the wait for the scripts that still run."""
    one = deployment.deployment_id
    says = f"stop deployment {one} of {told(deployment.revision)}"
    says += ", and roll its instances back" if rollback else ""
    status = Read("codedeploy", "GetDeployment", {"deploymentId": one}, "deploymentInfo.status")
    params = {"deploymentId": one, "autoRollbackEnabled": rollback}
    proof = (Pair(status, "Stopped", f"deployment {one}"),)
    # CodeDeploy itself refuses to stop one that has ended: nothing is looked at before.
    call = Call(says, "codedeploy", "StopDeployment", params, proof=proof)
    wait = Wait(
        f"wait until deployment {one} has stopped",
        status,
        success=("Stopped", "Succeeded", "Failed"),
        timeout=timeout,
        detached=f"deployment {one} stops once the scripts that run have ended; look with: udo deployments {one}",
        watch="deployment",
    )
    by = f"{one} {operator} {run_id}"[:_MOST]
    tag = tag_call(role.group_name, TAG, by, f"tag {TAG} of {role.group_name}: {one} by {operator}", optional=True)
    return tag, call, wait


def stopped_by(deployment_id: str, tags: Mapping[str, str]) -> str:
    """Who stopped a deployment by Udo, as the tags of its group say; empty where nobody did."""
    one, _, rest = tags.get(TAG, "").partition(" ")
    return rest.partition(" ")[0] if one == deployment_id else ""
