"""Finds groups and their members, or refuses with AWS's words."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.rules import Refusal, Request, refuses

NAMING_A_GROUP = (
    "AttachInstances",
    "AttachLoadBalancerTargetGroups",
    "AttachLoadBalancers",
    "AttachTrafficSources",
    "BatchDeleteScheduledAction",
    "BatchPutScheduledUpdateGroupAction",
    "CancelInstanceRefresh",
    "CompleteLifecycleAction",
    "DeleteAutoScalingGroup",
    "DeleteLifecycleHook",
    "DeleteNotificationConfiguration",
    "DeleteScheduledAction",
    "DeleteWarmPool",
    "DescribeInstanceRefreshes",
    "DescribeLifecycleHooks",
    "DescribeLoadBalancerTargetGroups",
    "DescribeLoadBalancers",
    "DescribeTrafficSources",
    "DescribeWarmPool",
    "DetachInstances",
    "DetachLoadBalancerTargetGroups",
    "DetachLoadBalancers",
    "DetachTrafficSources",
    "DisableMetricsCollection",
    "EnableMetricsCollection",
    "EnterStandby",
    "ExitStandby",
    "PutLifecycleHook",
    "PutNotificationConfiguration",
    "PutScalingPolicy",
    "PutScheduledUpdateGroupAction",
    "PutWarmPool",
    "RecordLifecycleActionHeartbeat",
    "ResumeProcesses",
    "RollbackInstanceRefresh",
    "SetDesiredCapacity",
    "SetInstanceProtection",
    "StartInstanceRefresh",
    "SuspendProcesses",
    "UpdateAutoScalingGroup",
)
_AT_ONCE = {
    "AttachInstances": 20,
    "DetachInstances": 20,
    "EnterStandby": 20,
    "ExitStandby": 20,
    "SetInstanceProtection": 50,
}
_NAMING_MEMBERS = ("DetachInstances", "EnterStandby", "ExitStandby", "SetInstanceProtection")


def known_group(backend: Any, name: str) -> Any:
    """The group of this name, or AWS's ValidationError."""
    group = backend.autoscaling_groups.get(name)
    if group is None:
        raise Refusal("ValidationError", f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return group


def known_member(backend: Any, instance_id: str) -> tuple[Any, Any]:
    """The group that holds an instance and its member there, or AWS's ValidationError."""
    for group in backend.autoscaling_groups.values():
        for member in group.instance_states:
            if member.instance_id == instance_id:
                return group, member
    raise Refusal(
        "ValidationError", f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
    )


@refuses("autoscaling", *NAMING_A_GROUP, moto="crashes on most of them (HTTP 500)")
def unknown_groups_are_refused(request: Request) -> None:
    """Naming a group that does not exist is ValidationError, in every operation on one group.

    Source: docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html; moto's test_update_unknown_group, which
    is verified on AWS.
    """
    name = request.params["AutoScalingGroupName"]
    if (
        request.response._get_action() == "UpdateAutoScalingGroup"
        and name not in request.backend("autoscaling").autoscaling_groups
    ):
        # moto's own test of this operation, verified on AWS, has these words.
        raise Refusal("ValidationError", "AutoScalingGroup name not found - null")
    known_group(request.backend("autoscaling"), name)


@refuses("autoscaling", "DescribeAutoScalingGroups", "DescribeLaunchConfigurations", moto="accepts any number")
def no_more_names_than_records(request: Request) -> None:
    """A request names at most 50 groups or launch configurations, or MaxRecords of them where that is given.

    Source: botocore autoscaling AutoScalingGroupNamesType and LaunchConfigurationNamesType, documentation of the names.
    """
    params = request.params
    names = params.get("AutoScalingGroupNames") or params.get("LaunchConfigurationNames") or []
    most = int(params.get("MaxRecords") or 50)
    if len(names) > most:
        raise Refusal("ValidationError", f"The number of names that may be passed in is limited to {most}")


@refuses("autoscaling", "CreateOrUpdateTags", "DeleteTags", moto="crashes (HTTP 500)")
def tags_of_unknown_groups_are_refused(request: Request) -> None:
    """Tagging a group that does not exist is ValidationError, before any tag of the request is written.

    Source: botocore autoscaling shape Tag, member ResourceId.
    """
    for tag in request.params.get("Tags") or []:
        known_group(request.backend("autoscaling"), tag.get("ResourceId") or "")


@refuses("autoscaling", "TerminateInstanceInAutoScalingGroup", "SetInstanceHealth", moto="crashes (HTTP 500)")
def unknown_members_are_refused(request: Request) -> None:
    """Naming an instance that is in no group is ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html.
    """
    known_member(request.backend("autoscaling"), request.params["InstanceId"])


@refuses("autoscaling", *_AT_ONCE, moto="accepts any number")
def few_members_are_named_at_once(request: Request) -> None:
    """A request names at most 20 instances to attach, detach or move, and 50 to protect.

    Source: botocore autoscaling AttachInstances and SetInstanceProtection (documentation).
    """
    most = _AT_ONCE[request.response._get_action()]
    if len(request.params.get("InstanceIds") or []) > most:
        raise Refusal("ValidationError", f"The number of instance ids that may be passed in is limited to {most}")


@refuses("autoscaling", *_NAMING_MEMBERS, moto="ignores ids it does not know")
def instances_of_other_groups_are_refused(request: Request) -> None:
    """Instances named together with a group must be members of that group.

    Source: docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DetachInstances.html.
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    members = {member.instance_id for member in group.instance_states}
    for instance_id in request.params.get("InstanceIds") or []:
        if instance_id not in members:
            raise Refusal(
                "ValidationError",
                f"The instance {instance_id} is not part of Auto Scaling group {group.name}.",
            )
