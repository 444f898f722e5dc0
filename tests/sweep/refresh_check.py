"""What a refresh is held to: what a group launches, what its members are, and a tag that says what has come of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from arena import Run
from invariants import (
    CODES,
    capacity_is_never_lowered,
    every_group_launches_from_something,
    exit_0_means,
    exit_code_is_one_of,
    no_process_is_touched,
    only_these_change,
    the_lock_is_given_back,
)
from launch_check import TAG, at_most_one_copy_is_made, excuses, nothing_of_others_changes
from scenario import Case, Check
from state import OURS, State, reference

# What of a group moves while it is refreshed, and is looked at by itself.
_MOVES = frozenset({"instance_states", "udo_refreshes", "udo_surplus", "udo_retry_at", "_tags"})


def refresh_check(launches: str, *members: str, waits: bool = True, ends: bool = True) -> Check:
    """At the end of an undisturbed run the group launches from `launches`, and its members are of these.

    Without `ends` how far it had come when it was ended is not looked at.
    """
    return Check(
        always=(
            every_group_launches_from_something,
            only_these_change("groups", "instances", "configurations", "templates"),
            nothing_of_others_changes,
            no_process_is_touched,
            capacity_is_never_lowered,
            at_most_one_copy_is_made,
            nobody_of_others_is_replaced,
        ),
        told=(
            exit_code_is_one_of(*CODES, 3, 4, 124),
            exit_0_means(partial(_at_goal, members, waits=waits)),
            a_refresh_that_goes_on_is_said,
            the_lock_is_given_back,
        ),
        end=partial(_check_end, launches, members),
        same=partial(same, members=ends),
        excuses=excuses,
    )


def nobody_of_others_is_replaced(case: Case) -> None:
    """I2: the members of other groups stay."""
    before, now = (
        {name: _ids(group) for name, group in state["groups"].items() if name != OURS}
        for state in (case.before, case.after)
    )
    assert now == before, "members of other groups changed"


def a_refresh_that_goes_on_is_said(_case: Case, run: Run) -> None:
    """Whoever leaves one that was seen to run says that AWS continues, and how to look."""
    if run.exit in (124, 130) and "(wait for the instance refresh" in run.stderr:
        assert "continues in AWS; look again with: udo refresh prod webapp" in run.stderr, run.stderr


def same(one: State, other: State, excused: frozenset[str], *, members: bool = True) -> bool:
    """Whether two states are the same but for locks, which instances there are, and a tag that could not be written."""
    return _comparable(one, excused, members=members) == _comparable(other, excused, members=members)


def _comparable(state: State, excused: Collection[str], *, members: bool) -> Any:
    ours = {key: value for key, value in state["groups"][OURS].items() if key not in _MOVES}
    rows = state["groups"][OURS].get("_tags", ())
    tags = [str(row).replace(', "made": true', "") for row in rows if row["Key"] != TAG or "tag" not in excused]
    groups = {**state["groups"], OURS: {**ours, "tags": tags, "births": members and births(state)}}
    return {**state, "groups": groups, "instances": None, "parameters": None}


def births(state: State) -> list[str]:
    """What each member that serves was launched from, sorted."""
    rows = state["groups"][OURS].get("instance_states", ())
    return sorted(_birth(one["udo_birth"]) for one in rows if one["lifecycle_state"] == "InService")


def _birth(found: Mapping[str, Any]) -> str:
    return str(found.get("version") or found.get("configuration") or found.get("name"))


def _ids(group: Mapping[str, Any]) -> list[str]:
    return [one["instance_id"] for one in group.get("instance_states", ())]


def _at_goal(members: tuple[str, ...], case: Case, *, waits: bool) -> bool:
    now, then = case.after["groups"][OURS], case.end["groups"][OURS]
    there: bool = births(case.after) == list(members)
    return not waits or (reference(now) == reference(then) and (there or not members))


def _check_end(launches: str, members: tuple[str, ...], end: State) -> None:
    assert ":".join(reference(end["groups"][OURS])) == launches
    assert not members or births(end) == list(members), births(end)
    for row in end["groups"][OURS].get("_tags", ()):
        assert row["Key"] != TAG or "pending" not in json.loads(row["Value"]), row
    assert not end["parameters"]
