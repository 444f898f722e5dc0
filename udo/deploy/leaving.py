"""A group leaves its deployment group: exactly it, while the others stay."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udo.change.plan import Call, Pair, Read
from udo.deploy.blue_green import moved
from udo.deploy.observe import ACTIVE, OF_ONE_INSTANCE
from udo.errors import Absent, Conflict, PermissionDenied, Refused

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import DeploymentGroup


# Source: docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html: the hook that CodeDeploy
# puts on each group of a deployment group has that one in its name, before an id.
_HOOK = re.compile(r"CodeDeploy-managed-automatic-(?:launch|termination)-deployment-hook-(.+)-[0-9a-f-]{36}")


def observe_membership(
    aws: Aws, role: Role, *, exists: bool = True
) -> tuple[tuple[DeploymentGroup, ...], tuple[str, ...]]:
    """The deployment groups of the application of udo.yml that the role's group is in, and notes: where another group
    serves in its place, and on those of other applications, which CodeDeploy's hooks on the group tell of where it
    `exists`.

    Raises: Conflict where a deployment of one is active; Refused where those that stay have no names; another UdoError.
    """
    application, name = role.get("deploy.application"), role.get("deploy.deployment_group")
    notes: list[str] = []
    found = _of_application(aws, str(application), name, notes) if application else {}
    joined = tuple(one for one in found.values() if role.group_name in one.auto_scaling_groups)
    for one in joined:
        _accept(aws, role, one)
    if name in found and found[name] not in joined and (elsewhere := moved(role, found[name])):
        notes.append(f"warning: {elsewhere}")
    if exists:
        hooks = filter(None, (_HOOK.fullmatch(hook.name) for hook in aws.autoscaling.hooks(role.group_name)))
        others = sorted({hook[1] for hook in hooks} - {one.name for one in joined})
        known = f" (not of {application})" if application else ""
        notes += [f"warning: {role.group_name} stays listed in deployment group {one}{known}" for one in others]
    return joined, tuple(notes)


def _of_application(aws: Aws, application: str, name: str | None, notes: list[str]) -> dict[str, DeploymentGroup]:
    """The deployment groups of an application by name; that of udo.yml alone where they may not be listed."""
    try:
        return aws.codedeploy.deployment_groups(application, aws.codedeploy.deployment_group_names(application))
    except PermissionDenied as error:
        if not name:
            raise
        notes.append(f"warning: only deployment group {name} is looked at: {error.message}")
    try:
        return {name: aws.codedeploy.deployment_group(application, name)}
    except Absent:
        return {}


def _accept(aws: Aws, role: Role, found: DeploymentGroup) -> None:
    """Accepts a deployment group that the group can leave now. Raises: Conflict, Refused; another UdoError."""
    if found.unnamed_groups:
        raise Refused(
            f"deployment group {found.name} lists {found.unnamed_groups} groups without names, which would be lost",
            hint=f"nothing was changed; take {role.group_name} out of it by hand",
        )
    # Those of one instance alone come and go with the members.
    active = aws.codedeploy.deployments(found.application, found.name, ACTIVE)
    if one := next((one for one in active if one.creator not in OF_ONE_INSTANCE), None):
        told = f"deployment {one.deployment_id} to {found.name} is {one.status}"
        raise Conflict(told, hint="nothing was changed; wait for its end, or use 'udo stop'")


def leave(found: DeploymentGroup, group_name: str) -> Call:
    """The call that takes the group out, where the others are those that were seen."""
    others = [name for name in found.auto_scaling_groups if name != group_name]
    asked = {"applicationName": found.application, "deploymentGroupName": found.name}
    names = Read(
        "codedeploy", "GetDeploymentGroup", asked, "sort(deploymentGroupInfo.autoScalingGroups[].name || `[]`)"
    )
    says = f"groups of deployment group {found.name}"
    return Call(
        f"take {group_name} out of deployment group {found.name}",
        "codedeploy",
        "UpdateDeploymentGroup",
        # Source: API_UpdateDeploymentGroup, autoScalingGroups: a list that is empty takes out all.
        {
            "applicationName": found.application,
            "currentDeploymentGroupName": found.name,
            "autoScalingGroups": others,
        },
        expect=(Pair(names, sorted(found.auto_scaling_groups), says),),
        proof=(Pair(names, sorted(others), says),),
    )


def what_remains(found: DeploymentGroup, group_name: str) -> tuple[str, ...]:
    """A note where no group is left to deploy to; none otherwise."""
    if [*found.auto_scaling_groups] != [group_name]:
        return ()
    stays = f"deployment group {found.name} of {found.application} stays without a group"
    return (f"{stays}: deployments to it {'go by its tags alone' if found.has_tags else 'fail'} until one joins it",)
