"""The alarms of policies: those that target tracking makes, and those that others name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict.cloudwatch.alarm import UNKNOWN, Alarm, alarms, kept
from udo.sandbox.strict.rules import rule

# Predefined metric -> namespace, name and statistic of CloudWatch.
_PREDEFINED = {
    "ASGAverageCPUUtilization": ("AWS/EC2", "CPUUtilization", "Average"),
    "ASGAverageCPUUtilizationHighResolution": ("AWS/EC2", "CPUUtilization", "Average"),
    "ASGAverageNetworkIn": ("AWS/EC2", "NetworkIn", "Average"),
    "ASGAverageNetworkOut": ("AWS/EC2", "NetworkOut", "Average"),
    "ALBRequestCountPerTarget": ("AWS/ApplicationELB", "RequestCountPerTarget", "Sum"),
}
# Which side of the target, of how many minutes, at what part of it.
_SIDES = {"AlarmHigh": ("GreaterThanThreshold", 3, 1.0), "AlarmLow": ("LessThanThreshold", 15, 0.9)}


@rule("autoscaling", "PutScalingPolicy", "DescribePolicies", moto="makes none")
def target_tracking_has_alarms(policy: Any, configuration: Mapping[str, Any]) -> None:
    """A target tracking policy has two alarms of AWS's in CloudWatch, for above and below its target; one where it may
    not scale in. They follow the policy when it is put again.

    Source: botocore autoscaling example of PutScalingPolicy; PutScalingPolicyType, TargetTrackingConfiguration
    (DisableScaleIn).
    """
    known, before = _known(policy), list(getattr(policy, "udo_alarms", []))
    sides = ("AlarmHigh",) if configuration.get("DisableScaleIn") else tuple(_SIDES)
    policy.udo_alarms = []
    for side in sides:
        found = next((one for one in before if f"-{side}-" in one), None)
        name = found or f"TargetTracking-{policy.auto_scaling_group_name}-{side}-{mock_random.uuid4()}"
        backend, settings = policy.autoscaling_backend, _settings(policy, configuration, side)
        kept(backend.account_id, backend.region_name, name, settings, UNKNOWN)
        policy.udo_alarms.append(name)
    for name in set(before) - set(policy.udo_alarms):
        known.pop(name, None)


@rule("autoscaling", "DescribePolicies", "PutScalingPolicy", moto="shows no alarms")
def policies_show_their_alarms(policy: Any) -> list[dict[str, str]]:
    """A policy shows the alarms that have it as an action.

    Source: botocore autoscaling ScalingPolicy, member Alarms.
    """
    return [{"AlarmName": one.name, "AlarmARN": one.alarm_arn} for one in _of(policy)]


@rule("autoscaling", "DeletePolicy", moto="has no alarms to delete")
def alarms_of_deleted_policies_lose_their_action(policy: Any) -> None:
    """With a target tracking policy its alarms are deleted; alarms of other policies stay, without the policy as an
    action.

    Source: botocore autoscaling DeletePolicy (documentation); docs.aws.amazon.com/autoscaling/ec2/userguide/
    as-scaling-target-tracking.html.
    """
    for one in _of(policy):
        if one.name in getattr(policy, "udo_alarms", []):
            _known(policy).pop(one.name)
            continue
        actions = ("OKActions", "AlarmActions", "InsufficientDataActions")
        left = {name: [arn for arn in one.settings.get(name) or [] if arn != policy.arn] for name in actions}
        one.settings = {**one.settings, **left}


def _of(policy: Any) -> list[Alarm]:
    members = ("AlarmActions", "OKActions", "InsufficientDataActions")
    return [
        one for one in _known(policy).values() if any(policy.arn in (one.settings.get(name) or []) for name in members)
    ]


def _known(policy: Any) -> dict[str, Alarm]:
    return alarms(policy.autoscaling_backend.account_id, policy.autoscaling_backend.region_name)


def _settings(policy: Any, configuration: Mapping[str, Any], side: str) -> dict[str, Any]:
    operator, minutes, part = _SIDES[side]
    return {
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}.",
        "AlarmActions": [policy.arn],
        **_metric(policy, configuration),
        "EvaluationPeriods": minutes,
        "Threshold": float(configuration["TargetValue"]) * part,
        "ComparisonOperator": operator,
    }


def _metric(policy: Any, configuration: Mapping[str, Any]) -> dict[str, Any]:
    own = configuration.get("CustomizedMetricSpecification")
    if own and own.get("Metrics"):
        return {
            "Metrics": [{**one, "MetricStat": _timed(one)} if one.get("MetricStat") else one for one in own["Metrics"]]
        }
    if own:
        named = {name: own[name] for name in ("MetricName", "Namespace", "Statistic", "Unit") if own.get(name)}
        return {**named, "Dimensions": own.get("Dimensions") or [], "Period": int(own.get("Period") or 60)}
    predefined = configuration.get("PredefinedMetricSpecification") or {}
    namespace, name, statistic = _PREDEFINED[predefined.get("PredefinedMetricType", "ASGAverageCPUUtilization")]
    dimension = {"Name": "AutoScalingGroupName", "Value": policy.auto_scaling_group_name}
    if label := predefined.get("ResourceLabel"):
        # app/NAME/ID/targetgroup/NAME/ID
        dimension = {"Name": "TargetGroup", "Value": "/".join(label.split("/")[-3:])}
    return {
        "MetricName": name,
        "Namespace": namespace,
        "Statistic": statistic,
        "Dimensions": [dimension],
        "Period": 60,
    }


def _timed(query: Mapping[str, Any]) -> dict[str, Any]:
    return {"Period": 60, **query["MetricStat"]}
