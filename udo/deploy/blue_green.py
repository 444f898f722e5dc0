"""Deployment groups whose Auto Scaling group CodeDeploy replaces by a copy under another name at each deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.config import Role
    from udo.model.deployments import DeploymentGroup, DeploymentTarget

# Source: botocore codedeploy TargetLabel.
GREEN, BLUE = "Green", "Blue"


def serving(role: Role, found: DeploymentGroup) -> str:
    """The name of the group that serves: the role's own, or the copy that a deployment has put in its place.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html: a copy is called
    CodeDeploy_GROUP_ID, and the deployment group names it from then on.
    """
    names = found.auto_scaling_groups
    return names[0] if found.is_blue_green and len(names) == 1 else role.group_name


def moved(role: Role, found: DeploymentGroup) -> str:
    """What group_name must become, and where, in one line; empty where it is right."""
    name = serving(role, found)
    if name == role.group_name:
        return ""
    return f"{role.label} is served by {name} now (blue/green): set group_name to it ({_at(role)})"


def refuse(role: Role, found: DeploymentGroup) -> None:
    """Refuses to start a deployment that makes other instances.

    Raises: Refused, for a deployment group that is blue/green.
    """
    if not found.is_blue_green:
        return
    where = role.where("deploy.deployment_group")
    hint = "nothing was deployed; start it in the console or with 'aws deploy create-deployment', then: "
    more = f"; {moved(role, found)}" if moved(role, found) else ""
    raise Refused(
        f"deployment group {found.name} of {found.application} ({where}) is blue/green, which Udo does not start",
        hint=f"{hint}udo deploy {role.cluster} {role.name} --follow{more}",
    )


def is_replaced(targets: Sequence[DeploymentTarget]) -> bool:
    """Whether all that is known of a deployment that replaces instances is done; others may be listed yet."""
    return any(one.label for one in targets) and all(
        one.status in ("Succeeded", "Failed", "Skipped") for one in targets
    )


def waits_for(status: str, deployment_id: str, targets: Sequence[DeploymentTarget]) -> str:
    """What a deployment waits for, and what ends the wait; empty where it is at work.

    Source: API_ContinueDeployment, deploymentWaitType.
    """
    go_on = f"aws deploy continue-deployment --deployment-id {deployment_id} --deployment-wait-type"
    if status == "Ready":
        return f"it waits until somebody lets traffic over: {go_on} READY_WAIT"
    if status == "InProgress" and is_replaced(targets) and replaced(targets)[1]:
        return f"traffic is over; it waits before it ends the original instances, or until: {go_on} TERMINATION_WAIT"
    return ""


def replaced(targets: Sequence[DeploymentTarget]) -> tuple[int, int]:
    """How many instances have the revision now, and how many they stand in for; both 0 where none replaces another."""
    done = [target.label for target in targets if target.status == "Succeeded"]
    return done.count(GREEN), done.count(BLUE)


def _at(role: Role) -> str:
    return str(role.mark_of("group_name"))
