"""When a group is steady: weights, members in Standby, and suspended processes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from udo.change.plan import Read, Wait
from udo.change.waiting import Poll
from udo.errors import Conflict
from udo.groups.watch import Leaving, Members
from udo.model.groups import AutoScalingGroup, Member

SERVES = "InService"


def polled(desired: int, *states: str, weights: tuple[int, ...] = (), suspended: str = "") -> Poll:
    """One look at a group with members in these states."""
    sizes = weights or (1,) * len(states)
    members = tuple(
        Member(f"i-{number}", state, "Healthy", "a", None, weight=weight)
        for number, (state, weight) in enumerate(zip(states, sizes, strict=True))
    )
    processes = {suspended: "by hand"} if suspended else {}
    group = AutoScalingGroup("g", None, 0, 99, desired, members, processes)
    aws: Any = SimpleNamespace(autoscaling=SimpleNamespace(groups=lambda names: {names[0]: group}))
    read = Read("autoscaling", "DescribeAutoScalingGroups", {"AutoScalingGroupNames": ["g"]}, "AutoScalingGroups")
    return Members(aws, Wait("wait", read, ("steady",))).poll()


@pytest.mark.parametrize(
    ("desired", "weights", "state"),
    [
        (8, (4, 4), "steady"),
        (7, (4, 4), "steady"),
        (9, (4, 4), "changing"),
        (4, (4, 4), "changing"),
        (3, (2, 1), "steady"),
        (0, (), "steady"),
    ],
)
def test_the_weights_of_members_make_up_the_desired_capacity(
    desired: int, weights: tuple[int, ...], state: str
) -> None:
    assert polled(desired, *[SERVES] * len(weights), weights=weights).state == state


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ((SERVES, SERVES, "Standby"), "steady"),
        ((SERVES, SERVES, "EnteringStandby"), "changing"),
        ((SERVES, SERVES, "Terminating"), "changing"),
        ((SERVES, "Pending:Wait"), "changing"),
        ((SERVES, "Standby"), "changing"),
    ],
)
def test_members_in_standby_are_left_aside_and_those_on_their_way_are_awaited(
    states: tuple[str, ...], state: str
) -> None:
    assert polled(2, *states).state == state


@pytest.mark.parametrize(
    ("states", "suspended", "reason"),
    [
        ((SERVES,), "Launch", "Launch is suspended (by hand): the group launches no instance"),
        ((SERVES, "Terminating"), "Launch", "Launch is suspended (by hand): the group launches no instance"),
        ((SERVES, "Standby"), "Launch", "Launch is suspended (by hand): the group launches no instance"),
        ((SERVES, SERVES, SERVES), "Terminate", "Terminate is suspended (by hand): the group terminates no instance"),
        ((SERVES, "Pending"), "Launch", ""),
        ((SERVES,), "Terminate", ""),
        ((SERVES, SERVES, SERVES), "Launch", ""),
        ((SERVES, SERVES, "Terminating"), "Terminate", ""),
        ((SERVES,), "AZRebalance", ""),
    ],
)
def test_a_suspended_process_ends_the_wait_only_where_its_own_work_is_missing(
    states: tuple[str, ...], suspended: str, reason: str
) -> None:
    assert polled(2, *states, suspended=suspended).ends == reason


@pytest.mark.parametrize(("seen", "looks"), [((3, 3, 0, 0, 2), 4), ((0, 1), 1), ((3, 3, 3, 3), 3)])
def test_members_that_are_wanted_again_end_the_wait_and_what_aws_shows_late_does_not(
    seen: tuple[int, ...], looks: int
) -> None:
    group = iter([AutoScalingGroup("g", None, 0, 9, desired) for desired in seen])
    aws: Any = SimpleNamespace(autoscaling=SimpleNamespace(groups=lambda names: {names[0]: next(group)}))
    read = Read("autoscaling", "DescribeAutoScalingGroups", {"AutoScalingGroupNames": ["g"]}, "AutoScalingGroups")
    leaving = Leaving(aws, Wait("wait", read, ("gone",)))
    for wanted in seen[:looks]:
        assert leaving.poll().state == ("changing" if wanted else "empty")
    with pytest.raises(Conflict, match="again"):
        leaving.poll()
