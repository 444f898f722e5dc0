"""Tells how a deployment moves, from what CodeDeploy says at each poll, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from udo.change.events import Event, Notice, Progress
from udo.change.plan import Wait
from udo.change.waiting import Poll
from udo.errors import AwsError, LostAnswer, NotSent, PermissionDenied

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.plan import Wait
    from udo.model.deployments import DeploymentTarget, LifecycleEvent

ENDED = ("Succeeded", "Failed", "Stopped")
# Source: API_TargetStatus.
_FINISHED = ("Succeeded", "Failed", "Skipped")
# One request tells of 25 instances; a larger deployment is looked at in turns.
_AT_A_TIME = 25
_NAMED = 3


class Deployment:
    """One deployment as it is seen from poll to poll: the watcher of its wait, which reads its status."""

    def __init__(self, aws: Aws, wait: Wait) -> None:
        self._aws = aws
        self._reads = aws.codedeploy
        self._wait = wait
        self._id = str(wait.read.params["deploymentId"])
        self._named = False
        self._ids: tuple[str, ...] = ()
        self._turn = 0
        self._warned: set[str] = set()
        self._silent = False
        self._status = ""
        self._targets: dict[str, DeploymentTarget] = {}

    def poll(self) -> Poll:
        """Its status, what changed since the last poll, and its targets."""
        self._status = str(self._aws.read(self._wait.read) or "Unknown")
        events = tuple(self._told())
        return Poll(self._status, events, tuple(self._targets.values()))

    def _told(self) -> Iterator[Event]:
        if not self._named:
            self._named = True
            yield Notice(f"      deployment {self._id}")
        yield from self._moves()
        if self._status == "Ready":
            yield from self._warning("it waits for somebody to continue it (ContinueDeployment)")
        yield Progress(f"{self._status}{self._counts()}", self._fraction())

    def _moves(self) -> Iterator[Event]:
        # Before it starts there are no targets to ask for.
        if self._silent or self._status in ("Created", "Queued"):
            return
        try:
            self._ids = self._ids or self._reads.target_ids(self._id)
            for target in self._reads.targets(self._id, self._next()):
                before = self._targets.get(target.instance_id)
                self._targets[target.instance_id] = target
                if target.status != "Pending" and (before is None or progress(target) != progress(before)):
                    yield Notice(f"      {progress(target)}")
        except (AwsError, PermissionDenied) as error:
            self._silent = not isinstance(error, NotSent | LostAnswer)
            yield from self._warning(f"the state of each instance is unknown: {error.message}")

    def _next(self) -> tuple[str, ...]:
        """The instances to ask for now: unfinished ones, those at work first; at the end all of them."""
        open_ = [one for one in self._ids if one not in self._targets or self._targets[one].status not in _FINISHED]
        if self._status in ENDED or len(open_) <= _AT_A_TIME:
            return tuple(open_)
        busy = [one for one in open_ if one in self._targets and self._targets[one].status == "InProgress"][:_AT_A_TIME]
        others = [one for one in open_ if one not in busy]
        start = self._turn % len(others)
        room = _AT_A_TIME - len(busy)
        self._turn = start + room
        return (*busy, *(others[start:] + others[:start])[:room])

    def _counts(self) -> str:
        if not self._ids:
            return ""
        states = Counter(target.status for target in self._targets.values())
        parts = [f"{states[name]} {word}" for name, word in _WORDS.items() if states[name]]
        begun = sum(states[name] for name in _WORDS)
        parts += [f"{len(self._ids) - begun} not begun"] if begun < len(self._ids) else []
        return f"  {', '.join(parts)} of {len(self._ids)}"

    def _fraction(self) -> float | None:
        finished = sum(target.status in _FINISHED for target in self._targets.values())
        return finished / len(self._ids) if self._ids else None

    def _warning(self, says: str) -> Iterator[Event]:
        if says not in self._warned:
            self._warned.add(says)
            yield Notice(says, "warning")


_WORDS = {
    "Succeeded": "done",
    "InProgress": "in progress",
    "Ready": "ready",
    "Failed": "failed",
    "Skipped": "skipped",
    "Unknown": "unknown",
}


def progress(target: DeploymentTarget) -> str:
    """Where an instance stands: its id, the lifecycle event in hand where there is one, and a status."""
    event = in_hand(target)
    if event is None:
        return f"{target.instance_id}  {target.status}"
    return f"{target.instance_id}  {event.name}  {event.status}"


def in_hand(target: DeploymentTarget) -> LifecycleEvent | None:
    """The lifecycle event that runs, or the one that failed; None where an instance is not at work or all went well."""
    if target.status not in ("InProgress", "Failed"):
        return None
    return next((event for event in target.events if event.status == target.status), None)


def instances(count: int) -> str:
    """So many instances, in words."""
    return "1 instance" if count == 1 else f"{count} instances"


def listed(ids: Sequence[str]) -> str:
    """The first few of some instance ids."""
    return ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")
