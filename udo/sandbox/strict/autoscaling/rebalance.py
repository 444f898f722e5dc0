"""Rebalances groups over their zones: one member more where few are, then one less where many are."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import autoscaling_backends

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.autoscaling.capacity import reconcile, target_size
from udo.sandbox.strict.autoscaling.processes import runs
from udo.sandbox.strict.autoscaling.refresh_state import active
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import rule


def advance() -> None:
    """Moves every group of every account and region up to the present moment."""
    for account in list(autoscaling_backends.values()):
        for backend in list(account.values()):
            steady.each(_tick, backend.autoscaling_groups.values())


def _tick(group: Any) -> None:
    if len(group.availability_zones) < 2 or getattr(group, "status", None) or active(group) is not None:
        return
    states = {member.lifecycle_state for member in group.instance_states}
    if group.__dict__.get("udo_rebalanced") and not any(state.startswith("Pending") for state in states):
        del group.udo_rebalanced
        _shrink(group)
        return
    if states - {"InService"}:
        return
    uneven = unevenly_spread_groups_are_rebalanced(group)
    if not uneven:
        group.udo_uneven_since = None
    elif getattr(group, "udo_uneven_since", None) is None:
        group.udo_uneven_since = moment.now()
    elif moment.now() - group.udo_uneven_since >= delays.rebalance:
        group.udo_uneven_since = None
        _grow(group)


@rule("autoscaling", "DescribeAutoScalingGroups", "SuspendProcesses", moto="leaves members where they are")
def unevenly_spread_groups_are_rebalanced(group: Any) -> bool:
    """A group one of whose zones holds two members more than another gets one more in the emptier zone, beyond its
    maximum if need be, and once that serves it loses one in the fuller; not while AZRebalance or Launch is suspended.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html (rebalancing activities);
    as-suspend-resume-processes.html.
    """
    if not (runs(group, "AZRebalance") and runs(group, "Launch")) or len(group.instance_states) != target_size(group):
        return False
    subnets = group.vpc_zone_identifier.split(",") if group.vpc_zone_identifier else []
    if subnets and len(subnets) != len(set(group.availability_zones)):
        # Members are spread over subnets, so that two of one zone are left as they are.
        return False
    counts = _counts(group)
    fullest = max(counts.values())
    movable = any(
        counts.get(member.availability_zone) == fullest and not member.protected_from_scale_in
        for member in group.instance_states
    )
    return movable and fullest - min(counts.values()) >= 2


def _counts(group: Any) -> dict[str, int]:
    zones = [member.availability_zone for member in group.instance_states]
    return {zone: zones.count(zone) for zone in group.availability_zones}


def _grow(group: Any) -> None:
    counts = _counts(group)
    zones, numbers = " ".join(counts), " ".join(map(str, counts.values()))
    group.udo_rebalanced = True
    group.udo_surplus = 1
    reconcile(
        group,
        f"At {moment.text()} availability zones {zones} had {numbers} instances respectively."
        " An instance was launched to aid in balancing the group's zones.",
    )


def _shrink(group: Any) -> None:
    group.udo_surplus = 0
    counts = _counts(group)
    reconcile(
        group,
        f"At {moment.text()} instances were launched to balance instances in zones {' '.join(counts)} with other zones"
        " resulting in more than desired number of instances in the group.",
    )
