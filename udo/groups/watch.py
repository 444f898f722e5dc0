"""Watches a group until what it wants is in service, or nobody is left."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from udo.change.events import Event, Notice, Progress
from udo.change.waiting import Poll
from udo.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.aws import Aws
    from udo.change.plan import Wait
    from udo.change.waiting import Clock
    from udo.model.groups import AutoScalingGroup, Member

STEADY = "steady"
CHANGING = "changing"
EMPTY = "empty"
GONE = "gone"
# AWS may show a group for a while as it was before a write: so many looks.
_LATE = 3
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html.
_NEEDED = {"Launch": "launches no instance", "Terminate": "terminates no instance"}


class Members:
    """The members of one group from poll to poll; its wait reads DescribeAutoScalingGroups of that group alone.

    The state is `steady` once what is in service makes up the desired capacity and nobody comes or goes, `changing`
    before, and `gone` where the group does not exist. Members in Standby count for nothing: nobody waits for them.
    """

    def __init__(self, aws: Aws, wait: Wait, _clock: Clock | None = None) -> None:
        self._look = _Look(aws, wait)
        # Whether the group was to launch somebody at the last poll.
        self.launches = False

    def poll(self) -> Poll:
        """How many are in service, and who changed since the last poll."""
        group = self._look.group()
        if group is None:
            return deleted(self._look.name)
        self.launches = _wanted(group, [one for one in group.members if not _is_leaving(one)]) > 0
        events = [*self._look.moves(group), _progress(group)]
        steady = is_steady(group)
        return Poll(STEADY if steady else CHANGING, tuple(events), group.members, "" if steady else _ends(group))


class Leaving:
    """The members of a group that ends, from poll to poll; its wait reads as that of `Members` does.

    The state is `empty` once nobody is left, `gone` once the group is, and `changing` before.
    """

    def __init__(self, aws: Aws, wait: Wait, _clock: Clock | None = None) -> None:
        self._look = _Look(aws, wait)
        self._patience = _LATE

    def poll(self) -> Poll:
        """How many are left, and who changed since the last poll.

        Raises: Conflict where somebody wants members again.
        """
        group = self._look.group()
        if group is None:
            return Poll(GONE)
        wanted = group.desired_capacity and not group.status
        self._patience = self._patience - 1 if wanted else 0
        if wanted and self._patience < 0:
            told = f"the desired capacity of {group.name} is {group.desired_capacity} again"
            raise Conflict(told, hint="somebody else is at work; it was not deleted, look and run it again")
        events = [*self._look.moves(group), Progress(f"{len(group.members)} left{_other_states(group)}")]
        state = CHANGING if group.members or wanted else EMPTY
        return Poll(state, tuple(events), group.members, "" if group.status else _stays(group))


class _Look:
    """One group, looked at again and again."""

    def __init__(self, aws: Aws, wait: Wait) -> None:
        self._aws = aws
        (self.name,) = wait.read.params["AutoScalingGroupNames"]
        self._states: dict[str, str] = {}

    def group(self) -> AutoScalingGroup | None:
        """The group now; None where it does not exist."""
        return self._aws.autoscaling.groups([self.name]).get(self.name)

    def moves(self, group: AutoScalingGroup) -> list[Event]:
        """Who changed since the last look."""
        now = {member.instance_id: member.lifecycle_state for member in group.members}
        before, self._states = self._states, now
        if not before:
            return []
        found = [f"{one}  {state}" for one, state in now.items() if before.get(one) != state]
        found += [f"{one}  gone" for one in before if one not in now]
        return [Notice(f"      {line}") for line in found]


def _stays(group: AutoScalingGroup) -> str:
    """Why somebody stays for ever in a group that wants nobody; empty where nobody does."""
    standby = [member.instance_id for member in group.members if member.lifecycle_state == "Standby"]
    return f"{', '.join(standby)} in Standby: nothing ends them there" if standby else _ends(group)


def deleted(group_name: str) -> Poll:
    """What a look at a group says that is not there any more: nothing goes on, and there is nothing to look at."""
    return Poll(GONE, ends=f"group {group_name} does not exist any more", hint="somebody has deleted it")


def is_steady(group: AutoScalingGroup) -> bool:
    """Whether what is in service makes up the desired capacity, and nobody comes or goes."""
    working = [member for member in group.members if member.lifecycle_state != "Standby"]
    return all(member.in_service for member in working) and not _wanted(group, working)


def _ends(group: AutoScalingGroup) -> str:
    """Why the group can never become steady as it is; empty where it can."""
    if group.status:
        return f"group {group.name} is being deleted"
    staying = [one for one in group.members if not _is_leaving(one)]
    wanted = _wanted(group, staying)
    process = "Launch" if wanted > 0 else "Terminate" if wanted < 0 else ""
    if process not in group.suspended_processes:
        # Source: docs.aws.amazon.com/autoscaling/ec2/userguide, "Use instance scale-in protection".
        protected = wanted < 0 and all(member.protected_from_scale_in for member in staying)
        return "every member is protected from scale-in: none will be terminated" if protected else ""
    return f"{process} is suspended ({group.suspended_processes[process]}): the group {_NEEDED[process]}"


def _wanted(group: AutoScalingGroup, members: Sequence[Member]) -> int:
    """The capacity these members lack (above 0) or have too much (below 0).

    A group of weighted members may hold more than is desired, by less than its lightest member.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide, "Configure an Auto Scaling group to use instance weights".
    """
    lack = group.desired_capacity - sum(member.weight for member in members)
    lightest = min((member.weight for member in members), default=1)
    return 0 if -lightest < lack <= 0 else lack


def _progress(group: AutoScalingGroup) -> Progress:
    count = sum(member.weight for member in group.members if member.in_service)
    share = min(1.0, count / group.desired_capacity) if group.desired_capacity else None
    return Progress(f"{count} of {group.desired_capacity} in service{_other_states(group)}", share)


def _other_states(group: AutoScalingGroup) -> str:
    states = Counter(member.lifecycle_state for member in group.members if not member.in_service)
    return "".join(f", {count} {state}" for state, count in sorted(states.items()))


def _is_leaving(member: Member) -> bool:
    """Whether it counts for the group no more: in Standby it does not, but for one on its way back."""
    state = member.lifecycle_state
    return state.startswith(("Terminat", "Detach")) or member.is_aside
