"""How alarms of udo.yml guard a deployment: given to CodeDeploy too, where it takes them, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Pair, Read, Wait
from udo.deploy.watch import ENDED
from udo.errors import PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.change.outcome import Outcome
    from udo.change.plan import Plan, Ref
    from udo.config import Role
    from udo.model.deployments import DeploymentGroup

# Source: docs.aws.amazon.com/codedeploy/latest/userguide/limits.html: alarms of a deployment group.
_MOST = 10
_OVERRIDE = "overrideAlarmConfiguration"
_ON_ALARM = "DEPLOYMENT_STOP_ON_ALARM"


def way_back(role: Role, deployment_id: str | Ref, timeout: float) -> tuple[Call | Wait, ...]:
    """What is done where an alarm goes off while a deployment runs: it is stopped and rolled back, and its end awaited.

    That is no failure of the deployment: `deploy.on_failure` is not about it.
    """
    status = Read("codedeploy", "GetDeployment", {"deploymentId": deployment_id}, "deploymentInfo.status")
    stop = Call(
        f"stop the deployment to {role.label}, and roll its instances back",
        "codedeploy",
        "StopDeployment",
        {"deploymentId": deployment_id, "autoRollbackEnabled": True},
        proof=(Pair(status, "Stopped", "deployment"),),
    )
    wait = Wait(
        f"wait until the deployment to {role.label} has stopped",
        status,
        success=ENDED,
        timeout=timeout,
        detached="it stops once the scripts that run have ended",
        watch="deployment",
    )
    return stop, wait


def given_to_codedeploy(
    group: DeploymentGroup, names: Sequence[str], params: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """The parameters of a deployment by which CodeDeploy watches these alarms beside its group's own, and rolls back
    where one goes off; and a line where Udo alone watches them.
    """
    wanted = list(dict.fromkeys([*group.alarms, *names]))
    said = params.get("autoRollbackConfiguration") or {"enabled": True, "events": list(group.rollback_on)}
    events = {*(said["events"] if said["enabled"] else ()), _ON_ALARM}
    found: dict[str, Any] = {"autoRollbackConfiguration": {"enabled": True, "events": sorted(events)}}
    if set(names) <= set(group.alarms):
        return found if names else {}, ""
    if len(wanted) > _MOST:
        return {}, f"CodeDeploy takes {_MOST} alarms, not {len(wanted)}: Udo alone watches those of guards"
    found[_OVERRIDE] = {
        "enabled": True,
        "ignorePollAlarmFailure": group.alarms_may_be_unknown,
        "alarms": [{"name": name} for name in wanted],
    }
    return found, ""


def may_not_override(plan: Plan, outcome: Outcome) -> bool:
    """Whether a deployment was refused that brought alarms of its own: that takes a further permission.

    Source: botocore codedeploy CreateDeploymentInput, overrideAlarmConfiguration: codedeploy:UpdateDeploymentGroup.
    """
    failed = outcome.steps[-1].step if outcome.steps else ""
    refused = any(_OVERRIDE in call.params for call in plan.writes if call.says == failed)
    return refused and isinstance(outcome.error, PermissionDenied)
