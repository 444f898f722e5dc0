"""How a host ends, given how Systems Manager says that its invocation has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.fanout.ssm.script import UNKNOWN
from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.fanout.ssm.said import Said
    from udo.model.commands import Invocation


@frozen
class Ending:
    """How one host ended, in the words of `events.HostDone`."""

    outcome: str
    status: int | None = None
    reason: str = ""


# By StatusDetails, where no script has ended. Source: API_GetCommandInvocation, StatusDetails.
_NOT_RUN = {
    "DeliveryTimedOut": ("unreachable", "its agent did not take the command in time"),
    "Undeliverable": ("unreachable", "Systems Manager could not deliver the command"),
    "Terminated": ("not started", "not started: too many others failed"),
    "InvalidPlatform": ("refused", "its platform does not run shell scripts"),
    "AccessDenied": ("refused", "its agent may not run the command"),
}


def cancelled(command_details: str, *, has_begun: bool) -> Ending:
    """How a host ends whose command this run has not cancelled, given what is said of the command as a whole."""
    # Source: AWS Systems Manager User Guide, "Understanding command statuses", Rate Exceeded.
    if command_details.replace(" ", "") == "RateExceeded" and not has_begun:
        reason = "AWS did not begin the command: too many hosts of the account wait for commands; try again later"
        return Ending("refused", None, reason)
    return Ending("dropped", None, "somebody cancelled the command in AWS")


def ending(invocation: Invocation, said: Said, user: str | None, limit: str) -> Ending:
    """How the host of an invocation that has ended did; `limit` says how long the command had."""
    details = invocation.details.replace(" ", "")
    if details == "ExecutionTimedOut":
        return Ending("timeout", None, f"no end of the command within {limit}")
    if said.note == UNKNOWN:
        return Ending("refused", None, f"there is no user {user or 'root'} on the host")
    if details not in ("Success", "Failed"):
        outcome, reason = _NOT_RUN.get(details, ("dropped", f"Systems Manager ended the command: {details}"))
        return Ending(outcome, None, reason)
    status = invocation.code if said.status is None else said.status
    if status == 0 and details == "Success":
        return Ending("ok", 0)
    if status <= 0:
        return Ending("dropped", None, "its agent ended the command without an exit status")
    return Ending("failed", status, f"exit status {status}")
