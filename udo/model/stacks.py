"""CloudFormation stacks: how they stand, what happened to them, and what a change set would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from udo.frozen import frozen

STACK_TYPE = "AWS::CloudFormation::Stack"


@frozen
class Output:
    """One output of a stack; `export` is the name under which it is exported, empty for none."""

    key: str
    value: str
    description: str = ""
    export: str = ""


@frozen
class Stack:
    """One stack; times are RFC 3339 UTC, `updated_at` and `deleted_at` empty where there was none.

    `protected` is CloudFormation's own termination protection; `parent` is the stack that it is nested in, `role` the
    role that CloudFormation works by.
    """

    stack_id: str
    name: str
    status: str
    reason: str = ""
    created_at: str = ""
    updated_at: str = ""
    deleted_at: str = ""
    outputs: tuple[Output, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    protected: bool = False
    parent: str = ""
    role: str = ""

    @property
    def is_moving(self) -> bool:
        """Whether CloudFormation is at work on it; a change set that waits is no work."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@frozen
class StackEvent:
    """One thing that happened to a resource of a stack, or to the stack itself; `at` is RFC 3339 UTC.

    `token` is the request token of the operation that it belongs to.
    """

    event_id: str
    stack_id: str
    logical_id: str
    physical_id: str
    kind: str
    status: str
    at: str
    reason: str = ""
    token: str = ""

    @property
    def is_of_stack(self) -> bool:
        """Whether it is about the stack as a whole."""
        return self.physical_id == self.stack_id


@frozen
class PropertyChange:
    """One property that changes, by its path; values are as the change set tells them, None where it does not.

    `recreates` is Never, Conditionally or Always; `cause` is what makes it change, where that is not the template.
    """

    path: str
    before: str | None
    after: str | None
    recreates: str = "Never"
    cause: str = ""
    is_dynamic: bool = False


@frozen
class ResourceChange:
    """One resource that a change set adds, modifies, removes or imports.

    `replacement` is True, False or Conditional as text, empty where that does not apply; `policy` says what becomes of
    the old one (Delete, Retain, Snapshot, ReplaceAndDelete ..).
    """

    action: str
    logical_id: str
    kind: str
    physical_id: str = ""
    replacement: str = ""
    policy: str = ""
    scope: tuple[str, ...] = ()
    properties: tuple[PropertyChange, ...] = ()
    nested: str = ""

    @property
    def replaces(self) -> bool:
        """Whether it is, or may be, made anew."""
        return self.replacement in ("True", "Conditional")

    @property
    def removes(self) -> bool:
        """Whether something that is there goes away."""
        return self.action == "Remove" or self.replaces


@frozen
class Validation:
    """What early validation found: `fails` where it keeps the change from being made, a warning otherwise.

    `path` is where in the template it is, `/Resources/Queue/Properties/Color`.
    """

    fails: bool
    name: str
    reason: str
    path: str = ""
    logical_id: str = ""


@frozen
class ChangeSet:
    """A change set of a stack, and all that it would change."""

    change_set_id: str
    name: str
    stack_id: str
    stack_name: str
    status: str
    execution: str = ""
    reason: str = ""
    description: str = ""
    created_at: str = ""
    changes: tuple[ResourceChange, ...] = ()
    validations: tuple[Validation, ...] = ()


@frozen
class StackResource:
    """One resource of a stack as it stands."""

    logical_id: str
    physical_id: str
    kind: str
    status: str
    reason: str = ""
