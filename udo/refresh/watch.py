"""Tells how a refresh moves, from what AWS says of it and of the group at each poll, and why where it does not."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from udo.change.events import Event, Notice, Progress, Standing, Standings
from udo.change.waiting import Poll
from udo.errors import AwsError, PermissionDenied
from udo.frozen import frozen
from udo.groups.outdated import observe_outdated
from udo.groups.watch import deleted
from udo.model.refreshes import ENDED
from udo.refresh.forecast import warmup_of
from udo.refresh.rows import refresh_row
from udo.refresh.stall import explained, looked_at
from udo.refresh.text import length
from udo.refresh.words import STATUS, checkpoint_reached, seconds_left

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from udo.aws import Aws
    from udo.change.plan import Wait
    from udo.change.waiting import Clock
    from udo.model.groups import AutoScalingGroup, Member
    from udo.model.launch import LaunchTemplateReference
    from udo.model.refreshes import Refresh

# Seconds without progress after which it is explained.
PATIENCE = 120.0
_UNSEEN = "not listed yet"


@frozen
class Seen:
    """What one poll saw: the refresh, the group, and how each member stands."""

    refresh: Refresh
    group: AutoScalingGroup | None
    standings: tuple[Standing, ...]


class Refreshing:
    """One refresh as it is seen from poll to poll: the watcher of its wait."""

    def __init__(self, aws: Aws, wait: Wait, clock: Clock) -> None:
        self._aws, self._clock = aws, clock
        self._group_name = str(wait.read.params["AutoScalingGroupName"])
        (self._id,) = wait.read.params["InstanceRefreshIds"]
        self._named = False
        self._launched: dict[str, str] = {}
        self._states: dict[str, str] = {}
        self._moved: tuple[tuple[Any, ...], float] = ((), clock.time())
        self._paused: tuple[int, float] | None = None
        self._told: list[str] = []
        self._failed = ""
        self._warned: set[str] = set()

    def poll(self) -> Poll:
        """Its status, what changed since the last poll, and how the members stand."""
        try:
            refresh = self._aws.autoscaling.refresh(self._group_name, self._id)
        except AwsError as error:
            # Of a group that is not there AWS tells no refresh.
            if error.aws_code != "ValidationError" or self._group():
                raise
            return deleted(self._group_name)
        if refresh is None:
            return Poll(_UNSEEN, (Progress(_UNSEEN),))
        events: list[Event] = []
        if not self._named:
            self._named = True
            events.append(Notice(f"      instance refresh {refresh.refresh_id}"))
        group = self._group()
        members = group.members if group else ()
        rows = tuple(self._standings(refresh, group, events)) if group else ()
        events += self._moves(members)
        last = self._last_activity(refresh, events) if group else ""
        events += [Standings(rows, last)] if rows else []
        says = self._says(refresh, members, rows)
        data: dict[str, Any] = {"refresh": refresh_row(refresh), "says": says, "last_activity": last or None}
        data["instances"] = [_row(one) for one in rows]
        events.append(Progress(says, _fraction(refresh), data=data))
        if group:
            events += self._stall(refresh, group)
        return Poll(refresh.status, tuple(events), (Seen(refresh, group, rows),))

    def _group(self) -> AutoScalingGroup | None:
        return self._aws.autoscaling.groups([self._group_name]).get(self._group_name)

    def _standings(self, refresh: Refresh, group: AutoScalingGroup, events: list[Event]) -> Iterator[Standing]:
        differ: frozenset[str] | None = None
        try:
            self._learn(group)
            if refresh.preferences.skip_matching:
                differ = _not_of(group, refresh.desired) if refresh.desired else observe_outdated(self._aws, group)
        except (AwsError, PermissionDenied) as error:
            events += self._warning(f"which members are new is unknown: {error.message}")
        for one in group.members:
            launched = self._launched.get(one.instance_id, "")
            yield standing(one, refresh, launched, is_alike=differ is not None and one.instance_id not in differ)

    def _learn(self, group: AutoScalingGroup) -> None:
        """Learns when members were launched, each once."""
        unknown = [one.instance_id for one in group.members if one.instance_id not in self._launched]
        if unknown:
            found = self._aws.ec2.instances(unknown)
            self._launched |= {one: found[one].launched_at for one in unknown if one in found}

    def _last_activity(self, refresh: Refresh, events: list[Event]) -> str:
        """What the group did last since the refresh began, and how that stands; one that failed is told at once."""
        try:
            found = self._aws.autoscaling.last_activity(self._group_name)
        except (AwsError, PermissionDenied) as error:
            events += self._warning(f"what the group does is unknown: {error.message}")
            return ""
        if found is None or found.started_at < refresh.started_at:
            return ""
        says = f"{' '.join(found.description.split())} ({found.status})"
        if found.status == "Failed" and found.activity_id != self._failed:
            self._failed = found.activity_id
            events.append(Notice(f"      {says}", "move"))
        return says

    def _moves(self, members: tuple[Member, ...]) -> Iterator[Event]:
        now = {one.instance_id: one.lifecycle_state for one in members}
        before, self._states = self._states, now
        if not before:
            return
        yield from (Notice(f"      {one}  {state}", "move") for one, state in now.items() if before.get(one) != state)
        yield from (Notice(f"      {one}  gone", "move") for one in before if one not in now)

    def _says(self, refresh: Refresh, members: tuple[Member, ...], rows: tuple[Standing, ...]) -> str:
        counts = Counter(_KINDS.get(one.state, one.state) for one in rows)
        parts = [f"{counts[word]} {word}" for word in dict.fromkeys(_KINDS.values()) if counts[word]]
        serving = sum(one.weight for one in members if one.in_service)
        parts.append(f"{serving} in service")
        # What a narrow terminal has room for comes first.
        told = "; ".join(filter(None, (self._pause(refresh), ", ".join(parts))))
        return f"{refresh.status} {refresh.percent} %  {told}"

    def _pause(self, refresh: Refresh) -> str:
        """What it waits for by itself: a checkpoint or its bake time, and how much longer."""
        if refresh.status == "Baking":
            baked = seconds_left(refresh.reason)
            return "" if baked is None else f"{length(baked)} left"
        reached = checkpoint_reached(refresh) if refresh.status == "InProgress" else None
        delay = refresh.preferences.checkpoint_delay or 0
        if reached is None or not delay:
            self._paused = None
            return ""
        now = self._clock.time()
        if self._paused is None or self._paused[0] != reached:
            self._paused = reached, now
        said = seconds_left(refresh.reason)
        left = delay - (now - self._paused[1]) if said is None else said
        steps = refresh.preferences.checkpoints
        where = f"checkpoint {steps.index(reached) + 1} of {len(steps)}"
        at_most = "at most " if said is None else ""
        return f"{where}, {at_most}{length(left)} left" if left > 0 else f"{where} passed"

    def _stall(self, refresh: Refresh, group: AutoScalingGroup) -> Iterator[Event]:
        """The explanation, once, where nothing has moved for a while that should."""
        now, at = looked_at(refresh, group.members), self._clock.time()
        if now != self._moved[0] or self._waits_by_itself(refresh, at) or self._is_warming(refresh, group, at):
            self._moved, self._told = (now, at), []
            return
        if refresh.status in ENDED or at - self._moved[1] < PATIENCE:
            return
        found = explained(self._aws, group, refresh)
        if found and found != self._told:
            self._told = found
            yield Notice(f"no progress for {length(at - self._moved[1])}:", "warning")
            yield from (Notice(f"      {line}") for line in found)

    def _waits_by_itself(self, refresh: Refresh, at: float) -> bool:
        if refresh.status == "Baking":
            return True
        return self._paused is not None and at - self._paused[1] < (refresh.preferences.checkpoint_delay or 0)

    def _is_warming(self, refresh: Refresh, group: AutoScalingGroup, at: float) -> bool:
        """Whether a newcomer that serves is still given its time."""
        given = warmup_of(group, refresh.preferences) + PATIENCE
        serving = [one.instance_id for one in group.members if one.in_service and one.is_healthy]
        launched = [self._launched.get(one, "") for one in serving]
        return any(when >= refresh.started_at and at - (_seconds(when) or 0.0) < given for when in launched if when)

    def _warning(self, says: str) -> Iterator[Event]:
        if says not in self._warned:
            self._warned.add(says)
            yield Notice(says, "warning")


# What the states of a table mean here.
_KINDS: Mapping[str, str] = {
    "done": "new",
    "in progress": "on their way",
    "not begun": "old",
    "skipped": "left alone",
    "unknown": "unknown",
}


def standing(member: Member, refresh: Refresh, launched_at: str, *, is_alike: bool) -> Standing:
    """A member in a table: new, on its way in or out, old, or left as it is."""
    state, since = member.lifecycle_state, _seconds(launched_at)
    is_new = bool(launched_at) and launched_at >= refresh.started_at
    name = member.instance_id
    back = refresh.rollback if refresh.status.startswith("Rollback") else None
    if back and refresh.desired and state == "InService":
        if getattr(member.launch, "version", "") == refresh.desired.version:
            return Standing(name, "not begun", "to be taken back")
        was = "taken back" if launched_at >= back.started_at else "as it was"
        return Standing(name, "done" if was == "taken back" else "skipped", was, since if was == "taken back" else None)
    if state not in ("InService", "Standby"):
        return Standing(name, "in progress", state, since if is_new else None)
    if is_new:
        return Standing(name, "done", "new", since, None)
    if is_alike:
        return Standing(name, "skipped", "would be launched alike")
    if member.is_aside and refresh.preferences.standby == "Ignore":
        return Standing(name, "skipped", "in Standby")
    if member.protected_from_scale_in and refresh.preferences.protected == "Ignore":
        return Standing(name, "skipped", "protected")
    if not launched_at:
        return Standing(name, "unknown", state)
    return Standing(name, "not begun", "in Standby" if member.is_aside else "old")


def _not_of(group: AutoScalingGroup, wanted: LaunchTemplateReference) -> frozenset[str]:
    """The members that are not of the version that a refresh brings."""
    ours = (wanted.id, wanted.version)
    launches = {one.instance_id: one.launch for one in group.members}
    return frozenset(
        name for name, one in launches.items() if (getattr(one, "id", ""), getattr(one, "version", "")) != ours
    )


def _row(one: Standing) -> dict[str, Any]:
    return {"instance_id": one.name, "state": _KINDS.get(one.state, one.state), "doing": one.doing}


def _fraction(refresh: Refresh) -> float | None:
    return refresh.percent / 100 if refresh.status in STATUS else None


def _seconds(when: str) -> float | None:
    return datetime.fromisoformat(when).timestamp() if when else None
