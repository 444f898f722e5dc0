"""Brings a group's members to its desired capacity: launches, terminations and replacements, as time allows."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, autoscaling_backends
from moto.ec2.exceptions import EC2ClientError
from moto.elb.exceptions import LoadBalancerNotFoundError
from moto.elbv2.exceptions import InvalidTargetError, TargetGroupNotFoundError

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.autoscaling.activities import Activity, difference_cause, finish, record
from udo.sandbox.strict.autoscaling.holding import (
    WAITING,
    abandoned,
    hooks_hold_members,
    waits_end_with_the_default_result,
)
from udo.sandbox.strict.autoscaling.launch_faults import launch_faults
from udo.sandbox.strict.autoscaling.lifecycle_hooks import TERMINATING
from udo.sandbox.strict.autoscaling.members import COUNTED, arrive, enter_service, launch, launch_data
from udo.sandbox.strict.autoscaling.processes import runs
from udo.sandbox.strict.autoscaling.refresh_state import surplus
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.elbv2.targets import fails
from udo.sandbox.strict.rules import replaces, rule

_BY_EC2 = "EC2 health check indicating it has been terminated or stopped."
_GONE = ("shutting-down", "terminated", "stopping", "stopped")


def advance() -> None:
    """Moves every group of every account and region up to the present moment."""
    for account in list(autoscaling_backends.values()):
        for backend in list(account.values()):
            steady.each(tick, backend.autoscaling_groups.values())


def tick(group: Any) -> None:
    """Moves one group up to the present moment."""
    for member in list(group.instance_states):
        if member.lifecycle_state == "Pending" and moment.now() >= member.udo_ready_at:
            arrive(group, member)
        elif member.lifecycle_state in WAITING.values():
            _look_after(group, member)
        elif member.lifecycle_state == "Terminating" and moment.now() >= member.udo_gone_at:
            _bury(group, member)
    if getattr(group, "status", None):
        if not group.instance_states:
            group.autoscaling_backend.autoscaling_groups.pop(group.name, None)
        return
    unhealthy_members_are_replaced(group)
    reconcile(group, "")


def _look_after(group: Any, member: Any) -> None:
    """Ends a member's wait for lifecycle hooks where it is over."""
    result = waits_end_with_the_default_result(member)
    if result is None:
        return
    if member.lifecycle_state == WAITING[TERMINATING]:
        _end(group, member)
    elif result == "CONTINUE":
        enter_service(member)
    else:
        finish(member.udo_activity, "Cancelled", abandoned(member))
        retire(
            group, member, f"At {moment.text()} an instance was taken out of service because its launch was abandoned."
        )


@rule("autoscaling", "SetInstanceHealth", "DescribeAutoScalingGroups", moto="only notes a health it was told")
def unhealthy_members_are_replaced(group: Any) -> None:
    """A member that is stopped, terminated or told to be unhealthy is terminated and replaced.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html.
    """
    for member in list(group.instance_states):
        if member.lifecycle_state != "InService":
            continue
        if runs(group, "HealthCheck") and _dead_long_enough(member):
            member.health_status = "Unhealthy"
        why = _BY_EC2
        if runs(group, "HealthCheck") and (failed := _failed_check(group, member)):
            why, member.health_status = failed, "Unhealthy"
        if member.health_status == "Unhealthy" and runs(group, "ReplaceUnhealthy") and runs(group, "Terminate"):
            retire(group, member, f"At {moment.text()} an instance was taken out of service in response to an {why}")


def _failed_check(group: Any, member: Any) -> str:
    if load_balancers_may_judge_members(group, member):
        return "ELB system health check failure."
    return "EC2 instance status check failure." if status_checks_may_fail(group, member) else ""


@rule("autoscaling", "DescribeAutoScalingGroups", moto="checks no instance")
def status_checks_may_fail(group: Any, member: Any) -> bool:
    """A member whose status checks fail is replaced once the grace period is over, whatever else the group checks.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html (Amazon EC2 health checks).
    """
    grace = getattr(group, "health_check_grace_period", 0) or 0
    return launch_faults.sick(member.instance_id) and moment.now() >= member.udo_ready_at + grace


@rule("elbv2", "DescribeTargetHealth", "DescribeAutoScalingGroups", moto="checks no instance")
def load_balancers_may_judge_members(group: Any, member: Any) -> bool:
    """A group whose health check type is ELB also replaces members that a target group calls unhealthy, once its grace
    period is over.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/health-checks-overview.html; as-add-elb-healthcheck.html.
    """
    grace = getattr(group, "health_check_grace_period", 0) or 0
    if "ELB" not in str(getattr(group, "health_check_type", "")) or moment.now() < member.udo_ready_at + grace:
        return False
    known = group.autoscaling_backend.elbv2_backend.target_groups
    return any(fails(known[arn], member.instance_id) for arn in group.target_group_arns or [] if arn in known)


def _dead_long_enough(member: Any) -> bool:
    if member.instance.state not in _GONE:
        member.udo_dead_since = None
        return False
    if getattr(member, "udo_dead_since", None) is None:
        member.udo_dead_since = moment.now()
    return bool(moment.now() - member.udo_dead_since >= delays.health_check)


def reconcile(group: Any, reason: str) -> None:
    """Launches what is missing and terminates what is too much, unless the process is suspended."""
    present = [member for member in group.instance_states if member.lifecycle_state in COUNTED]
    missing = target_size(group) + surplus(group) - len(present)
    if missing > 0 and suspended_launch_does_not_launch(group):
        launch(group, missing, reason)
    elif missing < 0 and suspended_terminate_does_not_shrink(group):
        for member in scale_in_choice(group, present, -missing):
            cause = difference_cause("terminate", len(present), len(present) - 1, reason)
            cause += f" At {moment.text()} instance {member.instance_id} was selected for termination."
            retire(group, member, cause)
    if group.load_balancer_names or group.target_group_arns:
        _update_balancers(group)


@rule("autoscaling", "SuspendProcesses", moto="launches all the same")
def suspended_launch_does_not_launch(group: Any) -> bool:
    """While Launch is suspended nothing is launched, neither to grow nor to replace; after a failure it waits.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html.
    """
    return runs(group, "Launch") and moment.now() >= getattr(group, "udo_retry_at", 0.0)


@rule("autoscaling", "SuspendProcesses", moto="terminates all the same")
def suspended_terminate_does_not_shrink(group: Any) -> bool:
    """While Terminate is suspended a group does not shrink, whatever its desired capacity.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html.
    """
    return runs(group, "Terminate")


def target_size(group: Any) -> int:
    """How many instances the desired capacity means; a weighted type counts for several."""
    desired = group.desired_capacity or 0
    policy = group.mixed_instances_policy or {}
    overrides = (policy.get("LaunchTemplate") or {}).get("Overrides") or [{}]
    weight = int(overrides[0].get("WeightedCapacity") or 1)
    return math.ceil(desired / max(1, weight))


@rule("autoscaling", "SetDesiredCapacity", "UpdateAutoScalingGroup", moto="takes the first in its list, in any zone")
def scale_in_choice(group: Any, present: list[Any], count: int) -> list[Any]:
    """Scaling in spares protected members, keeps zones even, then goes by the termination policy (default: old launch
    data first, then the oldest).

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html.
    """
    left = [member for member in present if not member.protected_from_scale_in]
    chosen: list[Any] = []
    for _ in range(min(count, len(left))):
        zones = [member.availability_zone for member in present if member not in chosen]
        fullest = max(zones.count(member.availability_zone) for member in left)
        candidates = [member for member in left if zones.count(member.availability_zone) == fullest]
        victim = min(candidates, key=lambda member: _age_order(group, member))
        left.remove(victim)
        chosen.append(victim)
    return chosen


def _age_order(group: Any, member: Any) -> tuple[int, int]:
    position = group.instance_states.index(member)
    policy = (group.termination_policies or ["Default"])[0]
    if policy == "NewestInstance":
        return (0, -position)
    stale = 0 if policy == "OldestInstance" else int(_is_current(group, member))
    return (stale, position)


def _is_current(group: Any, member: Any) -> bool:
    try:
        now = launch_data(group)
    except EC2ClientError:
        return False
    return (getattr(member, "udo_birth", None), getattr(member, "udo_own_image", "")) == (now.birth, now.own_image)


def retire(group: Any, member: Any, cause: str, *, hooks: bool = True) -> Activity:
    """Begins a member's termination: it waits for hooks, where it was in service, and goes when terminating is over."""
    served = member.lifecycle_state in ("InService", "Standby") and member.instance.state not in _GONE
    activity = record(group, f"Terminating EC2 instance: {member.instance_id}", cause, status="InProgress")
    member.udo_activity = activity
    if not (hooks and served and hooks_hold_members(group, member, TERMINATING)):
        _end(group, member)
    return activity


def _end(group: Any, member: Any) -> None:
    member.lifecycle_state = "Terminating"
    member.udo_gone_at = moment.now() + delays.terminate
    if delays.terminate <= 0:
        _bury(group, member)
    elif member.instance.state != "terminated":
        member.instance._state.name, member.instance._state.code = "shutting-down", 32


def _bury(group: Any, member: Any) -> None:
    if member.instance.state != "terminated":
        member.instance.disable_api_termination = False
        group.ec2_backend.terminate_instances([member.instance_id])
    group.instance_states = [one for one in group.instance_states if one is not member]
    leave_balancers(group, member)
    finish(member.udo_activity)


def leave_balancers(group: Any, member: Any) -> None:
    """Takes a member off the load balancers of its group."""
    gone_members_leave_the_target_groups(group, member)
    for name in group.load_balancer_names or []:
        with suppress(LoadBalancerNotFoundError):
            group.autoscaling_backend.elb_backend.deregister_instances(
                name, [member.instance_id], from_autoscaling=True
            )


@replaces(AutoScalingBackend, "update_attached_target_groups")
@rule("elbv2", "DescribeTargetHealth", moto="registers every member, whatever its state")
def only_members_in_service_are_targets(backend: Any, group_name: str) -> None:
    """Members are registered with the group's target groups while they are in service.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html; as-enter-exit-standby.html
    ("deregisters the instance").
    """
    group = backend.autoscaling_groups[group_name]
    # What CodeDeploy has taken off for a deployment stays off until it is put back.
    blocked = {one.instance_id for one in group.instance_states if getattr(one, "udo_blocked", False)}
    serving = [member.instance_id for member in group.active_instances() if member.instance_id not in blocked]
    for arn in group.target_group_arns or []:
        target_group = backend.elbv2_backend.target_groups.get(arn)
        if target_group is None:
            raise TargetGroupNotFoundError
        missing = [{"Id": one, "Port": target_group.port} for one in serving if one not in target_group.targets]
        if missing:
            backend.elbv2_backend.register_targets(arn, missing)


@rule("elbv2", "DescribeTargetHealth", moto="keeps the instance as a healthy target for ever")
def gone_members_leave_the_target_groups(group: Any, member: Any) -> None:
    """A terminated member is deregistered from the group's target groups.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/attach-load-balancer-asg.html.
    """
    for arn in group.target_group_arns or []:
        with suppress(TargetGroupNotFoundError, InvalidTargetError):
            group.autoscaling_backend.elbv2_backend.deregister_targets(arn, [{"Id": member.instance_id}])


def _update_balancers(group: Any) -> None:
    backend = group.autoscaling_backend
    if not runs(group, "AddToLoadBalancer") or group.name not in backend.autoscaling_groups:
        return
    # What was deleted under the group's feet is nobody's balancer any more.
    with suppress(LoadBalancerNotFoundError):
        backend.update_attached_elbs(group.name)
    with suppress(TargetGroupNotFoundError):
        backend.update_attached_target_groups(group.name)


@replaces(FakeAutoScalingGroup, "set_desired_capacity")
def set_desired_capacity(group: Any, new_capacity: int | None) -> None:
    """Takes over a desired capacity and brings the members to it."""
    before = getattr(group, "desired_capacity", None)
    group.desired_capacity = group.min_size if new_capacity is None else new_capacity
    if before is None:
        what = "a user request created an AutoScalingGroup changing the desired capacity from 0 to"
    else:
        what = f"a user request explicitly set group desired capacity changing the desired capacity from {before} to"
    reconcile(group, f"At {moment.text()} {what} {group.desired_capacity}.")


@replaces(AutoScalingBackend, "notify_terminate_instances")
def notify_terminate_instances(backend: Any, instance_ids: list[str]) -> None:
    """Looks after the groups whose members somebody terminated."""
    for group in list(backend.autoscaling_groups.values()):
        if any(member.instance_id in instance_ids for member in group.instance_states):
            tick(group)
