"""Goes through a change call by call: lets faults strike, checks what is left, runs it again, and once more."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from arena import Arena, Run, state_of
from faults import PASSING
from invariants import check_nothing_is_harmed, check_told, same
from scenarios import Scenario, prepare

from udo.sandbox.faults import Fault

WHOLE = bool(os.environ.get("UDO_SWEEP"))
NO_LOCK = Fault("deny", "ssm:PutParameter", times=None)
TAGGING = "autoscaling:CreateOrUpdateTags"


@dataclass(frozen=True)
class Undisturbed:
    """A scenario with its states before and after a run that nothing disturbs, and what that run asked for."""

    scenario: Scenario
    before: Any
    end: Any
    asked: tuple[str, ...]


def undisturbed(arena: Arena, name: str, *, lock: bool = True) -> Undisturbed:
    """The scenario, run once."""
    scenario = prepare(arena, name)
    if (name, lock) not in arena.memory.undisturbed:
        arena.put_back(name)
        before = state_of(arena.world)
        if not lock:
            arena.world.faults.add(NO_LOCK)
        done = arena.run(*scenario.words)
        assert done.exit == 0, done.stderr
        arena.memory.undisturbed[name, lock] = Undisturbed(scenario, before, state_of(arena.world), done.asked)
    return arena.memory.undisturbed[name, lock]


def swept(
    arena: Arena, name: str, faults: Callable[[int], Iterable[Fault]], kind: str = "", *, lock: bool = True
) -> int:
    """Lets faults strike at each call in turn; returns how many cases that were.

    What follows from a state that was reached before is known, and looked at once (every time in the whole sweep).
    """
    known = undisturbed(arena, name, lock=lock)
    failed = []
    for nth, _ in enumerate(known.asked, 1):
        arena.put_back(name)
        try:
            one_case(arena, known, faults(nth), passing=kind in PASSING, lock=lock)
        except AssertionError as error:
            failed.append(f"call {nth} ({_struck(arena, nth)}): {error}")
    assert not failed, "\n\n".join(failed)
    return len(known.asked)


def one_case(arena: Arena, known: Undisturbed, faults: Iterable[Fault], *, passing: bool, lock: bool) -> None:
    """One run with faults, one to the end, one that has nothing to do."""
    for one in (*faults, *(() if lock else (NO_LOCK,))):
        arena.world.faults.add(one)
    first = arena.run(*known.scenario.words)
    arena.world.faults.clear()
    after = state_of(arena.world)
    check_nothing_is_harmed(known.before, after, known.end)
    check_told(first, after, known.end)
    if passing:
        assert first.exit == 0, first.stderr
        assert f"going on without {'' if lock else 'it'}" not in first.stderr, first.stderr
    # A tag that could not be written before the swap is not written after it: what was before is not known then.
    tag = not (TAGGING in first.asked and "continuing without it" in first.stderr)
    key = known.scenario, lock, tag, repr({**after, "parameters": [*after["parameters"]]})
    if WHOLE or key not in arena.memory.proven:
        _check_convergence(arena, known, first, lock=lock, tag=tag)
        arena.memory.proven.add(key)


def _check_convergence(arena: Arena, known: Undisturbed, first: Run, *, lock: bool, tag: bool) -> None:
    if not lock:
        arena.world.faults.add(NO_LOCK)
    again = arena.run(*known.scenario.words)
    assert again.exit == 0, f"run again: {again.exit} {again.stderr}\nfirst: {first.stderr}"
    end = state_of(arena.world)
    check_nothing_is_harmed(known.before, end, known.end)
    assert same(end, known.end, tag=tag), f"another end than undisturbed\nfirst: {first.stderr}\nagain: {again.stderr}"
    third = arena.run(*known.scenario.words)
    assert (third.exit, third.writes) == (0, ()), third.stderr


def _struck(arena: Arena, nth: int) -> str:
    asked = list(arena.world.log)
    return asked[nth - 1].name if len(asked) >= nth else "never reached"
