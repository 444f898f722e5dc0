"""What the overrides of a group's mixed instances policy decide."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from udo.schema.launch import LAUNCH_KEYS

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup, Override


def without_effect(group: AutoScalingGroup) -> frozenset[str]:
    """The launch keys that change nothing where they stand in the template of the group's mixed instances policy.

    Source: botocore autoscaling shape LaunchTemplate: what an override says comes before the launch template.
    """
    overrides = group.overrides
    if not overrides:
        return frozenset()
    if all(one.launch for one in overrides):
        return frozenset(LAUNCH_KEYS)
    return frozenset({"instance_type", *(["ami"] if all(one.image_id or one.launch for one in overrides) else [])})


def decide(group: AutoScalingGroup, overrides: Iterable[Override] | None = None) -> str:
    """Which overrides decide, in words."""
    return f"overrides of {group.name} decide: {listed(group.overrides if overrides is None else overrides)}"


def listed(overrides: Iterable[Override]) -> str:
    """Overrides by their instance types, each with the image or the template it has of its own."""
    return ", ".join(dict.fromkeys(map(_named, overrides)))


def _named(override: Override) -> str:
    own = override.image_id or (str(override.launch) if override.launch else "")
    return f"{override} ({own})" if own else str(override)
