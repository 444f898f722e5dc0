"""The family of a group's launch configurations: exactly `G` and `G-v<N>`, nothing that merely starts alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


def family(group_name: str, names: Iterable[str], other_groups: Collection[str] = ()) -> dict[str, int]:
    """The names of the family with their numbers: `G` counts as 1, `G-v<N>` as N without leading zeros.

    A name that is another group's name is not ours, however it looks.
    """
    pattern = re.compile(rf"{re.escape(group_name)}-v([1-9][0-9]*)")
    found = {}
    for name in names:
        match = pattern.fullmatch(name)
        if name == group_name:
            found[name] = 1
        elif match and name not in other_groups:
            found[name] = int(match[1])
    return found


def next_free_name(group_name: str, numbers: Iterable[int], taken: Collection[str]) -> str:
    """The name after the highest number of the family (`G-v1` in an empty one), skipping names that are taken."""
    number = max(numbers, default=0) + 1
    while f"{group_name}-v{number}" in taken:
        number += 1
    return f"{group_name}-v{number}"
