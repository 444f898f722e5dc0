"""Alarms of udo.yml in changes that are swept, beside alarms of others that are called almost like them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from alarm_worlds import MARKS, put, strangers
from arena import Arena
from create_scenarios import CORE as CREATED
from create_scenarios import CREATE
from deploy_worlds import config
from end_scenarios import CORE as ENDED
from end_scenarios import DESTROY
from invariants import (
    CODES,
    every_group_launches_from_something,
    exit_0_means,
    exit_code_is_one_of,
    no_process_is_touched,
    only_these_change,
    the_lock_is_given_back,
)
from scenario import Case, Check, Scenario
from state import OURS, State

UPDATE = ("update", "prod", "webapp", "--delete-extras", "--yes")
_OURS = {"udo:cluster": "prod", "udo:role": "webapp", "udo:app": "shop"}
_TAGS = [*MARKS, {"Key": "udo:app", "Value": "shop"}]
_WANTED = {"any", "depth", "new", "slow"}
_SAYS = """alarms: {
        any: {composite: 'ALARM(depth) OR ALARM(slow)', tell: on-call},
        depth: {metric: Shop/Depth, above: 500, tell: on-call, doc: look at the workers},
        new: {metric: AWS/EC2/CPUUtilization, above: 80, for: 2 of 3 x 5m},
        slow: {metric: Shop/Latency, at_least: 2, statistic: p99}}"""
CONFIG = config(_SAYS)
_NAMES = {f"{OURS}-{name}" for name in _WANTED}
# Of ours what an earlier udo.yml had, the second made of the first.
_OLD = (f"{OURS}-old", f"{OURS}-older")


def _among_others(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """A world with alarms of others, and of ours some that are otherwise and two that udo.yml has no more."""

    def built(arena: Arena) -> None:
        build(arena)
        strangers(arena.world)
        put(arena.world, f"{OURS}-depth", tags=_TAGS, Threshold=400.0)
        put(arena.world, f"{OURS}-slow", tags=_TAGS)
        put(arena.world, _OLD[0], tags=_TAGS)
        client = arena.world.client("cloudwatch")
        client.put_composite_alarm(AlarmName=_OLD[1], AlarmRule=f'ALARM("{_OLD[0]}")', Tags=_TAGS)

    return built


def _without_ours(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """A world with alarms of others alone."""

    def built(arena: Arena) -> None:
        build(arena)
        strangers(arena.world)

    return built


def _seeded(arena: Arena) -> None:
    arena.world.seed(arena.config())


def alarms_of_others_stay(case: Case) -> None:
    """I2: an alarm without all of our tags is what it was, and nobody gets them who did not have them."""
    before, now = ({name: one for name, one in state["alarms"].items() if not _is_ours(one)} for state in _states(case))
    assert now == before, "an alarm of others changed"
    made = {name for name, one in case.after["alarms"].items() if _is_ours(one)} - case.before["alarms"].keys()
    assert made <= _NAMES, "an alarm was made that udo.yml does not say"


def every_alarm_of_ours_is_whole(case: Case) -> None:
    """An alarm of ours is as it was or as it is to be, and what a composite one is made of is there."""
    for name, one in case.after["alarms"].items():
        assert one in (case.before["alarms"].get(name), case.end["alarms"].get(name)), f"{name} is neither"
    for one in case.after["alarms"].values():
        rule = one["settings"].get("AlarmRule", "")
        assert all(f'"{name}"' not in rule for name in (*_NAMES, *_OLD) if name not in case.after["alarms"]), rule


def _is_ours(one: Any) -> bool:
    return bool(one["tags"] == _OURS)


def _states(case: Case) -> tuple[State, State]:
    return case.before, case.after


def _ours(state: State) -> dict[str, Any]:
    return {name: one for name, one in state["alarms"].items() if _is_ours(one)}


def _updated(state: State) -> None:
    assert _ours(state).keys() == _NAMES
    settings = {name: one["settings"] for name, one in _ours(state).items()}
    assert settings[f"{OURS}-depth"]["Threshold"] == 500.0
    assert settings[f"{OURS}-slow"]["ExtendedStatistic"] == "p99"
    assert settings[f"{OURS}-any"]["AlarmRule"] == f'ALARM("{OURS}-depth") OR ALARM("{OURS}-slow")'
    assert not state["parameters"]


def same(one: State, other: State, _excused: frozenset[str]) -> bool:
    """Whether two states are the same but for locks."""
    return {**one, "parameters": None} == {**other, "parameters": None}


_UPDATED = Check(
    always=(
        every_group_launches_from_something,
        only_these_change("alarms"),
        no_process_is_touched,
        alarms_of_others_stay,
        every_alarm_of_ours_is_whole,
    ),
    told=(
        exit_code_is_one_of(*CODES),
        exit_0_means(lambda case: _ours(case.after) == _ours(case.end)),
        the_lock_is_given_back,
    ),
    end=_updated,
    same=same,
)


def _with_alarms(check: Check, wanted: set[str]) -> Check:
    """The check of a group's beginning or end, with the alarms that are there afterwards."""

    def end(state: State) -> None:
        check.end(state)
        assert _ours(state).keys() == wanted

    is_done = exit_0_means(lambda case: _ours(case.after).keys() == wanted)
    whole = (alarms_of_others_stay, every_alarm_of_ours_is_whole)
    return replace(check, always=(*check.always, *whole), told=(*check.told, is_done), end=end)


_MADE = CREATED["create"]
_GONE = ENDED["destroy"]
CORE = {"update-alarms": Scenario(UPDATE, _among_others(_seeded), _UPDATED, CONFIG)}
MORE = {
    "create-alarms": Scenario(CREATE, _without_ours(_MADE.build), _with_alarms(_MADE.check, _NAMES), CONFIG),
    "destroy-alarms": Scenario(DESTROY, _among_others(_GONE.build), _with_alarms(_GONE.check, set()), CONFIG),
}
