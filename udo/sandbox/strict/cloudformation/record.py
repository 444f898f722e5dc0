"""What is written down of a stack: its statuses and events, each at the moment that it happened."""

from __future__ import annotations

import json
from typing import Any

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment
from udo.sandbox.strict.cloudformation.state import STACK, Event, Operation, Resource, Stack

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def unique() -> str:
    """An id such as AWS gives."""
    return str(mock_random.uuid4())


def letters(count: int = 12) -> str:
    """What makes a name that CloudFormation gives unique."""
    return "".join(mock_random.choice(_LETTERS) for _ in range(count))


def stack_is(stack: Stack, status: str, at: float, reason: str = "", detail: str = "") -> None:
    """Gives a stack a status, with the event of it."""
    stack.status, stack.reason = status, reason
    operation = stack.operation
    stack.events.append(
        Event(
            id=unique(),
            stack_id=stack.id,
            stack_name=stack.name,
            logical_id=stack.name,
            physical_id=stack.id,
            type=STACK,
            at=at,
            status=status,
            reason=reason,
            detail=detail,
            **_of_operation(operation),
        )
    )


def resource_is(stack: Stack, resource: Resource, status: str, at: float, reason: str = "", shows: Any = None) -> None:
    """Gives a resource a status, with the event of it; `shows` are the properties that it shows."""
    resource.status, resource.reason, resource.updated = status, reason, at
    stack.events.append(
        Event(
            id=f"{resource.logical_id}-{status}-{moment.at(at).isoformat(timespec='milliseconds')}Z",
            stack_id=stack.id,
            stack_name=stack.name,
            logical_id=resource.logical_id,
            physical_id=resource.physical_id,
            type=resource.type,
            at=at,
            status=status,
            reason=reason,
            properties=json.dumps(resource.properties if shows is None else shows, default=str),
            **_of_operation(stack.operation),
        )
    )


def _of_operation(operation: Operation | None) -> dict[str, str]:
    return {"token": operation.token, "operation_id": operation.id} if operation else {}
