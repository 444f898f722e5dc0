"""Watches a stack: its events as they come, those of stacks nested in it too, and how each resource stands."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from udo.change.events import Event, Notice, Progress, Standing, Standings
from udo.change.waiting import Poll
from udo.frozen import frozen
from udo.stacks.events import Node, begins, is_cancellation, last_operation, nested, tree
from udo.stacks.rows import node_rows
from udo.stacks.states import DELETED
from udo.stacks.text import kind_text, one_line, path_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from udo.aws import Aws
    from udo.change.plan import Wait
    from udo.change.waiting import Clock
    from udo.model.stacks import StackEvent

NOT_BEGUN = "not begun yet"


@frozen
class Seen:
    """What one poll saw: the operation as a tree, None where nothing has happened yet."""

    root: Node | None


class StackWatch:
    """One stack as it is seen from poll to poll: the watcher of its wait, which reads DescribeStackEvents of it.

    The state is what the path of the wait makes of the events of the last operation, newest first.
    """

    def __init__(self, aws: Aws, wait: Wait, clock: Clock) -> None:
        self._aws, self._clock, self._path = aws, clock, wait.read.path
        self._stack_id = str(wait.read.params["StackName"])
        self._events: dict[str, list[StackEvent]] = {}
        self._told: set[str] = set()
        self._states: dict[tuple[str, ...], str] = {}

    def poll(self) -> Poll:
        """Its state, the events that are new, and how each resource stands."""
        own = self._read(self._stack_id)
        state = self._state(reversed(own))
        if state is None and own:
            # Somebody else may have begun the next operation by now.
            state = self._state(self._aws.cloudformation.events(self._stack_id))
        ends = "somebody else has deleted it" if own and own[-1].is_of_stack and own[-1].status == DELETED else ""
        if state is None:
            return Poll(NOT_BEGUN, (Progress(NOT_BEGUN),), (Seen(None),), ends)
        of_stacks = {self._stack_id: own}
        waiting = [*nested(own).items()]
        while waiting:
            stack_id, since = waiting.pop()
            if stack_id not in of_stacks:
                of_stacks[stack_id] = self._read(stack_id, since)
                waiting += nested(of_stacks[stack_id]).items()
        root = tree(self._stack_id, of_stacks)
        events = [*self._moves(root, of_stacks)] if root else []
        return Poll(state, (*events, *_standing(root, self._clock.time(), self._last(of_stacks))), (Seen(root),), ends)

    def _state(self, events: Iterable[StackEvent]) -> Any:
        """What the path of the wait makes of events, newest first."""
        return self._aws.search(self._path, {"StackEvents": [_row(one) for one in events]})

    def _read(self, stack_id: str, since: str = "") -> list[StackEvent]:
        """The events of the last operation of a stack, or since a time, oldest first; those that are known are not
        asked for again."""
        known = self._events.get(stack_id, [])
        ids = {one.event_id for one in known}
        new: list[StackEvent] = []
        for event in self._aws.cloudformation.events(stack_id):
            if event.event_id in ids or event.at < since:
                break
            new.append(event)
            if not (known or since) and begins(event):
                break
        found = [*known, *reversed(new)]
        self._events[stack_id] = found if since else list(last_operation(reversed(found)))
        return self._events[stack_id]

    def _moves(self, root: Node, of_stacks: dict[str, list[StackEvent]]) -> Iterator[Event]:
        paths = {(node.stack_id, node.logical_id): path for path, node in root.below()}
        ordered = sorted((one for rows in of_stacks.values() for one in rows), key=lambda one: one.at)
        for event in ordered:
            if event.event_id in self._told:
                continue
            self._told.add(event.event_id)
            path = paths.get((event.stack_id, event.logical_id), ())
            # Of a resource that is begun AWS tells twice: before it has an id, and after.
            if path and not event.is_of_stack and self._states.get(path) != event.status:
                self._states[path] = event.status
                yield Notice(f"      {event_line(event, path)}", "move")

    def _last(self, of_stacks: dict[str, list[StackEvent]]) -> str:
        rows = [one for rows in of_stacks.values() for one in rows if not one.is_of_stack]
        newest = max(rows, key=lambda one: one.at, default=None)
        return event_line(newest, (newest.logical_id,)) if newest else ""


def event_line(event: StackEvent, path: tuple[str, ...]) -> str:
    """An event in one line: where, what it came to, and why where it failed."""
    why = f"  {one_line(event.reason)}" if event.reason and event.status.endswith(("_FAILED", "_SKIPPED")) else ""
    return f"{path_text(path)}  {event.status}{why}"


def _standing(root: Node | None, now: float, last: str) -> Iterator[Event]:
    if root is None:
        return
    rows = tuple(_stands(path, node) for path, node in root.below() if not node.children)
    if rows:
        yield Standings(rows, last)
    counts = Counter(_KINDS.get(one.state, one.state) for one in rows)
    told = ", ".join(f"{counts[word]} {word}" for word in dict.fromkeys(_KINDS.values()) if counts[word])
    says = f"{root.status}  {told}".rstrip()
    yield Progress(says, data={"state": root.status, "says": says, "resources": node_rows(root, now)})


_KINDS = {"done": "done", "in progress": "in progress", "failed": "failed", "skipped": "cancelled or kept"}


def _stands(path: tuple[str, ...], node: Node) -> Standing:
    name, kind = path_text(path), kind_text(node.kind)
    begun, ended = (node.spans[0][0], node.spans[-1][1]) if node.spans else ("", "")
    times = _seconds(begun), _seconds(ended)
    if node.is_moving:
        return Standing(name, "in progress", f"{node.status.removesuffix('_IN_PROGRESS').lower()}  {kind}", *times)
    if node.status == "DELETE_SKIPPED":
        return Standing(name, "skipped", f"kept in AWS  {kind}", *times)
    if node.status.endswith("_FAILED"):
        if node.is_cancelled:
            return Standing(name, "skipped", f"cancelled  {kind}", *times)
        why = next((one_line(one.reason) for one in node.failures if not is_cancellation(one)), "")
        return Standing(name, "failed", why or kind, *times)
    return Standing(name, "done", f"{_done(node)}  {kind}", *times)


def _done(node: Node) -> str:
    return {"CREATE": "made", "UPDATE": "updated", "DELETE": "removed"}.get(node.status.partition("_")[0], node.status)


def _seconds(when: str) -> float | None:
    return datetime.fromisoformat(when).timestamp() if when else None


def _row(event: StackEvent) -> dict[str, Any]:
    """An event as DescribeStackEvents has it, as far as the path of a wait looks at it."""
    return {
        "StackId": event.stack_id,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceStatus": event.status,
        "ClientRequestToken": event.token,
    }
