"""A moving world: members die, a policy moves the desired capacity, a colleague scales, before every request of
a change to a group: nothing of theirs is overwritten or resumed, exit 0 means the goal, and running it again ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from arena import Arena, Run
from botocore.exceptions import ClientError
from invariants import SUSPENDED
from state import OURS, State, launched, state_of
from sweeping import prepared
from whole import rows

from udo.sandbox.faults import Fault

Mover = Callable[[Any], None]
SCENARIOS = (
    *("scale-up", "scale-down", "scale-bounds", "scale-to-zero", "update", "sleep", "wake", "suspend", "resume"),
    *("standby", "standby-return", "detach", "attach", "destroy"),
)
# How a run may end that somebody was in the way of; whoever waits may have to wait too long.
EXITS = (0, 1, 4, 7, 124)
pytestmark = pytest.mark.usefixtures("one_thread")


def _group(world: Any) -> Any:
    found = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[OURS])["AutoScalingGroups"]
    return found[0] if found and not found[0].get("Status") else None


def _dies(world: Any) -> None:
    """The last member in service fails, and is replaced where the group replaces."""
    group = _group(world)
    serving = [one["InstanceId"] for one in (group or {}).get("Instances", ()) if one["LifecycleState"] == "InService"]
    if serving:
        world.client("ec2").terminate_instances(InstanceIds=serving[-1:])


def _moves(by: int) -> Mover:
    """A policy moves the desired capacity within the bounds."""

    def moved(world: Any) -> None:
        if group := _group(world):
            wanted = max(group["MinSize"], min(group["MaxSize"], group["DesiredCapacity"] + by))
            world.client("autoscaling").set_desired_capacity(AutoScalingGroupName=OURS, DesiredCapacity=wanted)

    return moved


def _scales(world: Any) -> None:
    """A colleague widens the bounds and asks for more."""
    if _group(world):
        world.client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=OURS, MinSize=1, MaxSize=12, DesiredCapacity=6
        )


def _suspends(world: Any) -> None:
    """A colleague suspends what nobody else does."""
    if _group(world):
        with suppress(ClientError):
            world.client("autoscaling").suspend_processes(
                AutoScalingGroupName=OURS, ScalingProcesses=["InstanceRefresh"]
            )


MOVERS: dict[str, Mover] = {
    "dies": _dies,
    "policy-up": _moves(1),
    "policy-down": _moves(-1),
    "colleague": _scales,
    "suspends": _suspends,
}
EVERY = [(name, mover) for name in SCENARIOS for mover in MOVERS]
# The named member may be gone; sizes and members may be such that a person has to say more.
_GONE = ("standby", "standby-return", "detach", "attach")
_MOVED = ("attach", "standby-return", "destroy", "update")
# What runs each time; the rest is left to `make test-all`.
USUAL = [("scale-up", "policy-up"), ("standby", "dies")]


@pytest.mark.parametrize(("name", "mover"), rows(EVERY, USUAL))
def test_whoever_moves_between_two_requests_loses_nothing_and_the_same_command_ends(
    arena: Arena, cases: Callable[[int], None], name: str, mover: str
) -> None:
    scenario = prepared(arena, name)
    before = state_of(arena.world)
    asked = arena.run(*scenario.words).asked
    for nth, call in enumerate(asked, 1):
        arena.put_back(name)
        moved: list[State] = []
        arena.world.faults.add(Fault("hook", nth=nth, hook=lambda _asked, moved=moved: _at_work(arena, mover, moved)))
        run = arena.run(*scenario.words)
        arena.world.faults.clear()
        _check(arena, before, moved, run, name, f"{mover} before call {nth} ({call}): {run.exit} {run.stderr}")
        _ends(arena, scenario.words, name, f"{mover} before call {nth} ({call})")
    cases(len(asked))


def _at_work(arena: Arena, mover: str, moved: list[State]) -> None:
    MOVERS[mover](arena.world)
    moved.append(state_of(arena.world))


def _check(arena: Arena, before: State, moved: list[State], run: Run, name: str, told: str) -> None:
    after = state_of(arena.world)
    assert run.exit in EXITS, told
    for one in after["groups"]:
        assert launched(after, one), told
    for kind in ("groups", "parts", "configurations", "templates", "deployment_groups"):
        assert _of_others(before, kind) == _of_others(after, kind), f"{kind} of others changed: {told}"
    ours = after["groups"].get(OURS)
    if ours is None or not moved:
        return
    theirs = moved[0]["groups"][OURS]
    assert {*_processes(before)} | {*_processes(moved[0], "InstanceRefresh")} <= {*ours.get(SUSPENDED, ())}, told
    if run.exit == 0:
        assert _reached(ours, name), f"exit 0 without the goal: {told}"
    if name in ("update", "suspend", "resume", "standby", "detach"):
        # Nothing of Udo's has to do with the sizes here.
        assert ours.get("desired_capacity", 0) == theirs.get("desired_capacity", 0), told


def _ends(arena: Arena, words: tuple[str, ...], name: str, told: str) -> None:
    """The same command, in a world that is at rest again, ends at the goal and then has nothing to do."""
    again = arena.run(*words)
    assert again.exit in (0, 1, 7), f"{told}: again {again.exit} {again.stderr}"
    if again.exit:
        # What somebody else has made of it since has to be seen by a person, and who died cannot be moved.
        expected = _GONE if again.exit == 1 else _MOVED
        assert name in expected, f"{told}: {again.stderr}"
        assert again.exit == 7 or "no member of" in again.stderr or "there is no instance" in again.stderr, told
        return
    third = arena.run(*words)
    assert (third.exit, third.writes) == (0, ()), f"{told}: third {third.exit} {third.writes} {third.stderr}"


def _processes(state: State, *only: str) -> list[str]:
    found = state["groups"][OURS].get(SUSPENDED, ())
    # What the run itself has suspended, and has to resume, is no concern of theirs.
    mine = ("AlarmNotification", "ScheduledActions", "AZRebalance")
    return [one for one in found if (one in only if only else one not in mine)]


def _of_others(state: State, kind: str) -> Any:
    family = {OURS, f"{OURS}-v2", f"{OURS}-v3"}
    if kind == "parts":
        return {key: one for key, one in state[kind].items() if f"/{OURS}/" not in key}
    return {key: one for key, one in state[kind].items() if key not in family}


def _reached(group: Any, name: str) -> bool:
    """Whether what the command asks for is so."""
    wanted = {"scale-up": 5, "scale-down": 1, "scale-bounds": 12, "scale-to-zero": 0, "sleep": 0}
    if name in wanted:
        return bool(group.get("desired_capacity", 0) == wanted[name])
    if name == "suspend":
        return "AZRebalance" in group.get(SUSPENDED, ())
    if name == "standby":
        return any(one["lifecycle_state"] == "Standby" for one in group.get("instance_states", ()))
    return name != "destroy"
