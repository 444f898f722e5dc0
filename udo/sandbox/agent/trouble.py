"""What goes wrong on demand with the agent of an instance: it is lost, slow, its disk full, a hook hangs, it dies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from udo.bundle.failure import SCRIPT_TIMED_OUT, UNKNOWN_ERROR
from udo.bundle.names import EVENTS, HOOKS
from udo.errors import UsageError
from udo.sandbox.agent.deployment import Report

KINDS = ("agent-lost", "agent-slow", "disk-full", "hook-hangs", "dies-at", "bundle-gone")
# Seconds within which an agent has to begin an event. Source: CodeDeploy quotas.
LOST_AFTER = 300.0
_HANGS = 3600.0
_UNREACHABLE = (
    "CodeDeploy agent was not able to receive the lifecycle event. Check the CodeDeploy agent logs on your host and "
    "make sure the agent is running and can connect to the CodeDeploy server."
)
_AT = {"disk-full": ("DownloadBundle", "Install"), "bundle-gone": ("DownloadBundle",), "hook-hangs": HOOKS}


@dataclass
class Trouble:
    """One fault of agents, until it is cleared; without instance it is all of them, without event all it can be at.

    `seconds` is how much longer each event of a slow agent takes, or how long a hook hangs, on the sandbox's clock.
    """

    kind: str
    instance_id: str | None = None
    event: str | None = None
    seconds: float | None = None
    counted: set[tuple[str, str]] = field(default_factory=set)

    def meets(self, instance_id: str, event: str) -> bool:
        """Whether it is at this event of this instance."""
        return (
            self.instance_id in (None, instance_id)
            and self.event in (None, event)
            and event in _AT.get(self.kind, (*EVENTS, "BlockTraffic", "AllowTraffic"))
        )

    def listed(self) -> dict[str, Any]:
        """The fault as a row."""
        return {**asdict(self), "counted": len(self.counted)}


@dataclass(frozen=True)
class Effect:
    """What a fault makes of an event: a report in place of the agent's, so many seconds after it began; or a delay."""

    report: Report | None = None
    seconds: float = 0.0
    dies: bool = False


class Troubles:
    """The faults of agents that are set."""

    def __init__(self) -> None:
        self._set: list[Trouble] = []

    def add(self, words: Mapping[str, Any]) -> None:
        """Sets the fault that plain data describes. Raises: UsageError."""
        known = {"kind", "instance_id", "event", "seconds"}
        if unknown := sorted(set(words) - known):
            raise UsageError(f"a fault of the kind '{words['kind']}' takes no --{unknown[0].replace('_', '-')}")
        event = words.get("event")
        fitting = _AT.get(words["kind"], (*EVENTS, "BlockTraffic", "AllowTraffic"))
        if event is not None and event not in fitting:
            raise UsageError(f"'{words['kind']}' cannot be at the event '{event}'", hint=f"one of {', '.join(fitting)}")
        self._set.append(Trouble(**words))

    def listed(self) -> list[dict[str, Any]]:
        """Every fault, as rows."""
        return [one.listed() for one in self._set]

    def clear(self) -> None:
        """Takes all of them away."""
        self._set.clear()

    def effect(self, deployment_id: str, instance_id: str, event: str) -> Effect | None:
        """What the faults that are set make of an event; the first that ends it counts, delays add up."""
        met = [one for one in self._set if one.meets(instance_id, event)]
        if not met:
            return None
        delay = 0.0
        for one in met:
            one.counted.add((deployment_id, instance_id))
            if one.kind == "agent-slow":
                delay += 30.0 if one.seconds is None else one.seconds
            else:
                return _effect(one, event)
        return Effect(seconds=delay)


def _effect(trouble: Trouble, event: str) -> Effect:
    match trouble.kind:
        case "agent-lost":
            return Effect(Report(UNKNOWN_ERROR, "", _UNREACHABLE), LOST_AFTER)
        case "dies-at":
            return Effect(dies=True)
        case "disk-full":
            told = "The disk is (or was) full during extraction."
            return Effect(Report(UNKNOWN_ERROR, "", told if event == "DownloadBundle" else "No space left on device"))
        case "bundle-gone":
            return Effect(Report(UNKNOWN_ERROR, "", "The specified key does not exist."))
    seconds = _HANGS if trouble.seconds is None else trouble.seconds
    script = f"scripts/{event}.sh"
    told = f"Script at specified location: {script} failed to complete in {seconds:g} seconds"
    return Effect(Report(SCRIPT_TIMED_OUT, script, told, f"LifecycleEvent - {event}\nScript - {script}\n"), seconds)
