"""What `stack events` shows: the last operation on a stack, as it was or as it goes on."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from udo.change.plan import Read, Wait
from udo.change.waiting import wait_for, watcher
from udo.errors import Absent, EndedBadly, Interrupted
from udo.result import Result
from udo.stacks.change import document, write
from udo.stacks.events import first_failure
from udo.stacks.outcome import failure_row
from udo.stacks.rows import node_rows
from udo.stacks.states import DELETED, after_failure, remedy
from udo.stacks.text import failure_text, lasted, tree_lines
from udo.stacks.watch import Seen, StackWatch

if TYPE_CHECKING:
    from udo.change.waiting import Poll
    from udo.model.stacks import Stack
    from udo.session import Session
    from udo.stacks.events import Node
    from udo.stacks.find import Named

# Every state in which CloudFormation is at work on nothing ends it.
_ENDED = tuple(
    f"{verb}_{how}"
    for verb in ("CREATE", "UPDATE", "DELETE", "IMPORT", "ROLLBACK", "UPDATE_ROLLBACK", "IMPORT_ROLLBACK")
    for how in ("COMPLETE", "FAILED")
)
_PATH = "StackEvents[?PhysicalResourceId==StackId] | [0].ResourceStatus"


def looked_at(session: Session, what: Named) -> Result:
    """The last operation on a stack. Raises: UdoError."""
    live = _live(session, what)
    poll = StackWatch(session.aws(what.base), _wait(what, live), session.clock).poll()
    return _told(session, what, live, poll)


def watched(session: Session, what: Named) -> Result:
    """The same once what is under way has ended. Raises: UdoError."""
    live = _live(session, what)
    aws, polls = session.aws(what.base), list[Any]()
    emit = partial(document, session) if session.options.output == "jsonl" else session.emit
    try:
        wait_for(
            _wait(what, live),
            {},
            partial(watcher, aws, session.clock),
            session.clock,
            emit,
            lambda: None,
            polls.append,
        )
    except Interrupted as error:
        error.message, error.hint = f"interrupted: {what.label} continues in AWS", None
        raise
    except EndedBadly:
        has_failed = True
    else:
        # A creation that failed may end in the deletion of what it made.
        root = _root(polls[-1])
        has_failed = root is not None and root.status == DELETED and first_failure(root) is not None
    live = aws.cloudformation.stack(live.stack_id) or live
    found = _told(session, what, live, polls[-1])
    if not has_failed:
        return found
    told = f"{what.label} is {live.status}"
    return replace(found, exit=1, error=("failed", told, after_failure(live, what.words) or None))


def _live(session: Session, what: Named) -> Stack:
    live = session.aws(what.base).cloudformation.stack(what.name)
    if live is None:
        made = f"make it with: udo stack create {what.words}" if what.order else None
        raise Absent(f"{what.label} does not exist", hint=made)
    return live


def _wait(what: Named, live: Stack) -> Wait:
    return Wait(
        f"watch {what.label}",
        Read("cloudformation", "DescribeStackEvents", {"StackName": live.stack_id}, _PATH),
        success=tuple(one for one in _ENDED if one.endswith("_COMPLETE") and "ROLLBACK" not in one),
        failure=tuple(one for one in _ENDED if one.endswith("_FAILED") or "ROLLBACK" in one),
        every=2.0,
        timeout=what.timeout,
        detached=f"it continues in AWS; look again with: udo stack events {what.words} -w",
        watch="stack",
    )


def _told(session: Session, what: Named, live: Stack, poll: Poll) -> Result:
    root = _root(poll)
    now = session.clock.time()
    if root is None:
        return Result(
            {"name": what.name, "state": live.status, "resources": []}, text=f"nothing happened to {what.label}"
        )
    data = {
        "name": live.name,
        "stack_id": live.stack_id,
        "state": root.status,
        "seconds": round(root.seconds(now), 1),
        "failure": failure_row(root),
        "resources": node_rows(root, now),
    }
    if session.options.output == "jsonl":
        write(session, data)
        return Result(data)
    return Result(data, text="\n".join(_lines(what, live, root, now)))


def _root(poll: Poll) -> Node | None:
    return next((one.root for one in poll.rows if isinstance(one, Seen)), None)


def _lines(what: Named, live: Stack, root: Node, now: float) -> list[str]:
    failure = first_failure(root)
    lines = [failure_text(failure)] if failure else []
    lines.append(f"{what.label}  {root.status}  {lasted(root.seconds(now))}")
    lines += tree_lines(root, now)
    # Why stands above.
    helps = remedy(live, what.words).partition(f"'udo stack events {what.words}', ")[2] if failure else ""
    helps = helps.removeprefix("then ") if live.status == root.status else ""
    return [*lines, *([f"-> {helps}"] if helps else [])]
