"""What a deployment rests on: the group, the deployment group over it, and the deployments that were made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from udo.deploy.watch import ENDED
from udo.errors import Absent, AwsError, Conflict, PermissionDenied, UsageError

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.config import Role
    from udo.model import AutoScalingGroup, Deployment, DeploymentGroup

_ACTIVE = ("Created", "Queued", "InProgress", "Baking", "Ready")
# Source: API_DeploymentInfo, creator: those that reach only the instances that were born, died or lag behind.
OF_ONE_INSTANCE = ("autoscaling", "autoscalingTermination")
_OF_SOME_INSTANCES = (*OF_ONE_INSTANCE, "CodeDeployAutoUpdate")


@dataclass(frozen=True)
class Observed:
    """The group, the deployment group over it, its active deployments and the last one of all its instances."""

    group: AutoScalingGroup
    deployment_group: DeploymentGroup
    active: tuple[Deployment, ...] = ()
    last: Deployment | None = None
    notes: tuple[str, ...] = ()

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """The deployments seen, the active ones first."""
        return (*self.active, *((self.last,) if self.last else ()))


def observe_deploy(aws: Aws, role: Role) -> Observed:
    """What a deployment to the role's group rests on.

    Raises: UsageError, Absent, Conflict or another UdoError.
    """
    application, name = (setting(role, f"deploy.{key}") for key in ("application", "deployment_group"))
    group = aws.autoscaling.groups([role.group_name]).get(role.group_name)
    if group is None:
        raise Absent(f"group {role.group_name} of {role.label} does not exist", hint=f"looked in {aws.region}")
    if group.status:
        raise Conflict(f"group {group.name} is being deleted ({group.status})", hint="nothing was deployed")
    if not group.members:
        raise Absent(f"group {group.name} of {role.label} is empty", hint="there is no instance to deploy to")
    observed = Observed(group, aws.codedeploy.deployment_group(application, name))
    try:
        active = tuple(aws.codedeploy.deployments(application, name, _ACTIVE))
        ended = aws.codedeploy.deployments(application, name, ENDED)
        last = next((one for one in ended if one.creator not in _OF_SOME_INSTANCES), None)
    except (AwsError, PermissionDenied) as error:
        return replace(observed, notes=(f"warning: earlier deployments cannot be told: {error.message}",))
    return replace(observed, active=active, last=last)


def setting(role: Role, key: str) -> str:
    """The value of a key that deploying cannot do without.

    Raises: UsageError.
    """
    value = role.get(key)
    if not value:
        raise UsageError(f"{role.label} has no {key} ({role.mark})", hint="deploy needs it: set it in udo.yml")
    return str(value)
