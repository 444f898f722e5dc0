"""The two fleets of a blue/green deployment: instances that serve, and those that CodeDeploy makes in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.capacity import retire
from udo.sandbox.strict.autoscaling.groups import delete_group
from udo.sandbox.strict.autoscaling.processes import suspended_processes, suspensions_tell_when
from udo.sandbox.strict.codedeploy.blue_green import Fleets
from udo.sandbox.strict.codedeploy.launch import launch_hooks_are_installed
from udo.sandbox.strict.rules import rule

# What CodeDeploy keeps from a fleet that it is making.
_QUIET = ("AddToLoadBalancer", "AlarmNotification", "ScheduledActions")


def fleets_of(backend: Any, deployment: Any, members: Callable[[Any], list[str]]) -> Fleets:
    """The fleets of a blue/green deployment; `members` finds the instances of what names groups and tags."""
    group = deployment.deployment_group
    settings = group.blue_green_deployment_configuration or {}
    copies = (settings.get("greenFleetProvisioningOption") or {}).get("action") == "COPY_AUTO_SCALING_GROUP"
    autoscaling = autoscaling_backends[backend.account_id][backend.region_name]

    def green() -> list[str] | None:
        if not copies:
            return members(deployment.target_instances or {})
        known = autoscaling.autoscaling_groups.get(name_of(deployment))
        states = known.instance_states if known else []
        there = [one.instance_id for one in states if one.lifecycle_state == "InService"]
        return there if known is None or len(there) >= (known.desired_capacity or 0) else None

    def provision() -> None:
        if copies and name_of(deployment) not in autoscaling.autoscaling_groups:
            deployment.udo_blue_group = (group.auto_scaling_groups or [""])[0]
            replacements_are_copied(autoscaling, deployment.udo_blue_group, deployment)

    def blue() -> list[str]:
        return [one for one in members(group) if one not in (green() or [])]

    def shift() -> None:
        deployment.udo_blue = blue()
        if copies:
            group.auto_scaling_groups = [name_of(deployment)]
            for one in _QUIET:
                suspended_processes(autoscaling.autoscaling_groups[name_of(deployment)]).pop(one, None)
            launch_hooks_are_installed(backend, group)

    def end() -> None:
        originals_are_terminated(autoscaling, deployment)

    return Fleets(provision, green, blue, shift, end)


def name_of(deployment: Any) -> str:
    """What CodeDeploy calls the Auto Scaling group that it makes for a deployment."""
    return f"CodeDeploy_{deployment.deployment_group_name}_{deployment.deployment_id}"


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def replacements_are_copied(autoscaling: Any, source_name: str, deployment: Any) -> None:
    """COPY_AUTO_SCALING_GROUP makes a group CodeDeploy_GROUP_DEPLOYMENT with the launch data, sizes and tags of the
    original, marked with CodeDeployProvisioningDeploymentId; some of its processes are suspended meanwhile.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/integrations-aws-auto-scaling.html (how CodeDeploy names
    groups); CloudTrail events of such a deployment in a public repository.
    """
    source = autoscaling.autoscaling_groups.get(source_name)
    if source is None:
        return
    mark = {
        "Key": "CodeDeployProvisioningDeploymentId",
        "Value": deployment.deployment_id,
        "PropagateAtLaunch": "false",
    }
    kept = [{**tag, "ResourceId": name_of(deployment)} for tag in source.tags if tag["Key"] != mark["Key"]]
    mark |= {"ResourceId": name_of(deployment), "ResourceType": "auto-scaling-group"}
    made = autoscaling.create_auto_scaling_group(
        name=name_of(deployment),
        availability_zones=list(source.availability_zones),
        desired_capacity=0,
        max_size=source.max_size,
        min_size=0,
        vpc_zone_identifier=source.vpc_zone_identifier,
        default_cooldown=source.default_cooldown,
        health_check_period=source.health_check_grace_period,
        health_check_type=source.health_check_type,
        load_balancers=list(source.load_balancer_names or []),
        target_group_arns=list(source.target_group_arns or []),
        placement_group=source.placement_group,
        termination_policies=list(source.termination_policies or []),
        tags=[*kept, mark],
        **_launch(source),
    )
    made.created_time = moment.utcnow()
    suspended_processes(made).update(dict.fromkeys(_QUIET, suspensions_tell_when()))
    made.min_size = source.min_size
    made.set_desired_capacity(source.desired_capacity)


def _launch(source: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"launch_config_name": None, "launch_template": {}, "mixed_instances_policy": None}
    if source.mixed_instances_policy:
        asked["mixed_instances_policy"] = source.mixed_instances_policy
    elif source.ec2_launch_template is not None:
        version = source.launch_template_version
        asked["launch_template"] = {"LaunchTemplateId": source.ec2_launch_template.id, "Version": version}
    else:
        asked["launch_config_name"] = source.launch_config.name
    return asked


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def originals_are_terminated(autoscaling: Any, deployment: Any) -> None:
    """With the action TERMINATE the original instances go once the replacement serves, a copied group's with the group.

    Source: botocore codedeploy BlueInstanceTerminationOption; CloudTrail events of such a deployment in a public
    repository (DeleteAutoScalingGroup with forceDelete).
    """
    original = autoscaling.autoscaling_groups.get(getattr(deployment, "udo_blue_group", None))
    if original is not None:
        delete_group(autoscaling, original)
        return
    gone = set(getattr(deployment, "udo_blue", []))
    for one in list(autoscaling.autoscaling_groups.values()):
        for member in [member for member in one.instance_states if member.instance_id in gone]:
            gone.discard(member.instance_id)
            retire(one, member, f"At {moment.text()} an instance was terminated after a blue/green deployment.")
    if gone:
        from moto.ec2.models import ec2_backends

        ec2_backends[autoscaling.account_id][autoscaling.region_name].terminate_instances(sorted(gone))
