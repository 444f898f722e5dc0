"""What a deployment to several groups is held to: each in its turn, one deployment each, nobody else's touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arena import Run
from deploy_check import comparable, fixed, members_have
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
from scenario import Case, Check
from state import State

# The groups in the order in which they are deployed to.
GROUPS = ("prod-web", "prod-webapp")
_LOCKS = {f"/udo/lock/{name}" for name in GROUPS}


def several_check() -> Check:
    """At the end of an undisturbed run the newest deployment of each group is a success."""
    return Check(
        always=(
            every_group_launches_from_something,
            only_these_change("deployments", "files", locks=_LOCKS),
            no_process_is_touched,
            capacity_is_never_lowered,
            others_are_left_alone,
            each_gets_at_most_one,
            none_is_begun_before_its_turn,
        ),
        told=(
            exit_code_is_one_of(*CODES, 3, 124),
            exit_0_means(lambda case: all(members_have(case, name) for name in GROUPS)),
            what_is_not_begun_is_named,
            the_lock_is_given_back,
        ),
        end=_check_end,
        same=lambda one, other, _excused: _comparable(one) == _comparable(other),
    )


def others_are_left_alone(case: Case) -> None:
    """I2: of other deployment groups, nothing but time moves a deployment."""
    before, now = (
        {name: fixed(rows) for name, rows in state["deployments"].items() if name not in GROUPS}
        for state in (case.before, case.after)
    )
    assert now == before, "deployments of others changed"


def each_gets_at_most_one(case: Case) -> None:
    """I6: no group gets a second deployment, and those that were there stay."""
    for name in GROUPS:
        before, now = (fixed(state["deployments"][name]) for state in (case.before, case.after))
        assert now[: len(before)] == before, f"deployments to {name} changed"
        assert len(now) <= len(before) + 1, f"more than one deployment to {name}"


def none_is_begun_before_its_turn(case: Case) -> None:
    """The second group is deployed to only once the deployment to the first has succeeded."""
    first, second = (_new(case, name) for name in GROUPS)
    if second:
        assert [one["status"] for one in first] == ["Succeeded"], f"{GROUPS[1]} before {GROUPS[0]}"


def what_is_not_begun_is_named(case: Case, run: Run) -> None:
    """A run that did not come to the second group says so of it: not started, or failed on the way."""
    first, second = (_new(case, name) for name in GROUPS)
    if run.exit in (1, 6, 124) and first and not second:
        assert "prod webapp was not started" in run.stdout or "prod webapp failed" in run.stdout, run.stdout


def _new(case: Case, name: str) -> list[Mapping[str, Any]]:
    return list(case.after["deployments"][name][len(case.before["deployments"][name]) :])


def _check_end(end: State) -> None:
    for name in GROUPS:
        assert [one["status"] for one in end["deployments"][name]] == ["Succeeded", "Succeeded"]
    assert not end["parameters"]


def _comparable(state: State) -> Any:
    return comparable(state, *GROUPS)
