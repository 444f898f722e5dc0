"""What a deployment is held to: one and no second, to every instance, of nobody else's group, its hook run once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    only_ours_changes,
    only_these_change,
    the_lock_is_given_back,
)
from scenario import Case, Check
from state import OURS, State

# A file of the folder that the hook of a scenario adds a line to.
HOOKED = "hooked"
# A run that stops a deployment tags the group with who did it.
_A_TAG = (only_these_change("deployments", "groups"), only_ours_changes("groups", "_tags"))
# What a deployment is once it is made; the rest moves with the clock.
_FIXED = ("id", "revision", "creator", "outdated", "says", "deployment_config_name", "auto_rollback_configuration")


def deploy_check(
    *made: str,
    waits: bool = True,
    hooks: int = 0,
    stops: bool = False,
    configs: bool = False,
    locked: bool = False,
    more: Check | None = None,
) -> Check:
    """At the end of an undisturbed run the group's deployments read like this, the oldest first.

    Each is `COMMIT STATUS COUNT`: seven digits, its status, and how many instances got it. Where the run `stops`
    another deployment, how far that one came is not looked at, and the group is tagged. With `more` the group changes,
    as that says; with `configs` there is one deployment configuration more. It begins `locked` by a dead run, or free.
    """
    changed = ("deployments", "files", *(("deployment_configs",) if configs else ()))
    untouched = (*(_A_TAG if stops else (only_these_change(*changed),)), no_process_is_touched)
    return Check(
        always=(
            every_group_launches_from_something,
            *(more.always if more else untouched),
            capacity_is_never_lowered,
            deployments_of_others_are_left_alone,
            at_most_one_deployment_is_made,
            no_config_but_its_own_is_made,
            the_hook_runs_at_most_once,
        ),
        told=(
            # 3: deployed, and what was suspended could not be resumed. 4: it may not see what is active, and AWS does;
            # or who holds the lock that a dead run left.
            exit_code_is_one_of(*CODES, 124, *((3,) if more else ()), *((4,) if stops or locked else ())),
            exit_0_means(every_member_has_it if waits else it_is_begun),
            exit_0_means_the_hook_ran,
            whoever_leaves_names_the_deployment,
            the_lock_is_given_back,
            *(more.told if more else ()),
        ),
        end=partial(_check_end, made, hooks),
        same=partial(same_but_for_how_far, 1) if stops else same,
    )


def stop_check(*made: str) -> Check:
    """The same of a run that stops what is active: it makes no deployment, and exit 0 means that none is active."""
    return Check(
        always=(
            every_group_launches_from_something,
            *_A_TAG,
            no_process_is_touched,
            capacity_is_never_lowered,
            deployments_of_others_are_left_alone,
            no_deployment_is_made,
        ),
        told=(exit_code_is_one_of(*CODES, 124), exit_0_means(nothing_is_active), the_lock_is_given_back),
        end=partial(_check_end, made, 0),
        same=partial(same_but_for_how_far, 0),
    )


def deployments_of_others_are_left_alone(case: Case) -> None:
    """I2: of other deployment groups, nothing but time moves a deployment."""
    before, now = (
        {name: fixed(rows) for name, rows in state["deployments"].items() if name != OURS}
        for state in (case.before, case.after)
    )
    assert now == before, "deployments of others changed"


def at_most_one_deployment_is_made(case: Case) -> None:
    """I6: no second deployment, and the one there is deploys what was asked for."""
    before, now, end = (fixed(state["deployments"][OURS]) for state in (case.before, case.after, case.end))
    assert now[: len(before)] == before, "deployments that were there changed"
    assert len(now) <= len(end), f"more deployments than undisturbed: {now}"
    for one, undisturbed in zip(now, end, strict=False):
        assert one | {"id": ""} == undisturbed | {"id": ""}


def no_config_but_its_own_is_made(case: Case) -> None:
    """Of deployment configurations those that were there stay as they are, and none is made but that of the end."""
    before, now, end = (state["deployment_configs"] for state in (case.before, case.after, case.end))
    assert {name: now.get(name) for name in before} == before, "deployment configurations that were there changed"
    assert {name: end.get(name) for name in now} == now, "deployment configurations that nobody needs"


def no_deployment_is_made(case: Case) -> None:
    """Those that were there are those that are there."""
    before, now = (fixed(state["deployments"][OURS]) for state in (case.before, case.after))
    assert now == before, "deployments were made, or changed"


def nothing_is_active(case: Case) -> bool:
    """Whether every deployment of the group has ended."""
    return all(one["status"] in ("Succeeded", "Failed", "Stopped") for one in case.after["deployments"][OURS])


def every_member_has_it(case: Case) -> bool:
    """Whether the last success of every member in service is of what an undisturbed run deploys."""
    return members_have(case, OURS)


def members_have(case: Case, name: str) -> bool:
    """The same of any group."""
    wanted = case.end["deployments"][name][-1]["revision"]
    has: dict[str, Any] = {}
    for one in case.after["deployments"][name]:
        has |= {target: one["revision"] for target, (status, *_) in one["targets"].items() if status == "Succeeded"}
    members = case.after["groups"][name]["instance_states"]
    return all(has.get(one["instance_id"]) == wanted for one in members if one["lifecycle_state"] == "InService")


def it_is_begun(case: Case) -> bool:
    """Whether there is a deployment of what an undisturbed run deploys."""
    wanted = case.end["deployments"][OURS][-1]["revision"]
    return any(one["revision"] == wanted for one in case.after["deployments"][OURS])


def the_hook_runs_at_most_once(case: Case) -> None:
    """A run that is killed, and the one after it, do not both run the hook."""
    assert _hooked(case.after) <= _hooked(case.end) <= 1, "the hook ran more than once"


def exit_0_means_the_hook_ran(case: Case, run: Run) -> None:
    """A run that followed a deployment to its end ran the hook, too."""
    if run.exit == 0 and "codedeploy:BatchGetDeploymentTargets" in run.asked:
        assert _hooked(case.after) == _hooked(case.end), run.stderr


def whoever_leaves_names_the_deployment(case: Case, run: Run) -> None:
    """Of a deployment that a run made and left, whether it ended or goes on in AWS, the id is told."""
    made = case.after["deployments"][OURS][len(case.before["deployments"][OURS]) :]
    if run.exit in (0, 124, 130) and "codedeploy:CreateDeployment" in run.asked:
        assert all(one["id"] in run.stdout + run.stderr for one in made), (made, run.stdout, run.stderr)


def same(one: State, other: State, _excused: frozenset[str]) -> bool:
    """Whether two states are the same but for locks, ids of deployments, and whether the hook could be run."""
    return comparable(one) == comparable(other)


def same_but_for_how_far(kept: int, one: State, other: State, excused: frozenset[str]) -> bool:
    """The same, but that deployments before the last `kept` may have come further before they were stopped."""
    return same(*(_however_far(state, kept) for state in (one, other)), excused)


def _however_far(state: State, kept: int) -> State:
    rows = state["deployments"][OURS]
    known = len(rows) - kept
    told = [one | ({"status": "", "targets": {}} if number < known else {}) for number, one in enumerate(rows)]
    groups = {name: {**one, "_tags": None} for name, one in state["groups"].items()}
    return {**state, "groups": groups, "deployments": {OURS: told}}


def _check_end(made: tuple[str, ...], hooks: int, end: State) -> None:
    assert tuple(_told(one) for one in end["deployments"][OURS]) == made
    assert _hooked(end) == hooks
    assert not end["parameters"]


def _told(one: Mapping[str, Any]) -> str:
    commit = one["revision"].get("gitHubLocation", {}).get("commitId") or one["revision"]["s3Location"]["key"]
    return f"{commit[:7]} {one['status']} {sum(row[0] == 'Succeeded' for row in one['targets'].values())}"


def fixed(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What of deployments stays as it was made."""
    return [{key: one[key] for key in _FIXED} for one in rows]


def comparable(state: State, *names: str) -> Any:
    """The state but for locks, files, ids of deployments, and deployments to other groups than these."""
    rows = {name: [one | {"id": ""} for one in rows] for name, rows in state["deployments"].items()}
    return {**state, "deployments": {name: rows[name] for name in names or (OURS,)}, "parameters": None, "files": None}


def _hooked(state: State) -> int:
    return str(state["files"].get(HOOKED, "")).count("\n")
