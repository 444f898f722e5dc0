"""What is to go wrong with deployments in the sandbox: an event on an instance, or the deployment as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field

# Of the statuses of CodeDeploy's model those that no course of events in the sandbox leads to.
BAKING, UNKNOWN = "Baking", "Unknown"


@dataclass
class DeploymentFault:
    """One failure to come; what is left empty matches everything, `times` counts the deployments it hits.

    `instance` is an instance id, or the place (from 1) in the order the deployment takes its targets. With `status`
    Unknown the event ends like this; with Baking the deployment stays so until the fault is taken back. `error` fails
    the deployment with that code when it starts, `creator` is who it says has created it.
    """

    event: str = "ApplicationStart"
    instance: str | int | None = None
    application: str = ""
    deployment_group: str = ""
    error_code: str = "ScriptFailed"
    script: str = ""
    message: str = ""
    log_tail: str = ""
    times: int | None = None
    status: str = ""
    error: str = ""
    creator: str = ""
    hit: set[str] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        """Whether it is about deployments as a whole, not about an event."""
        return bool(self.error or self.creator or self.status == BAKING)

    def concerns(self, deployment_id: str, names: tuple[str, str]) -> bool:
        """Whether it is for this deployment (application, group), and not used up."""
        application, group = names
        return (
            self.application in ("", application)
            and self.deployment_group in ("", group)
            and (deployment_id in self.hit or self.times is None or len(self.hit) < self.times)
        )

    def matches(self, deployment_id: str, names: tuple[str, str], instance: tuple[str, int], event: str) -> bool:
        """Whether this event of this instance (id, place) in this deployment (application, group) is to fail."""
        return (
            not self.whole
            and event == self.event
            and self.instance in (None, *instance)
            and self.concerns(deployment_id, names)
        )


class DeploymentFaults:
    """The failures to come, in the order they were set."""

    def __init__(self) -> None:
        self._faults: list[DeploymentFault] = []

    def add(self, fault: DeploymentFault) -> DeploymentFault:
        """Sets a failure, and returns it so that it can be removed."""
        self._faults.append(fault)
        return fault

    def remove(self, fault: DeploymentFault) -> None:
        """Takes a failure back; one that is not set is no error."""
        if fault in self._faults:
            self._faults.remove(fault)

    def all(self) -> tuple[DeploymentFault, ...]:
        """Every failure that is set."""
        return tuple(self._faults)

    def clear(self) -> None:
        """Takes all failures back."""
        self._faults.clear()

    def due(
        self, deployment_id: str, names: tuple[str, str], instance: tuple[str, int], event: str
    ) -> DeploymentFault | None:
        """The failure that hits this event, which then counts the deployment as hit."""
        for fault in self._faults:
            if fault.matches(deployment_id, names, instance, event):
                fault.hit.add(deployment_id)
                return fault
        return None

    def of_deployment(self, deployment_id: str, names: tuple[str, str], what: str) -> DeploymentFault | None:
        """The fault of a deployment as a whole that says `what` (error, creator or status), counted like the others."""
        for fault in self._faults:
            if fault.whole and getattr(fault, what) and fault.concerns(deployment_id, names):
                fault.hit.add(deployment_id)
                return fault
        return None


deployment_faults = DeploymentFaults()
