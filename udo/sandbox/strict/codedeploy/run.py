"""A deployment in motion: its targets, their lifecycle events, and what the clock makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from udo.sandbox.strict.codedeploy.configs import Config
from udo.sandbox.strict.codedeploy.faults import DeploymentFault
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import rule

EVENTS = (
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
)
BLOCKING = ("BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic")
ALLOWING = ("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic")
ENDED = ("Succeeded", "Failed", "Stopped")
HEALTH_CONSTRAINTS = (
    "HEALTH_CONSTRAINTS",
    "The overall deployment failed because too many individual instances failed deployment, too few healthy instances "
    "are available for deployment, or some instances in your deployment group are experiencing problems.",
)
HEALTH_CONSTRAINTS_INVALID = (
    "HEALTH_CONSTRAINTS_INVALID",
    "The deployment can't start because the minimum number of healthy instances is not available.",
)
NO_INSTANCES = (
    "NO_INSTANCES",
    "The deployment failed because no instances were found for your deployment group. Check your deployment group "
    "settings to make sure the tags for your Amazon EC2 instances or Auto Scaling groups correctly identify the "
    "instances you want to deploy to, and then try again.",
)
REVISION_MISSING = (
    "REVISION_MISSING",
    "The deployment failed because the revision's bundle could not be found where its location says.",
)
MANUAL_STOP = ("MANUAL_STOP", "The deployment was stopped by a user request.")


@dataclass
class Event:
    """One lifecycle event on one instance; times are seconds since the epoch."""

    name: str
    status: str = "Pending"
    started: float | None = None
    ended: float | None = None
    fault: DeploymentFault | None = None


@dataclass
class Target:
    """One instance of a deployment, `place` (from 1) in the order it is taken."""

    instance_id: str
    place: int
    events: list[Event]
    status: str = "Pending"
    updated: float = 0.0

    def current(self) -> Event | None:
        """The event in progress."""
        return next((event for event in self.events if event.status == "InProgress"), None)


@dataclass
class World:
    """What a run looks up outside itself: who the targets are, who is alive, what is there, what is to fail."""

    members: Callable[[], list[str]]
    alive: Callable[[str], bool]
    revision_there: Callable[[], bool]
    fault: Callable[[Target, str], DeploymentFault | None]


@dataclass
class Run:
    """The state of one deployment, from Created to its end."""

    config: Config
    events: tuple[str, ...]
    created: float
    status: str = "Created"
    started: float | None = None
    completed: float | None = None
    error: tuple[str, str] | None = None
    stopping: bool = False
    targets: list[Target] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ENDED

    def count(self, status: str) -> int:
        """How many targets are in this state."""
        return sum(1 for target in self.targets if target.status == status)


def move(run: Run, now: float, world: World) -> None:
    """Moves a run up to `now`, each thing at the moment it falls due."""
    ready = run.created + delays.deployment_start
    if run.status == "Created" and now >= run.created + delays.deployment_start / 2:
        run.status = "Queued"
    if run.status == "Queued" and now >= ready:
        _start(run, ready, world)
    while run.status == "InProgress" and (due := _next_due(run)) is not None and due[0] <= now:
        moment, target = due
        _finish_event(run, target, moment, world)
        _settle(run, moment, world)


def stop(run: Run, now: float) -> bool:
    """Stops a run; False where the scripts that are running must end first."""
    run.stopping = True
    if run.count("InProgress"):
        return False
    _end(run, "Stopped", now, MANUAL_STOP)
    return True


def _start(run: Run, moment: float, world: World) -> None:
    run.status, run.started = "InProgress", moment
    if not world.revision_there():
        _end(run, "Failed", moment, REVISION_MISSING)
        return
    members = world.members()
    run.targets = [
        Target(member, place, [Event(name) for name in run.events], updated=moment)
        for place, member in enumerate(members, start=1)
    ]
    if not members:
        _end(run, "Failed", moment, NO_INSTANCES)
    elif run.config.kind == "HOST_COUNT" and run.config.value >= len(members):
        _end(run, "Failed", moment, HEALTH_CONSTRAINTS_INVALID)
    else:
        _settle(run, moment, world)


def _next_due(run: Run) -> tuple[float, Target] | None:
    going = [(event.started or 0.0, target) for target in run.targets if (event := target.current())]
    if not going:
        return None
    started, target = min(going, key=lambda pair: (pair[0], pair[1].place))
    return started + delays.deployment_event, target


def _finish_event(run: Run, target: Target, moment: float, world: World) -> None:
    event = target.current()
    if event is None:
        return
    event.ended = target.updated = moment
    event.fault = _what_goes_wrong(target, event, world)
    event.status = "Failed" if event.fault else "Succeeded"
    following = next((one for one in target.events if one.status == "Pending"), None)
    if event.fault or (following and run.stopping):
        _skip_the_rest(target)
        target.status = "Failed" if event.fault else "Skipped"
    elif following is None:
        target.status = "Succeeded"
    else:
        following.status, following.started = "InProgress", moment


def _what_goes_wrong(target: Target, event: Event, world: World) -> DeploymentFault | None:
    if not world.alive(target.instance_id):
        message = "CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs."
        return DeploymentFault(event=event.name, error_code="UnknownError", message=message)
    return world.fault(target, event.name)


def _skip_the_rest(target: Target) -> None:
    for event in target.events:
        if event.status == "Pending":
            event.status = "Skipped"


def _settle(run: Run, moment: float, world: World) -> None:
    """Starts the targets that may start now, or ends the run where nothing more can happen."""
    if not run.stopping:
        start_as_many_as_the_config_allows(run, moment, world)
    if run.count("InProgress"):
        return
    if run.stopping:
        _end(run, "Stopped", moment, MANUAL_STOP)
    elif enough_are_healthy(run):
        _end(run, "Succeeded", moment, None)
    else:
        _end(run, "Failed", moment, HEALTH_CONSTRAINTS)


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def start_as_many_as_the_config_allows(run: Run, moment: float, world: World) -> None:
    """A deployment takes as many instances at once as leaves the configured minimum healthy: one (OneAtATime), half
    (HalfAtATime) or all (AllAtOnce).

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html.
    """
    total = len(run.targets)
    least = min(run.config.healthy(total), total - 1)
    for target in run.targets:
        if target.status != "Pending":
            continue
        if not world.alive(target.instance_id):
            target.status, target.updated = "Skipped", moment
            _skip_the_rest(target)
            continue
        healthy = total - run.count("Failed") - run.count("Skipped") - run.count("InProgress")
        if healthy - 1 < least:
            return
        target.status, target.updated = "InProgress", moment
        target.events[0].status, target.events[0].started = "InProgress", moment


@rule("codedeploy", "GetDeployment", moto="stays Created for ever")
def enough_are_healthy(run: Run) -> bool:
    """A deployment succeeds when at least one instance has the revision and the configured minimum stayed healthy; so
    OneAtATime succeeds even if its last instance failed.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html.
    """
    done = run.count("Succeeded")
    return not run.count("Pending") and done >= max(1, min(run.config.healthy(len(run.targets)), len(run.targets)))


def _end(run: Run, status: str, moment: float, error: tuple[str, str] | None) -> None:
    run.status, run.completed, run.error = status, moment, error
    for target in run.targets:
        if target.status == "Pending":
            target.status, target.updated = "Skipped", moment
            _skip_the_rest(target)
