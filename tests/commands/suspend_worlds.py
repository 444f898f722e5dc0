"""Groups whose processes are suspended around a deployment: what is, by whom, and runs that are killed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import SHA, at, config

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp", SHA)
RECOVER = ("resume", "prod", "webapp", "--recover")
TAG = "udo:suspended-by-run"
BOTH = config("deploy: {suspend: [AZRebalance, AlarmNotification]}")
OURS = config("deploy: {suspend: [AlarmNotification, HealthCheck]}")
PLAIN = config()
THIRD = "2222222222222222222222222222222222222222"
SUSPENDING = ["CreateOrUpdateTags", "SuspendProcesses", "CreateDeployment", "ResumeProcesses", "DeleteTags"]


def described(world: Any, name: str = "prod-webapp") -> Any:
    return world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][
        0
    ]


def suspended(world: Any) -> list[str]:
    """The suspended processes of the group, sorted."""
    return sorted(one["ProcessName"] for one in described(world)["SuspendedProcesses"])


def tags(world: Any) -> dict[str, Any]:
    """The record on the group, where there is one."""
    return {one["Key"]: one for one in described(world)["Tags"] if one["Key"] == TAG}


def suspend(world: Any, *names: str) -> None:
    """Suspends as somebody else would."""
    world.client("autoscaling").suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=list(names))


def resume(world: Any, *names: str) -> None:
    """Resumes as somebody else would."""
    world.client("autoscaling").resume_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=list(names))


def seen_at(world: Any, operation: str, nth: int = 1) -> list[Any]:
    """What is suspended and recorded just before AWS sees a request, once there was one."""
    found: list[Any] = []
    at(
        world,
        operation,
        lambda: found.append((suspended(world), [one["Value"][24:] for one in tags(world).values()])),
        nth,
    )
    return found


def killed(world: Any, udo: Udo, operation: str = "GetDeployment", nth: int = 1, after: bool = False) -> None:
    """A run of deploy that dies at a request."""
    world.faults.add(Fault("kill", operation, nth=nth, after=after))
    with pytest.raises(Killed):
        udo(*DEPLOY)
    world.faults.clear()


def clean(world: Any, *left: str) -> None:
    """Nothing is left of Udo's, and this is suspended by others."""
    assert (suspended(world), tags(world)) == (sorted(left), {})
