"""What is told while a plan is carried out, as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from udo.frozen import frozen


@frozen
class StepBegan:
    """A step is about to be carried out; `number` counts from 1 to `total`, which is 0 where it is unknown.

    It counts on through all stages of a run.
    """

    says: str
    number: int
    total: int = 0


@frozen
class StepDone:
    """A step is done; `seconds` it took, `note` where something is worth knowing."""

    says: str
    seconds: float
    note: str = ""


@frozen
class StepFailed:
    """A step did not work."""

    says: str
    reason: str


@frozen
class Progress:
    """Where a step stands now, in one line; `fraction` from 0 to 1 where it is known, `waited` in seconds so far.

    `data` is the same in full, for scripts that follow it.
    """

    says: str
    fraction: float | None = None
    waited: float = 0.0
    data: Mapping[str, Any] | None = None


@frozen
class Standing:
    """How one of the things stands that a step waits for, and what it is at, or where it failed.

    `state` is not begun, in progress, ready, done, failed, skipped or unknown; `since` and `until` are seconds since
    1970, None where AWS does not say them.
    """

    name: str
    state: str
    doing: str = ""
    since: float | None = None
    until: float | None = None


@frozen
class Standings:
    """How each of the things stands that a step waits for, for a table that is rewritten until the step ends.

    `last` is what happened last, a line.
    """

    rows: tuple[Standing, ...]
    last: str = ""


@frozen
class Notice:
    """One line worth reading that changes nothing.

    `level` is info, warning, debug, or move: how one thing stands now, for whoever is shown no table.
    """

    says: str
    level: str = "info"


@frozen
class HostBegan:
    """A host is being dialled."""

    instance_id: str


@frozen
class HostAgain:
    """A host was not reached for this reason, and is dialled again in so many seconds: the `number`th time of `of`."""

    instance_id: str
    reason: str
    seconds: float
    number: int
    of: int


@frozen
class Line:
    """One line of a host's output, without its end; `stream` is stdout or stderr. `partial`: no newline came."""

    instance_id: str
    stream: str
    data: bytes
    partial: bool = False


@frozen
class Cut:
    """A stream of a host is not whole: what carried it has kept its beginning alone."""

    instance_id: str
    stream: str


@frozen
class HostDone:
    """A host is finished, exactly once per host.

    `outcome` is ok, failed (a remote status other than 0), signal, timeout, refused (host key or login), unreachable,
    dropped, gone, not started or interrupted; `status` is the remote exit status (128+n for a signal), None where
    there is none.
    """

    instance_id: str
    outcome: str
    status: int | None
    reason: str
    seconds: float


@frozen
class Copied:
    """How far the copying of files to or from a host is: of `all_files` and `whole_size` bytes that differ.

    `unchanged` files are the same on both sides, what is `left_out` cannot be copied, and `failures` were not.
    """

    instance_id: str
    files: int
    all_files: int
    size: int
    whole_size: int
    unchanged: int
    left_out: int
    failures: int


_NOT_REACHED = frozenset({"timeout", "refused", "unreachable", "dropped"})


def exit_status(hosts: Iterable[HostDone]) -> int:
    """255 if a host could not be reached, was refused, dropped or timed out; else the highest remote status.

    Hosts that are gone or were not started do not count.
    """
    done = list(hosts)
    if any(host.outcome in _NOT_REACHED for host in done):
        return 255
    return min(255, max((host.status or 0 for host in done), default=0))


@frozen
class Idle:
    """Nothing else happens just now: lines held back to be written in one go should be written, times told move on."""


Event = (
    StepBegan
    | StepDone
    | StepFailed
    | Progress
    | Standings
    | Notice
    | HostBegan
    | HostAgain
    | Line
    | Cut
    | HostDone
    | Copied
    | Idle
)


def quietly(emit: Callable[[Event], None]) -> Callable[[Event], None]:
    """The same where whoever listened has gone away: what must be put back is put back all the same."""

    def told(event: Event) -> None:
        with suppress(BrokenPipeError):
            emit(event)

    return told
