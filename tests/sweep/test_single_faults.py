"""Every change, cut off, refused, throttled or interrupted at every one of its calls, then run to its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from arena import Arena
from faults import FAULTS, fault
from scenario import Case
from scenarios import CORE, MORE
from state import state_of
from sweeping import LONG, WHOLE, prepared, swept
from whole import rows, some

# With nothing said to the contrary a selection; the rest takes minutes.
LOCKED = CORE | MORE if WHOLE else CORE
UNLOCKED = CORE | MORE if WHOLE else ("updatelc-template",)
# Each of these leaves what another kind leaves: a kill before a call, say, what one after the call before it does.
ALIKE = ("killed-before", "garbage-before", "expired", "refused-on", "timed-out-after")
KINDS = [kind for kind in FAULTS if WHOLE or kind not in ALIKE]
# Scenarios that make the same calls as others, for other groups, meet the kinds that leave something behind.
KIN = (
    *("updatelc-tidying-configuration", "rollback-configuration", "rollback-mixed", "prune-template"),
    *("create", "deploy-attached", "deploy-outdated", "deploy-canary", "deploy-hook", "rollback-code", "stop", *LONG),
    *("stack-create", "stack-update", "stack-delete"),
)
LEAVING = ("killed-after", "dropped-after", "failed-before", "interrupted-after")
# What runs each time, the rest being left to `make test-all`: one change by two kinds, and by one that leaves most
# behind what makes calls of its own.
LOST = ("killed-after", "dropped-after")
USUAL = {
    "updatelc-template": (LOST[0], "interrupted-after"),
    **dict.fromkeys(("rollback-template", "scale-up", "sleep", "standby"), LOST[:1]),
}
CASES = [(name, kind) for name in LOCKED for kind in KINDS if WHOLE or name not in KIN or kind in LEAVING]
EACH_TIME = [one for one in CASES if one[1] in USUAL.get(one[0], ())]


@pytest.mark.parametrize("name", some(CORE | MORE, *CORE))
def test_an_undisturbed_run_ends_as_it_should_and_a_second_writes_nothing(arena: Arena, name: str) -> None:
    scenario = prepared(arena, name)
    before = state_of(arena.world)
    done = arena.run(*scenario.words)
    assert done.exit == 0, done.stderr
    end = state_of(arena.world)
    scenario.check.end(end)
    scenario.check.after_run(Case(before, end, end), done)
    again = arena.run(*scenario.words)
    assert (again.exit, again.writes) == (0, ())


@pytest.mark.parametrize(("name", "kind"), rows(CASES, EACH_TIME))
def test_after_any_fault_nothing_is_harmed_and_the_same_command_ends_the_job(
    arena: Arena, cases: Callable[[int], None], name: str, kind: str
) -> None:
    cases(swept(arena, name, lambda nth: (fault(kind, nth),), kind))


@pytest.mark.parametrize("kind", some(KINDS, LOST[0]))
@pytest.mark.parametrize("name", UNLOCKED)
def test_what_holds_with_a_lock_holds_without_one(
    arena: Arena, cases: Callable[[int], None], name: str, kind: str
) -> None:
    cases(swept(arena, name, lambda nth: (fault(kind, nth),), kind, lock=False))
