"""What must hold after every fault, whatever the verb: of these a scenario picks what its change is held to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from arena import Run
from scenario import Case, Invariant
from state import OURS, State, launched

LOCK = f"/udo/lock/{OURS}"
# Where the sandbox keeps a group's suspended processes, with the reason of each, and its tags.
SUSPENDED, TAGS = "udo_suspended", "_tags"
# What exit codes a run may end with that no colleague was in the way of; None is a kill.
CODES = (None, 0, 1, 6, 130)


def every_group_launches_from_something(case: Case) -> None:
    """I1: no group references a launch configuration or template version that is gone."""
    for name in case.after["groups"]:
        assert launched(case.after, name), f"{name} launches from nothing"


def only_these_change(*kinds: str, locks: Collection[str] = (LOCK,)) -> Invariant:
    """I2: of everything there is, nothing but things of these kinds changes; these locks may stand."""

    def holds(case: Case) -> None:
        for kind in case.before.keys() - {*kinds, "parameters"}:
            assert case.after[kind] == case.before[kind], f"{kind} changed"
        new = case.after["parameters"].keys() - case.before["parameters"].keys()
        assert new <= {*locks}, f"new parameters: {new}"

    return holds


def only_ours_changes(kind: str, *keys: str) -> Invariant:
    """I2: of things of this kind only ours changes, and of a mapping only these keys of it."""

    def holds(case: Case) -> None:
        before, now = ({name: one for name, one in state[kind].items() if name != OURS} for state in case_states(case))
        assert now == before, f"{kind} of others changed"
        if keys:
            rest = [
                {key: value for key, value in state[kind][OURS].items() if key not in keys}
                for state in case_states(case)
            ]
            assert rest[0] == rest[1], f"more of {kind} {OURS} changed"

    return holds


def what_acts_on_others_stays(case: Case) -> None:
    """I2: scaling policies, scheduled actions and lifecycle hooks of other groups."""
    before, now = (
        {key: one for key, one in state["parts"].items() if f"/{OURS}/" not in key} for state in case_states(case)
    )
    assert now == before, "what acts on other groups changed"


def no_process_is_touched(case: Case) -> None:
    """I3: what is suspended stays suspended, and nothing else is."""
    before, now = (_of_groups(state, SUSPENDED, {}) for state in case_states(case))
    assert {name: now.get(name) for name in before} == before, "suspended processes changed"


def capacity_is_never_lowered(case: Case) -> None:
    """I7: no size of any group is less than it was."""
    for size in ("min_size", "max_size", "desired_capacity"):
        before, now = (_of_groups(state, size, 0) for state in case_states(case))
        lowered = {name for name in before if now.get(name, 0) < before[name]}
        assert not lowered, f"{size} of {lowered} was lowered"


def exit_code_is_one_of(*codes: int | None) -> Callable[[Case, Run], None]:
    """A run ends in one of these ways."""

    def holds(_case: Case, run: Run) -> None:
        assert run.exit in codes, (run.exit, run.stderr)

    return holds


def exit_0_means(reached: Callable[[Case], bool]) -> Callable[[Case, Run], None]:
    """I4: exit 0 only where the goal is read back."""

    def holds(case: Case, run: Run) -> None:
        assert run.exit != 0 or reached(case), run.stderr

    return holds


def the_lock_is_given_back(case: Case, run: Run) -> None:
    """A run that takes the lock gives it back, or says that it could not."""
    # A run that has nothing to do takes no lock, and leaves that of a killed one where it is; so does one that may not.
    before, now = (state["parameters"].get(LOCK) for state in case_states(case))
    if run.exit is not None and now not in (None, before) and "ssm:PutParameter" in run.asked:
        assert "was not given back" in run.stderr


def case_states(case: Case) -> tuple[State, State]:
    """The state before and the state after."""
    return case.before, case.after


def _of_groups(state: State, key: str, otherwise: Any) -> Mapping[str, Any]:
    return {name: group.get(key, otherwise) for name, group in state["groups"].items()}
