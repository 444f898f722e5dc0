"""What a deployment group has seen: its deployments, the last good one, and what each instance has of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from udo.sandbox.strict.codedeploy.run import Run
from udo.sandbox.strict.rules import rule

# Who creates deployments for an instance that is born or dies, not for a group.
OF_ONE_INSTANCE = ("autoscaling", "autoscalingTermination")


@dataclass
class Installed:
    """What an instance got last: the revision that it has (None: none yet), and whether the last attempt went well."""

    revision: Any = None
    healthy: bool = False


def run_of(deployment: Any) -> Run:
    """What the clock has made of a deployment."""
    run: Run = deployment.udo_run
    return run


def of_group(backend: Any, application: str, name: str) -> list[Any]:
    """A deployment group's deployments, newest first."""
    return [
        one
        for one in reversed(backend.deployments.values())
        if (one.application_name, one.deployment_group_name) == (application, name)
    ]


def of_whole_group(backend: Any, group: Any) -> list[Any]:
    """Those of a group's deployments that were not for one instance, newest first."""
    every = of_group(backend, group.application.application_name, group.deployment_group_name)
    return [one for one in every if one.creator not in OF_ONE_INSTANCE]


def last_good(backend: Any, group: Any, before: Any = None) -> Any | None:
    """The newest deployment of the whole group that succeeded, or the newest older than `before`."""
    every = of_whole_group(backend, group)
    if before is not None:
        every = every[every.index(before) + 1 :]
    return next((one for one in every if run_of(one).status == "Succeeded"), None)


def installed(backend: Any, group: Any) -> dict[str, Installed]:
    """What every instance that a group has deployed to got last."""
    found: dict[str, Installed] = {}
    for one in reversed(of_group(backend, group.application.application_name, group.deployment_group_name)):
        for target in run_of(one).targets if one.creator != "autoscalingTermination" else ():
            if target.status == "Succeeded":
                found[target.instance_id] = Installed(one.revision, True)
            elif target.status in ("Failed", "Unknown"):
                found.setdefault(target.instance_id, Installed()).healthy = False
    return found


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def instances_are_taken_in_order(backend: Any, group: Any, ids: list[str]) -> list[str]:
    """A deployment takes unhealthy instances first, then those with an unknown revision, an old one, the current one.

    Source: docs.aws.amazon.com/codedeploy/latest/userguide/instances-health.html (health status).
    """
    have, good = installed(backend, group), last_good(backend, group)

    def health(instance_id: str) -> int:
        one = have.get(instance_id, Installed())
        if not one.healthy:
            return 0
        return 1 if one.revision is None or good is None else 2 + (one.revision == good.revision)

    return sorted(ids, key=health)
