"""Scheduled actions that come due: what each makes of the sizes of its group."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import autoscaling_backends

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.autoscaling.capacity import reconcile
from udo.sandbox.strict.autoscaling.processes import runs
from udo.sandbox.strict.autoscaling.recurrence import moments
from udo.sandbox.strict.rules import rule

# However long nobody has looked, no more than what was due in the last month.
_LOOKED_BACK = 31 * 86_400.0


def advance() -> None:
    """Runs the scheduled actions of every account and region that are due."""
    for account in list(autoscaling_backends.values()):
        for backend in list(account.values()):
            if backend.scheduled_actions:
                _run_due(backend)


def _run_due(backend: Any) -> None:
    due = [(when, key) for key, action in backend.scheduled_actions.items() for when in due_moments(action)]
    steady.each(lambda one: _run(backend, *one), sorted(due))
    for key, action in list(backend.scheduled_actions.items()):
        action.udo_looked = moment.now()
        if _is_over(action):
            backend.scheduled_actions.pop(key)


@rule("autoscaling", "PutScheduledUpdateGroupAction", moto="never runs one")
def due_moments(action: Any) -> list[float]:
    """A scheduled action runs at its start time, and then as its recurrence says in its time zone (UTC where it names
    none), until its end time; one without a recurrence runs once.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html; botocore autoscaling
    PutScheduledUpdateGroupActionType, members StartTime, EndTime, Recurrence and TimeZone.
    """
    now, looked = moment.now(), max(action.udo_looked, moment.now() - _LOOKED_BACK)
    if now <= looked:
        return []
    start, end = moment.seconds(action.start_time), moment.seconds(action.end_time)
    found = {start} if start is not None and looked < start <= now else set()
    after, until = max(looked, start or 0.0), now if end is None else min(now, end)
    # Every one of them is at a whole minute, in whatever zone.
    if action.recurrence and until // 60 > after // 60:
        found |= set(moments(action.recurrence, action.time_zone or "UTC", after, until))
    return sorted(found)


def _is_over(action: Any) -> bool:
    start, end = moment.seconds(action.start_time), moment.seconds(action.end_time)
    if action.recurrence:
        return end is not None and end <= moment.now()
    return start is not None and start <= moment.now()


def _run(backend: Any, when: float, key: tuple[str, str]) -> None:
    action, group = backend.scheduled_actions[key], backend.autoscaling_groups.get(key[0])
    if group is not None and not getattr(group, "status", None) and scheduled_actions_can_be_suspended(group):
        scheduled_actions_change_sizes(group, action, when)


@rule("autoscaling", "SuspendProcesses", moto="never runs one")
def scheduled_actions_can_be_suspended(group: Any) -> bool:
    """While ScheduledActions is suspended those that come due do not run, and are not made up for later.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html.
    """
    return runs(group, "ScheduledActions")


@rule("autoscaling", "PutScheduledUpdateGroupAction", "DescribeScalingActivities", moto="never runs one")
def scheduled_actions_change_sizes(group: Any, action: Any, when: float) -> None:
    """A scheduled action sets the sizes that it names, the desired capacity within the new bounds; the activities that
    follow tell of it. Sizes that do not go together with those of the group change nothing.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html; causes in logs and
    tests of public repositories ("a scheduled action update of AutoScalingGroup constraints to min: ...").
    """
    least = group.min_size if action.min_size is None else action.min_size
    most = group.max_size if action.max_size is None else action.max_size
    before = group.desired_capacity
    wanted = before if action.desired_capacity is None else action.desired_capacity
    if least > most or (action.desired_capacity is not None and not least <= wanted <= most):
        return
    group.min_size, group.max_size = least, most
    group.desired_capacity = max(least, min(most, wanted))
    reason = (
        f"At {moment.text(when)} a scheduled action update of AutoScalingGroup constraints to min: {least}, "
        f"max: {most}, desired: {group.desired_capacity} changing the desired capacity from {before} to "
        f"{group.desired_capacity}."
    )
    reconcile(group, reason)
