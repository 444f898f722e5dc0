"""Scaling policies: they belong to their group, and are found by it."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeScalingPolicy
from moto.moto_api._internal import mock_random

from udo.sandbox.strict import limits
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.autoscaling.policy_alarms import (
    alarms_of_deleted_policies_lose_their_action,
    policies_show_their_alarms,
    target_tracking_has_alarms,
)
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, adds, answers, refuses, replaces, rule

ADJUSTMENTS = ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")
_KINDS = ("SimpleScaling", "StepScaling", "TargetTrackingScaling", "PredictiveScaling")
_METRICS = frozenset({"PredefinedMetricSpecification", "CustomizedMetricSpecification"})
Key = tuple[str, str]


@refuses("autoscaling", "PutScalingPolicy", moto="accepts a policy that could never scale")
def policies_say_how_to_scale(request: Request) -> None:
    """A simple or step policy names an adjustment type and its adjustments, a target tracking policy its target and one
    metric, predefined or customized.

    Source: botocore autoscaling PutScalingPolicyType, members AdjustmentType and TargetTrackingConfiguration.
    """
    params = request.params
    kind = params.get("PolicyType") or "SimpleScaling"
    if kind not in _KINDS:
        raise Refusal("ValidationError", f"Policy type {kind} is not valid: [{', '.join(_KINDS)}]")
    if kind == "TargetTrackingScaling":
        if not params.get("TargetTrackingConfiguration"):
            raise Refusal("ValidationError", "TargetTrackingConfiguration is required for policy type " + kind)
        if len(_METRICS & {*params["TargetTrackingConfiguration"]}) != 1:
            told = f"TargetTrackingConfiguration must have exactly one of {', '.join(sorted(_METRICS))}"
            raise Refusal("ValidationError", told)
        return
    if kind in ("SimpleScaling", "StepScaling") and params.get("AdjustmentType") not in ADJUSTMENTS:
        raise Refusal(
            "ValidationError", f"AdjustmentType must be one of {', '.join(ADJUSTMENTS)} for policy type {kind}"
        )
    needed = {"SimpleScaling": "ScalingAdjustment", "StepScaling": "StepAdjustments"}.get(kind)
    if needed and params.get(needed) in (None, []):
        raise Refusal("ValidationError", f"{needed} is required for policy type {kind}")


@answers("autoscaling", "PutScalingPolicy", moto="answers without PolicyARN, and steals a policy of another group")
def policies_have_an_arn_and_a_group(request: Request) -> dict[str, Any]:
    """PutScalingPolicy answers with the policy's ARN; policies of the same name in two groups are two policies.

    Source: botocore autoscaling PolicyARNType; PutScalingPolicyType, member PolicyName (unique within the group).
    """
    backend, params = request.backend("autoscaling"), request.params
    policies: dict[Any, Any] = backend.policies
    name = params["PolicyName"]
    others = {key: policy for key, policy in policies.items() if key != name}
    request.moto()
    made: Any = policies.pop(name)
    policies.clear()
    policies.update(others)
    key = (params["AutoScalingGroupName"], name)
    before = policies.get(key)
    if before is not None:
        made.udo_id = before.udo_id
        made.udo_alarms = getattr(before, "udo_alarms", [])
    policies[key] = made
    made.enabled = params.get("Enabled") is not False
    # Where it names none the group's counts, and none is shown.
    made.cooldown = params.get("Cooldown")
    if made.policy_type == "TargetTrackingScaling":
        target_tracking_has_alarms(made, params["TargetTrackingConfiguration"])
    return {"PolicyARN": made.arn, "Alarms": policies_show_their_alarms(made)}


@rule("autoscaling", "DescribePolicies", moto="gives every policy the same id")
def policy_arns_differ(policy: Any) -> str:
    """Every policy's ARN holds an id of its own, its group and its name.

    Source: botocore autoscaling example of DescribePolicies.
    """
    backend = policy.autoscaling_backend
    own = policy.__dict__.setdefault("udo_id", str(mock_random.uuid4()))
    where = f"arn:aws:autoscaling:{backend.region_name}:{backend.account_id}:scalingPolicy:{own}"
    return f"{where}:autoScalingGroupName/{policy.auto_scaling_group_name}:policyName/{policy.name}"


adds(FakeScalingPolicy, "alarms")(property(policies_show_their_alarms))
replaces(FakeScalingPolicy, "arn")(property(policy_arns_differ))
replaces(FakeScalingPolicy, "policy_arn")(property(policy_arns_differ))


@answers("autoscaling", "DescribePolicies", moto="ignores MaxRecords and gives everything at once")
def policies_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribePolicies gives 50 a page by default and 100 at most; an unknown group is refused.

    Source: botocore autoscaling DescribePoliciesType, member MaxRecords.
    """
    params = request.params
    if name := params.get("AutoScalingGroupName"):
        known_group(request.backend("autoscaling"), name)
    size = limit(params, "MaxRecords", default=50, maximum=100)
    wanted = params.get("PolicyNames") or []
    kinds = params.get("PolicyTypes") or []
    found = [
        policy
        for policy in request.backend("autoscaling").policies.values()
        if (not name or policy.auto_scaling_group_name == name)
        and (not wanted or policy.name in wanted or policy.arn in wanted)
        and (not kinds or policy.policy_type in kinds)
    ]
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"ScalingPolicies": shown, "NextToken": token}


@answers("autoscaling", "DeletePolicy", "ExecutePolicy", moto="crashes on unknown ones, or ignores them")
def unknown_policies_are_refused(request: Request) -> None:
    """Deleting or executing a policy that does not exist is ValidationError; it is named by ARN, or by group and name.

    Source: botocore autoscaling DeletePolicyType and ExecutePolicyType.
    """
    params, backend = request.params, request.backend("autoscaling")
    group, name = params.get("AutoScalingGroupName"), params["PolicyName"]
    policies: dict[Any, Any] = backend.policies
    for key, policy in list(policies.items()):
        if policy.arn == name or (policy.name == name and group in (None, policy.auto_scaling_group_name)):
            if request.response._get_action() == "ExecutePolicy":
                policies_stay_in_bounds(policy, _amount(policy, params))
            else:
                alarms_of_deleted_policies_lose_their_action(policy)
                policies.pop(key)
            return
    raise Refusal("ValidationError", f"Policy not found: {name}" + (f" in group {group}" if group else ""))


@rule("autoscaling", "ExecutePolicy", moto="scales beyond the minimum and the maximum")
def policies_stay_in_bounds(policy: Any, amount: int) -> None:
    """A policy changes the desired capacity up to the bounds of the group, and no further.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html.
    """
    group = known_group(policy.autoscaling_backend, policy.auto_scaling_group_name)
    wanted = adjusted(policy, group.desired_capacity, amount)
    group.set_desired_capacity(max(group.min_size, min(group.max_size, wanted)))


def adjusted(policy: Any, size: int, amount: int) -> int:
    """The size that a policy makes of another by an amount, bounds aside."""
    match policy.adjustment_type:
        case "ExactCapacity":
            return amount
        case "ChangeInCapacity":
            return size + amount
    least, change = int(policy.min_adjustment_magnitude or 0), _percent(size, amount)
    return size + (max(change, least) if amount > 0 else min(change, -least))


def _amount(policy: Any, params: dict[str, Any]) -> int:
    if policy.policy_type == "SimpleScaling":
        return int(policy.scaling_adjustment or 0)
    if policy.policy_type != "StepScaling":
        raise Refusal("ValidationError", f"A policy of type {policy.policy_type} cannot be executed: {policy.name}")
    return the_step_of_the_breach(policy.step_adjustments, params)


@rule("autoscaling", "ExecutePolicy", moto="scales step policies by nothing, and crashes on target tracking")
def the_step_of_the_breach(steps: list[dict[str, Any]], params: dict[str, Any]) -> int:
    """A step policy is executed with MetricValue and BreachThreshold, and changes the size by the step they fall into;
    a target tracking policy cannot be executed.

    Source: botocore autoscaling ExecutePolicyType, members MetricValue and BreachThreshold, and StepAdjustment.
    """
    value, threshold = params.get("MetricValue"), params.get("BreachThreshold")
    if value is None or threshold is None:
        raise Refusal("ValidationError", "MetricValue and BreachThreshold are required for policy type StepScaling")
    breach = float(value) - float(threshold)
    found = step_of(steps, breach)
    if found is None:
        told = f"No step adjustment found for metric value {value} and breach delta {breach}"
        raise Refusal("ValidationError", told)
    return found


def step_of(steps: list[dict[str, Any]], breach: float) -> int | None:
    """The adjustment of the step that a distance from the threshold falls into; None where there is none."""
    for step in steps:
        low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
        if (low is None or breach >= float(low)) and (high is None or breach < float(high)):
            return int(step["ScalingAdjustment"])
    return None


def _percent(size: int, percent: int) -> int:
    change = size * percent / 100
    return int(change) if abs(change) >= 1 else (change > 0) - (change < 0)
