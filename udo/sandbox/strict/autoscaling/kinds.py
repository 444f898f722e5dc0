"""The words Auto Scaling knows, as it lists them: adjustments, notifications, hooks, metrics, processes, policies."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.autoscaling.group_metrics import metrics
from udo.sandbox.strict.autoscaling.group_settings import TERMINATION
from udo.sandbox.strict.autoscaling.lifecycle_hooks import TRANSITIONS
from udo.sandbox.strict.autoscaling.policies import ADJUSTMENTS
from udo.sandbox.strict.autoscaling.processes import PROCESSES
from udo.sandbox.strict.rules import Request, answers

NOTIFICATIONS = (
    "autoscaling:EC2_INSTANCE_LAUNCH",
    "autoscaling:EC2_INSTANCE_LAUNCH_ERROR",
    "autoscaling:EC2_INSTANCE_TERMINATE",
    "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
    "autoscaling:TEST_NOTIFICATION",
)
_LISTED: dict[str, dict[str, Any]] = {
    "DescribeAdjustmentTypes": {"AdjustmentTypes": [{"AdjustmentType": one} for one in ADJUSTMENTS]},
    "DescribeAutoScalingNotificationTypes": {"AutoScalingNotificationTypes": list(NOTIFICATIONS)},
    "DescribeLifecycleHookTypes": {"LifecycleHookTypes": list(TRANSITIONS)},
    "DescribeScalingProcessTypes": {"Processes": [{"ProcessName": one} for one in PROCESSES]},
    "DescribeTerminationPolicyTypes": {"TerminationPolicyTypes": list(TERMINATION)},
}


@answers("autoscaling", *_LISTED, "DescribeMetricCollectionTypes", moto="has none of these operations")
def types_are_listed(request: Request) -> dict[str, Any]:
    """The Describe...Types operations list the words that other operations take.

    Source: botocore autoscaling, examples of these operations.
    """
    listed = _LISTED.get(request.response._get_action())
    if listed is not None:
        return listed
    return {"Metrics": [{"Metric": one} for one in metrics()], "Granularities": [{"Granularity": "1Minute"}]}
