"""What of an AWS answer may be sent again: the recursive intersection of botocore's output and input shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def copyable(given: Any, taken: Any) -> Mapping[str, Any] | None:
    """The members two shapes have in common, nested: a mapping for a structure, None for a plain value.

    `given` is the shape of what AWS returns, `taken` of what it accepts; a list stands for its member.
    """
    if given.type_name == "list" and taken.type_name == "list":
        return copyable(given.member, taken.member)
    if given.type_name != "structure" or taken.type_name != "structure":
        return None
    shared = [name for name in given.members if name in taken.members]
    return {name: copyable(given.members[name], taken.members[name]) for name in shared}
