"""What last failed on a stack, told again from its events, and what succeeded after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import Absent
from udo.groups.failures import Failure
from udo.stacks.events import first_failure, nested, operations, tree
from udo.stacks.states import remedy
from udo.stacks.text import failure_text, tree_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.aws import Aws
    from udo.model.stacks import Stack, StackEvent
    from udo.stacks.events import Node
    from udo.stacks.find import Named


def failed_operation(aws: Aws, what: Named, now: float) -> Failure | None:
    """The last operation on a stack that failed; None where none did.

    Raises: Absent where there is no such stack; another UdoError.
    """
    live = aws.cloudformation.stack(what.name)
    if live is None:
        made = f"make it with: udo stack create {what.words}" if what.order else None
        raise Absent(f"{what.label} does not exist", hint=made)
    since = since_at = ""
    for number, events in enumerate(operations(aws.cloudformation.events(live.stack_id))):
        ended = _ended(events)
        if _has_failed(ended.status):
            root = tree(live.stack_id, {live.stack_id: events, **_nested(aws, events)})
            return Failure(
                "stack",
                ended.at,
                f"{what.label}: {ended.status}",
                tuple(_lines(live, what.words, root, now, is_last=number == 0)),
                since,
                since_at,
            )
        if ended.status.endswith("_COMPLETE"):
            since, since_at = f"{what.label} became {ended.status}", ended.at
    return None


def _ended(events: Sequence[StackEvent]) -> StackEvent:
    """The event that tells how the stack came out of an operation."""
    return next((one for one in reversed(events) if one.is_of_stack), events[-1])


def _has_failed(status: str) -> bool:
    return status.endswith("_FAILED") or "ROLLBACK" in status


def _nested(aws: Aws, events: Sequence[StackEvent]) -> dict[str, list[StackEvent]]:
    """The events of the stacks nested in one, and in those, in the time of an operation, oldest first."""
    end = events[-1].at
    found: dict[str, list[StackEvent]] = {}
    waiting = [*nested(events).items()]
    while waiting:
        stack_id, begin = waiting.pop()
        if stack_id not in found:
            own = []
            for event in aws.cloudformation.events(stack_id):
                if event.at < begin:
                    break
                own.append(event)
            found[stack_id] = [event for event in reversed(own) if event.at <= end]
            waiting += nested(found[stack_id]).items()
    return found


def _lines(live: Stack, words: str, root: Node | None, now: float, *, is_last: bool) -> Iterator[str]:
    if root is None:
        return
    if failure := first_failure(root):
        yield failure_text(failure)
    yield from tree_lines(root, now)
    if is_last and (helps := remedy(live, words)):
        yield f"-> {helps}"
