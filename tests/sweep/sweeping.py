"""Goes through a change call by call: lets faults strike, checks what is left, runs it again, and once more."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from arena import Arena, Run
from faults import PASSING
from scenario import Case, Scenario
from scenarios import EVERY
from state import state_of

from udo.sandbox.faults import Fault

WHOLE = bool(os.environ.get("UDO_SWEEP"))
# Runs of so many calls that they are not struck twice, and seldom where not all is swept.
LONG = ("apply-mixed", "deploy-queued", "deploy-several", "deploy-supersede")
NO_LOCK = Fault("deny", "ssm:PutParameter", times=None)
# What a run says that leaves something out: a lock, a tag, whatever it could not do and does not need.
LEFT_OUT, NOT_LOCKED = "continuing without", "continuing without a lock"


@dataclass(frozen=True)
class Undisturbed:
    """A scenario with its states before and after a run that nothing disturbs, and what that run asked for."""

    scenario: Scenario
    before: Any
    end: Any
    asked: tuple[str, ...]

    def case(self, after: Any, excused: frozenset[str] = frozenset()) -> Case:
        """The case of a run that leaves this state."""
        return Case(self.before, after, self.end, excused)


def prepared(arena: Arena, name: str) -> Scenario:
    """The scenario of this name, its world and its udo.yml made."""
    scenario = EVERY[name]
    scenario.prepare(arena, name)
    return scenario


def undisturbed(arena: Arena, name: str, *, lock: bool = True) -> Undisturbed:
    """The scenario, run once."""
    scenario = prepared(arena, name)
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
    after, check = state_of(arena.world), known.scenario.check
    check.after_run(known.case(after), first)
    if passing:
        assert first.exit == 0, first.stderr
        left_out = [line for line in first.stderr.splitlines() if LEFT_OUT in line and (lock or NOT_LOCKED not in line)]
        assert not left_out, first.stderr
    excused = check.excuses(first)
    key = known.scenario, lock, excused, _as_text(after)
    if WHOLE or key not in arena.memory.proven:
        _check_convergence(arena, known, first, excused, lock=lock)
        arena.memory.proven.add(key)


def positions(
    arena: Arena, name: str, colleague: Callable[[Any], None], *, lock: bool = True
) -> Iterator[tuple[int, str, Run]]:
    """Runs the scenario once for each of its calls, the colleague at work just before it: position, call, run."""
    scenario = prepared(arena, name)
    if not lock:
        arena.world.faults.add(NO_LOCK)
    asked = arena.run(*scenario.words).asked
    for nth, call in enumerate(asked, 1):
        arena.put_back(name)
        arena.world.faults.add(Fault("hook", nth=nth, hook=lambda _asked: colleague(arena.world)))
        if not lock:
            arena.world.faults.add(NO_LOCK)
        run = arena.run(*scenario.words)
        arena.world.faults.clear()
        assert run.exit in (0, 1, 2, 4, 7), (nth, call, run.exit, run.stderr)
        yield nth, call, run


def _as_text(state: Any) -> str:
    return repr({**state, "parameters": [*state["parameters"]]})


def _check_convergence(arena: Arena, known: Undisturbed, first: Run, excused: frozenset[str], *, lock: bool) -> None:
    """I5: the same command ends as an undisturbed one does, and then has nothing left to do."""
    words, check = known.scenario.words, known.scenario.check
    if not lock:
        arena.world.faults.add(NO_LOCK)
    again = arena.run(*words)
    assert again.exit == 0, f"run again: {again.exit} {again.stderr}\nfirst: {first.stderr}"
    end = state_of(arena.world)
    check.after_run(known.case(end, excused), again)
    told = f"first: {first.stderr}\nagain: {again.stderr}"
    assert check.same(end, known.end, excused), f"another end than undisturbed\n{told}"
    third = arena.run(*words)
    assert (third.exit, third.writes) == (0, ()), third.stderr


def _struck(arena: Arena, nth: int) -> str:
    asked = list(arena.world.log)
    return asked[nth - 1].name if len(asked) >= nth else "never reached"
