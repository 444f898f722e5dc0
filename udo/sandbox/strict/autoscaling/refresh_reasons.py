"""The words in which an instance refresh says what it waits for."""

from __future__ import annotations

import math
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.refresh_members import Fleet, healthy
from udo.sandbox.strict.rules import rule

_REMAINING = "Waiting for remaining instances to be available. For example:"


@rule("autoscaling", "DescribeInstanceRefreshes", moto="has no such operation")
def waiting_reason(group: Any, fleet: Fleet) -> str:
    """StatusReason tells of a refresh in progress which new instance it waits for, for example: one that warms up, or
    one without enough data on its health.

    Source: botocore autoscaling, example of DescribeInstanceRefreshes; logs of a public repository ("has insufficient
    data to evaluate its health with Amazon EC2").
    """
    for member in fleet.late:
        if member.lifecycle_state == "InService" and healthy(group, member):
            one = f"{member.instance_id} is warming up."
            return f"Waiting for instances to warm up before continuing. For example: {one}"
    return next((_insufficient(member) for member in fleet.late), "")


def _insufficient(member: Any) -> str:
    serves = member.lifecycle_state == "InService" and member.instance.state == "running"
    by = "Elastic Load Balancing" if serves else "Amazon EC2"
    return f"{_REMAINING} {member.instance_id} has insufficient data to evaluate its health with {by}."


def stuck_reason(group: Any, fleet: Fleet) -> str:
    """Why a refresh gets no further by itself; empty where it does."""
    for member in fleet.late:
        if member.lifecycle_state == "InService" and not healthy(group, member):
            return _insufficient(member)
    if fleet.late:
        return ""
    if moment.now() < getattr(group, "udo_retry_at", 0.0):
        return f"{_REMAINING} an instance could not be launched."
    return blocked_instances_are_named(fleet)


@rule("autoscaling", "DescribeInstanceRefreshes", moto="has no such operation")
def blocked_instances_are_named(fleet: Fleet) -> str:
    """StatusReason names an instance that is protected from scale-in, or in Standby, where only those are left.

    Source: a script of a public repository that goes by "is protected. Remove instance scale-in protection to
    continue."; what is said of Standby is made after it.
    """
    if fleet.held:
        return (
            f"{_REMAINING} {fleet.held[0].instance_id} is protected. Remove instance scale-in protection to continue."
        )
    if fleet.standby:
        return f"{_REMAINING} {fleet.standby[0].instance_id} is in Standby. Return it to service to continue."
    return ""


def baking(until: float) -> str:
    """What a refresh in its bake time says."""
    return f"Waiting for bake time to finish before continuing. There are {_seconds(until)} seconds left."


def pausing(until: float) -> str:
    """What a refresh says after a checkpoint."""
    return f"Waiting for checkpoint delay to finish before continuing. There are {_seconds(until)} seconds left."


def _seconds(until: float) -> int:
    return math.ceil(until - moment.now())
