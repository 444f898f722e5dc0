"""Members that come and go by name: attached, detached, into standby and out of it."""

from __future__ import annotations

from moto.ec2.exceptions import InvalidInstanceIdError

from udo.sandbox.strict.groups_known import known_group
from udo.sandbox.strict.rules import Refusal, Request, refuses


@refuses("autoscaling", "AttachInstances", moto="takes members of other groups, and answers with EC2's code")
def attached_instances_are_free(request: Request) -> None:
    """Only running instances that are in no group can be attached, and only up to MaxSize: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/attach-instance-asg.html.
    """
    backend, ids = request.autoscaling, request.params.get("InstanceIds") or []
    group = known_group(backend, request.params["AutoScalingGroupName"])
    owners = {
        member.instance_id: one.name for one in backend.autoscaling_groups.values() for member in one.instance_states
    }
    for instance_id in ids:
        try:
            state = request.ec2.get_instance(instance_id).state
        except InvalidInstanceIdError as error:
            raise Refusal("ValidationError", f"Invalid Instance ID(s): [{instance_id}]") from error
        if instance_id in owners:
            raise Refusal("ValidationError", f"Instance {instance_id} is already part of {owners[instance_id]}")
        if state != "running":
            raise Refusal("ValidationError", f"Instance {instance_id} is in the state {state}, not running")
    wanted = (group.desired_capacity or 0) + len(ids)
    if wanted > group.max_size:
        raise Refusal(
            "ValidationError",
            f"Attaching {len(ids)} instances would raise the desired capacity to {wanted}, above max value "
            f"{group.max_size} for the AutoScalingGroup.",
        )


@refuses("autoscaling", "DetachInstances", "EnterStandby", moto="goes below the minimum")
def leaving_keeps_the_minimum(request: Request) -> None:
    """Members that leave and lower the desired capacity must not take it below MinSize: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-detach-attach-instances.html.
    """
    group = known_group(request.autoscaling, request.params["AutoScalingGroupName"])
    left = (group.desired_capacity or 0) - len(request.params.get("InstanceIds") or [])
    if request.params.get("ShouldDecrementDesiredCapacity") and left < group.min_size:
        raise Refusal(
            "ValidationError",
            f"The desired capacity would be {left}, below the group's min size {group.min_size}. Either set "
            "shouldDecrementDesiredCapacity flag to false or lower group's min size.",
        )


@refuses("autoscaling", "ExitStandby", moto="takes any member for one in standby")
def only_standby_is_left(request: Request) -> None:
    """Only members that are in Standby can be put back into service: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html.
    """
    group = known_group(request.autoscaling, request.params["AutoScalingGroupName"])
    states = {member.instance_id: member.lifecycle_state for member in group.instance_states}
    for instance_id in request.params.get("InstanceIds") or []:
        if states.get(instance_id, "Standby") != "Standby":
            raise Refusal("ValidationError", f"The instance {instance_id} is not in Standby.")
