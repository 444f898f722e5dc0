"""An instance refresh in motion: batches, checkpoints, baking, rollbacks and ends, as the clock goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.autoscaling.models import autoscaling_backends

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.autoscaling import holding, schedule_runs
from udo.sandbox.strict.autoscaling.capacity import reconcile, retire, target_size, tick
from udo.sandbox.strict.autoscaling.members import refreshes_are_causes
from udo.sandbox.strict.autoscaling.processes import runs
from udo.sandbox.strict.autoscaling.refresh_alarms import alarms_that_ring, alarms_without_data_hold_up, names_of
from udo.sandbox.strict.autoscaling.refresh_arithmetic import (
    batch,
    complete,
    healthy_percentages_bound_a_refresh,
    needed,
)
from udo.sandbox.strict.autoscaling.refresh_members import Fleet, healthy, look, sick
from udo.sandbox.strict.autoscaling.refresh_moments import due
from udo.sandbox.strict.autoscaling.refresh_reasons import baking, pausing, stuck_reason, waiting_reason
from udo.sandbox.strict.autoscaling.refresh_state import Refresh, Rollback, active
from udo.sandbox.strict.cloudwatch import evaluation
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import rule

# Source: instance-refresh-overview.html, limitations; in seconds.
_PATIENCE = 3600.0
_LONGEST = 14 * 86_400.0


def advance() -> None:
    """Moves the groups that are refreshed up to the present moment, each thing at the moment it falls due."""
    now = moment.now()
    while (when := _next()) is not None and when < now:
        with moment.standing(when):
            _move()
    _move()


def _next() -> float | None:
    dues = [when for group in _refreshed() if (when := due(group)) is not None]
    return min(dues, default=None)


def _move() -> None:
    groups = list(_refreshed())
    if any(member.lifecycle_state in holding.WAITING.values() for group in groups for member in group.instance_states):
        for worker in holding.workers():
            worker.advance()
    if any(names_of(refresh.preferences) for group in groups if (refresh := active(group))):
        evaluation.advance()
    schedule_runs.advance()
    steady.each(tick, groups)
    steady.each(move, groups)


def _refreshed() -> Iterator[Any]:
    for account in list(autoscaling_backends.values()):
        for backend in list(account.values()):
            yield from [group for group in backend.autoscaling_groups.values() if active(group)]


def move(group: Any) -> None:
    """Moves a group's refresh as far as it gets at this moment."""
    refresh = active(group)
    if refresh is None:
        return
    refresh.moved = moment.now()
    if getattr(group, "status", None):
        # Its group is being deleted, and it goes with it.
        return
    if refreshes_last_two_weeks_at_most(refresh):
        _settle(group)
        refresh.end("Failed" if refresh.rollback is None else "RollbackFailed", refresh.reason)
    # Each step but the last launches or terminates something, or leads to another status.
    while refresh.is_active and _STEPS[refresh.status](group, refresh):
        pass


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def refreshes_last_two_weeks_at_most(refresh: Refresh) -> bool:
    """A refresh that is not over after 14 days fails, whatever it waits for.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html (total duration).
    """
    return refresh.status != "Pending" and moment.now() >= refresh.started + _LONGEST


def _begin(group: Any, refresh: Refresh) -> bool:
    if moment.now() < refresh.started + delays.refresh_start:
        return False
    refresh.status = "InProgress"
    if why := attribute_based_groups_fail(group, refresh):
        refresh.end("Failed", why)
    return True


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def attribute_based_groups_fail(group: Any, refresh: Refresh) -> str:
    """A refresh with SkipMatching or a desired configuration is accepted for a group whose policy has
    InstanceRequirements, and then fails.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html (limitations; no source tells
    the words of the reason).
    """
    policies = [group.mixed_instances_policy, refresh.source and refresh.source.mixed_instances_policy]
    overrides = [
        one for policy in policies for one in ((policy or {}).get("LaunchTemplate") or {}).get("Overrides") or []
    ]
    asked = refresh.preferences.get("SkipMatching") or refresh.desired
    if asked and any(one.get("InstanceRequirements") for one in overrides):
        return "SkipMatching and DesiredConfiguration are not supported with InstanceRequirements."
    return ""


def _proceed(group: Any, refresh: Refresh) -> bool:
    if why := alarms_that_ring(group, refresh):
        fail(group, refresh, why)
        return True
    if alarms_without_data_hold_up(group, refresh) or not suspended_processes_hold_up_refreshes(group):
        return False
    fleet = look(group, refresh)
    size = target_size(group)
    total = size - fleet.skipped + len(fleet.standby)
    refresh.percent, refresh.left = complete(fleet.done, total), fleet.left
    _note(refresh, fleet)
    if refresh.until is not None and moment.now() < refresh.until:
        refresh.reason = pausing(refresh.until)
        return False
    refresh.until = None
    checkpoints = refresh.preferences.get("CheckpointPercentages") or [100]
    if checkpoints_pause_a_refresh(refresh, fleet, total, checkpoints):
        return True
    is_over = refresh.passed == checkpoints[-1] or not fleet.left
    if is_over and (_whole(fleet, size) or not refresh.touched):
        _bake_or_end(group, refresh)
        return True
    goal = next((one for one in checkpoints if one > refresh.passed), checkpoints[-1])
    return _replace(group, refresh, fleet, total - needed(total, goal)) or _waits(group, refresh, fleet)


def _proceed_back(group: Any, refresh: Refresh) -> bool:
    if not suspended_processes_hold_up_refreshes(group) or refresh.rollback is None:
        return False
    fleet = look(group, refresh)
    refresh.percent = refresh.rollback.percent * fleet.left // max(1, len(refresh.todo))
    _note(refresh, fleet)
    if not fleet.left and _whole(fleet, target_size(group)):
        _settle(group)
        refresh.end("RollbackSuccessful")
        return True
    return _replace(group, refresh, fleet, 0) or _waits(group, refresh, fleet)


@rule("autoscaling", "StartInstanceRefresh", "SuspendProcesses", moto="has no such operation")
def suspended_processes_hold_up_refreshes(group: Any) -> bool:
    """While InstanceRefresh, Launch or Terminate is suspended a refresh replaces nothing.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html;
    understand-how-suspending-processes-affects-other-processes.html.
    """
    return all(runs(group, process) for process in ("InstanceRefresh", "Launch", "Terminate"))


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def checkpoints_pause_a_refresh(refresh: Refresh, fleet: Fleet, total: int, checkpoints: list[int]) -> bool:
    """A checkpoint is reached when its percentage of the group is new, in service and warm; the refresh waits
    CheckpointDelay after each but the last. Several passed at once are one, and growing can reach one again.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/asg-adding-checkpoints-instance-refresh.html.
    """
    reached = [one for one in checkpoints if refresh.percent >= one and fleet.left <= total - needed(total, one)]
    before, refresh.passed = refresh.passed, max(reached, default=0)
    if refresh.passed <= before or refresh.passed == checkpoints[-1] or refresh.preferences["CheckpointDelay"] <= 0:
        return False
    refresh.until = moment.now() + refresh.preferences["CheckpointDelay"]
    return True


def _whole(fleet: Fleet, size: int) -> bool:
    """Whether every new member serves and none is missing."""
    there = len(fleet.old) + len(fleet.new) + fleet.skipped
    return fleet.done == len(fleet.new) and there == size


def _replace(group: Any, refresh: Refresh, fleet: Fleet, keep: int) -> bool:
    """Terminates and launches what may be now, with `keep` old ones left for later; whether it did anything."""
    size, preferences = target_size(group), refresh.preferences
    for member in fleet.standby:
        if preferences["StandbyInstances"] == "Terminate":
            _take(group, member)
    free = [one for one in fleet.old if one not in fleet.held and one.lifecycle_state == "InService"]
    idle = [one for one in free if sick(group, one)]
    serving = [one for one in free if one.instance_id in fleet.ready]
    left = max(0, min(fleet.left - keep, len(fleet.old) - len(fleet.held)))
    useless = idle[:left]
    bounds = healthy_percentages_bound_a_refresh(
        size, preferences["MinHealthyPercentage"], preferences.get("MaxHealthyPercentage")
    )
    now = batch(size, bounds, len(fleet.ready), left - len(useless))
    victims = [*useless, *serving[: now.terminate]]
    group.udo_surplus = max(0, now.surplus)
    for member in victims:
        _take(group, member)
    before = len(group.instance_states)
    reconcile(group, "")
    if victims:
        refresh.stuck = None
    refresh.touched = refresh.touched or bool(victims or fleet.standby) or len(group.instance_states) != before
    return bool(victims) or len(group.instance_states) != before


def _take(group: Any, member: Any) -> None:
    cause = refreshes_are_causes("taken out of service")
    retire(group, member, f"{cause}  At {moment.text()} instance {member.instance_id} was selected for termination.")


def _note(refresh: Refresh, fleet: Fleet) -> None:
    """Notes who is new and who serves; a new one more that serves is progress, a new one that is gone is trouble."""
    new = {member.instance_id for member in fleet.new}
    ready = new & fleet.ready
    stale = {member.instance_id for member in fleet.old}
    if ready - refresh.ready:
        refresh.stuck = None
    elif refresh.seen - new - stale and refresh.stuck is None:
        refresh.stuck = moment.now()
    refresh.seen, refresh.ready = new, ready


def _waits(group: Any, refresh: Refresh, fleet: Fleet) -> bool:
    """Says what a refresh waits for, and fails one that has got no further for an hour."""
    warming = any(member.lifecycle_state == "InService" and healthy(group, member) for member in fleet.late)
    refresh.reason = waiting_reason(group, fleet)
    if why := stuck_reason(group, fleet):
        refresh.reason = why
        refresh.stuck = moment.now() if refresh.stuck is None else refresh.stuck
    if warming or not an_hour_without_progress_fails(refresh):
        return False
    fail(group, refresh, refresh.reason)
    return True


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def an_hour_without_progress_fails(refresh: Refresh) -> bool:
    """A refresh that waits for instances in Standby or protected from scale-in, or whose new instances cannot be
    launched or are not healthy, tries for an hour; then it fails, or with AutoRollback is rolled back.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html (one-hour timeout);
    instance-refresh-rollback.html (auto rollback).
    """
    return refresh.stuck is not None and moment.now() >= refresh.stuck + _PATIENCE


def fail(group: Any, refresh: Refresh, why: str) -> None:
    """Ends a refresh as failed, or rolls it back where it was asked to."""
    if refresh.rollback is not None:
        _settle(group)
        refresh.end("RollbackFailed", why)
    elif refresh.preferences.get("AutoRollback"):
        begin_rollback(refresh, group, f"Auto rollback: {why}" if why else "Auto rollback")
    else:
        _settle(group)
        refresh.end("Failed", why)


def begin_rollback(refresh: Refresh, group: Any, why: str) -> None:
    """Begins to replace what a refresh has launched by what the group itself launches."""
    refresh.rollback = Rollback(why, moment.now(), refresh.percent, refresh.left)
    refresh.todo = {one.instance_id for one in group.instance_states if one.instance_id not in refresh.found}
    refresh.status, refresh.reason, refresh.until, refresh.stuck = "RollbackInProgress", "", None, None
    refresh.ready, refresh.seen = set(), set()


def begin_cancelling(refresh: Refresh, group: Any, *, waits: bool) -> None:
    """Begins to cancel a refresh or its rollback: nothing more is replaced."""
    refresh.status, refresh.waits, refresh.until, refresh.stuck = "Cancelling", waits, None, None
    _settle(group)


def _settle(group: Any) -> None:
    group.udo_surplus = 0


def _bake_or_end(group: Any, refresh: Refresh) -> None:
    _settle(group)
    seconds = refresh.preferences.get("BakeTime") or 0
    if seconds and refresh.status == "InProgress":
        refresh.status, refresh.until = "Baking", moment.now() + seconds
    else:
        _succeed(group, refresh)


def _bake(group: Any, refresh: Refresh) -> bool:
    if why := alarms_that_ring(group, refresh):
        fail(group, refresh, why)
        return True
    if refresh.until is not None and moment.now() < refresh.until:
        refresh.reason = baking(refresh.until)
        return False
    _succeed(group, refresh)
    return True


def _succeed(group: Any, refresh: Refresh) -> None:
    success_gives_the_group_its_desired_configuration(group, refresh)
    refresh.end("Successful")


@rule("autoscaling", "StartInstanceRefresh", "DescribeAutoScalingGroups", moto="has no such operation")
def success_gives_the_group_its_desired_configuration(group: Any, refresh: Refresh) -> None:
    """A group shows the desired configuration once its refresh has succeeded, and not before; never after a failure.

    Source: botocore autoscaling StartInstanceRefreshType, member DesiredConfiguration.
    """
    if refresh.source is not None:
        refresh.source.put(group)


def _cancel(group: Any, refresh: Refresh) -> bool:
    return cancelling_waits_for_transitions(group, refresh)


@rule("autoscaling", "CancelInstanceRefresh", moto="has no such operation")
def cancelling_waits_for_transitions(group: Any, refresh: Refresh) -> bool:
    """A refresh is Cancelling until what it launches and terminates is done, unless WaitForTransitioningInstances is
    false; what was replaced stays, and rollbacks are cancelled too.

    Source: botocore autoscaling CancelInstanceRefresh and CancelInstanceRefreshType, member
    WaitForTransitioningInstances.
    """
    moving = any(one.lifecycle_state.startswith(("Pending", "Terminating")) for one in group.instance_states)
    if refresh.waits and moving:
        return False
    refresh.end("Cancelled", "Cancelled due to user request.")
    return True


_STEPS = {
    "Pending": _begin,
    "InProgress": _proceed,
    "Baking": _bake,
    "Cancelling": _cancel,
    "RollbackInProgress": _proceed_back,
}
