"""What is to go wrong with Run Command: agents that are lost, slow or were never there, and invocations that fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from udo.sandbox.strict import moment

# How invocations end that no rehearsal leads to, and the status that goes with it.
# Source: AWS Systems Manager User Guide, "Understanding command statuses".
STATUSES = {"Undeliverable": "Failed", "InvalidPlatform": "Failed", "AccessDenied": "Failed"}
# That of a command as a whole.
RATE_EXCEEDED = "RateExceeded"


@dataclass
class AgentFault:
    """An agent, or all of them, that is ssm-lost, ssm-unregistered or ssm-slow, or a `command` that fails.

    `seconds` is how much later a slow agent takes a command up, `status` how invocations of a command end, so many
    `times` or until it is taken back. With `after` an agent is lost once it has begun a script; `lost` says when each
    was.
    """

    kind: str
    instance_id: str = ""
    seconds: float = 0.0
    status: str = ""
    times: int | None = None
    after: bool = False
    lost: dict[str, float] = field(default_factory=dict)
    since: float = field(default_factory=moment.now)
    hit: int = 0

    def concerns(self, instance_id: str) -> bool:
        """Whether it is about that instance."""
        return self.instance_id in ("", instance_id)


class AgentFaults:
    """The faults that are set."""

    def __init__(self) -> None:
        self._set: list[AgentFault] = []

    def add(self, fault: AgentFault) -> None:
        """Sets one."""
        self._set.append(fault)

    def all(self) -> list[AgentFault]:
        """Those that are set."""
        return list(self._set)

    def clear(self) -> None:
        """Takes all of them back: agents that were lost are there again."""
        self._set.clear()

    def unregistered(self, instance_id: str) -> bool:
        """Whether the agent of an instance has never registered."""
        return self._met("ssm-unregistered", instance_id) is not None

    def lost_since(self, instance_id: str) -> float | None:
        """When the agent of an instance was lost; None where it is there."""
        met = [one for one in self._set if one.kind == "ssm-lost" and one.concerns(instance_id)]
        since = [one.lost.get(instance_id) if one.after else one.since for one in met]
        return min((one for one in since if one is not None), default=None)

    def begun(self, instance_id: str) -> None:
        """Takes note that an agent has begun a script."""
        for one in self._set:
            if one.kind == "ssm-lost" and one.after and one.concerns(instance_id) and instance_id not in one.lost:
                one.lost[instance_id] = moment.now()
                one.hit += 1

    def missed(self, instance_id: str) -> None:
        """Takes note that a command met no agent."""
        if (found := self._met("ssm-lost", instance_id)) is not None and not found.after:
            found.hit += 1

    def slow(self, instance_id: str) -> float:
        """How many seconds later an agent takes a command up."""
        met = [one for one in self._set if one.kind == "ssm-slow" and one.concerns(instance_id)]
        for one in met:
            one.hit += 1
        return sum(one.seconds for one in met)

    def ends(self, instance_id: str) -> str:
        """How an invocation is to end instead of running; empty where it runs."""
        return self._ends(instance_id, lambda status: status in STATUSES)

    def exceeds(self) -> bool:
        """Whether a command is to be more than the account may have."""
        return bool(self._ends("", lambda status: status == RATE_EXCEEDED))

    def _ends(self, instance_id: str, wanted: Callable[[str], bool]) -> str:
        of_commands = (one for one in self._set if one.kind == "command" and wanted(one.status))
        left = (one for one in of_commands if one.times is None or one.hit < one.times)
        found = next((one for one in left if one.concerns(instance_id)), None)
        if found is None:
            return ""
        found.hit += 1
        return found.status

    def _met(self, kind: str, instance_id: str) -> AgentFault | None:
        return next((one for one in self._set if one.kind == kind and one.concerns(instance_id)), None)


agent_faults = AgentFaults()
