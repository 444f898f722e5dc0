"""An alarm that goes off at any call of a guarded change: it is refused, ended, taken back or done, and never half."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from arena import Arena
from guard_scenarios import ALARM, CORE, GUARDS, MORE, guarded
from guard_worlds import alarm, rings_at_any
from launch_worlds import CONFIG, template_world, write_config
from refresh_worlds import launched, refreshes
from scenario import after
from state import OURS, State, reference, state_of
from sweeping import WHOLE, undisturbed
from whole import some

from udo.model.refreshes import ENDED

# Of a deployment that has not ended.
ACTIVE = ("Created", "Queued", "InProgress")
LOCK = {"ssm:PutParameter", "ssm:DeleteParameter"}


@pytest.mark.parametrize("name", some(CORE | MORE, *CORE))
def test_whenever_an_alarm_goes_off_nothing_is_left_under_way_and_the_same_command_goes_on(
    arena: Arena, cases: Callable[[int], None], name: str
) -> None:
    known = undisturbed(arena, name)
    deploys = known.scenario.words[0] == "deploy"
    seen, count = set(), 0
    # One of three calls each time, and every one where all is swept.
    for nth, call in [*enumerate(known.asked, 1)][:: 1 if WHOLE else 3]:
        arena.put_back(name)
        alarm(arena.world, ALARM)
        rings_at_any(arena.world, ALARM, nth)
        first = arena.run(*known.scenario.words)
        arena.world.faults.clear()
        arena.world.advance()
        after, told = state_of(arena.world), f"call {nth} ({call}): {first.exit} {first.stderr}"
        seen.add(first.exit)
        count += 1
        assert first.exit in (0, 1, 7), told
        assert first.exit != 7 or set(first.writes) <= LOCK, told
        assert first.exit == 0 or "ALARM" in first.stderr.splitlines()[-1], told
        assert not after["parameters"], told
        if deploys:
            # A rollback is a further deployment.
            assert not [one for one in after["deployments"][OURS] if one["status"] in ACTIVE], told
        else:
            known.scenario.check.after_run(known.case(after), first)
        alarm(arena.world, ALARM)
        again = arena.run(*known.scenario.words)
        assert again.exit == 0, f"{told}\nagain: {again.stderr}"
        third = arena.run(*known.scenario.words)
        assert (third.exit, third.writes) == (0, ()), told
    assert seen >= {1, 7}
    cases(count)


UPDATE = ("updatelc", "prod", "webapp")


def _plain(arena: Arena) -> None:
    template_world(arena.world)


REFRESHES = {
    "refresh-guarded": (("refresh", "prod", "webapp", "--yes", "--warmup", "1m"), after(guarded(_plain), *UPDATE)),
    "updatelc-refresh-guarded": ((*UPDATE, "--refresh", "--yes", "--warmup", "1m"), guarded(_plain)),
    "updatelc-refresh-guarded-again": (
        (*UPDATE, "--refresh", "--yes", "--warmup", "1m", "--set", "instance_type=c7g.large"),
        after(guarded(_plain), *UPDATE),
    ),
}


def _live(state: State) -> list[str]:
    return [*reference(state["groups"][OURS])]


@pytest.mark.parametrize("name", some(REFRESHES))
def test_whenever_an_alarm_goes_off_no_refresh_is_left_under_way_and_the_same_command_goes_on(
    arena: Arena, cases: Callable[[int], None], name: str
) -> None:
    words, build = REFRESHES[name]
    write_config(f"{CONFIG}{GUARDS}")
    arena.keep(name, lambda: build(arena))
    before = state_of(arena.world)
    asked = arena.run(*words).asked
    end, seen = launched(arena.world), set()
    for nth, call in enumerate(asked, 1):
        arena.put_back(name)
        alarm(arena.world, ALARM)
        rings_at_any(arena.world, ALARM, nth)
        first = arena.run(*words)
        arena.world.faults.clear()
        told = f"call {nth} ({call}): {first.exit} {first.stderr}"
        seen.add(first.exit)
        assert first.exit in (0, 1, 7), told
        assert not state_of(arena.world)["parameters"], told
        assert not [one for one in refreshes(arena.world) if one["Status"] not in ENDED], told
        # What it launched before this run, or what it is to launch: nothing of long ago.
        assert _live(state_of(arena.world)) in (_live(before), [OURS, end[0]]), told
        alarm(arena.world, ALARM)
        again = arena.run(*words)
        assert again.exit == 0, f"{told}\nagain: {again.stderr}"
        assert launched(arena.world) == end, told
        third = arena.run(*words)
        assert (third.exit, third.writes) == (0, ()), told
    assert seen >= {1, 7}
    cases(len(asked))
