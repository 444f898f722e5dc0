"""A deployment in motion: its targets, their lifecycle events, and what the clock makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from udo.sandbox.strict.codedeploy import blue_green
from udo.sandbox.strict.codedeploy.agents import Work
from udo.sandbox.strict.codedeploy.arithmetic import (
    enough_are_healthy,
    minimums_of_all_fail_at_once,
    start_as_many_as_the_config_allows,
)
from udo.sandbox.strict.codedeploy.configs import Config
from udo.sandbox.strict.codedeploy.errors import (
    HEALTH_CONSTRAINTS,
    HEALTH_CONSTRAINTS_INVALID,
    MANUAL_STOP,
    NO_INSTANCES,
    REVISION_MISSING,
    TIMEOUT,
    Why,
)
from udo.sandbox.strict.codedeploy.faults import DeploymentFault
from udo.sandbox.strict.codedeploy.lifecycle import Event, Target, targets_of, unreachable
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import rule

ENDED = ("Succeeded", "Failed", "Stopped")
# Source: CodeDeploy quotas: the longest an in-place deployment runs, in seconds.
_LONGEST = 12 * 3600.0
_IGNORABLE = ("ApplicationStop", "BeforeBlockTraffic", "AfterBlockTraffic")


@dataclass
class World:
    """What a run looks up outside itself: who the targets are, who is alive, what is there, what is to fail.

    `begins` and `ends` do what CodeDeploy does around a deployment, and tell why that cannot be done; `stops` tells why
    one in motion must stop; `bakes` whether it is to stay Baking; `succeeds` hears of every event that does.
    """

    members: Callable[[], list[str]]
    alive: Callable[[str], bool]
    revision_there: Callable[[], bool]
    fault: Callable[[Target, str], DeploymentFault | None]
    work: Callable[[Target, str], Work | None] = lambda _target, _event: None
    zone: Callable[[str], str] = lambda _instance_id: ""
    missing: Callable[[], Why | None] = lambda: None
    begins: Callable[[], Why | None] = lambda: None
    ends: Callable[[], Why | None] = lambda: None
    stops: Callable[[], Why | None] = lambda: None
    bakes: Callable[[], bool] = lambda: False
    succeeds: Callable[[Target, str], None] = lambda _target, _event: None
    fleets: blue_green.Fleets | None = None


@dataclass
class Run:
    """The state of one deployment, from Created to its end.

    `wake` is when it goes on though no event ends; `zone` the one it is in, `opens` when the next may be entered;
    `reason` why it is being stopped.
    """

    config: Config
    events: tuple[str, ...]
    created: float
    status: str = "Created"
    started: float | None = None
    completed: float | None = None
    error: Why | None = None
    reason: Why | None = None
    targets: list[Target] = field(default_factory=list)
    ignores_stop_failures: bool = False
    wake: float | None = None
    zone: str = ""
    opens: float | None = None
    traffic: blue_green.Traffic | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ENDED

    def count(self, *statuses: str) -> int:
        """How many targets are in one of these states."""
        return sum(1 for target in self.targets if target.status in statuses)


def move(run: Run, now: float, world: World) -> None:
    """Moves a run up to `now`, each thing at the moment it falls due."""
    if run.status in ("InProgress", "Ready") and run.reason is None and (why := world.stops()):
        stop(run, now, world, why)
    if run.status == "Baking" and not world.bakes():
        _end(run, "Succeeded", now, None, world)
    ready = run.created + delays.deployment_start
    if run.status == "Created" and now >= run.created + delays.deployment_start / 2:
        run.status = "Queued"
    if run.status == "Queued" and now >= ready:
        _start(run, ready, world)
    while run.status in ("InProgress", "Ready"):
        _hand_to_agents(run, world)
        following = _next_due(run)
        if following is None or following[0] > now:
            return
        moment, targets = following
        run.wake = None if run.wake is not None and run.wake <= moment else run.wake
        for target in targets:
            _finish_event(run, target, moment, world)
        if run.started is not None and moment >= run.started + _LONGEST and run.traffic is None:
            _end(run, "Failed", moment, TIMEOUT, world)
        else:
            settle(run, moment, world)


def due(run: Run) -> float | None:
    """When a run changes next by itself, in seconds since the epoch."""
    if run.status in ("Created", "Queued"):
        return run.created + delays.deployment_start / (2 if run.status == "Created" else 1)
    following = _next_due(run) if run.status in ("InProgress", "Ready") else None
    return following and following[0]


def stop(run: Run, now: float, world: World, why: Why = MANUAL_STOP) -> bool:
    """Stops a run; False where the scripts that are running must end first."""
    run.reason = run.reason or why
    if run.count("InProgress"):
        return False
    _end(run, "Stopped", now, run.reason, world)
    return True


def settle(run: Run, moment: float, world: World) -> None:
    """Starts the targets that may start now, or ends the run where nothing more can happen."""
    if run.reason is None and run.traffic is not None:
        if (end := blue_green.traffic_goes_over(run, moment, world)) is not None:
            _end(run, end[0], moment, end[1], world)
        return
    if run.reason is None:
        start_as_many_as_the_config_allows(run, moment, world)
    if run.count("InProgress") or (run.reason is None and run.wake is not None):
        return
    if run.reason is not None:
        _end(run, "Stopped", moment, run.reason, world)
    elif not enough_are_healthy(run):
        _end(run, "Failed", moment, HEALTH_CONSTRAINTS, world)
    elif world.bakes():
        run.status = "Baking"
    else:
        _end(run, "Succeeded", moment, None, world)


def _start(run: Run, moment: float, world: World) -> None:
    run.status, run.started = "InProgress", moment
    if why := world.missing():
        _end(run, "Failed", moment, why, world, touched=False)
        return
    if not world.revision_there():
        _end(run, "Failed", moment, REVISION_MISSING, world, touched=False)
        return
    if why := world.begins():
        _end(run, "Failed", moment, why, world, touched=False)
        return
    if run.traffic is not None:
        settle(run, moment, world)
        return
    run.targets = targets_of(run.events, world.members(), moment, world.alive, world.zone)
    if not run.targets:
        _end(run, "Failed", moment, NO_INSTANCES, world)
    elif minimums_of_all_fail_at_once(run):
        _end(run, "Failed", moment, HEALTH_CONSTRAINTS_INVALID, world)
    elif why := world.stops():
        _end(run, "Stopped", moment, why, world)
    else:
        settle(run, moment, world)


def _hand_to_agents(run: Run, world: World) -> None:
    for target in run.targets:
        event = target.current()
        if event is not None and not event.asked:
            event.asked = True
            event.work = world.work(target, event.name) if world.alive(target.instance_id) else None


def _next_due(run: Run) -> tuple[float, list[Target]] | None:
    """The moment at which something happens next, and the targets whose events end then."""
    going = [
        (when, target)
        for target in run.targets
        if target.status == "InProgress"
        and (event := target.current())
        and (when := event.due(delays.deployment_event)) is not None
    ]
    first = min((when for when, _ in going), default=None)
    if first is None or (run.wake is not None and run.wake < first):
        return None if run.wake is None else (run.wake, [])
    return first, [target for when, target in going if when == first]


def _finish_event(run: Run, target: Target, moment: float, world: World) -> None:
    event = target.current()
    if event is None:
        return
    event.ended = target.updated = moment
    event.fault = _what_goes_wrong(target, event, world)
    event.status = (event.fault.status or "Failed") if event.fault else "Succeeded"
    if not event.fault:
        world.succeeds(target, event.name)
    if event.fault and not stop_failures_may_be_ignored(run, event):
        target.give_up(moment, event.status)
    elif run.reason is not None and any(one.status == "Pending" for one in target.events):
        target.give_up(moment)
    else:
        target.proceed(moment)


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def stop_failures_may_be_ignored(run: Run, event: Event) -> bool:
    """With ignoreApplicationStopFailures a deployment goes on after ApplicationStop, BeforeBlockTraffic or
    AfterBlockTraffic has failed on an instance.

    Source: botocore codedeploy CreateDeploymentInput, member ignoreApplicationStopFailures.
    """
    return run.ignores_stop_failures and event.name in _IGNORABLE


def _what_goes_wrong(target: Target, event: Event, world: World) -> DeploymentFault | None:
    if not world.alive(target.instance_id):
        return unreachable(event.name)
    return world.fault(target, event.name) or (event.work.fault(event.name) if event.work else None)


def _end(run: Run, status: str, moment: float, error: Why | None, world: World, *, touched: bool = True) -> None:
    for target in run.targets:
        if target.status in ("Pending", "Ready"):
            target.give_up(moment)
        elif target.status == "InProgress":
            target.break_off(moment)
    # What cannot be put back fails a deployment, however it went.
    if touched and run.started is not None and (why := world.ends()):
        status, error = "Failed", why
    run.status, run.completed, run.error, run.wake = status, moment, error, None
