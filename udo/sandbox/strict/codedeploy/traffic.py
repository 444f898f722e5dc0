"""Traffic of load-balanced deployment groups: blocked before an instance is deployed to, and allowed afterwards."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.elbv2.exceptions import InvalidTargetError, TargetGroupNotFoundError

from udo.sandbox.strict.rules import rule

_BLOCK, _ALLOW = "BlockTraffic", "AllowTraffic"


@rule("elbv2", "DescribeTargetHealth", moto="starts no deployment, and keeps every target")
def traffic_is_blocked_meanwhile(backend: Any, deployment: Any, instance_id: str, event: str) -> None:
    """BlockTraffic takes an instance off the target groups of the deployment group, AllowTraffic puts it back; one that
    fails in between stays off.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html (BlockTraffic,
    AllowTraffic).
    """
    if event not in (_BLOCK, _ALLOW):
        return
    autoscaling: Any = autoscaling_backends[backend.account_id][backend.region_name]
    for group in autoscaling.autoscaling_groups.values():
        for member in group.instance_states:
            if member.instance_id == instance_id:
                # Else Auto Scaling would put it back at once.
                member.udo_blocked = event == _BLOCK
    wanted = {one.get("name") for one in (_balancers(deployment).get("targetGroupInfoList") or [])}
    for target_group in list(autoscaling.elbv2_backend.target_groups.values()):
        if target_group.name not in wanted:
            continue
        with suppress(InvalidTargetError, TargetGroupNotFoundError):
            if event == _BLOCK:
                autoscaling.elbv2_backend.deregister_targets(target_group.arn, [{"Id": instance_id}])
            else:
                target = {"Id": instance_id, "Port": target_group.port}
                autoscaling.elbv2_backend.register_targets(target_group.arn, [target])


def _balancers(deployment: Any) -> dict[str, Any]:
    found: dict[str, Any] = deployment.deployment_group.load_balancer_info or {}
    return found
