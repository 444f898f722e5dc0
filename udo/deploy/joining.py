"""A new group joins its deployment group: exactly it, beside the others; or the deployment group is made with it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Pair, Read
from udo.deploy.blue_green import moved
from udo.deploy.observe import ACTIVE, OF_ONE_INSTANCE
from udo.errors import AwsError, Conflict, Refused
from udo.frozen import frozen
from udo.groups.points import literal

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import DeploymentGroup

# Source: docs.aws.amazon.com/codedeploy/latest/userguide/limits.html: Auto Scaling groups of a deployment group.
_MOST = 10


@frozen
class Joining:
    """How a group comes into its deployment group: the calls, what somebody has to know, and whether its first members
    get a revision by it."""

    calls: tuple[Call, ...] = ()
    notes: tuple[str, ...] = ()
    deploys: bool = False


def observe_joining(aws: Aws, role: Role) -> Joining:
    """What is missing until the role's group is in the deployment group of udo.yml.

    Raises: Conflict where a deployment of it is active; Refused where it cannot be joined; another UdoError.
    """
    application, name = role.get("deploy.application"), role.get("deploy.deployment_group")
    if not (application and name):
        return Joining()
    try:
        found = aws.codedeploy.deployment_groups(application, [name]).get(name)
    except AwsError as error:
        if error.aws_code != "ApplicationDoesNotExistException":
            raise
        return _made(role, application, name, first=True)
    if found is None:
        return _made(role, application, name, first=False)
    if role.group_name in found.auto_scaling_groups:
        return Joining()
    if found.is_blue_green and found.auto_scaling_groups:
        return Joining(notes=(f"warning: {moved(role, found) or _elsewhere(role, found)}",))
    _refuse(role, found)
    # Those of one instance alone come and go with the members.
    active = aws.codedeploy.deployments(application, name, ACTIVE)
    if one := next((one for one in active if one.creator not in OF_ONE_INSTANCE), None):
        told = f"deployment {one.deployment_id} to {name} is {one.status}"
        raise Conflict(told, hint="nothing was changed; wait for its end, or use 'udo stop'")
    return Joining((join(found, role.group_name),), _undeployed(role, found), bool(found.last_successful))


def join(found: DeploymentGroup, group_name: str) -> Call:
    """The call that takes the group in, where the others are those that were seen."""
    names = _names(found.application, found.name)
    says = f"groups of deployment group {found.name}"
    wanted = [*found.auto_scaling_groups, group_name]
    return Call(
        f"take {group_name} into deployment group {found.name}",
        "codedeploy",
        "UpdateDeploymentGroup",
        # Source: API_UpdateDeploymentGroup, autoScalingGroups: those of it from then on.
        {
            "applicationName": found.application,
            "currentDeploymentGroupName": found.name,
            "autoScalingGroups": wanted,
        },
        expect=(Pair(names, sorted(found.auto_scaling_groups), says),),
        proof=(Pair(names, sorted(wanted), says),),
    )


def _refuse(role: Role, found: DeploymentGroup) -> None:
    """Accepts a deployment group that one more group can be in. Raises: Refused."""
    where = f"({role.where('deploy.deployment_group')})"
    if found.unnamed_groups:
        raise Refused(
            f"deployment group {found.name} {where} lists {found.unnamed_groups} groups without names, which would be "
            "lost",
            hint=f"nothing was changed; take {role.group_name} into it by hand",
        )
    if len(found.auto_scaling_groups) >= _MOST:
        told = f"deployment group {found.name} {where} has {_MOST} groups already, as many as CodeDeploy takes"
        raise Refused(told, hint="nothing was changed; give the role a deployment group of its own")


def _elsewhere(role: Role, found: DeploymentGroup) -> str:
    others = ", ".join(found.auto_scaling_groups)
    return f"deployment group {found.name} is blue/green and has {others}: {role.group_name} is not taken into it"


def _undeployed(role: Role, found: DeploymentGroup) -> tuple[str, ...]:
    if found.last_successful:
        return ()
    then = f"udo deploy {role.cluster} {role.name} REVISION"
    return (f"nothing was ever deployed to {found.name}: members begin without a revision, until '{then}'",)


def _made(role: Role, application: str, name: str, *, first: bool) -> Joining:
    """The deployment group with the new group in it, after its application where that is the `first`; or the lines that
    do it, where udo.yml has no role that CodeDeploy works with."""
    service_role, config = role.get("deploy.service_role"), role.get("deploy.config")
    if not service_role:
        lines = [f"aws deploy create-application --application-name {shlex.quote(application)}"] if first else []
        words = ["--application-name", application, "--deployment-group-name", name]
        words += ["--auto-scaling-groups", role.group_name, *(["--deployment-config-name", config] if config else [])]
        lines.append(f"aws deploy create-deployment-group {shlex.join(words)} --service-role-arn ROLE_ARN")
        where = f"set deploy.service_role and run it again, or run: {'; '.join(lines)}"
        told = f"there is no {'application ' + application if first else 'deployment group ' + name} to join"
        return Joining(notes=(f"warning: {told}: {where}",))
    asked: dict[str, Any] = {
        "applicationName": application,
        "deploymentGroupName": name,
        "serviceRoleArn": service_role,
        "autoScalingGroups": [role.group_name],
    }
    asked |= {"deploymentConfigName": config} if config else {}
    says = f"deployment group {name} of {application}"
    make = Call(
        f"make {says} with {role.group_name}",
        "codedeploy",
        "CreateDeploymentGroup",
        asked,
        proof=(Pair(_names(application, name), [role.group_name], says),),
    )
    then = f"udo deploy {role.cluster} {role.name} REVISION"
    note = f"nothing was ever deployed to {name}: members begin without a revision, until '{then}'"
    return Joining((*([_application(application)] if first else []), make), (note,))


def _application(name: str) -> Call:
    # Source: API_CreateApplication, computePlatform.
    there = Read("codedeploy", "ListApplications", {}, f"contains(applications, {literal(name)})")
    return Call(
        f"make application {name}",
        "codedeploy",
        "CreateApplication",
        {"applicationName": name, "computePlatform": "Server"},
        proof=(Pair(there, True, f"application {name}"),),
    )


def _names(application: str, name: str) -> Read:
    asked = {"applicationName": application, "deploymentGroupName": name}
    path = "sort(deploymentGroupInfo.autoScalingGroups[].name || `[]`)"
    return Read("codedeploy", "GetDeploymentGroup", asked, path)
