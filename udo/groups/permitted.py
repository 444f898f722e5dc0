"""Refuses settings of a group that would move its desired capacity, or that are not Udo's to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from udo.config import Role
    from udo.groups.settings import Setting
    from udo.model.groups import AutoScalingGroup

SIZES = ("scale_policy.min_size", "scale_policy.max_size")
POLICY = "mixed_instances"


def check_permitted(role: Role, group: AutoScalingGroup, changed: Iterable[Setting]) -> None:
    """Lets pass what moves no desired capacity, what can be sent whole, and what is Udo's to change.

    Raises: Refused.
    """
    _check_sizes(role, group, [one for one in changed if one.key in SIZES])
    if any(one.key == POLICY for one in changed):
        _refuse_unknown(group)
    _refuse_others(group)


def _check_sizes(role: Role, group: AutoScalingGroup, sizes: Iterable[Setting]) -> None:
    low, high, desired = group.min_size, group.max_size, group.desired_capacity
    for one in sizes:
        low, high = (one.value, high) if one.member == "MinSize" else (low, one.value)
        beyond = one.value > desired if one.member == "MinSize" else one.value < desired
        if beyond:
            side, word = ("above", "min") if one.member == "MinSize" else ("below", "max")
            raise Refused(
                f"{one.key} {one.value} is {side} the desired capacity of {group.name}, {desired}: AWS would move it",
                hint=f"nothing was changed; move it first: "
                f"udo scale {role.cluster} {role.name} {one.value} --{word} {one.value}",
            )
    if low > high:
        raise Refused(
            f"{group.name} would have a minimum of {low} and a maximum of {high}",
            hint="nothing was changed; say both in scale_policy",
        )


def _refuse_unknown(group: AutoScalingGroup) -> None:
    if group.unknown:
        parts = ", ".join(group.unknown)
        raise Refused(
            f"the mixed instances policy of {group.name} has parts that this botocore does not know: {parts}",
            hint="nothing was changed; a newer botocore knows them",
        )
    if not group.raw.get("MixedInstancesPolicy") and not group.raw.get("LaunchTemplate"):
        raise Refused(
            f"{group.name} launches from a launch configuration: mixed_instances needs a launch template",
            hint="nothing was changed; change it first: udo updatelc --to-template",
        )


def _refuse_others(group: AutoScalingGroup) -> None:
    """Leaves alone what another tool or a service of AWS keeps. Raises: Refused."""
    stack = next((value for key, value in group.tags.items() if key.startswith("aws:cloudformation:")), None)
    if stack is not None:
        name = group.tags.get("aws:cloudformation:stack-name", stack)
        raise Refused(
            f"{group.name} belongs to the CloudFormation stack {name}",
            hint="nothing was changed; change the template of the stack",
        )
    if service := (group.raw.get("Operator") or {}).get("Principal"):
        raise Refused(f"{group.name} is kept by {service}", hint="nothing was changed; change it there")
