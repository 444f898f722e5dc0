"""Tells how a deployment moves, from what CodeDeploy says at each poll, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from udo.change.events import Event, Notice, Progress, Standing, Standings
from udo.change.waiting import Poll
from udo.deploy.blue_green import waits_for
from udo.errors import AwsError, LostAnswer, NotSent, PermissionDenied
from udo.model.deployments import DeploymentTarget

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.plan import Wait
    from udo.change.waiting import Clock
    from udo.model.deployments import LifecycleEvent

# What the names of deployment configurations begin with that make a zone the canary.
CANARY = "udo-"
ENDED = ("Succeeded", "Failed", "Stopped")
# Source: API_TargetStatus.
_FINISHED = ("Succeeded", "Failed", "Skipped")
# Source: API_BatchGetDeploymentTargets: at most 25 ids.
_AT_A_TIME = 25
_NAMED = 3


class Deployment:
    """One deployment as it is seen from poll to poll: the watcher of its wait."""

    def __init__(self, aws: Aws, wait: Wait, _clock: Clock | None = None) -> None:
        self._reads = aws.codedeploy
        self._id = str(wait.read.params["deploymentId"])
        self._named = False
        self._ids: tuple[str, ...] = ()
        self._listed = 0
        self._warned: set[str] = set()
        self._silent = False
        self._status = ""
        self._has_canary = False
        self._overview: Mapping[str, int] = {}
        self._targets: dict[str, DeploymentTarget] = {}

    def poll(self) -> Poll:
        """Its status, what changed since the last poll, and its targets."""
        found = self._reads.deployment(self._id)
        self._status, self._overview = found.status, found.overview
        self._has_canary = found.config.startswith(CANARY)
        events = tuple(self._told())
        return Poll(self._status, events, tuple(self._targets.values()))

    def _told(self) -> Iterator[Event]:
        if not self._named:
            self._named = True
            yield Notice(f"      deployment {self._id}")
        yield from self._moves()
        if says := waits_for(self._status, self._id, tuple(self._targets.values())):
            yield from self._warning(says)
        if self._ids:
            known = (self._targets.get(one) or DeploymentTarget(one, "Unknown") for one in self._ids)
            yield Standings(tuple(standing(target) for target in known))
        yield Progress(f"{self._status}{self._counts()}", self._fraction())

    def _moves(self) -> Iterator[Event]:
        # Before it starts there are no targets to ask for.
        if self._silent or self._status in ("Created", "Queued"):
            return
        try:
            self._list()
            for batch in self._batches():
                for target in self._reads.targets(self._id, batch):
                    before = self._targets.get(target.instance_id)
                    self._targets[target.instance_id] = target
                    if target.status != "Pending" and (before is None or progress(target) != progress(before)):
                        yield Notice(f"      {progress(target)}", "move")
        except (AwsError, PermissionDenied) as error:
            self._silent = not isinstance(error, NotSent | LostAnswer)
            yield from self._warning(f"the state of each instance is unknown: {error.message}")

    def _list(self) -> None:
        """Lists the targets, again where there are more or fewer of them than there were."""
        count = sum(self._overview.values())
        if self._ids and count in (0, self._listed, len(self._ids)):
            return
        self._ids, self._listed = self._reads.target_ids(self._id), count
        self._targets = {one: target for one, target in self._targets.items() if one in self._ids}

    def _batches(self) -> Iterator[list[str]]:
        """Whom to ask for now, request by request: who is at work, and the others until whoever has begun is found."""
        ids = sorted((one for one in self._ids if self._state(one) not in _FINISHED), key=self._waits)
        for start in range(0, len(ids), _AT_A_TIME):
            if self._waits(ids[start]) and self._status not in ENDED and self._all_found():
                return
            yield ids[start : start + _AT_A_TIME]

    def _waits(self, instance_id: str) -> bool:
        return self._state(instance_id) == "Pending"

    def _state(self, instance_id: str) -> str:
        return self._targets[instance_id].status if instance_id in self._targets else ""

    def _all_found(self) -> bool:
        """Whether no more wait for their turn than CodeDeploy's own count says: then none of them has begun."""
        return bool(self._overview) and self._overview.get("Pending", 0) >= sum(map(self._waits, self._ids))

    def _states(self) -> Mapping[str, int]:
        return self._overview or Counter(target.status for target in self._targets.values())

    def _counts(self) -> str:
        total = sum(self._overview.values()) or len(self._ids)
        if not total:
            return ""
        states = self._states()
        parts = [f"{states[name]} {word}" for name, word in _WORDS.items() if states.get(name)]
        begun = sum(states.get(name, 0) for name in _WORDS)
        parts += [f"{total - begun} {_NOT_BEGUN}"] if begun < total else []
        # Nobody is at work, some have it and some wait: a zone was the canary, or the one before the next.
        rests = self._has_canary and self._status == "InProgress" and not states.get("InProgress")
        pause = ", waiting before the next zone" if rests and states.get("Succeeded") and begun < total else ""
        return f"  {', '.join(parts)} of {total}{pause}"

    def _fraction(self) -> float | None:
        total = sum(self._overview.values()) or len(self._ids)
        return sum(self._states().get(name, 0) for name in _FINISHED) / total if total else None

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
_NOT_BEGUN = "not begun"


def standing(target: DeploymentTarget) -> Standing:
    """An instance in a table: since when it is in its lifecycle event, or from when to when it was at it all."""
    event = in_hand(target)
    state = _WORDS.get(target.status, _NOT_BEGUN)
    if event:
        code = "" if event.error_code == "ScriptFailed" else event.error_code
        failure = ", ".join(filter(None, (event.script, code)))
        doing = f"{event.name} ({failure})" if failure else event.name
        return Standing(named(target), state, doing, event.began, event.ended)
    began = min((one.began for one in target.events if one.began), default=None)
    ended = max((one.ended for one in target.events if one.ended), default=None)
    return Standing(named(target), state, "", began, ended if target.status in _FINISHED else None)


def progress(target: DeploymentTarget) -> str:
    """Where an instance stands: its id, the lifecycle event in hand where there is one, and a status."""
    event = in_hand(target)
    if event is None:
        return f"{named(target)}  {target.status}"
    return f"{named(target)}  {event.name}  {event.status}"


def named(target: DeploymentTarget) -> str:
    """The id of an instance; where some replace others also whether it comes (green) or goes (blue)."""
    return f"{target.instance_id} ({target.label.lower()})" if target.label else target.instance_id


def in_hand(target: DeploymentTarget) -> LifecycleEvent | None:
    """The lifecycle event that runs, or the one that failed; None where an instance is not at work or all went well.

    Where an instance does not answer any more the end of its event is unknown, and the target's may be, too.
    """
    wanted = {"InProgress": ("InProgress",), "Failed": ("Failed", "Unknown"), "Unknown": ("Unknown", "Failed")}
    found = (event for status in wanted.get(target.status, ()) for event in target.events if event.status == status)
    return next(found, None)


def instances(count: int) -> str:
    """So many instances, in words."""
    return "1 instance" if count == 1 else f"{count} instances"


def listed(ids: Sequence[str]) -> str:
    """The first few of some instance ids."""
    return ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")
