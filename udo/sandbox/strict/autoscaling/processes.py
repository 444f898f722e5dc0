"""Suspended processes: only AWS's own names, and what is suspended does not run."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, replaces, rule

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)


@refuses("autoscaling", "SuspendProcesses", "ResumeProcesses", moto="accepts any name")
def unknown_processes_are_refused(request: Request) -> None:
    """Suspending or resuming a process that does not exist is ValidationError.

    Source: botocore autoscaling shape ScalingProcessQuery, member ScalingProcesses.
    """
    for name in request.params.get("ScalingProcesses") or []:
        if name not in PROCESSES:
            raise Refusal(
                "ValidationError",
                f"{name} is not a valid process type. Valid processes are: {list(PROCESSES)}.".replace("'", ""),
            )


@answers("autoscaling", "SuspendProcesses")
def suspend_processes(request: Request) -> None:
    suspended = suspended_processes(known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"]))
    for name in request.params.get("ScalingProcesses") or PROCESSES:
        suspended.setdefault(name, suspensions_tell_when())


@answers("autoscaling", "ResumeProcesses")
def resume_processes(request: Request) -> None:
    group = known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])
    suspended = suspended_processes(group)
    for name in request.params.get("ScalingProcesses") or PROCESSES:
        suspended.pop(name, None)


@rule("autoscaling", "DescribeAutoScalingGroups", moto="gives an empty reason")
def suspensions_tell_when() -> str:
    """A suspended process carries the reason: that a user suspended it, and when.

    Source: botocore autoscaling shape SuspendedProcess and the example of DescribeAutoScalingGroups.
    """
    return f"User suspended at {moment.text()}"


def suspended_processes(group: Any) -> dict[str, str]:
    """A group's suspended processes with their reasons, in the order they were suspended."""
    kept: dict[str, str] = group.__dict__.setdefault("udo_suspended", {})
    return kept


def runs(group: Any, process: str) -> bool:
    """Whether a process of the group may run now."""
    return process not in suspended_processes(group)


def described(group: Any) -> list[dict[str, str]]:
    """A group's suspended processes, as AWS lists them."""
    return [{"ProcessName": name, "SuspensionReason": reason} for name, reason in suspended_processes(group).items()]


# moto's constructor sets the property; a new group has nothing suspended anyway.
replaces(FakeAutoScalingGroup, "suspended_processes")(property(described, lambda group, processes: None))
