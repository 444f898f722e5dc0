"""Who carries out a lifecycle event on an instance: the agents of the sandbox, where it has some and a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from udo.sandbox.strict.codedeploy.faults import DeploymentFault


@dataclass
class Work:
    """One event in the hands of an agent, which may still be at it.

    `ended` is when the clock showed its end, None while it lasts, and `waits` how many seconds it takes at least.
    `diagnostics` are AWS's own: errorCode, scriptName, message, logTail.
    """

    ended: float | None = None
    waits: float = 0.0
    diagnostics: Mapping[str, str] | None = None

    def due(self, started: float, least: float) -> float | None:
        """When an event ends that takes so many seconds by itself; None while that is not known."""
        return None if self.ended is None else max(started + max(least, self.waits), self.ended)

    def fault(self, event: str) -> DeploymentFault | None:
        """The failure it ended in."""
        told = self.diagnostics
        if told is None or told["errorCode"] == "Success":
            return None
        return DeploymentFault(
            event=event, error_code=told["errorCode"], script=told["scriptName"], message=told["message"]
        )


@dataclass
class Agents:
    """Where a run finds its agents: `begin` is given moto's deployment, the instance's id and the event."""

    begin: Callable[[Any, str, str], Work | None] | None = None


def deployments_are_running() -> bool:
    """Whether any deployment of any account and region has not ended."""
    from moto.codedeploy.models import codedeploy_backends

    return any(
        not getattr(one, "udo_run").ended  # noqa: B009 - ours, moto does not know it
        for account in list(codedeploy_backends.values())
        for backend in list(account.values())
        for one in list(backend.deployments.values())
    )


# One per process, since moto's state is the process's.
agents = Agents()
