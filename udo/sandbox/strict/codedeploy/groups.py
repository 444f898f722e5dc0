"""CodeDeploy applications and deployment groups: what they may name, and what they show."""

from __future__ import annotations

import re
from typing import Any

from udo.sandbox.strict.codedeploy.configs import INVALID_TOKEN, known_config
from udo.sandbox.strict.codedeploy.history import last_good, of_whole_group
from udo.sandbox.strict.codedeploy.launch import launch_hooks_are_installed
from udo.sandbox.strict.codedeploy.view import last_deployment
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses

_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,100}")
# Request member -> moto's attribute, for what UpdateDeploymentGroup may change.
_CHANGEABLE = {
    "deploymentConfigName": "deployment_config_name",
    "ec2TagFilters": "ec2_tag_filters",
    "onPremisesInstanceTagFilters": "on_premises_instance_tag_filters",
    "autoScalingGroups": "auto_scaling_groups",
    "serviceRoleArn": "service_role_arn",
    "triggerConfigurations": "trigger_configurations",
    "alarmConfiguration": "alarm_configuration",
    "autoRollbackConfiguration": "auto_rollback_configuration",
    "outdatedInstancesStrategy": "outdated_instances_strategy",
    "deploymentStyle": "deployment_style",
    "blueGreenDeploymentConfiguration": "blue_green_deployment_configuration",
    "loadBalancerInfo": "load_balancer_info",
    "ec2TagSet": "ec2_tag_set",
    "terminationHookEnabled": "termination_hook_enabled",
    "ec2DeploymentOptions": "udo_options",
}


@refuses("codedeploy", "CreateApplication", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="accepts any name")
def codedeploy_names_are_plain(request: Request) -> None:
    """Names of applications and deployment groups have 1 to 100 characters: letters, digits and + = , . @ _ -.

    Source: botocore codedeploy shapes ApplicationName and DeploymentGroupName.
    """
    params = request.params
    if not _NAME.fullmatch(params["applicationName"]):
        raise Refusal("InvalidApplicationNameException", f"Invalid application name: {params['applicationName']}")
    name = params.get("deploymentGroupName") or params.get("newDeploymentGroupName")
    if name is not None and not _NAME.fullmatch(name):
        raise Refusal("InvalidDeploymentGroupNameException", f"Invalid deployment group name: {name}")


@refuses("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="accepts any text")
def service_roles_are_arns(request: Request) -> None:
    """The service role of a deployment group is the ARN of a role.

    Source: botocore codedeploy CreateDeploymentGroup, error InvalidRoleException.
    """
    role = request.params.get("serviceRoleArn")
    if role is not None and not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+", role):
        raise Refusal("InvalidRoleException", f"The service role ARN is not valid: {role}")


@refuses("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="accepts any name")
def unknown_auto_scaling_groups_are_refused(request: Request) -> None:
    """A deployment group names Auto Scaling groups that exist, ten at most.

    Source: botocore codedeploy CreateDeploymentGroup, error InvalidAutoScalingGroupException; quotas page.
    """
    names = request.params.get("autoScalingGroups") or []
    if len(names) > 10:
        raise Refusal("InvalidAutoScalingGroupException", "A deployment group takes at most 10 Auto Scaling groups.")
    for name in names:
        if name not in request.backend("autoscaling").autoscaling_groups:
            raise Refusal("InvalidAutoScalingGroupException", f"No AutoScalingGroup found for name: {name}")


@refuses("codedeploy", "CreateDeploymentGroup", "UpdateDeploymentGroup", moto="accepts any name")
def groups_use_known_configs(request: Request) -> None:
    """A deployment group names a deployment configuration that exists, or none.

    Source: botocore codedeploy CreateDeploymentGroup, error DeploymentConfigDoesNotExistException.
    """
    if name := request.params.get("deploymentConfigName"):
        known_config(request.backend("codedeploy"), name)


@answers("codedeploy", "CreateDeploymentGroup")
def create_deployment_group(request: Request) -> Any:
    params, backend = request.params, request.backend("codedeploy")
    made = request.moto()
    group: Any = backend.get_deployment_group(params["applicationName"], params["deploymentGroupName"])
    group.deployment_config_name = str(group.deployment_config_name)
    group.alarm_configuration = params.get("alarmConfiguration")
    group.udo_options = params.get("ec2DeploymentOptions")
    launch_hooks_are_installed(backend, group)
    return made


@answers("codedeploy", "GetDeploymentGroup", moto="knows no deployment of it")
def groups_know_their_last_deployments(request: Request) -> dict[str, Any]:
    """A deployment group shows its last attempted and last successful deployment and its target revision.

    Source: botocore codedeploy DeploymentGroupInfo.
    """
    params = request.params
    group = request.backend("codedeploy").get_deployment_group(params["applicationName"], params["deploymentGroupName"])
    return {"deploymentGroupInfo": _described(request.backend("codedeploy"), group)}


@answers("codedeploy", "BatchGetDeploymentGroups", moto="has no such operation")
def groups_come_in_batches(request: Request) -> dict[str, Any]:
    """BatchGetDeploymentGroups gives up to 100 groups of one application; unknown names drop out.

    Source: botocore codedeploy BatchGetDeploymentGroupsInput and BatchGetDeploymentGroupsOutput.
    """
    params, backend = request.params, request.backend("codedeploy")
    backend.get_application(params["applicationName"])
    names = params["deploymentGroupNames"]
    if len(names) > 100:
        raise Refusal("BatchLimitExceededException", "The number of deployment groups in a batch must be at most 100")
    known = backend.deployment_groups.get(params["applicationName"], {})
    missing = [name for name in names if name not in known]
    answer: dict[str, Any] = {
        "deploymentGroupsInfo": [_described(backend, known[name]) for name in names if name in known]
    }
    if missing:
        answer["errorMessage"] = f"No Deployment Group found for name: {', '.join(missing)}"
    return answer


@answers("codedeploy", "ListDeploymentGroups", moto="answers for an unknown application, and never in pages")
def deployment_groups_are_listed_in_pages(request: Request) -> dict[str, Any]:
    """ListDeploymentGroups gives the names of an application's groups in pages; an unknown application is refused.

    Source: botocore codedeploy ListDeploymentGroups, error ApplicationDoesNotExistException.
    """
    params, backend = request.params, request.backend("codedeploy")
    backend.get_application(params["applicationName"])
    names = list(backend.deployment_groups.get(params["applicationName"], {}))
    shown, token = page(names, 100, params.get("nextToken"), refusal=INVALID_TOKEN)
    return {"applicationName": params["applicationName"], "deploymentGroups": shown, "nextToken": token}


@answers("codedeploy", "UpdateDeploymentGroup", moto="has no such operation")
def deployment_groups_can_change(request: Request) -> dict[str, Any]:
    """UpdateDeploymentGroup changes what it names and keeps the rest; a name that is taken is refused.

    Source: botocore codedeploy UpdateDeploymentGroupInput.
    """
    params, backend = request.params, request.backend("codedeploy")
    application, name = params["applicationName"], params["currentDeploymentGroupName"]
    group: Any = backend.get_deployment_group(application, name)
    new = params.get("newDeploymentGroupName")
    if new and new != name:
        if new in backend.deployment_groups[application]:
            raise Refusal("DeploymentGroupAlreadyExistsException", f"Deployment group name already in use: {new}")
        backend.deployment_groups[application][new] = backend.deployment_groups[application].pop(name)
        group.deployment_group_name = new
        for deployment in backend.deployments.values():
            if deployment.deployment_group is group:
                deployment.deployment_group_name = new
    for member, attribute in _CHANGEABLE.items():
        if params.get(member) is not None:
            setattr(group, attribute, params[member])
    launch_hooks_are_installed(backend, group)
    return {"hooksNotCleanedUp": []}


@answers("codedeploy", "DeleteDeploymentGroup", moto="has no such operation")
def deployment_groups_can_be_deleted(request: Request) -> dict[str, Any]:
    """DeleteDeploymentGroup takes the launch hooks out of the Auto Scaling groups; deleting twice is no error.

    Source: botocore codedeploy DeleteDeploymentGroupOutput, member hooksNotCleanedUp.
    """
    params, backend = request.params, request.backend("codedeploy")
    group: Any = backend.deployment_groups.get(params["applicationName"], {}).pop(params["deploymentGroupName"], None)
    if group is not None:
        group.auto_scaling_groups = []
        launch_hooks_are_installed(backend, group)
    return {"hooksNotCleanedUp": []}


@answers("codedeploy", "DeleteApplication", moto="has no such operation")
def applications_can_be_deleted(request: Request) -> None:
    """DeleteApplication deletes an application with its deployment groups.

    Source: botocore codedeploy DeleteApplication.
    """
    name, backend = request.params["applicationName"], request.backend("codedeploy")
    for group in backend.deployment_groups.pop(name, {}).values():
        group.auto_scaling_groups = []
        launch_hooks_are_installed(backend, group)
    backend.applications.pop(name, None)


@answers("codedeploy", "UpdateApplication", moto="has no such operation")
def applications_can_be_renamed(request: Request) -> None:
    """UpdateApplication gives an application another name, which its groups and deployments follow; a name that is
    taken is refused.

    Source: botocore codedeploy UpdateApplicationInput, error ApplicationAlreadyExistsException.
    """
    params, backend = request.params, request.backend("codedeploy")
    name, new = params.get("applicationName"), params.get("newApplicationName")
    if not name or not new:
        raise Refusal("ApplicationNameRequiredException", "Application name was not specified")
    application = backend.get_application(name)
    if new in backend.applications:
        raise Refusal("ApplicationAlreadyExistsException", f"Application already exists with name: {new}")
    application.application_name = new
    backend.applications[new] = backend.applications.pop(name)
    backend.deployment_groups[new] = backend.deployment_groups.pop(name, {})
    for deployment in backend.deployments.values():
        if deployment.application_name == name:
            deployment.application_name = new


def _described(backend: Any, group: Any) -> dict[str, Any]:
    every, good = of_whole_group(backend, group), last_good(backend, group)
    found = {
        "applicationName": group.application.application_name,
        "deploymentGroupId": group.deployment_group_id,
        "deploymentGroupName": group.deployment_group_name,
        "deploymentConfigName": str(group.deployment_config_name),
        "ec2TagFilters": group.ec2_tag_filters,
        "onPremisesInstanceTagFilters": group.on_premises_instance_tag_filters,
        "autoScalingGroups": [_scaling_group(group, str(name)) for name in group.auto_scaling_groups or []],
        "serviceRoleArn": group.service_role_arn,
        "targetRevision": every[0].revision if every else None,
        "triggerConfigurations": group.trigger_configurations,
        "alarmConfiguration": group.alarm_configuration,
        "autoRollbackConfiguration": group.auto_rollback_configuration or {"enabled": False},
        "deploymentStyle": group.deployment_style
        or {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"},
        "outdatedInstancesStrategy": group.outdated_instances_strategy or "UPDATE",
        "blueGreenDeploymentConfiguration": group.blue_green_deployment_configuration or None,
        "loadBalancerInfo": group.load_balancer_info or None,
        "lastSuccessfulDeployment": last_deployment(good),
        "lastAttemptedDeployment": last_deployment(every[0] if every else None),
        "ec2TagSet": group.ec2_tag_set or None,
        "computePlatform": group.application.compute_platform or "Server",
        "terminationHookEnabled": bool(group.termination_hook_enabled),
        "ec2DeploymentOptions": getattr(group, "udo_options", None),
    }
    return {key: value for key, value in found.items() if value is not None}


def _scaling_group(group: Any, name: str) -> dict[str, Any]:
    hooks = {"hook": group.udo_hooks.get(name), "terminationHook": group.udo_termination_hooks.get(name)}
    return {"name": name, **{key: hook for key, hook in hooks.items() if hook}}
