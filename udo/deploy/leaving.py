"""A group leaves its deployment group: exactly it, while the others stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.change.plan import Call, Pair, Read
from udo.deploy.blue_green import moved
from udo.deploy.observe import ACTIVE, OF_ONE_INSTANCE
from udo.errors import Absent, Conflict, Refused

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import DeploymentGroup


def observe_membership(aws: Aws, role: Role) -> tuple[DeploymentGroup | None, tuple[str, ...]]:
    """The deployment group of udo.yml where the role's group is in it, None otherwise; a note where another group
    serves in its place.

    Raises: Conflict where a deployment of it is active; Refused where those that stay have no names; another UdoError.
    """
    application, name = role.get("deploy.application"), role.get("deploy.deployment_group")
    if not (application and name):
        return None, ()
    try:
        found = aws.codedeploy.deployment_group(str(application), str(name))
    except Absent:
        return None, ()
    if role.group_name not in found.auto_scaling_groups:
        elsewhere = moved(role, found)
        return None, (f"warning: {elsewhere}",) if elsewhere else ()
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
    return found, ()


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
