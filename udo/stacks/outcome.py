"""How a change of a stack came out: what people and scripts are told of it, and how a stack stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.change.finish import told as told_of
from udo.errors import EndedBadly, GuardRaised
from udo.groups.text import local_time, short_name
from udo.model.stacks import Stack
from udo.result import Column, Result
from udo.stacks.events import first_failure
from udo.stacks.plan import DELETE
from udo.stacks.rows import BY, node_rows, stack_row
from udo.stacks.states import after_failure, means, remedy, since
from udo.stacks.text import failure_text, kind_text, one_line, path_text, short_id, tree_lines
from udo.stacks.watch import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.change.plan import Plan
    from udo.stacks.events import Node

OUTPUTS = (
    Column("output", "OUTPUT"),
    Column("value", "VALUE"),
    Column("description", "WHAT IT IS", rank=1, least=16),
)


def told(aws: Aws, plan: Plan, words: str, now: float, outcome: Outcome) -> Result:
    """What is told of a change of a stack that was followed, or had nothing to do.

    Raises: UdoError where its end was not seen.
    """
    root = next((one.root for one in outcome.rows if isinstance(one, Seen)), None)
    data = outcome.document()
    if root is not None:
        data |= {"resources": node_rows(root, now)}
    error = outcome.error
    if error and not (isinstance(error, EndedBadly) and root and not root.is_moving):
        error.data = data
        raise error
    if error and root:
        return _failed(aws, plan, words, now, data, root, error)
    done = replace(told_of(plan, outcome), data=data)
    if plan.command == DELETE:
        kept = [*_kept(root)] if root else []
        return replace(done, notes=(*done.notes, *kept))
    live = aws.cloudformation.stack(plan.target.removeprefix("stack ")) if outcome.steps else None
    if live is None:
        return done
    lines = [done.text or "", *(f"  {line}" for line in state_lines(live, words, now))]
    return replace(done, text="\n".join(lines), data=data | {"stack": stack_row(live)})


def _failed(aws: Aws, plan: Plan, words: str, now: float, data: dict[str, Any], root: Node, error: object) -> Result:
    """Why it failed, the first reason on top, how each resource ended, and what to do."""
    stack_id = root.stack_id
    failure = first_failure(root)
    message = f"{plan.target} is {root.status}"
    message += f": {failure_text(failure)}" if failure else ""
    if isinstance(error, GuardRaised):
        message = f"{error.message}; {message}"
    live = aws.cloudformation.stack(stack_id)
    hint = after_failure(live, words) if live else ""
    lines = [*tree_lines(root, now), *(_undeletable(root) if plan.command == DELETE else ())]
    data |= {"failure": failure_row(root), "stack": stack_row(live) if live else None}
    return Result(data, text="\n".join(lines) or None, exit=1, error=("failed", message, hint or None))


def failure_row(root: Node) -> dict[str, Any] | None:
    """What failed first, for scripts."""
    failure = first_failure(root)
    if failure is None:
        return None
    return {
        "resource": path_text(failure.path),
        "type": failure.event.kind,
        "reason": failure.event.reason,
        "cancelled": failure.cancelled,
    }


def state_lines(stack: Stack, words: str, now: float) -> Iterator[str]:
    """How a stack stands: its state, since when, who ordered it, its outputs, and what to do where it is stuck."""
    yield from (f"{name:<10}  {value}" for name, value in state_facts(stack, words, now))
    widths = max((len(one.key) for one in stack.outputs), default=0)
    for one in stack.outputs:
        yield f"{one.key:<{max(widths, 10)}}  {one.value}"


def state_facts(stack: Stack, words: str, now: float) -> list[tuple[str, str]]:
    """What is to be known of a stack beside its outputs."""
    found = [("state", stack.status + (f": {means(stack.status)}" if means(stack.status) else ""))]
    found.append(("since", local_time(since(stack), now) or "?"))
    found.append(("ordered by", short_name(stack.tags.get(BY)) or "?"))
    if stack.reason:
        found.append(("reason", one_line(stack.reason)))
    if stack.protected:
        found.append(("protected", "CloudFormation does not delete it"))
    if helps := remedy(stack, words):
        found.append(("to do", helps))
    return found


def _kept(root: Node) -> Iterator[str]:
    """What a stack that was deleted has left in AWS."""
    for path, node in root.below():
        if node.status == "DELETE_SKIPPED":
            what = f"{path_text(path)}, {kind_text(node.kind)} {short_id(node.physical_id)}"
            yield f"kept in AWS: {what}: no stack owns it now"


def _undeletable(root: Node) -> Iterator[str]:
    """What could not be deleted, with what helps."""
    names = []
    for path, node in root.below():
        if node.status == "DELETE_FAILED" and not node.is_cancelled:
            names.append(path[-1])
            yield f"-> {path_text(path)}: {_help(node)}"
    if names:
        yield f"-> or leave it in AWS: --retain {','.join(names)}"


def _help(node: Node) -> str:
    match node.kind:
        case "AWS::S3::Bucket":
            return f"empty it: aws s3 rm s3://{node.physical_id} --recursive (and its old versions)"
        case "AWS::EC2::SecurityGroup":
            asks = f"aws ec2 describe-network-interfaces --filters Name=group-id,Values={node.physical_id}"
            return f"find what uses it: {asks}"
        case "AWS::AutoScaling::AutoScalingGroup":
            return "its members have to end first, or what keeps it has to be taken off"
    return "take away what keeps it, then delete again"
