"""The lifecycle of a deployment on one instance: its events in order, and where it stands in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from udo.sandbox.strict.codedeploy.agents import Work
from udo.sandbox.strict.codedeploy.faults import DeploymentFault

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
NO_ANSWER = "CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs."


@dataclass
class Event:
    """One lifecycle event on one instance; times are seconds since the epoch.

    Once it has begun an agent was `asked` to carry it out, and `work` is what came of that, if there is a bundle.
    """

    name: str
    status: str = "Pending"
    started: float | None = None
    ended: float | None = None
    fault: DeploymentFault | None = None
    asked: bool = False
    work: Work | None = None

    def due(self, least: float) -> float | None:
        """When it ends, at the earliest so many seconds after its start; None while its agent is at it."""
        started = self.started or 0.0
        return started + least if self.work is None else self.work.due(started, least)


@dataclass
class Target:
    """One instance of a deployment, `place` (from 1) in the order it is taken.

    `label` is Blue or Green in a blue/green deployment; one that `holds` an event waits before it, Ready.
    """

    instance_id: str
    place: int
    events: list[Event]
    status: str = "Pending"
    updated: float = 0.0
    zone: str = ""
    label: str = ""
    holds: str = ""

    def current(self) -> Event | None:
        """The event in progress."""
        return next((event for event in self.events if event.status == "InProgress"), None)

    def proceed(self, moment: float) -> None:
        """Begins the next event, or waits before one that it holds, or has succeeded where there is none."""
        following = next((one for one in self.events if one.status == "Pending"), None)
        self.updated = moment
        if following is None:
            self.status = "Succeeded"
        elif following.name == self.holds:
            self.status = "Ready"
        else:
            self.status = following.status = "InProgress"
            following.started = moment

    def give_up(self, moment: float, status: str = "Skipped") -> None:
        """Ends it without the events that are left."""
        self.status, self.updated = status, moment
        for event in self.events:
            if event.status == "Pending":
                event.status = "Skipped"

    def break_off(self, moment: float) -> None:
        """Fails it in the middle of an event."""
        if event := self.current():
            event.status, event.ended, event.fault = "Failed", moment, unreachable(event.name)
        self.give_up(moment, "Failed")

    def lose(self, moment: float) -> None:
        """Fails it where nobody answers."""
        event = next(one for one in self.events if one.status == "Pending")
        event.status, event.started, event.ended, event.fault = "Failed", moment, moment, unreachable(event.name)
        self.give_up(moment, "Failed")


def targets_of(
    events: tuple[str, ...],
    ids: list[str],
    moment: float,
    alive: Callable[[str], bool],
    zone: Callable[[str], str],
) -> list[Target]:
    """Targets of these instances, in order, each with these events; a stopped one has failed from the start."""
    made = []
    for place, instance_id in enumerate(ids, start=1):
        target = Target(instance_id, place, [Event(name) for name in events], updated=moment, zone=zone(instance_id))
        if not alive(instance_id):
            target.lose(moment)
        made.append(target)
    return made


def unreachable(event: str) -> DeploymentFault:
    """What an event ends with on an instance that does not answer."""
    return DeploymentFault(event=event, error_code="UnknownError", message=NO_ANSWER)
