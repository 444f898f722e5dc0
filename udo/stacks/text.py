"""How resources and times of stacks are written for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udo.stacks.events import Failure, Node, is_cancellation

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 300
# What a handler of CloudFormation's puts around the text of the service that it asked.
_HANDLED = re.compile(
    r'Resource handler returned message: "?(.*?)"? \(RequestToken: [^,)]*(?:, HandlerErrorCode: (\w+))?\)', re.DOTALL
)
_SERVICE = re.compile(r"\s*\(Service: [^()]*Request ID: [^()]*\)")


def lasted(seconds: float) -> str:
    """A length of time in its two largest units."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"


def kind_text(kind: str) -> str:
    """A type of resource without what all of them begin with: `SQS::Queue`."""
    return kind.removeprefix("AWS::")


def short_id(physical_id: str) -> str:
    """The end of an ARN or URL, which is what a resource is called."""
    return re.split(r"[/:]", physical_id.rstrip("/"))[-1] or physical_id


def path_text(path: tuple[str, ...]) -> str:
    """Where a resource is: the nested stacks above it, then its logical name."""
    return "/".join(path) or "the stack"


def one_line(reason: str) -> str:
    """A reason of AWS's in one line that is not too long, without what its handlers put around it."""
    handled = _HANDLED.fullmatch(reason.strip())
    told = f"{handled[1]}{f' ({handled[2]})' if handled[2] else ''}" if handled else reason
    told = " ".join(_SERVICE.sub("", told).split()).removesuffix(".")
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 3]}..."


def failure_text(failure: Failure) -> str:
    """What failed first and why, and what became of the others."""
    what = f"resource {path_text(failure.path)} ({failure.event.kind})" if failure.path else "the stack itself"
    why = one_line(failure.event.reason)
    told = f"{what} failed{f' because: {why}' if why else ', AWS does not say why'}"
    if not failure.cancelled:
        return told
    others = "the other one was" if failure.cancelled == 1 else f"the other {failure.cancelled} were"
    return f"{told}; {others} cancelled"


def tree_lines(root: Node, now: float) -> Iterator[str]:
    """The resources of an operation, each below the stack that it is in: its state, how long it took, and why not."""
    found = list(root.below())
    names = ["  " * len(path) + path[-1] for path, _ in found]
    states = [_state(node) for _, node in found]
    widths = max(map(len, names), default=0), max(map(len, states), default=0)
    for name, state, (_, node) in zip(names, states, found, strict=True):
        took = lasted(node.seconds(now)) if node.spans else ""
        line = f"{name:<{widths[0]}}  {state:<{widths[1]}}  {took:>7}  {kind_text(node.kind)}"
        yield f"{line}{_remark(node)}".rstrip()


def _state(node: Node) -> str:
    """The state of a resource; of one that failed, and was removed after that, how it failed."""
    return node.failures[0].status if node.failures and not node.is_moving else node.status


def _remark(node: Node) -> str:
    if node.is_cancelled:
        return "  cancelled"
    first = next((one for one in node.failures if not is_cancellation(one)), None)
    if first:
        return f"  {one_line(first.reason)}"
    if node.replaced:
        return "  made anew, the old one removed"
    return "  kept in AWS" if node.status == "DELETE_SKIPPED" else ""
