"""Which deployments are to fail in the sandbox: on which instance, at which lifecycle event."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class DeploymentFault:
    """One failure to come; what is left empty matches everything, `times` counts the deployments it hits.

    `instance` is an instance id, or the place (from 1) in the order the deployment takes its targets.
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
    hit: set[str] = field(default_factory=set)

    def matches(self, deployment_id: str, names: tuple[str, str], instance: tuple[str, int], event: str) -> bool:
        """Whether this event of this instance (id, place) in this deployment (application, group) is to fail."""
        application, group = names
        return (
            event == self.event
            and self.application in ("", application)
            and self.deployment_group in ("", group)
            and self.instance in (None, *instance)
            and (deployment_id in self.hit or self.times is None or len(self.hit) < self.times)
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


deployment_faults = DeploymentFaults()
