"""Faults of Run Command as `udo sandbox fault` takes them: of agents, or of the invocations of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from udo.errors import UsageError

if TYPE_CHECKING:
    from udo.sandbox.strict import AgentFault

_TAKES = {
    "ssm-lost": ("instance_id", "after"),
    "ssm-unregistered": ("instance_id",),
    "ssm-slow": ("instance_id", "seconds"),
    "command": ("instance_id", "status", "times"),
}
KINDS = tuple(_TAKES)
_SLOW = 30.0


def parse(words: Mapping[str, Any]) -> AgentFault:
    """The fault that plain data describes; without an instance it is of all. Raises: UsageError."""
    from udo.sandbox.faults import option
    from udo.sandbox.strict.ssm.faults import RATE_EXCEEDED, STATUSES, AgentFault

    kind = words["kind"]
    if unknown := sorted(set(words) - {"kind", *_TAKES[kind]}):
        takes = ", ".join(option(one) for one in _TAKES[kind])
        raise UsageError(f"a fault of the kind '{kind}' takes no {option(unknown[0])}", hint=f"it takes {takes}")
    known = (*STATUSES, RATE_EXCEEDED)
    if kind == "command" and words.get("status") not in known:
        told = f"no fault leads to the status '{words['status']}'" if "status" in words else "which status?"
        raise UsageError(told, hint=f"--status takes one of {', '.join(known)}")
    if words.get("status") == RATE_EXCEEDED and "instance_id" in words:
        raise UsageError(f"{RATE_EXCEEDED} is of a command as a whole", hint="leave --instance out")
    given = {key: words[key] for key in _TAKES[kind] if key in words}
    return AgentFault(kind, **({"seconds": _SLOW} if kind == "ssm-slow" else {}) | given)


def listed(fault: AgentFault) -> dict[str, Any]:
    """A fault that is set, as plain data."""
    return {
        "kind": fault.kind,
        "instance_id": fault.instance_id or None,
        "seconds": fault.seconds or None,
        "status": fault.status or None,
        "after": fault.after,
        "times": fault.times,
        "counted": fault.hit,
    }
