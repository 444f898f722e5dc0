"""The events of one operation on a stack as a tree of its resources: each once, with how long it took and why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from udo.frozen import frozen
from udo.model.stacks import STACK_TYPE, StackEvent

# The events of the stack itself by which an operation begins; a rollback belongs to what it rolls back.
STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS"})
# How CloudFormation says that it deletes a stack because it could not be created (OnStackFailure DELETE).
_TAKEN_BACK = "Delete requested by user"
# What CloudFormation says of resources that it did not get to, or broke off, because of another.
_CANCELLED = re.compile(r"\b(creation|update|deletion|import|operation)\b.*\bcancell?ed\b|^cancell?ed", re.IGNORECASE)


@frozen
class Node:
    """One resource, or a stack with those in it, in one operation; times are RFC 3339 UTC.

    `status` is the last that it had, but for the removal of the old one where it is `replaced`; `spans` are the times
    that CloudFormation was at work on it, each from when to when, the end empty where it still is.
    """

    logical_id: str
    kind: str
    stack_id: str
    physical_id: str
    status: str
    reason: str
    spans: tuple[tuple[str, str], ...] = ()
    failures: tuple[StackEvent, ...] = ()
    replaced: bool = False
    children: tuple[Node, ...] = ()

    @property
    def is_moving(self) -> bool:
        """Whether CloudFormation is at work on it."""
        return self.status.endswith("_IN_PROGRESS")

    @property
    def is_cancelled(self) -> bool:
        """Whether it failed for no reason but that another did."""
        return bool(self.failures) and all(map(is_cancellation, self.failures))

    @property
    def has_failed(self) -> bool:
        """Whether it failed by itself, or something in it."""
        return bool(self.failures) and not self.is_cancelled

    def seconds(self, now: float) -> float:
        """How long CloudFormation was at work on it in all, up to now where it still is."""
        return sum((_time(end) if end else now) - _time(begin) for begin, end in self.spans)

    def below(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
        """All that is in it, each with its path of logical names, parents first."""
        for child in self.children:
            here = (*path, child.logical_id)
            yield here, child
            yield from child.below(here)


class Failure(NamedTuple):
    """The first real failure of an operation: where it is, what it says, and how many others were cancelled by it."""

    path: tuple[str, ...]
    event: StackEvent
    cancelled: int


def is_cancellation(event: StackEvent) -> bool:
    """Whether a failure says only that another one had come before it."""
    return bool(_CANCELLED.search(event.reason))


def begins(event: StackEvent) -> bool:
    """Whether an operation on the stack begins with it; a deletion belongs to the creation whose failure it is."""
    return event.is_of_stack and event.status in STARTS and _TAKEN_BACK not in event.reason


def operations(events: Iterable[StackEvent]) -> Iterator[tuple[StackEvent, ...]]:
    """The events of each operation on a stack, oldest first, the last operation first, of all its events, newest first.

    No further event is asked for than that by which an operation begins. What came before the first one comes last.
    """
    found: list[StackEvent] = []
    for event in events:
        found.append(event)
        if begins(event):
            yield tuple(reversed(found))
            found = []
    if found:
        yield tuple(reversed(found))


def last_operation(events: Iterable[StackEvent]) -> tuple[StackEvent, ...]:
    """The events of the last operation, oldest first; see `operations`."""
    return next(operations(events), ())


def nested(events: Iterable[StackEvent]) -> dict[str, str]:
    """The stacks nested in one, by id, each with the time at which it is first told of."""
    found: dict[str, str] = {}
    for event in events:
        if event.kind == STACK_TYPE and not event.is_of_stack and event.physical_id:
            found.setdefault(event.physical_id, event.at)
    return found


def tree(stack_id: str, events: Mapping[str, Sequence[StackEvent]]) -> Node | None:
    """The tree of a stack, of the events of it and of those nested in it, each oldest first; None without any."""
    return _tree(stack_id, events, frozenset())


def first_failure(root: Node) -> Failure | None:
    """What failed first and not because of another; of a nested stack what failed in it. None where nothing did."""
    nodes = [((), root), *root.below()]
    inner = [(path, node) for path, node in nodes if not node.children or not _fails_within(node)]
    found = [
        (event.at, -len(path), number, path, event)
        for number, (path, node) in enumerate(inner)
        for event in node.failures
        if not is_cancellation(event)
    ]
    if not found:
        return None
    *_, path, event = min(found, key=lambda row: row[:3])
    return Failure(path, event, sum(node.is_cancelled for _, node in nodes))


def _fails_within(node: Node) -> bool:
    return any(child.has_failed for _, child in node.below())


def _tree(stack_id: str, events: Mapping[str, Sequence[StackEvent]], above: frozenset[str]) -> Node | None:
    rows = events.get(stack_id, ())
    if not rows:
        return None
    of_resources: dict[str, list[StackEvent]] = {}
    for event in rows:
        if not event.is_of_stack:
            of_resources.setdefault(event.logical_id, []).append(event)
    own = [event for event in rows if event.is_of_stack]
    children = tuple(_resource(found, events, above | {stack_id}) for found in of_resources.values())
    if not own:
        return Node("", STACK_TYPE, stack_id, stack_id, "", "", children=children)
    return _node(own, children)


def _resource(own: Sequence[StackEvent], events: Mapping[str, Sequence[StackEvent]], above: frozenset[str]) -> Node:
    """The node of a resource; what is in the stack that it is stands below it."""
    inside: list[Node] = []
    if own[0].kind == STACK_TYPE:
        for stack_id in dict.fromkeys(event.physical_id for event in own if event.physical_id):
            found = None if stack_id in above else _tree(stack_id, events, above)
            inside += found.children if found else ()
    return _node(own, tuple(inside))


def _node(own: Sequence[StackEvent], children: tuple[Node, ...]) -> Node:
    kept = [event.physical_id for event in own if not event.status.startswith("DELETE_") and event.physical_id]
    # Once it is made anew, the old one is removed under the same logical name.
    removal = [event for event in own if kept and event.status.startswith("DELETE_") and event.physical_id != kept[-1]]
    main = [event for event in own if event not in removal] or own
    last = main[-1]
    reason = next((event.reason for event in reversed(main) if event.status == last.status and event.reason), "")
    return Node(
        logical_id=last.logical_id,
        kind=last.kind,
        stack_id=last.stack_id,
        physical_id=last.physical_id,
        status=last.status,
        reason=reason,
        spans=tuple(_spans(main)),
        failures=tuple(event for event in own if event.status.endswith("_FAILED")),
        replaced=bool(removal),
        children=children,
    )


def _spans(events: Sequence[StackEvent]) -> Iterator[tuple[str, str]]:
    """From each beginning to its end; the beginning of a rollback ends what it rolls back."""
    begun = what = ""
    for event in events:
        moving = event.status.endswith("_IN_PROGRESS")
        verb = event.status.partition("_")[0] if moving else what
        if begun and (not moving or verb != what):
            yield begun, event.at
            begun = ""
        if moving and not begun:
            begun, what = event.at, verb
    if begun:
        yield begun, ""


def _time(when: str) -> float:
    return datetime.fromisoformat(when).timestamp()
