"""Members that are moved by name, and what that is held to: nobody else moves, and nobody is lost."""

from __future__ import annotations

from typing import Any

from arena import MEMBER, Arena
from deploy_worlds import config
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
from scenario import Case, Check, Scenario, after
from state import OURS, State

PLAIN = config()
_KEYS = ("desired_capacity", "instance_states")


def _three(arena: Arena) -> None:
    """A group of three, beside groups named almost like it."""
    arena.world.seed(arena.config())


def _check(desired: int, in_service: int, standby: int, lowest: int) -> Check:
    """At the end of an undisturbed run so many are desired, in service and in Standby; never fewer than `lowest`."""

    def reached(state: State) -> tuple[int, int, int]:
        group = state["groups"][OURS]
        found = [one["lifecycle_state"] for one in group.get("instance_states", ())]
        return group.get("desired_capacity", 0), found.count("InService"), found.count("Standby")

    def end(state: State) -> None:
        assert reached(state) == (desired, in_service, standby)
        assert not state["parameters"]

    def keeps_the_capacity(case: Case) -> None:
        assert reached(case.after)[0] >= lowest, "the capacity was lowered"

    def same(one: State, other: State, _excused: frozenset[str]) -> bool:
        return _comparable(one) == _comparable(other) and reached(one) == reached(other)

    return Check(
        always=(
            every_group_launches_from_something,
            only_these_change("groups", "instances"),
            only_ours_changes("groups", *_KEYS),
            no_process_is_touched,
            keeps_the_capacity,
        ),
        told=(
            exit_code_is_one_of(*CODES, 124),
            exit_0_means(lambda case: reached(case.after) == reached(case.end)),
            the_lock_is_given_back,
        ),
        end=end,
        same=same,
    )


def _comparable(state: State) -> Any:
    groups = {
        name: {key: value for key, value in one.items() if key not in _KEYS} for name, one in state["groups"].items()
    }
    return {**state, "groups": groups, "instances": None, "parameters": None}


def _moved(*words: str) -> tuple[str, ...]:
    return (words[0], "prod", "webapp", MEMBER, *words[1:])


CORE = {"standby": Scenario(_moved("standby"), _three, _check(3, 3, 1, 3), PLAIN)}
MORE = {
    "standby-shrink": Scenario(_moved("standby", "--shrink", "--yes"), _three, _check(2, 2, 1, 2), PLAIN),
    "standby-return": Scenario(
        _moved("standby", "--return"), after(_three, *_moved("standby")), _check(4, 4, 0, 3), PLAIN
    ),
    "detach": Scenario(_moved("detach"), _three, _check(3, 3, 0, 3), PLAIN),
    "attach": Scenario(_moved("attach"), after(_three, *_moved("detach")), _check(4, 4, 0, 3), PLAIN),
}
