"""A deployment with suspended processes, struck at every call: the recovering command leaves nothing suspended."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import pytest
from arena import Arena
from deploy_worlds import end
from faults import fault
from state import OURS, state_of
from suspend_check import CODEDEPLOYS, UDOS, recorded, suspended
from sweeping import undisturbed
from whole import some

from udo.sandbox.faults import Fault

RECOVER = ("resume", "prod", "webapp", "--recover")
KINDS = (
    *("killed-before", "killed-after", "throttled-on", "failed-before", "failed-after", "denied", "expired"),
    *("dropped-after", "refused-on", "interrupted-before", "interrupted-after", "interrupted-twice"),
)
OURSELVES = ("SuspendProcesses", "ResumeProcesses")
# Of a deployment that has not ended.
ACTIVE = ("Created", "Queued", "InProgress")


@pytest.mark.parametrize("kind", some(KINDS))
def test_once_its_deployment_has_ended_resume_puts_back_what_a_struck_run_has_left(
    arena: Arena, cases: Callable[[int], None], kind: str
) -> None:
    known = undisturbed(arena, "deploy-suspending")
    for nth, call in enumerate(known.asked, 1):
        arena.put_back("deploy-suspending")
        arena.world.faults.add(fault(kind, nth))
        struck = arena.run(*known.scenario.words)
        arena.world.faults.clear()
        arena.world.advance()
        left = state_of(arena.world)
        waits = recorded(left) and any(one["status"] in ACTIVE for one in left["deployments"][OURS])
        early = arena.run(*RECOVER)
        told = f"call {nth} ({call})\n{struck.stderr}\n{early.stderr}"
        assert early.exit == (4 if waits else 0), told
        if early.exit == 4:
            assert "is active since" in early.stderr, told
            assert early.writes == (), told
        end(arena.world)
        done = arena.run(*RECOVER)
        state = state_of(arena.world)
        assert done.exit == 0, told
        assert suspended(state) == suspended(known.before), told
        assert not recorded(state), told
        again = arena.run(*RECOVER)
        assert (again.exit, again.writes) == (0, ()), told
        assert CODEDEPLOYS not in suspended(state), told
    cases(len(known.asked))


@pytest.mark.parametrize("kind", some(("killed-before", "killed-after", "dropped-after", "interrupted-after")))
def test_a_recovery_that_is_struck_itself_is_finished_by_the_next(
    arena: Arena, cases: Callable[[int], None], kind: str
) -> None:
    known = undisturbed(arena, "deploy-suspending")

    def left() -> None:
        arena.put_back("deploy-suspending")
        arena.world.faults.add(fault("killed-before", known.asked.index("autoscaling:ResumeProcesses") + 1))
        assert arena.run(*known.scenario.words).exit is None
        arena.world.faults.clear()

    left()
    asked = arena.run(*RECOVER).asked
    for nth, call in enumerate(asked, 1):
        left()
        arena.world.faults.add(fault(kind, nth))
        struck = arena.run(*RECOVER)
        arena.world.faults.clear()
        done = arena.run(*RECOVER)
        state = state_of(arena.world)
        assert done.exit == 0, (nth, call, struck.stderr, done.stderr)
        assert suspended(state) == suspended(known.before)
        assert not recorded(state)
    cases(len(asked))


@pytest.mark.whole
def test_what_a_colleague_suspends_meanwhile_is_kept_but_for_one_request(
    arena: Arena, cases: Callable[[int], None]
) -> None:
    known, name = undisturbed(arena, "deploy-suspending"), UDOS[0]
    client = arena.world.client("autoscaling")
    for nth, call in enumerate(known.asked, 1):
        arena.put_back("deploy-suspending")
        names = {"AutoScalingGroupName": OURS, "ScalingProcesses": [name]}
        arena.world.faults.add(Fault("hook", nth=nth, hook=lambda _, names=names: client.suspend_processes(**names)))
        run = arena.run(*known.scenario.words)
        arena.world.faults.clear()
        state = state_of(arena.world)
        told = f"call {nth} ({call}): {run.exit} {run.stderr}"
        assert not recorded(state), told
        if nth > len(run.asked):
            continue
        look, suspends, resumes = (_position(run.asked, one) for one in ("DescribeAutoScalingGroups", *OURSELVES))
        # AWS does not say by whom: from the one request on that suspends it, it is ours until it is resumed.
        assert (name in suspended(state)) == (not suspends <= nth <= resumes), told
        if run.exit == 4:
            assert "codedeploy:CreateDeployment" not in run.asked, told
        assert run.exit == (4 if look < nth < suspends else 0), told
    cases(len(known.asked))


def _position(asked: tuple[str, ...], operation: str) -> float:
    """The first request of that name, counted from 1; past all of them where there is none."""
    name = f"autoscaling:{operation}"
    return asked.index(name) + 1 if name in asked else inf
