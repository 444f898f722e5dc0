"""A command of Run Command and its invocations, one an instance: what is known of them, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.rules import rule
from udo.sandbox.strict.ssm.agents import Work

ENDED = frozenset({"Success", "Cancelled", "Failed", "TimedOut"})
# How many are remembered, with what they said; AWS remembers those of thirty days.
MOST_INVOCATIONS = 20_000
# Invocations that were not delivered, and yet do not count as errors of their command.
UNDELIVERED = frozenset({"Undeliverable", "InvalidPlatform", "AccessDenied"})


@dataclass
class Invocation:
    """A command on one instance; times are in seconds since the epoch."""

    instance_id: str
    instance_name: str
    status: str = "Pending"
    details: str = "Pending"
    work: Work | None = None
    due: float = 0.0
    began: float | None = None
    # When its script began, as processes count.
    alive_since: float = 0.0
    finished: float | None = None
    code: int = -1
    out: bytes = b""
    errors: bytes = b""
    cancelling: bool = False

    @property
    def ended(self) -> bool:
        """Whether nothing changes it any more."""
        return self.status in ENDED

    def end(self, status: str, details: str, code: int = -1) -> None:
        """Ends it."""
        self.status, self.details, self.code = status, details, code
        self.finished = moment.now()


@dataclass
class Command:
    """A command as it was sent; its invocations exist from `delivered` on."""

    id: str
    account: str
    region: str
    params: Mapping[str, Any]
    targets: list[Invocation]
    requested: float
    delivered: float
    expires: float
    # When it was sent, as processes count.
    sent: float
    most_at_once: int
    most_errors: int
    cancelled: bool = False
    terminated: bool = False
    begun: bool = False
    # More than the account may have: it is cancelled before it begins.
    exceeds: bool = False
    over: bool = False
    status: str = "Pending"
    details: str = "Pending"

    @property
    def invocations(self) -> list[Invocation]:
        """Those that exist by now."""
        return self.targets if moment.now() >= self.delivered else []

    @property
    def timeout(self) -> int:
        """Seconds for its delivery."""
        return int(self.params.get("TimeoutSeconds") or 3600)

    def count(self, *names: str) -> int:
        """How many invocations are of these details."""
        return sum(one.details in names for one in self.targets)

    @property
    def errors(self) -> int:
        """How many invocations count towards MaxErrors."""
        return self.count("Failed", "ExecutionTimedOut")

    def add_up(self) -> None:
        """Works out its status from those of its invocations."""
        self.status, self.details = (
            commands_add_up_their_invocations(self) if all(one.ended for one in self.targets) else _under_way(self)
        )
        self.over = self.status in ENDED


@dataclass
class Commands:
    """The commands of a region, oldest first."""

    all: dict[str, Command] = field(default_factory=dict)

    def add(self, command: Command) -> None:
        """Takes one more, and forgets the oldest of those that have ended where there are too many invocations."""
        self.all[command.id] = command
        many = sum(len(one.targets) for one in self.all.values())
        for one in [one for one in self.all.values() if one.over]:
            if many <= MOST_INVOCATIONS:
                return
            many -= len(self.all.pop(one.id).targets)

    def open(self) -> Iterator[Command]:
        """Those that have not ended."""
        return (one for one in list(self.all.values()) if not one.over)


def commands_of(backend: Any) -> Commands:
    """The commands that one of moto's backends holds."""
    known: Commands = backend.__dict__.setdefault("udo_commands", Commands())
    return known


def _under_way(command: Command) -> tuple[str, str]:
    if command.cancelled:
        return "Cancelling", "Cancelling"
    if all(one.status == "Pending" for one in command.targets):
        return "Pending", "Pending"
    if all(one.ended or one.status in ("Pending", "Delayed") for one in command.targets) and command.count("Delayed"):
        return "InProgress", "Delayed"
    return "InProgress", "InProgress"


@rule("ssm", "SendCommand", "ListCommands", moto="says `Details placeholder`")
def commands_add_up_their_invocations(command: Command) -> tuple[str, str]:
    """A command has Failed, or TimedOut, where as many invocations as MaxErrors have, or one; otherwise it is a Success
    where all that were delivered are, one at least, and else Incomplete. Without any it is NoInstancesInTag.

    Source: AWS Systems Manager User Guide, "Understanding command statuses"; botocore ssm Command, StatusDetails.
    """
    if not command.targets:
        return "Success", "NoInstancesInTag"
    if command.exceeds:
        return "Failed", "RateExceeded"
    if command.cancelled and command.count("Canceled"):
        return "Cancelled", "Cancelled"
    enough = max(1, command.most_errors)
    if command.terminated or command.errors >= enough:
        late = command.count("ExecutionTimedOut") == command.errors
        return ("TimedOut", "ExecutionTimedOut") if late else ("Failed", "Failed")
    if command.count("DeliveryTimedOut") >= enough:
        return "TimedOut", "DeliveryTimedOut"
    undelivered = command.count(*UNDELIVERED)
    if undelivered == len(command.targets):
        return "Failed", "Failed"
    if command.count("Success") + undelivered == len(command.targets):
        return "Success", "Success"
    return "Failed", "Incomplete"
