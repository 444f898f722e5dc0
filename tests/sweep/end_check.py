"""What the end of a group is held to: exactly it goes, with its own launch data, and until then it can be woken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invariants import (
    CODES,
    LOCK,
    SUSPENDED,
    exit_0_means,
    exit_code_is_one_of,
    only_these_change,
    the_lock_is_given_back,
    what_acts_on_others_stays,
)
from scenario import Case, Check
from state import OURS, State, launched

_SIZES = ("min_size", "desired_capacity", "max_size")
_OWN = ("groups", "configurations", "templates", "deployment_groups")
# Of the family, and of nobody else: what a world may lose.
FAMILY = {OURS, f"{OURS}-v2", f"{OURS}-v3"}


def end_check() -> Check:
    """At the end of an undisturbed run nothing is left of the group and its family, and all of others is there."""
    return Check(
        always=(
            only_these_change(*_OWN, "instances", "parts", "alarms"),
            what_acts_on_others_stays,
            nothing_of_others_changes,
            every_group_that_is_there_launches_from_something,
            what_is_lowered_can_be_woken,
            launch_data_goes_after_the_group,
            members_end_before_the_group,
        ),
        told=(
            exit_code_is_one_of(*CODES, 124),
            exit_0_means(lambda case: _left(case.after) == _left(case.end)),
            the_lock_is_given_back,
        ),
        end=_nothing_is_left,
        same=same,
    )


def nothing_of_others_changes(case: Case) -> None:
    """I2: of every kind only what is of the exact family; of its deployment group only that it is in it."""
    for kind in _OWN:
        assert _of_others(case.after, kind) == _of_others(case.before, kind), f"{kind} of others changed"
    groups = (state["deployment_groups"][OURS] for state in (case.before, case.after))
    before, now = ([name for name in one.get("auto_scaling_groups", ()) if name != OURS] for one in groups)
    assert now == before, "another group left the deployment group"


def every_group_that_is_there_launches_from_something(case: Case) -> None:
    """I1: no group references a launch configuration or template version that is gone."""
    for name in case.after["groups"]:
        assert launched(case.after, name), f"{name} launches from nothing"


def what_is_lowered_can_be_woken(case: Case) -> None:
    """I3 and I7: while the group is there and smaller, or more of it is suspended, a tag says what to put back."""
    group, before = case.after["groups"].get(OURS), case.before["groups"][OURS]
    if group is None or (_sizes(group) == _sizes(before) and set(group.get(SUSPENDED, ())) <= set(before[SUSPENDED])):
        return
    tags = {row["Key"]: row["Value"] for row in group.get("_tags", ())}
    low, desired, high = _sizes(before)
    assert tags.get("udo:asleep", "").startswith(f"{low} {desired} {high}"), "nobody remembers what was there before"


def launch_data_goes_after_the_group(case: Case) -> None:
    """While the group is there, all of its family is."""
    if OURS in case.after["groups"]:
        for kind in ("configurations", "templates"):
            assert case.after[kind] == case.before[kind], f"{kind} went before the group"


def members_end_before_the_group(case: Case) -> None:
    """Where the group is gone nobody of it is left, and it is in no deployment group."""
    if OURS not in case.after["groups"]:
        assert OURS not in case.after["deployment_groups"][OURS].get("auto_scaling_groups", ())
        assert _running(case.after) == _running(case.end)


def same(one: State, other: State, _excused: frozenset[str]) -> bool:
    """Whether two states are the same but for locks."""
    return {**one, "parameters": None} == {**other, "parameters": None}


def _nothing_is_left(state: State) -> None:
    assert not any(_left(state))
    assert LOCK not in state["parameters"]


def _left(state: State) -> tuple[Any, ...]:
    """What is left of the group and its family."""
    found = (FAMILY & {*state[kind]} for kind in ("groups", "configurations", "templates"))
    return (*found, OURS in state["deployment_groups"][OURS].get("auto_scaling_groups", ()))


def _of_others(state: State, kind: str) -> dict[str, Any]:
    return {name: one for name, one in state[kind].items() if name not in FAMILY}


def _sizes(group: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(group.get(name, 0) for name in _SIZES)


def _running(state: State) -> set[str]:
    return {one for one, status in state["instances"].items() if status == "running"}
