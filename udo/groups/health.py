"""Folds what a group and its target groups say of the health of its members."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from udo.model.groups import AutoScalingGroup, Member
    from udo.model.targets import TargetHealth

HEALTHY = "healthy"
UNHEALTHY = "unhealthy"
# The worst first. Source: botocore elbv2, TargetHealthStateEnum.
_STATES = (UNHEALTHY, "unhealthy.draining", "draining", "unused", "unavailable", "initial", HEALTHY)
# A target that was just registered or is no target at all is not listed.
_MISSING = "unused"


def folded(group: AutoScalingGroup, targets: Mapping[str, tuple[TargetHealth, ...] | None]) -> dict[str, int] | None:
    """How many members in service are in which state, the worst that group and target groups say of each.

    None where a target group does not tell.
    """
    if any(found is None for found in targets.values()):
        return None
    listed = _by_member(targets)
    states = Counter(_worst(one, listed, targets) for one in group.members if one.in_service)
    return {state: states[state] for state in sorted(states, key=_rank)}


def state(member: Member, targets: Mapping[str, tuple[TargetHealth, ...] | None]) -> str:
    """The worst that group and target groups say of a member; what the group says alone of one not in service."""
    known = {arn: found for arn, found in targets.items() if found is not None}
    return _worst(member, _by_member(known), known if member.in_service else {})


def reasons(member: Member, targets: Mapping[str, tuple[TargetHealth, ...] | None]) -> Iterator[str]:
    """What is wrong with a member: one line of the group, and one a target group in which it is not healthy."""
    if member.health_status.lower() != HEALTHY:
        yield f"the group says {member.health_status}"
    for arn, found in targets.items():
        ours = [target for target in found or () if target.instance_id == member.instance_id]
        if not ours and found is not None and member.in_service:
            yield f"{target_group_name(arn)}: not a target"
        for target in ours:
            if target.state != HEALTHY:
                why = ", ".join(filter(None, (target.reason, target.description)))
                yield f"{target_group_name(arn)}: {target.state}" + (f" ({why})" if why else "")


def target_group_name(arn: str) -> str:
    """The name in the ARN of a target group."""
    # arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
    return arn.split("/")[1] if arn.count("/") > 1 else arn


def _by_member(targets: Mapping[str, tuple[TargetHealth, ...] | None]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for arn, listed in targets.items():
        for target in listed or ():
            found.setdefault((arn, target.instance_id), []).append(target.state)
    return found


def _worst(
    member: Member,
    listed: Mapping[tuple[str, str], list[str]],
    targets: Mapping[str, tuple[TargetHealth, ...] | None],
) -> str:
    own = HEALTHY if member.health_status.lower() == HEALTHY else UNHEALTHY
    behind = (state for arn in targets for state in listed.get((arn, member.instance_id), [_MISSING]))
    return min((own, *behind), key=_rank)


def _rank(state: str) -> int:
    return _STATES.index(state) if state in _STATES else 0
