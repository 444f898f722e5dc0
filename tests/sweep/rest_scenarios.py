"""Groups that rest and processes that are suspended by hand, and what that is held to."""

from __future__ import annotations

from typing import Any

from arena import Arena
from deploy_worlds import config
from invariants import (
    CODES,
    SUSPENDED,
    every_group_launches_from_something,
    exit_0_means,
    exit_code_is_one_of,
    only_ours_changes,
    only_these_change,
    the_lock_is_given_back,
)
from scenario import Case, Check, Scenario, after
from state import OURS, State

PLAIN = config()
_SIZES = ("min_size", "desired_capacity", "max_size")
_KEYS = (*_SIZES, "instance_states", SUSPENDED, "_tags")
# What somebody else has suspended before anything begins.
_THEIRS = "HealthCheck"


def _three(arena: Arena) -> None:
    """A group of three with a process that somebody else has suspended, beside groups named almost like it."""
    arena.world.seed(arena.config())
    client = arena.world.client("autoscaling")
    client.suspend_processes(AutoScalingGroupName=OURS, ScalingProcesses=[_THEIRS])


def _check(sizes: tuple[int, int, int], suspended: str = "", tag: str = "") -> Check:
    """At the end of an undisturbed run these sizes, processes beside somebody else's, and tag of Udo's."""
    wanted = (sizes, sizes[1], {_THEIRS, *suspended.split()}, tag)

    def end(state: State) -> None:
        assert _told(state) == wanted
        assert not state["parameters"]

    return Check(
        always=(
            every_group_launches_from_something,
            only_these_change("groups", "instances"),
            only_ours_changes("groups", *_KEYS),
            what_somebody_else_suspended_stays_suspended,
            what_is_lowered_or_suspended_is_remembered,
        ),
        told=(
            exit_code_is_one_of(*CODES, 124),
            exit_0_means(lambda case: _told(case.after) == _told(case.end)),
            the_lock_is_given_back,
        ),
        end=end,
        same=same,
    )


def what_somebody_else_suspended_stays_suspended(case: Case) -> None:
    """I3: never resumed, whatever happens."""
    assert _THEIRS in _told(case.after)[2]


def what_is_lowered_or_suspended_is_remembered(case: Case) -> None:
    """I3 and I7: while sizes are lower than before, or more is suspended, a tag says what to put back."""
    (sizes, _, suspended, tag), before = _told(case.after), _told(case.before)
    if sizes < before[0] or suspended > before[2]:
        assert tag, "nobody remembers what was there before"
        assert suspended - before[2] <= set(tag.split())


def same(one: State, other: State, _excused: frozenset[str]) -> bool:
    """Whether two states are the same but for locks and which instances there are."""
    return _comparable(one) == _comparable(other) and _told(one) == _told(other)


def _told(state: State) -> tuple[tuple[int, ...], int, set[str], str]:
    group = state["groups"][OURS]
    sizes = tuple(group.get(name, 0) for name in _SIZES)
    there = sum(one["lifecycle_state"] == "InService" for one in group.get("instance_states", ()))
    tags = {row["Key"]: row["Value"] for row in group.get("_tags", ())}
    tag = tags.get("udo:asleep", "") or tags.get("udo:suspended", "")
    return sizes, there, set(group.get(SUSPENDED, ())), tag


def _comparable(state: State) -> Any:
    groups = {
        name: {key: value for key, value in one.items() if key not in _KEYS} for name, one in state["groups"].items()
    }
    return {**state, "groups": groups, "instances": None, "parameters": None}


_AWAKE, _ASLEEP, _WAKERS = (0, 3, 9), (0, 0, 9), "AlarmNotification ScheduledActions"
_SLEEP, _WAKE = ("sleep", "prod", "webapp", "--yes"), ("wake", "prod", "webapp")
_SUSPEND, _RESUME = ("suspend", "prod", "webapp", "AZRebalance"), ("resume", "prod", "webapp")

CORE = {"sleep": Scenario(_SLEEP, _three, _check(_ASLEEP, _WAKERS, f"0 3 9 {_WAKERS}"), PLAIN)}
MORE = {
    "wake": Scenario(_WAKE, after(_three, *_SLEEP), _check(_AWAKE), PLAIN),
    "suspend": Scenario(_SUSPEND, _three, _check(_AWAKE, "AZRebalance", "AZRebalance"), PLAIN),
    "resume": Scenario(_RESUME, after(_three, *_SUSPEND), _check(_AWAKE), PLAIN),
}
