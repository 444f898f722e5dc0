"""Creating, changing, describing and deleting Auto Scaling groups, by AWS's rules."""

from __future__ import annotations

import copy
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from udo.sandbox.strict import limits, moment
from udo.sandbox.strict.autoscaling import lifecycle_hooks
from udo.sandbox.strict.autoscaling.activities import activities_of_deleted_groups_are_apart
from udo.sandbox.strict.autoscaling.capacity import reconcile, retire
from udo.sandbox.strict.autoscaling.groups_known import known_group, known_member
from udo.sandbox.strict.autoscaling.operators import keep_operator
from udo.sandbox.strict.autoscaling.policy_alarms import alarms_of_deleted_policies_lose_their_action
from udo.sandbox.strict.autoscaling.traffic_sources import attach_lattice
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, replaces, rule

# Request member -> attribute moto describes a group by; moto's own update ignores all of them.
_CARRIED = {
    "DefaultCooldown": "default_cooldown",
    "PlacementGroup": "placement_group",
    "TerminationPolicies": "termination_policies",
    "CapacityRebalance": "capacity_rebalance",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "Context": "context",
    "DesiredCapacityType": "desired_capacity_type",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "DeletionProtection": "deletion_protection",
    "AvailabilityZoneDistribution": "availability_zone_distribution",
    "CapacityReservationSpecification": "capacity_reservation_specification",
    "InstanceLifecyclePolicy": "instance_lifecycle_policy",
}


_CLEARED = {"PlacementGroup": "", "MaxInstanceLifetime": "0", "DefaultInstanceWarmup": "-1"}


@refuses("autoscaling", "CreateAutoScalingGroup", moto="overwrites the group and leaves its instances running")
def group_names_are_unique(request: Request) -> None:
    """Creating a group under a name that is taken is AlreadyExists.

    Source: botocore autoscaling CreateAutoScalingGroup, error AlreadyExistsFault.
    """
    name = request.params["AutoScalingGroupName"]
    if name in request.backend("autoscaling").autoscaling_groups:
        raise Refusal(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group with the name {name} already exists",
        )


@refuses("autoscaling", "CreateAutoScalingGroup", moto="accepts any name")
def group_names_are_short_and_without_colon(request: Request) -> None:
    """A group's name has at most 255 characters and no colon.

    Source: botocore autoscaling CreateAutoScalingGroupType, member AutoScalingGroupName.
    """
    name = request.params["AutoScalingGroupName"]
    limits.at_most_255(name, "autoScalingGroupName")
    if ":" in name:
        raise Refusal("ValidationError", f"The name {name} is not valid: a group's name cannot contain a colon")


@refuses("autoscaling", "CreateAutoScalingGroup", moto="has no quota")
def groups_are_limited(request: Request) -> None:
    """An account holds 500 groups in a region; the next one is LimitExceeded.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html.
    """
    if len(request.backend("autoscaling").autoscaling_groups) >= limits.quotas.groups:
        raise Refusal(
            "LimitExceeded", "AutoScalingGroup limit exceeded - You have already reached your quota of groups"
        )


@refuses("autoscaling", "CreateAutoScalingGroup", "UpdateAutoScalingGroup", moto="accepts a minimum above the maximum")
def minimum_is_not_above_maximum(request: Request) -> None:
    """MinSize must not be above MaxSize, counting what the request leaves as it is.

    Source: botocore autoscaling CreateAutoScalingGroupType, members MinSize and MaxSize.
    """
    low, high, _ = _sizes(request)
    if low > high:
        raise Refusal("ValidationError", f"Max bound, {high}, must be greater than or equal to min bound, {low}")


@refuses("autoscaling", "CreateAutoScalingGroup", "UpdateAutoScalingGroup", moto="accepts any desired capacity")
def desired_capacity_is_between_minimum_and_maximum(request: Request) -> None:
    """A DesiredCapacity that is named must lie between MinSize and MaxSize.

    Source: botocore autoscaling CreateAutoScalingGroupType, member DesiredCapacity.
    """
    low, high, desired = _sizes(request)
    if desired is not None and not low <= desired <= high:
        raise Refusal(
            "ValidationError",
            f"Desired capacity:{desired} must be between the specified min size:{low} and max size:{high}",
        )


def _sizes(request: Request) -> tuple[int, int, int | None]:
    params = request.params
    group: Any = request.backend("autoscaling").autoscaling_groups.get(params["AutoScalingGroupName"])
    low = params.get("MinSize", group.min_size if group else 0)
    high = params.get("MaxSize", group.max_size if group else 0)
    desired = params.get("DesiredCapacity")
    return int(low), int(high), None if desired is None else int(desired)


@refuses("autoscaling", "SetDesiredCapacity", moto="accepts any number")
def set_desired_capacity_keeps_the_bounds(request: Request) -> None:
    """SetDesiredCapacity outside MinSize and MaxSize is ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-manually.html.
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    value = int(request.params["DesiredCapacity"])
    text = f"New SetDesiredCapacity value {value} is"
    if value > group.max_size:
        raise Refusal("ValidationError", f"{text} above max value {group.max_size} for the AutoScalingGroup.")
    if value < group.min_size:
        raise Refusal("ValidationError", f"{text} below min value {group.min_size} for the AutoScalingGroup.")


@answers("autoscaling", "CreateAutoScalingGroup")
def create_auto_scaling_group(request: Request) -> None:
    backend, name = request.backend("autoscaling"), request.params["AutoScalingGroupName"]
    lifecycle_hooks.keep(backend, name, request.params.get("LifecycleHookSpecificationList") or [])
    try:
        request.moto()
    except Exception:
        lifecycle_hooks.forget(backend, name)
        raise
    group: Any = backend.autoscaling_groups[name]
    group.created_time = moment.utcnow()
    group.health_check_grace_period = 0
    update_takes_over_every_property(group, request.params)
    attach_lattice(request, group)
    keep_operator(request, group)


@answers("autoscaling", "UpdateAutoScalingGroup")
def update_auto_scaling_group(request: Request) -> None:
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    update_takes_over_every_property(group, request.params)
    request.moto()


@rule("autoscaling", "UpdateAutoScalingGroup", moto="ignores fourteen of them without a word")
def update_takes_over_every_property(group: Any, params: dict[str, Any]) -> None:
    """Cooldown, termination policies, maximum lifetime, warmup and the like are kept and described.

    Source: botocore autoscaling UpdateAutoScalingGroupType and AutoScalingGroup.
    """
    for member, attribute in _CARRIED.items():
        if params.get(member) is not None:
            setattr(group, attribute, values_may_clear(member, params[member]))


@rule("autoscaling", "UpdateAutoScalingGroup", moto="keeps them as they are sent, or ignores them")
def values_may_clear(member: str, value: Any) -> Any:
    """An empty PlacementGroup, a MaxInstanceLifetime of 0, a DefaultInstanceWarmup of -1 and an
    InstanceMaintenancePolicy of -1 and -1 take away what was set, which is described no more.

    Source: botocore autoscaling UpdateAutoScalingGroupType and InstanceMaintenancePolicy, documentation of the members.
    """
    if member == "InstanceMaintenancePolicy":
        return None if {int(one) for one in value.values()} == {-1} else value
    return None if member in _CLEARED and str(value) == _CLEARED[member] else value


@replaces(FakeAutoScalingGroup, "update")
def update(
    group: Any,
    availability_zones: list[str],
    desired_capacity: int | None,
    max_size: int | None,
    min_size: int | None,
    launch_config_name: str,
    launch_template: dict[str, Any],
    vpc_zone_identifier: str,
    health_check_period: int | None,
    health_check_type: str | None,
    new_instances_protected_from_scale_in: bool | None = None,
    mixed_instances_policy: dict[str, Any] | None = None,
) -> None:
    """Takes over what the request names, and brings the members to the sizes."""
    group._set_azs_and_vpcs(availability_zones, vpc_zone_identifier, update=True)
    group._set_launch_configuration(launch_config_name, launch_template, mixed_instances_policy=mixed_instances_policy)
    group.max_size = group.max_size if max_size is None else max_size
    group.min_size = group.min_size if min_size is None else min_size
    if health_check_type is not None:
        group.health_check_type = health_check_type
    if new_instances_protected_from_scale_in is not None:
        group.new_instances_protected_from_scale_in = new_instances_protected_from_scale_in
    before = group.desired_capacity
    wanted = before if desired_capacity is None else desired_capacity
    group.desired_capacity = max(group.min_size, min(group.max_size, wanted))
    reason = (
        f"At {moment.text()} a user request update of AutoScalingGroup constraints to min: {group.min_size}, "
        f"max: {group.max_size}, desired: {group.desired_capacity} changing the desired capacity from {before} to "
        f"{group.desired_capacity}."
    )
    reconcile(group, reason)


@refuses("autoscaling", "DeleteAutoScalingGroup", moto="ignores ForceDelete and deletes the instances too")
def groups_with_instances_are_not_deleted(request: Request) -> None:
    """Deleting a group that has instances, without ForceDelete, is ResourceInUse.

    Source: botocore autoscaling DeleteAutoScalingGroup, error ResourceInUseFault.
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    if group.instance_states and not request.params.get("ForceDelete"):
        raise Refusal(
            "ResourceInUse",
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group.",
        )


@answers("autoscaling", "DeleteAutoScalingGroup", moto="leaves its policies, hooks and scheduled actions behind")
def deleting_a_group_deletes_what_is_its_own(request: Request) -> None:
    """Policies, scheduled actions and lifecycle hooks go with their group; while instances terminate it has a Status.

    Source: botocore autoscaling DeleteAutoScalingGroup (documentation) and AutoScalingGroup, member Status.
    """
    backend = request.backend("autoscaling")
    delete_group(backend, known_group(backend, request.params["AutoScalingGroupName"]))


def delete_group(backend: Any, group: Any) -> None:
    """Deletes a group with what is its own, as ForceDelete does."""
    group.desired_capacity = group.min_size = group.max_size = 0
    for member in list(group.instance_states):
        cause = f"At {moment.text()} a user request force deleted AutoScalingGroup {group.name}."
        retire(group, member, cause, hooks=False)
    group.status = "Delete in progress"
    if not group.instance_states:
        backend.autoscaling_groups.pop(group.name)
    for policy in backend.policies.values():
        if policy.auto_scaling_group_name == group.name:
            alarms_of_deleted_policies_lose_their_action(policy)
    activities_of_deleted_groups_are_apart(backend, group.name)
    for kept in (backend.policies, backend.scheduled_actions, backend.lifecycle_hooks):
        for key in [key for key, one in kept.items() if one.auto_scaling_group_name == group.name]:
            kept.pop(key)


@refuses("autoscaling", "UpdateAutoScalingGroup", "SetDesiredCapacity", moto="has no such state")
def groups_being_deleted_are_left_alone(request: Request) -> None:
    """A group whose deletion is in progress refuses changes: ScalingActivityInProgress.

    Source: botocore autoscaling UpdateAutoScalingGroup, error ScalingActivityInProgressFault.
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    if getattr(group, "status", None):
        raise Refusal("ScalingActivityInProgress", f"AutoScalingGroup {group.name} is being deleted")


@answers("autoscaling", "DescribeAutoScalingGroups", moto="gives full pages, crashes on MaxRecords above 100")
def groups_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeAutoScalingGroups gives 50 a page by default and 100 at most, sometimes fewer; unknown names drop out.

    Source: botocore autoscaling AutoScalingGroupNamesType, members MaxRecords and AutoScalingGroupNames.
    """
    params = request.params
    size = limit(params, "MaxRecords", default=50, maximum=100)
    filters = params.get("Filters") or []
    unknown_group_filters_are_refused(filters)
    found = request.backend("autoscaling").describe_auto_scaling_groups(
        params.get("AutoScalingGroupNames") or [], filters=filters
    )
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    if params.get("IncludeInstances") is False:
        shown = [members_are_left_out_if_asked(group) for group in shown]
    return {"AutoScalingGroups": shown, "NextToken": token}


@rule("autoscaling", "DescribeAutoScalingGroups", moto="ignores IncludeInstances")
def members_are_left_out_if_asked(group: Any) -> Any:
    """With IncludeInstances false groups are described without their instances.

    Source: botocore autoscaling AutoScalingGroupNamesType, member IncludeInstances.
    """
    shown = copy.copy(group)
    shown.instance_states = []
    return shown


@rule("autoscaling", "DescribeAutoScalingGroups", moto="ignores them")
def unknown_group_filters_are_refused(filters: list[dict[str, Any]]) -> None:
    """Groups are filtered by tag-key, tag-value and tag:<key>; any other filter is ValidationError.

    Source: botocore autoscaling shape Filter.
    """
    for one in filters:
        name = one.get("Name", "")
        if name not in ("tag-key", "tag-value") and not name.startswith("tag:"):
            raise Refusal(
                "ValidationError",
                f"Filter type {name} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>",
            )


@answers("autoscaling", "DescribeAutoScalingInstances", moto="ignores MaxRecords and gives everything at once")
def members_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeAutoScalingInstances gives 50 a page at most; unknown ids drop out.

    Source: botocore autoscaling DescribeAutoScalingInstancesType, members MaxRecords and InstanceIds.
    """
    params = request.params
    size = limit(params, "MaxRecords", default=50, maximum=50)
    ids = params.get("InstanceIds") or []
    if len(ids) > 50:
        raise Refusal("ValidationError", "The number of instance ids that may be passed in is limited to 50")
    found = request.backend("autoscaling").describe_auto_scaling_instances(ids)
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"AutoScalingInstances": shown, "NextToken": token}


@refuses("autoscaling", "TerminateInstanceInAutoScalingGroup", moto="goes below the minimum")
def terminating_keeps_the_minimum(request: Request) -> None:
    """Terminating a member and lowering the desired capacity below MinSize is ValidationError.

    Source: botocore autoscaling TerminateInstanceInAutoScalingGroupType, member ShouldDecrementDesiredCapacity.
    """
    group, _ = known_member(request.backend("autoscaling"), request.params["InstanceId"])
    if request.params.get("ShouldDecrementDesiredCapacity") and group.desired_capacity <= group.min_size:
        raise Refusal(
            "ValidationError",
            f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without replacement will "
            "violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower "
            "group's min size.",
        )


@answers("autoscaling", "TerminateInstanceInAutoScalingGroup", moto="is done before it answers")
def terminating_is_only_a_request(request: Request) -> dict[str, Any]:
    """The answer is an activity in progress; the member is Terminating, is replaced, and goes with time.

    Source: docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html.
    """
    group, member = known_member(request.backend("autoscaling"), request.params["InstanceId"])
    cause = f"At {moment.text()} instance {member.instance_id} was taken out of service in response to a user request"
    if request.params.get("ShouldDecrementDesiredCapacity"):
        before, group.desired_capacity = group.desired_capacity, group.desired_capacity - 1
        cause += f", shrinking the capacity from {before} to {group.desired_capacity}"
    asked = dict(retire(group, member, cause + "."), StatusCode="InProgress", Progress=0)
    asked.pop("EndTime", None)
    reconcile(group, "")
    return {"Activity": asked}


@refuses("autoscaling", "SetInstanceHealth", moto="crashes (HTTP 500)")
def health_is_healthy_or_unhealthy(request: Request) -> None:
    """SetInstanceHealth takes Healthy or Unhealthy; anything else is ValidationError.

    Source: botocore autoscaling SetInstanceHealthQuery, member HealthStatus.
    """
    status = request.params["HealthStatus"]
    if status not in ("Healthy", "Unhealthy"):
        raise Refusal("ValidationError", f"Valid instance health states are: [Healthy, Unhealthy]. Got {status}.")
