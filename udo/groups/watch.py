"""Watches a group until as many members as it wants are in service."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from udo.change.events import Event, Notice, Progress
from udo.change.waiting import Poll

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.plan import Wait
    from udo.model.groups import AutoScalingGroup, Member

STEADY = "steady"
CHANGING = "changing"
_GONE = "gone"
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html.
_NEEDED = {"Launch": "launches no instance", "Terminate": "terminates no instance"}


class Members:
    """The members of one group from poll to poll; its wait reads DescribeAutoScalingGroups of that group alone.

    The state is `steady` once the desired number is in service and nobody else is there, `changing` before, and `gone`
    where the group does not exist.
    """

    def __init__(self, aws: Aws, wait: Wait) -> None:
        self._aws = aws
        (self._name,) = wait.read.params["AutoScalingGroupNames"]
        self._states: dict[str, str] = {}

    def poll(self) -> Poll:
        """How many are in service, and who changed since the last poll."""
        group = self._aws.autoscaling.groups([self._name]).get(self._name)
        if group is None:
            return Poll(_GONE, ends=f"group {self._name} does not exist any more")
        events = [*self._moves(group), _progress(group)]
        steady = _in_service(group) == group.desired_capacity == len(group.members)
        return Poll(STEADY if steady else CHANGING, tuple(events), group.members, "" if steady else _ends(group))

    def _moves(self, group: AutoScalingGroup) -> list[Event]:
        now = {member.instance_id: member.lifecycle_state for member in group.members}
        before, self._states = self._states, now
        if not before:
            return []
        found = [f"{one}  {state}" for one, state in now.items() if before.get(one) != state]
        found += [f"{one}  gone" for one in before if one not in now]
        return [Notice(f"      {line}") for line in found]


def _ends(group: AutoScalingGroup) -> str:
    """Why the group can never become steady as it is; empty where it can."""
    if group.status:
        return f"group {group.name} is being deleted"
    missing = group.desired_capacity - len([one for one in group.members if not _is_going(one)])
    process = "Launch" if missing > 0 else "Terminate" if missing < 0 else ""
    if process not in group.suspended_processes or any(_is_on_its_way(one) for one in group.members):
        return ""
    why = group.suspended_processes[process]
    return f"{process} is suspended ({why}): the group {_NEEDED[process]}"


def _progress(group: AutoScalingGroup) -> Progress:
    states = Counter(member.lifecycle_state for member in group.members if not member.in_service)
    others = "".join(f", {count} {state}" for state, count in sorted(states.items()))
    count = _in_service(group)
    share = min(1.0, count / group.desired_capacity) if group.desired_capacity else None
    return Progress(f"{count} of {group.desired_capacity} in service{others}", share)


def _in_service(group: AutoScalingGroup) -> int:
    return sum(member.in_service for member in group.members)


def _is_going(member: Member) -> bool:
    return member.lifecycle_state.startswith(("Terminat", "Detach"))


def _is_on_its_way(member: Member) -> bool:
    return member.lifecycle_state.startswith("Pending") or _is_going(member)
