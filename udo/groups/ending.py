"""How a group ends: emptied first, or by force, deleted, and waited for until it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.change.plan import Call, Pair, Read, Wait
from udo.errors import Refused
from udo.frozen import frozen
from udo.groups.owner import stack_of
from udo.groups.rest import SIZES, Sizes, resting, sizes_of
from udo.groups.tags import group_read
from udo.groups.watch import EMPTY, GONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from udo.config import Role
    from udo.model.groups import AutoScalingGroup, Member

_ZERO = Sizes(0, 0, 0)


@frozen
class Ending:
    """How a group is to end: by `force` nobody is awaited and no termination hook runs; `timeout` is of each wait, in
    seconds; `again` is the line that continues it."""

    force: bool
    timeout: float
    again: str


def refuse(role: Role, group: AutoScalingGroup, how: Ending) -> None:
    """Accepts a group that may be deleted and whose members can go.

    Raises: Refused.
    """
    if stack := stack_of(group):
        told = f"{group.name} belongs to the CloudFormation stack {stack}"
        raise Refused(told, hint="nothing was changed; delete it there")
    level = group.raw.get("DeletionProtection", "none")
    if level == "prevent-all-deletion" or (level == "prevent-force-deletion" and how.force):
        off = f"set 'deletion_protection: none' for it in udo.yml, then: udo update {role.cluster} {role.name}"
        without = "leave out --force, or " if level == "prevent-force-deletion" else ""
        told = f"{group.name} is protected from deletion ({level})"
        raise Refused(told, hint=f"nothing was changed; {without}{off}")
    if not how.force and (stays := next(_stays(role, group), "")):
        raise Refused(stays)


def _stays(role: Role, group: AutoScalingGroup) -> Iterator[str]:
    """What keeps the group from becoming empty, each with what to do."""
    here = f"{role.cluster} {role.name}"
    if ids := _ids(group, lambda member: member.is_aside):
        yield f"{ids} in Standby would stay: first 'udo standby {here} {ids} --return', or 'udo detach {here} {ids}'"
    if ids := _ids(group, lambda member: member.protected_from_scale_in):
        off = f"aws autoscaling set-instance-protection --auto-scaling-group-name {group.name} --instance-ids {ids}"
        yield f"{ids} protected from scale-in would stay: first '{off} --no-protected-from-scale-in', or use --force"
    if group.members and "Terminate" in group.suspended_processes:
        yield f"Terminate is suspended, so that all members would stay: first 'udo resume {here} Terminate'"
    if group.raw.get("WarmPoolConfiguration"):
        off = f"aws autoscaling delete-warm-pool --auto-scaling-group-name {group.name}"
        yield f"{group.name} has a warm pool: first '{off}', or use --force"


def _ids(group: AutoScalingGroup, stays: Callable[[Member], bool]) -> str:
    return " ".join(member.instance_id for member in group.members if stays(member))


def emptied(role: Role, group: AutoScalingGroup, how: Ending) -> list[Call | Wait]:
    """The steps after which nobody is left in the group, and nothing launches anybody; none for one that is empty.

    What it was is remembered as `sleep` does it, so that until it is deleted `wake` brings it back.

    Raises: Refused.
    """
    if not (group.members or group.desired_capacity):
        return []
    _, calls = resting(group, _ZERO)
    back = f"bring it back with: udo wake {role.cluster} {role.name}"
    left = f"AWS continues to empty {group.name}, which is not deleted yet: continue with: {how.again}, or {back}"
    wait = Wait(
        f"wait until {group.name} is empty",
        group_read(group.name, "DesiredCapacity"),
        success=(EMPTY,),
        timeout=how.timeout,
        detached=left,
        watch="leaving",
    )
    return [*calls, wait]


def deleted(group: AutoScalingGroup, how: Ending) -> Call:
    """The call that deletes the group: an empty one, or by force whoever is in it."""
    busy = bool(group.members or group.desired_capacity)
    sizes = _ZERO if busy and not how.force else sizes_of(group)
    seen = [Pair(group_read(group.name, SIZES), list(sizes), f"sizes of {group.name}")]
    if not how.force:
        count = group_read(group.name, "length(Instances || `[]`)")
        seen.append(Pair(count, 0, f"number of members of {group.name}"))
    force = {"ForceDelete": True} if how.force else {}
    return Call(
        f"delete group {group.name}" + (f" with its {len(group.members)} members, by force" if how.force else ""),
        "autoscaling",
        "DeleteAutoScalingGroup",
        {"AutoScalingGroupName": group.name, **force},
        expect=tuple(seen),
        proof=(Pair(_named(group.name, "[?!Status]"), [], f"group {group.name}"),),
    )


def gone_wait(name: str, how: Ending) -> Wait:
    """The wait until the group is gone."""
    return Wait(
        f"wait until {name} is gone",
        group_read(name, "Status"),
        success=(GONE,),
        timeout=how.timeout,
        detached=f"AWS continues to delete {name}; continue with: {how.again}",
        watch="leaving",
    )


def gone_goal(name: str) -> Pair:
    """That there is no such group."""
    return Pair(_named(name, "[]"), [], f"group {name}")


def _named(name: str, which: str) -> Read:
    asked = {"AutoScalingGroupNames": [name]}
    return Read("autoscaling", "DescribeAutoScalingGroups", asked, f"AutoScalingGroups{which}.AutoScalingGroupName")
