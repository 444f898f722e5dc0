"""What a deployment rests on: the group, the deployment group over it, and the deployments that were made of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from udo.deploy.blue_green import serving
from udo.deploy.revision import same
from udo.deploy.watch import ENDED
from udo.errors import Absent, AwsError, PermissionDenied, UsageError
from udo.frozen import frozen
from udo.groups.asleep import ASLEEP
from udo.groups.observe import existing_group

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import Deployment, DeploymentGroup
    from udo.model.groups import AutoScalingGroup

ACTIVE = ("Created", "Queued", "InProgress", "Baking", "Ready")
# Source: API_DeploymentInfo, creator: those that reach only the instances that were born, died or lag behind.
OF_ONE_INSTANCE = ("autoscaling", "autoscalingTermination")
OF_SOME_INSTANCES = (*OF_ONE_INSTANCE, "CodeDeployAutoUpdate")
# Each costs a request; a group that launches so many instances between two deployments is looked at no further.
_MOST_PARTIAL = 25


@frozen
class Observed:
    """The group, the deployment group over it, its active deployments and the last one of all its instances.

    Where that was a success of the revision, `lacking` are the members in service that have not got it (a "?" stands
    for one where AWS tells only how many), and `latest` is the last success, be it of those alone that were without it.
    """

    group: AutoScalingGroup
    deployment_group: DeploymentGroup
    active: tuple[Deployment, ...] = ()
    last: Deployment | None = None
    lacking: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    latest: Deployment | None = None

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """The deployments seen, the active ones first."""
        return (*self.active, *filter(None, (self.latest, self.last)))


def observe_groups(aws: Aws, role: Role) -> Observed:
    """The role's group and its deployment group.

    Raises: UsageError, Absent, Conflict or another UdoError.
    """
    observed = _groups(aws, role)
    if not observed.group.members:
        sleeps = f"it sleeps; it wakes with: udo wake {role.cluster} {role.name}"
        hint = sleeps if ASLEEP in observed.group.tags else "there is no instance to deploy to"
        raise Absent(f"group {observed.group.name} of {role.label} is empty", hint=hint)
    return observed


def observe_active(aws: Aws, role: Role) -> Observed:
    """The role's group and its deployment group with the deployments that are active, whoever started them.

    Raises: UsageError, Absent, Conflict or another UdoError.
    """
    observed = _groups(aws, role)
    found = observed.deployment_group
    return replace(observed, active=tuple(aws.codedeploy.deployments(found.application, found.name, ACTIVE)))


def observe_deployments(aws: Aws, groups: Observed, revision: Mapping[str, Any]) -> Observed:
    """The same with the deployments that were made, and who has not got the revision.

    Raises: UdoError, but not for what AWS does not tell: that is a warning.
    """
    application, name = groups.deployment_group.application, groups.deployment_group.name
    try:
        active = tuple(aws.codedeploy.deployments(application, name, ACTIVE))
        last, partial = _last(aws, groups.deployment_group, revision)
    except (AwsError, PermissionDenied) as error:
        return replace(groups, notes=(f"warning: earlier deployments are unknown: {error.message}",))
    observed = replace(groups, active=active, last=last)
    if last is None or last.status != "Succeeded" or not same(last.revision, revision):
        return observed
    ours = (one for one in partial if one.creator not in OF_ONE_INSTANCE and one.status == "Succeeded")
    observed = replace(observed, latest=next(ours, last))
    members = [member.instance_id for member in groups.group.members if member.in_service]
    try:
        return replace(observed, lacking=_lacking(aws, members, (last, *partial)))
    except (AwsError, PermissionDenied) as error:
        warning = f"warning: which instances have the revision is unknown: {error.message}"
        return replace(observed, lacking=("?",) * last.overview.get("Failed", 0), notes=(warning,))


def _groups(aws: Aws, role: Role) -> Observed:
    """The deployment group and the group that serves: the role's own, or what stands in its place."""
    application, name = (setting(role, f"deploy.{key}") for key in ("application", "deployment_group"))
    groups = aws.autoscaling.groups([role.group_name])
    if role.group_name in groups:
        existing_group(groups, role, aws.region)
    found = aws.codedeploy.deployment_group(application, name)
    if (serves := serving(role, found)) != role.group_name:
        groups = aws.autoscaling.groups([serves])
    return Observed(existing_group(groups, role, aws.region, serves), found)


def _last(
    aws: Aws, group: DeploymentGroup, revision: Mapping[str, Any]
) -> tuple[Deployment | None, tuple[Deployment, ...]]:
    """The last ended deployment of all instances, and those of the revision since then that reached only some."""
    partial: list[Deployment] = []
    for one in aws.codedeploy.deployments(group.application, group.name, ENDED):
        ours = same(one.revision, revision)
        if one.creator not in OF_SOME_INSTANCES and not (ours and one.outdated_only):
            return one, tuple(partial)
        partial += [one] if ours else []
    return None, ()


def _lacking(aws: Aws, members: list[str], deployments: tuple[Deployment, ...]) -> tuple[str, ...]:
    lacking = members
    for one in islice(deployments, _MOST_PARTIAL):
        if lacking:
            reached = frozenset(aws.codedeploy.target_ids(one.deployment_id, ("Succeeded",)))
            lacking = [member for member in lacking if member not in reached]
    return tuple(lacking)


def setting(role: Role, key: str) -> str:
    """The value of a key that deploying cannot do without.

    Raises: UsageError.
    """
    value = role.get(key)
    if not value:
        raise UsageError(f"{role.label} has no {key} ({role.mark})", hint="deploy needs it: set it in udo.yml")
    return str(value)
