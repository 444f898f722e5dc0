"""What lookups of udo.yml stand for in one account and region: parameters of Systems Manager, outputs of stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.config.suggesting import among

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from udo.aws import Aws
    from udo.config import Lookup
    from udo.result import Secret

# The states in which the outputs are those of what is there. Source: CloudFormation user guide, "Stack status codes".
_SETTLED = (
    *("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_COMPLETE"),
    *("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_ROLLBACK_COMPLETE"),
)


def looked_up(aws: Aws, lookups: Sequence[Lookup]) -> tuple[dict[str, str | Secret], dict[str, str]]:
    """The values that AWS knows, and why there is none of the others, both by what was asked.

    Parameters are asked for in batches, and each stack once.

    Raises: UdoError.
    """
    names = [one.argument for one in lookups if one.kind == "ssm"]
    found = aws.ssm.looked_up(names)
    reasons = {name: f"no parameter {name}" for name in names if name not in found}
    if outputs := [one.argument for one in lookups if one.kind == "cfn"]:
        values, wrong = _outputs(aws, outputs)
        found |= values
        reasons |= wrong
    return found, reasons


def _outputs(aws: Aws, wanted: Iterable[str]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    found: dict[str, str] = {}
    wrong: dict[str, str] = {}
    stacks: dict[str, tuple[Mapping[str, str], str]] = {}
    for one in wanted:
        name, _, output = one.partition(".")
        if name not in stacks:
            stacks[name] = _values(aws, name)
        values, told = stacks[name]
        if output in values:
            found[one] = values[output]
        else:
            wrong[one] = told or f"stack {name} has no output {output}: {among(output, values)}"
    return found, wrong


def _values(aws: Aws, name: str) -> tuple[Mapping[str, str], str]:
    """The outputs of a stack, and why they are not known."""
    stack = aws.cloudformation.stack(name)
    if stack is None:
        return {}, f"no stack {name}: its outputs are there once it is made"
    if stack.status not in _SETTLED:
        return {}, f"stack {name} is {stack.status}: its outputs are known once it is complete"
    return {one.key: one.value for one in stack.outputs}, ""
