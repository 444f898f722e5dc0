"""The family of a group's launch configurations: exactly `G` and `G-v<N>`, nothing else that starts alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udo.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_LONGEST = 255


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


def check_template_name(name: str) -> None:
    """Accepts what may be the name of a launch template.

    Source: API_CreateLaunchTemplate, LaunchTemplateName.

    Raises: Refused.
    """
    if not re.fullmatch(r"[a-zA-Z0-9().\-/_]{3,128}", name):
        told = f"a launch template is named like its group, and {_brief(name)} cannot be the name of one"
        raise Refused(told, hint="3 to 128 letters, digits and ( ) . - / _; nothing was changed")


def check_configuration_name(name: str) -> None:
    """Accepts what may be the name of a launch configuration.

    Source: API_CreateLaunchConfiguration, LaunchConfigurationName: at most 255 characters.

    Raises: Refused.
    """
    if len(name) > _LONGEST:
        told = f"the next launch configuration would be named {_brief(name)}, which has {len(name)} characters"
        raise Refused(told, hint=f"AWS takes at most {_LONGEST}; nothing was changed")


def _brief(name: str) -> str:
    """A name in quotes, with dots in its middle where it is long."""
    return repr(name if len(name) <= 60 else f"{name[:40]}...{name[-12:]}")


def next_free_name(group_name: str, numbers: Iterable[int], taken: Collection[str]) -> str:
    """The name after the highest number of the family (`G-v1` in an empty one), skipping names that are taken."""
    number = max(numbers, default=0) + 1
    while f"{group_name}-v{number}" in taken:
        number += 1
    return f"{group_name}-v{number}"
