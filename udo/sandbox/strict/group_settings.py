"""What a group may be set to: health checks, termination policies, lifetimes, tags and its protection."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict import limits, moment
from udo.sandbox.strict.activities import history
from udo.sandbox.strict.groups_known import known_group
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses

_GROUPS = ("CreateAutoScalingGroup", "UpdateAutoScalingGroup")
_HEALTH_CHECKS = ("EC2", "EBS", "ELB", "VPC_LATTICE")
_TERMINATION = (
    "AllocationStrategy",
    "ClosestToNextInstanceHour",
    "Default",
    "NewestInstance",
    "OldestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
)
_DAY = 86_400
_MOST_TAGS = 50
# Filter of DescribeTags -> member of a tag.
_TAG_FILTERS = {
    "auto-scaling-group": "ResourceId",
    "key": "Key",
    "propagate-at-launch": "PropagateAtLaunch",
    "value": "Value",
}


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
        if policy not in _TERMINATION and not policy.startswith("arn:"):
            raise Refusal("ValidationError", f"Termination policy {policy} is not valid: [{', '.join(_TERMINATION)}]")


@refuses("autoscaling", *_GROUPS, moto="accepts any number")
def lifetimes_are_a_day_at_least(request: Request) -> None:
    """MaxInstanceLifetime is 0, which is none, or at least a day.

    Source: botocore autoscaling CreateAutoScalingGroupType, member MaxInstanceLifetime.
    """
    seconds = int(request.params.get("MaxInstanceLifetime") or 0)
    if seconds and seconds < _DAY:
        raise Refusal("ValidationError", f"MaxInstanceLifetime must be 0 or at least {_DAY} seconds: {seconds}")


@refuses("autoscaling", "CreateAutoScalingGroup", "CreateOrUpdateTags", moto="accepts any number, and AWS's own keys")
def tags_are_few_and_ones_own(request: Request) -> None:
    """A group has at most 50 tags, each key once in a request, and none of AWS's own (aws:) but those of a stack.

    CloudFormation itself sets those on AWS; here there is none, and whoever tries what Udo says of it sets them.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html (tag restrictions).
    """
    params = request.params
    tags = params.get("Tags") or []
    reserved = (tag["Key"] for tag in tags if tag["Key"].lower().startswith("aws:"))
    if wrong := next((key for key in reserved if not key.startswith("aws:cloudformation:")), None):
        raise Refusal("ValidationError", f"Tag keys cannot begin with the prefix aws: {wrong}")
    created = params.get("AutoScalingGroupName")
    named: dict[str, set[str]] = {}
    for tag in tags:
        keys = named.setdefault(created or tag.get("ResourceId") or "", set())
        if tag["Key"] in keys:
            raise Refusal("ValidationError", f"Duplicate keys in the request: {tag['Key']}")
        keys.add(tag["Key"])
    for group, keys in named.items():
        known: Any = request.autoscaling.autoscaling_groups.get(group)
        if len(keys | {tag["Key"] for tag in known.tags} if known else keys) > _MOST_TAGS:
            raise Refusal("ValidationError", f"The number of tags of {group} is limited to {_MOST_TAGS}")


@answers("autoscaling", "DescribeTags", moto="ignores MaxRecords and filters it does not know")
def tags_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeTags gives 50 a page by default and 100 at most, filtered by group, key, value and propagation.

    Source: botocore autoscaling DescribeTagsType and Filter.
    """
    params = request.params
    size = limit(params, "MaxRecords", default=50, maximum=100)
    found = [tag for group in request.autoscaling.autoscaling_groups.values() for tag in group.tags]
    for one in params.get("Filters") or []:
        member = _TAG_FILTERS.get(one.get("Name", ""))
        if member is None:
            raise Refusal(
                "ValidationError",
                f"Filter type {one.get('Name')} is not correct. Allowed Filter types are: {', '.join(_TAG_FILTERS)}",
            )
        values = [value.lower() if member == "PropagateAtLaunch" else value for value in one.get("Values") or []]
        found = [tag for tag in found if _text(tag.get(member, "")) in values]
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"Tags": shown, "NextToken": token}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@refuses("autoscaling", "DeleteAutoScalingGroup", moto="knows no such protection")
def protected_groups_are_not_deleted(request: Request) -> None:
    """A group whose DeletionProtection is prevent-all-deletion is not deleted, one with prevent-force-deletion not by
    force.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/resource-deletion-protection.html.
    """
    group = known_group(request.autoscaling, request.params["AutoScalingGroupName"])
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
    group = known_group(request.autoscaling, request.params["AutoScalingGroupName"])
    last = next((one for one in history(request.autoscaling) if one["AutoScalingGroupName"] == group.name), None)
    if last and (moment.utcnow() - last["StartTime"]).total_seconds() < int(group.default_cooldown):
        raise Refusal(
            "ScalingActivityInProgress",
            f"Scaling activity {last['ActivityId']} is in progress and blocks this action",
        )
