"""Members that come and go by name: attached, detached, into standby and out of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG, InstanceState
from moto.ec2.exceptions import InvalidInstanceIdError

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.activities import Activity, finish, record
from udo.sandbox.strict.autoscaling.capacity import leave_balancers, reconcile
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, rule


@refuses("autoscaling", "AttachInstances", moto="takes members of other groups, and answers with EC2's code")
def attached_instances_are_free(request: Request) -> None:
    """Only running instances that are in no group can be attached, and only up to MaxSize: ValidationError.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/attach-instance-asg.html.
    """
    backend, ids = request.backend("autoscaling"), request.params.get("InstanceIds") or []
    group = known_group(backend, request.params["AutoScalingGroupName"])
    owners = {
        member.instance_id: one.name for one in backend.autoscaling_groups.values() for member in one.instance_states
    }
    for instance_id in ids:
        try:
            state = request.backend("ec2").get_instance(instance_id).state
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
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
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
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    states = {member.instance_id: member.lifecycle_state for member in group.instance_states}
    for instance_id in request.params.get("InstanceIds") or []:
        if states.get(instance_id, "Standby") != "Standby":
            raise Refusal("ValidationError", f"The instance {instance_id} is not in Standby.")


@answers("autoscaling", "EnterStandby")
def enter_standby(request: Request) -> dict[str, Any]:
    def move(group: Any, member: Any) -> None:
        member.lifecycle_state = "Standby"
        leave_balancers(group, member)

    return _moved(request, "Moving EC2 instance to Standby", "was moved to standby", move)


@answers("autoscaling", "ExitStandby")
def exit_standby(request: Request) -> dict[str, Any]:
    def move(_group: Any, member: Any) -> None:
        member.lifecycle_state = "InService"

    told = _moved(request, "Moving EC2 instance out of Standby", "was moved out of standby", move, step=1)
    for activity in told["Activities"]:
        activity.update(StatusCode="PreInService", Progress=30)
    return told


@answers("autoscaling", "DetachInstances")
def detach_instances(request: Request) -> dict[str, Any]:
    def move(group: Any, member: Any) -> None:
        leave_balancers(group, member)
        group.instance_states = [one for one in group.instance_states if one is not member]
        group.ec2_backend.delete_tags([member.instance_id], {ASG_NAME_TAG: group.name})
        del member.instance.autoscaling_group

    return _moved(request, "Detaching EC2 instance", "was detached", move)


@answers("autoscaling", "AttachInstances")
def attach_instances(request: Request) -> None:
    group: Any = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    for instance_id in request.params.get("InstanceIds") or []:
        instance: Any = request.backend("ec2").get_instance(instance_id)
        instance.autoscaling_group = group
        protected = group.new_instances_protected_from_scale_in
        member: Any = InstanceState(instance, protected_from_scale_in=protected, autoscaling_group=group)
        instance.add_tags({ASG_NAME_TAG: group.name})
        group.instance_states.append(member)
        group.desired_capacity += 1
        moves_are_activities(group, member, "Attaching an existing EC2 instance", "was attached", 1)
    reconcile(group, "")


def _moved(
    request: Request, what: str, verb: str, move: Callable[[Any, Any], None], step: int | None = None
) -> dict[str, Any]:
    """Moves each named member and answers with the activities; `step` is what one changes the desired capacity by."""
    group: Any = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    if step is None:
        step = -1 if request.params.get("ShouldDecrementDesiredCapacity") else 0
    ids = request.params.get("InstanceIds") or []
    told = []
    for member in [one for one in group.instance_states if one.instance_id in ids]:
        group.desired_capacity += step
        move(group, member)
        told.append(moves_are_activities(group, member, what, verb, step))
    reconcile(group, "")
    return {"Activities": told}


@rule(
    "autoscaling",
    "AttachInstances",
    "DetachInstances",
    "EnterStandby",
    "ExitStandby",
    moto="writes times as Python does, and lists none of them",
)
def moves_are_activities(group: Any, member: Any, what: str, verb: str, step: int) -> Activity:
    """Members that are attached, detached or moved in and out of standby are in the list of activities, with the change
    of the capacity; the answer shows each while it is in progress.

    Source: botocore autoscaling, examples of EnterStandby, ExitStandby and DetachInstances.
    """
    now = group.desired_capacity
    cause = f"At {moment.text()} instance {member.instance_id} {verb} in response to a user request"
    if step:
        cause += f", {'increasing' if step > 0 else 'shrinking'} the capacity from {now - step} to {now}"
    activity = record(group, f"{what}: {member.instance_id}", f"{cause}.", status="InProgress")
    where = {"Subnet ID": member.instance.subnet_id, "Availability Zone": member.availability_zone}
    activity["Details"] = json.dumps(where)
    shown = dict(activity)
    finish(activity)
    return shown
