"""A small world for update: two groups alike, and what AWS has of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from test_scale import group

UPDATE = ("update", "prod", "webapp")
CONFIG = """
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
availability_zones: [us-west-2a]
clusters:
  prod:
    roles:
      webapp:
        scale_policy: {{min_size: 1, max_size: 4, desired: 2}}{more}
      web: {{scale_policy: {{min_size: 1, max_size: 4, desired: 2}}}}
"""
TRACKING = "{PolicyType: TargetTrackingScaling, TargetTrackingConfiguration: {TargetValue: 50, "
METRIC = "PredefinedMetricSpecification: {PredefinedMetricType: ASGAverageCPUUtilization}"


def config(*lines: str) -> str:
    return CONFIG.format(more="".join(f"\n        {line}" for line in lines))


def write(*lines: str) -> None:
    Path("udo.yml").write_text(config(*lines))


def asg(world: Any) -> Any:
    return world.client("autoscaling")


def hooks(world: Any, name: str = "prod-webapp") -> dict[str, Any]:
    told = asg(world).describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    return {one["LifecycleHookName"]: one for one in told}


def policies(world: Any, name: str = "prod-webapp") -> dict[str, Any]:
    told = asg(world).describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
    return {one["PolicyName"]: one for one in told}


def schedules(world: Any, name: str = "prod-webapp") -> dict[str, Any]:
    told = asg(world).describe_scheduled_actions(AutoScalingGroupName=name)["ScheduledUpdateGroupActions"]
    return {one["ScheduledActionName"]: one for one in told}


def tags(world: Any) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in group(world)["Tags"]}


def metrics(world: Any) -> set[str]:
    return {one["Metric"] for one in group(world)["EnabledMetrics"]}
