"""What the sandbox holds of CloudFormation: stacks, their resources, events and change sets, as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from udo.sandbox.strict import moment

STACK = "AWS::CloudFormation::Stack"


@dataclass
class Event:
    """Something that happened to a stack or to one of its resources."""

    id: str
    stack_id: str
    stack_name: str
    logical_id: str
    physical_id: str
    type: str
    at: float
    status: str
    reason: str = ""
    properties: str = ""
    token: str = ""
    operation_id: str = ""
    detail: str = ""


@dataclass
class Finding:
    """What a validation before an operation has found: of a property, a name or a bucket."""

    name: str
    mode: str
    logical_id: str
    type: str
    reason: str
    path: str
    at: float = 0.0


@dataclass
class Source:
    """What a stack is made from: its template, and what was given with it."""

    text: str = ""
    template: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: list[str] = field(default_factory=list)
    notifications: list[str] = field(default_factory=list)
    rollback: dict[str, Any] = field(default_factory=dict)
    role: str = ""


@dataclass
class Resource:
    """A resource of a stack: its properties are those it was made with, its attributes what Fn::GetAtt reads."""

    logical_id: str
    type: str
    status: str = ""
    reason: str = ""
    physical_id: str = ""
    updated: float = 0.0
    properties: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    definition: dict[str, Any] = field(default_factory=dict)


@dataclass
class Work:
    """What is to be done to one resource: `verb` is create, update, replace or delete, `stage` how far it has come."""

    verb: str
    resource: Resource
    needs: frozenset[str]
    properties: dict[str, Any] = field(default_factory=dict)
    stage: int = 0
    due: float | None = None
    outcome: str = ""
    old: Resource | None = None


@dataclass
class Operation:
    """What a stack is going through: `phase` names the step of the machine, `due` when it moves next."""

    kind: str
    id: str
    phase: str
    due: float
    began: float
    token: str = ""
    works: list[Work] = field(default_factory=list)
    source: Source | None = None
    before: Source | None = None
    validates: bool = True
    on_failure: str = "ROLLBACK"
    retained: frozenset[str] = frozenset()
    forced: bool = False
    deadline: float | None = None
    new: list[Resource] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    ended: float | None = None
    status: str = "IN_PROGRESS"
    change_set: str = ""


@dataclass
class ChangeSet:
    """A change set: what a stack would become, and how it differs from what it is."""

    id: str
    name: str
    kind: str
    created: float
    source: Source
    status: str = "CREATE_PENDING"
    execution: str = "UNAVAILABLE"
    reason: str = ""
    description: str = ""
    token: str = ""
    on_failure: str = ""
    due: float | None = None
    validates: bool = True
    changes: list[dict[str, Any]] = field(default_factory=list)
    operation: Operation | None = None


@dataclass
class Stack:
    """A stack: `operation` is what is under way, `operations` all there were, oldest first."""

    id: str
    name: str
    account: str
    region: str
    created: float
    status: str = ""
    reason: str = ""
    source: Source = field(default_factory=Source)
    updated: float | None = None
    deleted: float | None = None
    on_failure: str = "ROLLBACK"
    timeout: int | None = None
    protected: bool = False
    parent: str = ""
    root: str = ""
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)
    operation: Operation | None = None
    operations: list[Operation] = field(default_factory=list)
    previous: Source | None = None
    change_set_id: str = ""

    @property
    def is_deleted(self) -> bool:
        """Whether it is gone, and known by its id alone."""
        return self.status == "DELETE_COMPLETE"


class Backend(BaseBackend):
    """The stacks of one account and region by their ids, oldest first."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.stacks: dict[str, Stack] = {}

    def found(self, name: str) -> Stack | None:
        """The stack of that name, or of that id, deleted ones too."""
        if name.startswith("arn:"):
            return self.stacks.get(name)
        return next((one for one in self.stacks.values() if one.name == name and not one.is_deleted), None)


backends: Any = BackendDict(Backend, "cloudformation")


class Outside:
    """What lies around the engine: `client` gives a client of a service and region; the world sets it.

    `moving` is true while the engine catches up with the clock, and asks services at moments that are past.
    """

    client: Callable[[str, str], Any] | None = None
    moving: bool = False


def all_stacks() -> Iterator[Stack]:
    """Every stack there is, deleted ones too."""
    for account in list(backends.values()):
        for backend in list(account.values()):
            yield from list(backend.stacks.values())


def advance() -> None:
    """Moves every stack up to the present moment; nothing is loaded where there is none."""
    if Outside.moving or not backends:
        return
    if not any(one.operation or any(c.due is not None for c in one.change_sets.values()) for one in all_stacks()):
        return
    # Late: the engine is loaded by who uses it.
    from udo.sandbox.strict.cloudformation import machine

    Outside.moving = True
    try:
        machine.move(moment.now())
    finally:
        Outside.moving = False
