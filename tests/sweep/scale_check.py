"""What a change of sizes is held to: the sizes of one group, set as asked, and nothing else of it or of others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from invariants import (
    CODES,
    every_group_launches_from_something,
    exit_0_means,
    exit_code_is_one_of,
    no_process_is_touched,
    only_ours_changes,
    only_these_change,
    the_lock_is_given_back,
)
from scenario import Case, Check
from state import OURS, State

_SIZES = ("min_size", "desired_capacity", "max_size")


def scale_check(low: int, desired: int, high: int, *, waits: bool = True) -> Check:
    """At the end of an undisturbed run the group has these sizes, and that many members in service."""
    return Check(
        always=(
            every_group_launches_from_something,
            only_these_change("groups", "instances"),
            only_ours_changes("groups", *_SIZES, "instance_states"),
            no_process_is_touched,
            sizes_are_those_before_or_those_asked_for,
        ),
        told=(
            exit_code_is_one_of(*CODES, 124),
            exit_0_means(partial(_at_goal, waits=waits)),
            whoever_sets_sizes_and_leaves_gives_the_number,
            the_lock_is_given_back,
        ),
        end=partial(_check_end, (low, desired, high), waits=waits),
        same=same,
    )


def sizes_are_those_before_or_those_asked_for(case: Case) -> None:
    """I5: all bounds move in one call, so there is no state between."""
    assert _sizes(case.after) in (_sizes(case.before), _sizes(case.end)), _sizes(case.after)


def whoever_sets_sizes_and_leaves_gives_the_number(case: Case, run: Any) -> None:
    """The hint of a run that was interrupted after it set the sizes names the number."""
    if run.exit == 130 and _sizes(case.after) != _sizes(case.before) and "to continue" in run.stderr:
        assert f"udo scale prod webapp {_sizes(case.end)[1]}" in run.stderr, run.stderr


def same(one: State, other: State, _excused: frozenset[str]) -> bool:
    """Whether two states are the same but for locks and which instances there are."""
    return _comparable(one) == _comparable(other)


def _at_goal(case: Case, *, waits: bool) -> bool:
    there: bool = _in_service(case.after) == _in_service(case.end)
    return _sizes(case.after) == _sizes(case.end) and (there or not waits)


def _check_end(sizes: tuple[int, int, int], end: State, *, waits: bool) -> None:
    assert _sizes(end) == sizes
    assert not waits or _in_service(end) == sizes[1]
    assert not end["parameters"]


def _sizes(state: State) -> tuple[int, ...]:
    group: Mapping[str, Any] = state["groups"][OURS]
    return tuple(group.get(name, 0) for name in _SIZES)


def _in_service(state: State) -> int:
    states = state["groups"][OURS].get("instance_states", ())
    return sum(one["lifecycle_state"] == "InService" for one in states)


def _comparable(state: State) -> Any:
    groups = {name: {k: v for k, v in one.items() if k != "instance_states"} for name, one in state["groups"].items()}
    return {**state, "groups": groups, "instances": _in_service(state), "parameters": None}
