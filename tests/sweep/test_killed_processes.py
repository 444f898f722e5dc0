"""Changes as real processes, killed with SIGKILL at their requests, then run again to the same end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from arena import Arena
from scenario import Case
from state import state_of
from sweeping import WHOLE, prepared
from whole import some

from udo.sandbox.faults import Fault

COMMAND = (sys.executable, "-m", "udo")
SWEPT = ("updatelc-configuration", "updatelc-template", "to-template", "rollback-mixed", "prune-template")


@pytest.mark.parametrize("name", some(SWEPT))
def test_killed_between_any_two_calls_the_next_run_ends_in_the_same_state(
    served_world: Any, arena: Arena, cases: Callable[[int], None], name: str
) -> None:
    scenario = prepared(arena, name)
    before = state_of(arena.world)
    assert _run(scenario.words).returncode == 0
    asked = [one.operation for one in arena.world.log]
    end = state_of(arena.world)
    positions = [(nth, after) for nth in range(1, len(asked) + 1) for after in (False, True)]
    chosen = positions if WHOLE else [(nth, after) for nth, after in positions if _swaps(asked[nth - 1])]
    for nth, after in chosen:
        arena.put_back(name)
        assert _killed_at(arena.world, scenario.words, nth, after=after) == -signal.SIGKILL, (nth, after)
        arena.world.faults.clear()
        scenario.check.after_anything(Case(before, state_of(arena.world), end))
        again = _run(scenario.words)
        assert again.returncode == 0, (nth, after, again.stderr)
        assert scenario.check.same(state_of(arena.world), end, frozenset()), (nth, after)
    cases(len(chosen))


def _swaps(operation: str) -> bool:
    return operation.startswith(("UpdateAuto", "CreateLaunch", "DeleteLaunch"))


def _run(words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run((*COMMAND, *words), check=False, capture_output=True, text=True)


def _killed_at(world: Any, words: tuple[str, ...], nth: int, *, after: bool) -> int:
    """The return code of a run that is killed while its nth request is in hand, or once that took effect."""
    started = threading.Event()
    child: list[subprocess.Popen[bytes]] = []

    def strike(_asked: Any) -> None:
        started.wait(10)
        os.kill(child[0].pid, signal.SIGKILL)
        child[0].wait(10)

    world.faults.add(Fault("hook", nth=nth, after=after, hook=strike))
    child.append(subprocess.Popen((*COMMAND, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    started.set()
    return child[0].wait(20)
