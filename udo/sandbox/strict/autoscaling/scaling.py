"""What alarms make of the size of a group, through its policies."""

from __future__ import annotations

import json
import math
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.capacity import reconcile
from udo.sandbox.strict.autoscaling.policies import adjusted, step_of
from udo.sandbox.strict.autoscaling.processes import runs
from udo.sandbox.strict.cloudwatch.alarm import Alarm, actors
from udo.sandbox.strict.rules import rule

# Source: botocore autoscaling, DefaultCooldown and EstimatedInstanceWarmup: 300 seconds.
_COOLDOWN = 300.0


@rule("autoscaling", "PutScalingPolicy", "DescribeScalingActivities", moto="goes by no alarm")
def alarms_scale_groups(arn: str, alarm: Alarm) -> None:
    """An alarm whose action is a policy changes the desired capacity of the policy's group within its bounds, unless
    the policy is disabled or the group has AlarmNotification suspended; the activities name alarm and policy.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html; as-suspend-resume-processes.html;
    CHAP_Troubleshooting (causes of activities).
    """
    policy = _policy(arn)
    group = policy and policy.autoscaling_backend.autoscaling_groups.get(policy.auto_scaling_group_name)
    if group is None or getattr(group, "status", None) or not runs(group, "AlarmNotification"):
        return
    if not policy.enabled or (wanted := _wanted(policy, group, alarm)) is None:
        return
    wanted = max(group.min_size, min(group.max_size, wanted))
    before = group.desired_capacity
    if wanted == before:
        return
    _rest(policy, group, before, wanted)
    group.desired_capacity = wanted
    told = f"a monitor alarm {alarm.name} in state {alarm.state_value} triggered policy {policy.name}"
    reconcile(group, f"At {moment.text()} {told} changing the desired capacity from {before} to {wanted}.")


def _wanted(policy: Any, group: Any, alarm: Alarm) -> int | None:
    match policy.policy_type:
        case "SimpleScaling":
            wanted = adjusted(policy, group.desired_capacity, int(policy.scaling_adjustment or 0))
            return wanted if simple_policies_cool_down(group) else None
        case "StepScaling":
            return _stepped(policy, group, alarm)
        case "TargetTrackingScaling":
            return targets_are_tracked(policy, group, alarm)
    return None


@rule("autoscaling", "PutScalingPolicy", "ExecutePolicy", moto="knows no cooldown")
def simple_policies_cool_down(group: Any) -> bool:
    """After a simple policy has scaled a group, an alarm scales it by a simple policy again once the cooldown of that
    policy is over, the group's where it names none.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scaling-cooldowns.html.
    """
    return bool(moment.now() >= getattr(group, "udo_cool_at", 0.0))


@rule("autoscaling", "PutScalingPolicy", moto="knows no warmup")
def what_warms_up_counts(group: Any, low: bool, wanted: int, before: int) -> bool:
    """While instances that a step or target tracking policy launched warm up, another alarm adds only what is more than
    they are, and none takes any away.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html (instance warmup).
    """
    warming = moment.now() < getattr(group, "udo_warm_at", 0.0)
    return not warming or (not low and wanted > before)


def _stepped(policy: Any, group: Any, alarm: Alarm) -> int | None:
    value, threshold = _value(alarm), alarm.settings.get("Threshold")
    if value is None or threshold is None:
        return None
    amount = step_of(policy.step_adjustments or [], value - float(threshold))
    if amount is None:
        return None
    base = _cold(group)
    wanted = adjusted(policy, base, amount)
    fits = what_warms_up_counts(group, wanted < base, wanted, group.desired_capacity)
    return wanted if fits else None


@rule("autoscaling", "PutScalingPolicy", moto="tracks nothing")
def targets_are_tracked(policy: Any, group: Any, alarm: Alarm) -> int | None:
    """The alarm above the target of a target tracking policy raises the desired capacity in the proportion of the
    metric to the target, the one below lowers it, more slowly: the sandbox takes one instance at a time, and adds one
    where an alarm tells no value.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html ("proportional"; how much AWS
    takes away is not told).
    """
    if alarm.state_value != "ALARM":
        return None
    low = "-AlarmLow-" in alarm.name
    base = _cold(group)
    if low:
        wanted = base - 1
    else:
        value, target = _value(alarm), float(policy.target_tracking_configuration.TargetValue)
        wanted = base + 1 if value is None or target <= 0 else max(base + 1, math.ceil(base * value / target))
    return wanted if what_warms_up_counts(group, low, wanted, group.desired_capacity) else None


def _cold(group: Any) -> int:
    """The size without what warms up."""
    if moment.now() < getattr(group, "udo_warm_at", 0.0):
        return int(min(group.udo_cold, group.desired_capacity))
    return int(group.desired_capacity)


def _rest(policy: Any, group: Any, before: int, wanted: int) -> None:
    """Begins the time in which the group is left alone."""
    if policy.policy_type == "SimpleScaling":
        own = group.default_cooldown if policy.cooldown is None else policy.cooldown
        group.udo_cool_at = moment.now() + float(_COOLDOWN if own is None else own)
    elif wanted > before:
        group.udo_cold = _cold(group)
        group.udo_warm_at = moment.now() + _warmup(policy, group)


def _warmup(policy: Any, group: Any) -> float:
    own = (policy.estimated_instance_warmup, getattr(group, "default_instance_warmup", None), group.default_cooldown)
    return float(next((one for one in own if one not in (None, "", -1)), _COOLDOWN))


def _value(alarm: Alarm) -> float | None:
    """The newest value that an alarm tells of."""
    try:
        told = json.loads(alarm.reason_data or "{}")
    except ValueError:
        return None
    points = told.get("recentDatapoints") or told.get("RecentDatapoints") or [] if isinstance(told, dict) else []
    return float(points[-1]) if points and isinstance(points[-1], int | float) else None


def _policy(arn: str) -> Any:
    _arn, _aws, _service, region, account, *_rest_of_it = arn.split(":")
    known = autoscaling_backends[account][region].policies.values()
    return next((one for one in known if one.arn == arn), None)


actors["autoscaling"] = alarms_scale_groups
