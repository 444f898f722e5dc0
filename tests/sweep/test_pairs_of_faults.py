"""Every change struck twice: killed, its answer lost, or throttled, and again wherever that leads."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from arena import Arena
from faults import fault
from scenarios import CORE, MORE
from state import state_of
from sweeping import LONG, WHOLE, Undisturbed, one_case, undisturbed

pytestmark = pytest.mark.whole
KINDS = ("killed-after", "dropped-after", "throttled")
# Of all pairs of calls, some 37,000, how many apart are looked at: all of them would take hours.
EACH = 5 if WHOLE else 97
NAMES = [
    *(one for one in CORE if one not in LONG and (WHOLE or not one.startswith("stack-"))),
    *(one for one in MORE if WHOLE and one not in LONG),
]
# Being struck makes a run longer: by the reads that settle a lost answer, or by taking a lock over.
LONGER = 6


@pytest.mark.parametrize("kinds", list(product(KINDS, KINDS)), ids="-then-".join)
@pytest.mark.parametrize("name", NAMES)
def test_after_two_faults_nothing_is_harmed_and_the_same_command_ends_the_job(
    arena: Arena, cases: Callable[[int], None], name: str, kinds: tuple[str, str]
) -> None:
    known = undisturbed(arena, name)
    calls = len(known.asked)
    pairs = [(one, two) for one in range(1, calls + 1) for two in _seconds(kinds[0], one, calls)]
    chosen = pairs[sum(map(ord, name + kinds[0] + kinds[1])) % EACH :: EACH]
    failed = []
    for one, two in chosen:
        arena.put_back(name)
        try:
            _struck_twice(arena, known, (kinds[0], one), (kinds[1], two))
        except AssertionError as error:
            failed.append(f"calls {one} and {two}: {error}")
    assert not failed, "\n\n".join(failed)
    cases(len(chosen))


def _seconds(kind: str, first: int, calls: int) -> range:
    # After a kill the second fault meets the next run.
    return range(1, calls + LONGER) if kind.startswith("killed") else range(first + 1, calls + LONGER)


def _struck_twice(arena: Arena, known: Undisturbed, one: tuple[str, int], two: tuple[str, int]) -> None:
    faults = [fault(*two)]
    if one[0].startswith("killed"):
        arena.world.faults.add(fault(*one))
        run = arena.run(*known.scenario.words)
        # Polls lie apart by chance, so a run may be over before it has asked so often.
        assert run.exit is None or len(run.asked) < one[1]
        arena.world.faults.clear()
        known.scenario.check.after_anything(known.case(state_of(arena.world)))
    else:
        faults.append(fault(*one))
    passing = not any(kind.startswith("killed") for kind, _ in (one, two))
    one_case(arena, known, faults, passing=passing, lock=True)
