"""Instance refreshes as a group shows them; nothing here starts one."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.autoscaling.refreshing import refreshes
from udo.sandbox.strict.rules import Refusal, Request, answers


@answers("autoscaling", "DescribeInstanceRefreshes", moto="does not have it")
def groups_show_their_refreshes(request: Request) -> dict[str, Any]:
    """DescribeInstanceRefreshes lists the refreshes of a group that exists, at most 100 a page.

    Source: botocore autoscaling DescribeInstanceRefreshesType, member MaxRecords.
    """
    name = request.params["AutoScalingGroupName"]
    known_group(request.backend("autoscaling"), name)
    if int(request.params.get("MaxRecords") or 50) > 100:
        raise Refusal("ValidationError", "MaxRecords must be at most 100")
    return {"InstanceRefreshes": refreshes.get(name, [])}
