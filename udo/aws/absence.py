"""Tells by an error of AWS's that what was asked for does not exist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udo.errors import AwsError

# Of what Udo reads, only launch templates, dashboards, stacks and change sets fail for one that does not exist; others
# come back empty.
_CODES = frozenset(
    ["ResourceNotFound", "ChangeSetNotFound", "ChangeSetNotFoundException"]
    + [f"InvalidLaunchTemplate{what}.{how}" for what in ("Name", "Id") for how in ("NotFound", "NotFoundException")]
)
# CloudFormation says it of a stack by a text alone.
_NO_STACK = re.compile(r"cloudformation:\w+: Stack .*does not exist")


def is_absent(error: AwsError) -> bool:
    """Whether AWS says that what was asked for does not exist."""
    return error.aws_code in _CODES or (error.aws_code == "ValidationError" and bool(_NO_STACK.match(error.message)))
