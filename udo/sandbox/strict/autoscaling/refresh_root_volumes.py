"""Instance refreshes of the strategy ReplaceRootVolume: which groups and configurations they are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.autoscaling.launch_reference import template_references
from udo.sandbox.strict.autoscaling.members import COUNTED
from udo.sandbox.strict.rules import Refusal, Request, refuses


@refuses("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def root_volumes_are_replaced_where_they_can_be(request: Request) -> None:
    """ReplaceRootVolume takes a desired mixed instances policy with an image in every override, templates of a numbered
    version, a group without load balancer and warm pool, and instances of its own template and types only.

    An image of several volumes would be refused, too; every image of the sandbox has its root volume alone.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/replace-root-volume.html; instance-refresh-overview.html
    (requirements for replace root volume strategy; the words are not told by a source).
    """
    if request.params.get("Strategy") != "ReplaceRootVolume":
        return
    group: Any = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    policy = (request.params.get("DesiredConfiguration") or {}).get("MixedInstancesPolicy")
    if why := next(_obstacles(group, policy), None):
        raise Refusal("ValidationError", f"The ReplaceRootVolume strategy cannot be used: {why}")


def _obstacles(group: Any, policy: Mapping[str, Any] | None) -> Iterator[str]:
    if not policy or not group.mixed_instances_policy:
        yield "the group and the desired configuration must have a mixed instances policy."
        return
    overrides = (policy.get("LaunchTemplate") or {}).get("Overrides") or []
    if not overrides or not all(one.get("ImageId") for one in overrides):
        yield "every override of the desired configuration must specify an ImageId."
    named = [*template_references({"MixedInstancesPolicy": policy})]
    named += template_references({"MixedInstancesPolicy": group.mixed_instances_policy})
    if not all(str(one.get("Version")).isdigit() for one in named):
        yield "launch templates must have a specific version."
    if group.load_balancer_names or group.target_group_arns:
        yield "Elastic Load Balancing is not supported."
    if group.warm_pool:
        yield "warm pools are not supported."
    types = {one.get("InstanceType") for one in overrides}
    for member in (one for one in group.instance_states if one.lifecycle_state in COUNTED):
        birth = getattr(member, "udo_birth", None)
        if birth is None or birth.template_id != group.ec2_launch_template.id:
            yield f"{member.instance_id} is not of the launch template of the group."
        if member.instance.instance_type not in types:
            yield f"{member.instance_id} is not of an instance type of the desired configuration."
