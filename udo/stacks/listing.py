"""All stacks of udo.yml, and those that carry Udo's tag, in one listing for each account and region."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from udo.errors import AwsError, ConfigError, PermissionDenied, UsageError
from udo.groups.text import brief_name, brief_time, local_time, short_name
from udo.result import LOW, Column, Result
from udo.stacks.find import places
from udo.stacks.rows import TAG, stack_row
from udo.stacks.states import ABSENT, since

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from udo.aws import Aws
    from udo.config.stacks import StackDefinition
    from udo.model.stacks import Stack
    from udo.session import Session

COLUMNS = (
    Column("name", "STACK"),
    Column("key", "KEY", rank=2),
    Column("state", "STATE"),
    Column("since", "SINCE", fold=brief_time, brief="FOR"),
    Column("by", "ORDERED BY", rank=1, fold=brief_name, brief="BY"),
    Column("cluster", "CLUSTER", rank=3),
    Column("region", "REGION", rank=LOW),
)


def listed(session: Session) -> Result:
    """The table of stacks. Raises: UdoError."""
    notes: list[str] = []
    rows: list[dict[str, Any]] = []
    for aws, _ in places(session):
        definitions = {key: one for key, one in session.config.stacks.items() if session.aws(one.base) is aws}
        try:
            found = aws.cloudformation.stacks()
        except (AwsError, PermissionDenied) as error:
            notes.append(f"?: stacks in {aws.region} are unknown: {error.message}")
            rows += [_row(aws, one, key, None, "?") for key, one in definitions.items()]
            continue
        rows += _rows(aws, definitions, found)
        notes += _orderable(definitions, rows)
    if not rows:
        none = (
            "no stack was made by Udo" if session.config.stacks else "no stack is in udo.yml, and none was made by Udo"
        )
        return Result([], text=none, notes=notes)
    now = session.clock.time()
    shown = [{**row, "since": local_time(row["since"], now), "by": short_name(row["ordered_by"])} for row in rows]
    return Result(rows, COLUMNS, shown, notes=notes)


def _rows(aws: Aws, definitions: Mapping[str, StackDefinition], found: tuple[Stack, ...]) -> Iterator[dict[str, Any]]:
    meant: set[str] = set()
    for stack in found:
        key = stack.tags.get(TAG) or next((key for key, one in definitions.items() if _is_meant(one, stack)), None)
        if stack.parent or key is None:
            continue
        if key in definitions and _is_meant(definitions[key], stack):
            meant.add(key)
        yield _row(aws, definitions.get(key), key, stack, stack.status)
    for key, one in definitions.items():
        if key not in meant and not one.is_named_by_params:
            yield _row(aws, one, key, None, ABSENT)


def _is_meant(definition: StackDefinition, stack: Stack) -> bool:
    """Whether a stack has the very name of a stack of udo.yml, where that is made once."""
    return not definition.is_named_by_params and definition.params_in(stack.name) is not None


def _row(aws: Aws, definition: StackDefinition | None, key: str, stack: Stack | None, state: str) -> dict[str, Any]:
    name = stack.name if stack else _name(definition, key)
    blank: dict[str, Any] = {
        "name": name,
        "stack_id": None,
        "ordered_by": None,
        "outputs": {},
        "created_at": None,
        "updated_at": None,
    }
    return {
        **(stack_row(stack) if stack else blank),
        "key": key,
        "state": state,
        "since": (since(stack) or None) if stack else None,
        "cluster": definition.cluster if definition else (stack.tags.get("cluster") if stack else None),
        "region": aws.region,
        "ours": TAG in stack.tags if stack else None,
    }


def _name(definition: StackDefinition | None, key: str) -> str:
    if definition is not None and not definition.is_named_by_params:
        with suppress(UsageError, ConfigError):
            return definition.order().name
    return key


def _orderable(definitions: Mapping[str, StackDefinition], rows: list[dict[str, Any]]) -> Iterator[str]:
    there = {row["key"] for row in rows}
    for key, one in definitions.items():
        if one.is_named_by_params and key not in there:
            needed = [name for name, param in one.params.items() if param.default is None]
            wanted = "".join(f" --param {name}=VALUE" for name in needed)
            yield f"{key} is orderable, and none is: udo stack create {key}{wanted}"
