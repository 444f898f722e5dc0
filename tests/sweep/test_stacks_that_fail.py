"""Stacks that may not be deleted, or cannot be made, struck at every call: neither is ever told as done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from arena import Arena
from faults import FAULTS, fault
from scenarios import EVERY
from stack_scenarios import DELETE, OURS
from state import state_of
from sweeping import WHOLE
from whole import some

from udo.sandbox.strict import StackFault, stack_faults

Cases = Callable[[int], None]


def _protected(arena: Arena) -> None:
    EVERY["stack-delete"].build(arena)
    client = arena.world.client("cloudformation")
    client.update_termination_protection(StackName=OURS, EnableTerminationProtection=True)


@pytest.mark.parametrize("kind", some(FAULTS, "dropped-after"))
def test_a_protected_stack_is_never_deleted(arena: Arena, cases: Cases, kind: str) -> None:
    EVERY["stack-delete"].prepare(arena, "stack-delete")
    arena.keep("protected", lambda: _protected(arena))
    before, asked = state_of(arena.world), arena.run(*DELETE).asked
    for nth, call in enumerate(asked, 1):
        arena.put_back("protected")
        arena.world.faults.add(fault(kind, nth))
        struck = arena.run(*DELETE)
        arena.world.faults.clear()
        told = nth, call, struck.exit, struck.stderr
        assert struck.exit != 0, told
        again = arena.run(*DELETE)
        assert (again.exit, again.writes) == (7, ()), told
        arena.world.clock.step(60.0)
        arena.world.advance()
        assert state_of(arena.world) == before, told
    cases(len(asked))


@pytest.mark.whole
@pytest.mark.parametrize("kind", [*FAULTS] if WHOLE else ["killed-after"])
def test_a_stack_that_cannot_be_made_is_never_told_as_made(arena: Arena, cases: Cases, kind: str) -> None:
    scenario = EVERY["stack-create"]
    scenario.prepare(arena, "stack-create")
    before, asked = state_of(arena.world), _fails(arena).asked
    for nth, call in enumerate(asked, 1):
        arena.put_back("stack-create")
        arena.world.faults.add(fault(kind, nth))
        runs = [_fails(arena)]
        arena.world.faults.clear()
        runs += [_fails(arena) for _ in range(2)]
        told = nth, call, [(one.exit, one.stderr) for one in runs]
        assert 0 not in [one.exit for one in runs], told
        assert (runs[1].exit in (1, 7), runs[2].exit, runs[2].writes) == (True, 7, ()), told
        state = state_of(arena.world)
        assert state["stacks"][OURS]["status"] == "ROLLBACK_COMPLETE", told
        assert state["stacks_made"][OURS]["made"] == 1, told
        assert state["topics"] == before["topics"], told
    cases(len(asked))


def _fails(arena: Arena) -> Any:
    """A run whose stack fails at its second resource."""
    stack_faults.clear()
    stack_faults.add(StackFault("create", resource="Second", times=None))
    return arena.run(*EVERY["stack-create"].words)
