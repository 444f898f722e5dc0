"""The moments at which something changes in a group that is refreshed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from udo.sandbox.strict.autoscaling import holding
from udo.sandbox.strict.autoscaling.refresh_alarms import names_of
from udo.sandbox.strict.autoscaling.refresh_members import warm_at
from udo.sandbox.strict.autoscaling.refresh_state import Refresh, active
from udo.sandbox.strict.autoscaling.schedule_runs import due_moments
from udo.sandbox.strict.delays import delays


def due(group: Any) -> float | None:
    """When a group that is refreshed changes next by itself, in seconds since the epoch."""
    refresh = active(group)
    if refresh is None:
        return None
    return min((when for when in _moments(group, refresh) if when > refresh.moved), default=None)


def _moments(group: Any, refresh: Refresh) -> Iterator[float]:
    if refresh.status == "Pending":
        yield refresh.started + delays.refresh_start
    yield refresh.started + 14 * 86_400.0
    if refresh.until is not None:
        yield refresh.until
    if refresh.stuck is not None:
        yield refresh.stuck + 3600.0
    if names_of(refresh.preferences):
        # Alarms are evaluated at the end of every minute.
        yield (math.floor(refresh.moved / 60) + 1) * 60.0
    yield getattr(group, "udo_retry_at", 0.0)
    for (name, _), action in group.autoscaling_backend.scheduled_actions.items():
        if name == group.name:
            yield from due_moments(action)
    targets = _targets(group)
    for member in group.instance_states:
        yield from _of_member(group, refresh, member)
        if member.instance_id not in refresh.found:
            yield from (since[member.instance_id] + delays.target for since in targets if member.instance_id in since)
    if any(member.lifecycle_state in holding.WAITING.values() for member in group.instance_states):
        yield from (when for worker in holding.workers() if (when := worker.due()) is not None)


def _of_member(group: Any, refresh: Refresh, member: Any) -> Iterator[float]:
    state = member.lifecycle_state
    if state == "Pending":
        yield member.udo_ready_at
    elif state == "Terminating":
        yield member.udo_gone_at
    elif state in holding.WAITING.values():
        yield from (min(one.due, one.end) for one in member.udo_actions if one.result is None)
    elif state == "InService":
        if member.instance_id not in refresh.found:
            yield warm_at(refresh, member)
            yield member.udo_ready_at + (group.health_check_grace_period or 0)
        if getattr(member, "udo_dead_since", None) is not None:
            yield member.udo_dead_since + delays.health_check
        if getattr(member, "udo_in_service_at", 0.0) >= refresh.moved:
            # Who serves only now is looked at again, however short all delays are.
            yield refresh.moved + 1.0


def _targets(group: Any) -> list[dict[str, float]]:
    if delays.target <= 0:
        return []
    known = group.autoscaling_backend.elbv2_backend.target_groups
    found = [known[arn] for arn in group.target_group_arns or [] if arn in known]
    return [getattr(one, "udo_since", {}) for one in found]
