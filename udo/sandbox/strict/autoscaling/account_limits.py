"""What an account may hold in a region, as Auto Scaling tells it."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict import limits
from udo.sandbox.strict.rules import Request, answers


@answers("autoscaling", "DescribeAccountLimits", moto="does not have it")
def account_limits_are_told(request: Request) -> dict[str, Any]:
    """DescribeAccountLimits tells how many groups and launch configurations there may be, and how many there are.

    Source: botocore autoscaling DescribeAccountLimitsAnswer.
    """
    backend = request.backend("autoscaling")
    return {
        "MaxNumberOfAutoScalingGroups": limits.quotas.groups,
        "MaxNumberOfLaunchConfigurations": limits.quotas.launch_configurations,
        "NumberOfAutoScalingGroups": len(backend.autoscaling_groups),
        "NumberOfLaunchConfigurations": len(backend.launch_configurations),
    }
