"""What a group may be set to: sizes, health checks, termination policies, lifetimes and its protection."""

from __future__ import annotations

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.activities import history
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.rules import Refusal, Request, refuses

_GROUPS = ("CreateAutoScalingGroup", "UpdateAutoScalingGroup")
_HEALTH_CHECKS = ("EC2", "EBS", "ELB", "VPC_LATTICE")
TERMINATION = (
    "AllocationStrategy",
    "ClosestToNextInstanceHour",
    "Default",
    "NewestInstance",
    "OldestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
)
_DAY = 86_400


@refuses("autoscaling", *_GROUPS, moto="accepts negative sizes")
def sizes_are_not_negative(request: Request) -> None:
    """MinSize, MaxSize and DesiredCapacity are 0 or more.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html.
    """
    for name in ("MinSize", "MaxSize", "DesiredCapacity"):
        if int(request.params.get(name) or 0) < 0:
            raise Refusal("ValidationError", f"{name} must be greater than or equal to 0: {request.params[name]}")


@refuses("autoscaling", *_GROUPS, moto="accepts any text")
def health_checks_exist(request: Request) -> None:
    """HealthCheckType is a list of EC2, EBS, ELB and VPC_LATTICE, separated by commas.

    Source: botocore autoscaling CreateAutoScalingGroupType, member HealthCheckType.
    """
    for kind in (request.params.get("HealthCheckType") or "EC2").split(","):
        if kind.strip() not in _HEALTH_CHECKS:
            known = ", ".join(_HEALTH_CHECKS)
            raise Refusal("ValidationError", f"{kind.strip()} is not a valid health check type: [{known}]")


@refuses("autoscaling", *_GROUPS, moto="accepts any text")
def termination_policies_exist(request: Request) -> None:
    """TerminationPolicies are AWS's own names, or the ARN of a function.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html.
    """
    for policy in request.params.get("TerminationPolicies") or []:
        if policy not in TERMINATION and not policy.startswith("arn:"):
            raise Refusal("ValidationError", f"Termination policy {policy} is not valid: [{', '.join(TERMINATION)}]")


@refuses("autoscaling", *_GROUPS, moto="accepts any number")
def lifetimes_are_a_day_at_least(request: Request) -> None:
    """MaxInstanceLifetime is 0, which is none, or at least a day.

    Source: botocore autoscaling CreateAutoScalingGroupType, member MaxInstanceLifetime.
    """
    seconds = int(request.params.get("MaxInstanceLifetime") or 0)
    if seconds and seconds < _DAY:
        raise Refusal("ValidationError", f"MaxInstanceLifetime must be 0 or at least {_DAY} seconds: {seconds}")


@refuses("autoscaling", *_GROUPS, moto="accepts any, or ignores them")
def maintenance_policies_have_both_bounds(request: Request) -> None:
    """An InstanceMaintenancePolicy has both bounds, at most 100 from each other, or -1 for both.

    Source: botocore autoscaling shape InstanceMaintenancePolicy.
    """
    policy = request.params.get("InstanceMaintenancePolicy")
    if policy is None:
        return
    low, high = (policy.get(name) for name in ("MinHealthyPercentage", "MaxHealthyPercentage"))
    if low is None or high is None or (int(low) == -1) != (int(high) == -1):
        told = "Both MinHealthyPercentage and MaxHealthyPercentage must be specified in InstanceMaintenancePolicy"
        raise Refusal("ValidationError", told)
    if int(low) != -1 and not (100 <= int(high) <= 200 and 0 <= int(low) <= 100 and int(high) - int(low) <= 100):
        raise Refusal("ValidationError", f"InstanceMaintenancePolicy of {low} and {high} is not valid")


@refuses("autoscaling", "DeleteAutoScalingGroup", moto="knows no such protection")
def protected_groups_are_not_deleted(request: Request) -> None:
    """A group whose DeletionProtection is prevent-all-deletion is not deleted, one with prevent-force-deletion not by
    force.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/resource-deletion-protection.html.
    """
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    level = getattr(group, "deletion_protection", None)
    if level == "prevent-all-deletion" or (level == "prevent-force-deletion" and request.params.get("ForceDelete")):
        raise Refusal(
            "ValidationError",
            f"AutoScalingGroup {group.name} cannot be deleted: its deletion protection is {level}",
        )


@refuses("autoscaling", "SetDesiredCapacity", moto="ignores HonorCooldown")
def cooldowns_are_honoured(request: Request) -> None:
    """With HonorCooldown a group that scaled less than its cooldown ago refuses: ScalingActivityInProgress.

    Source: botocore autoscaling SetDesiredCapacityType, member HonorCooldown, and ScalingActivityInProgressFault.
    """
    if not request.params.get("HonorCooldown"):
        return
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    last = next(
        (one for one in history(request.backend("autoscaling")) if one["AutoScalingGroupName"] == group.name), None
    )
    if last and (moment.utcnow() - last["StartTime"]).total_seconds() < int(group.default_cooldown):
        raise Refusal(
            "ScalingActivityInProgress",
            f"Scaling activity {last['ActivityId']} is in progress and blocks this action",
        )
