"""Stacks and their resources as rows of documents and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.stacks.text import path_text

if TYPE_CHECKING:
    from udo.model.stacks import Stack
    from udo.stacks.events import Node

# The tags by which Udo knows what it made: the key in udo.yml, and who ordered it.
TAG, BY = "udo:stack", "udo:by"


def stack_row(stack: Stack) -> dict[str, Any]:
    """A stack for scripts."""
    return {
        "name": stack.name,
        "stack_id": stack.stack_id or None,
        "state": stack.status,
        "reason": stack.reason or None,
        "created_at": stack.created_at or None,
        "updated_at": stack.updated_at or None,
        "key": stack.tags.get(TAG),
        "ordered_by": stack.tags.get(BY),
        "protected": stack.protected,
        "outputs": {one.key: one.value for one in stack.outputs},
    }


def node_rows(root: Node, now: float) -> list[dict[str, Any]]:
    """The resources of an operation for scripts, parents first."""
    return [
        {
            "resource": path_text(path),
            "type": node.kind,
            "physical_id": node.physical_id or None,
            "state": node.status,
            "seconds": round(node.seconds(now), 1),
            "reason": node.reason or None,
            "cancelled": node.is_cancelled,
        }
        for path, node in root.below()
    ]
