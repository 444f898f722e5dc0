"""Groups that `udo sleep` has taken to zero, until they are woken."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup

# What `udo sleep` remembers, and has suspended: its own to resume.
ASLEEP = "udo:asleep"


def is_asleep(group: AutoScalingGroup) -> bool:
    """Whether its tag says so, and nobody has given it members meanwhile."""
    return ASLEEP in group.tags and group.desired_capacity == 0
