"""Checks of how a group lives: where, behind which load balancers, with what suspended, and who holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from udo.doctor.access import length
from udo.doctor.finding import Finding, Subject, fails, key, warning
from udo.errors import ConfigError, UsageError
from udo.groups.asleep import is_asleep
from udo.groups.health import HEALTHY, target_group_name
from udo.groups.locks import locked_text
from udo.refresh.arithmetic import bounds
from udo.refresh.forecast import NEEDED
from udo.refresh.preferences import wanted
from udo.refresh.words import STATUS, named, why
from udo.status.page import target_groups

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup
    from udo.model.refreshes import Refresh

# A refresh that has run for longer than this is looked at.
_LONG = 6 * 3600.0


def existence(subject: Subject) -> Iterator[Finding]:
    """A group that is not there, or is being deleted."""
    group = subject.group
    if group is None:
        yield warning(f"group {subject.role.group_name} does not exist", "", f"udo create {subject.words}")
    elif group.status:
        yield fails(f"{group.name} is being deleted ({group.status})", group.name, "wait, then udo create")


def zones(subject: Subject) -> Iterator[Finding]:
    """A group in one availability zone."""
    group = _group(subject)
    names = {subject.facts.subnets[one].availability_zone for one in group.subnets if one in subject.facts.subnets}
    names |= set(group.raw.get("AvailabilityZones") or ())
    if len(names) == 1:
        says = f"all members are in {names.pop()}: where that zone fails, so does the role"
        yield warning(says, group.name, f"set {key(subject, _place(subject))}, then udo update {subject.words}")


def _place(subject: Subject) -> str:
    places = ("subnets", "subnets_cidr", "subnets_tags", "availability_zones")
    return next((one for one in places if subject.role.has(one)), "subnets")


def addresses(subject: Subject) -> Iterator[Finding]:
    """Subnets with fewer free addresses than a launch, a refresh or the maximum needs."""
    group, known = _group(subject), subject.facts.subnets
    remedy = f"set {key(subject, _place(subject))} to larger subnets, then udo update {subject.words}"
    if gone := [one for one in group.subnets if one not in known]:
        yield fails(f"subnet {', '.join(gone)} does not exist: launches there fail", group.name, remedy)
    free = {one: known[one].free for one in group.subnets if one in known}
    counts = {one: count for one, count in free.items() if count is not None}
    if not counts or not group.max_size:
        return
    total, where = sum(counts.values()), ", ".join(counts)
    weight = _lightest(group)
    refresh = -(-_launched_first(subject) // weight)
    more = -(-max(0, group.max_size - sum(one.weight for one in group.members)) // weight)
    if total < refresh:
        says = f"{_addresses(total)} free, and a refresh launches {refresh} before it ends one"
        yield fails(says, where, remedy)
    elif total < more:
        yield warning(f"{_addresses(total)} free, and {more} more members may come (max_size)", where, remedy)
    elif empty := [one for one, count in counts.items() if not count]:
        says = f"no address free in {', '.join(empty)}: launches in that zone fail"
        yield warning(says, ", ".join(empty), remedy)


def _addresses(number: int) -> str:
    return "no address is" if not number else "1 address is" if number == 1 else f"{number} addresses are"


def _launched_first(subject: Subject) -> int:
    """How much above the desired capacity `udo refresh` launches, in the group's unit, at least one."""
    desired = _group(subject).desired_capacity
    try:
        most = bounds(desired, wanted(subject.role, {}).preferences).most
    except (ConfigError, UsageError):
        # Of what udo.yml says there `udo check` tells.
        most = desired
    return max(1, most - desired)


def _lightest(group: AutoScalingGroup) -> int:
    policy = (group.raw.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    weights = [int(one.get("WeightedCapacity") or 1) for one in policy.get("Overrides") or ()]
    return max(1, min(weights, default=1))


def health_check(subject: Subject) -> Iterator[Finding]:
    """Load balancers whose word on the health of members the group does not take."""
    group = _group(subject)
    kinds = str(group.raw.get("HealthCheckType") or "EC2").split(",")
    if (target_groups(group) or group.raw.get("LoadBalancerNames")) and "ELB" not in kinds:
        says = f"health check {', '.join(kinds)} behind a load balancer: what that finds unhealthy is not replaced"
        yield warning(
            says, group.name, f"set {key(subject, 'health_check.type')}: ELB, then udo update {subject.words}"
        )


def balancers(subject: Subject) -> Iterator[Finding]:
    """Target groups and load balancers that were deleted."""
    group = _group(subject)
    for arn in target_groups(group):
        if arn not in subject.facts.target_groups:
            says = f"target group {target_group_name(arn)} does not exist: no member is registered"
            yield fails(says, arn, f"set {key(subject, 'target_groups')}, then udo update {subject.words}")
    for name in group.raw.get("LoadBalancerNames") or ():
        if name not in subject.facts.load_balancers:
            says = f"load balancer {name} does not exist: no member is registered"
            yield fails(says, name, f"set {key(subject, 'elbs')}, then udo update {subject.words}")


def targets(subject: Subject) -> Iterator[Finding]:
    """Target groups in which no member is healthy, though some are in service."""
    group = _group(subject)
    serving = {one.instance_id for one in group.members if one.in_service}
    for arn in target_groups(group):
        states = [one.state for one in subject.facts.targets.get(arn, ()) if one.instance_id in serving]
        if serving and arn in subject.facts.target_groups and HEALTHY not in states:
            told = ", ".join(sorted(set(states))) or "not registered"
            says = f"no member is healthy in target group {target_group_name(arn)}: {told}"
            yield fails(says, arn, f"udo status {subject.words}")


def lock(subject: Subject) -> Iterator[Finding]:
    """A lock that nobody takes away: of a run that is dead or over an hour old, or set by hand."""
    held = subject.facts.locks.get(_group(subject).name)
    row = held.row(subject.now) if held else None
    if not held or not row or row["state"] == "at work":
        return
    says, remedy = locked_text(held.group, row), f"udo unlock {subject.words}"
    # What is dead the next run on that machine takes over; what is old nobody does.
    yield (fails if row["state"] == "stale" else warning)(says, held.group, remedy)


def refresh(subject: Subject) -> Iterator[Finding]:
    """An instance refresh that cannot move, or has run for hours."""
    group = _group(subject)
    found = next((one for one in subject.facts.refreshes.get(group.name, ()) if one.is_active), None)
    if found is None:
        return
    suspended = [name for name in NEEDED if name in group.suspended_processes]
    if suspended:
        says = f"{named(found)} makes no progress while {', '.join(suspended)} {_are(suspended)} suspended"
        yield fails(says, found.refresh_id, f"udo resume {subject.words} {' '.join(suspended)}")
    elif (ran := _seconds(found, subject.now)) > _LONG:
        told = why(found)
        says = f"{named(found)} {STATUS.get(found.status, found.status)} for {length(ran)}, {found.percent} % done"
        yield warning(f"{says}: {told}" if told else says, found.refresh_id, f"udo refresh {subject.words} --status")


def _seconds(found: Refresh, now: float) -> float:
    from datetime import datetime

    return now - datetime.fromisoformat(found.started_at).timestamp() if found.started_at else 0.0


def sleeps(subject: Subject) -> bool:
    """Whether `udo sleep` has taken the group to zero."""
    return is_asleep(_group(subject))


def _group(subject: Subject) -> AutoScalingGroup:
    assert subject.group  # noqa: S101  (these are checks of roles whose group exists)
    return subject.group


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
