"""Who runs a command on an instance: the agents of the sandbox; and how each of them stands to Systems Manager."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.ssm.faults import agent_faults

ONLINE, LOST = "Online", "ConnectionLost"


@dataclass(frozen=True)
class Script:
    """What an agent is to run: its lines, where, for how many seconds at most, and how much of each output is kept."""

    command_id: str
    instance_id: str
    region: str
    lines: tuple[str, ...]
    folder: str
    seconds: float
    keeps: int


@dataclass
class Work:
    """A script in the hands of an agent; what it left is there once `ended` is set, which is done last.

    `code` is that of the agent: -1 for a signal, 137 where it was ended by the agent itself; `told` is what the agent
    adds to the errors. `end` ends it early.
    """

    end: Callable[[], None]
    ended: bool = False
    code: int = -1
    out: bytes = b""
    errors: bytes = b""
    told: str = ""
    seconds: float = 0.0


@dataclass
class Agents:
    """Where commands find the agents of the instances."""

    begin: Callable[[Script], Work] | None = None


# One per process, since moto's state is the process's.
agents = Agents()


def ping(instance: Any) -> str | None:
    """How an instance stands: Online, ConnectionLost, or None where its agent has never registered.

    `instance` is moto's own. An agent registers with the permissions of an instance profile, once it has booted.
    """
    if instance.state in ("terminated", "shutting-down") or not instance.iam_instance_profile:
        return None
    launched = moment.seconds(instance.launch_time) or 0.0
    # Launch times are kept to the microsecond, the clock is not.
    if round(moment.now() - launched, 3) < delays.console or agent_faults.unregistered(instance.id):
        return None
    lost = instance.state != "running" or agent_faults.lost_since(instance.id) is not None
    return LOST if lost else ONLINE


def instances(account: str, region: str) -> Mapping[str, Any]:
    """moto's own instances of a region, by their ids."""
    from moto.ec2.models import ec2_backends

    reservations = list(ec2_backends[account][region].reservations.values())
    return {one.id: one for reservation in reservations for one in reservation.instances}


def last_ping(instance: Any) -> float:
    """When its agent was heard last."""
    lost = agent_faults.lost_since(instance.id)
    return moment.now() if lost is None else lost
