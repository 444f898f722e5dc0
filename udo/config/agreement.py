"""Finds what only shows once everything is inherited: sizes that contradict each other, names that two have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from udo.config.alarms import full_name, wrong_alarms
from udo.config.order import KEY, in_order
from udo.config.roles import Cluster, Role
from udo.config.tree import Null, Table
from udo.errors import ConfigError, Problem

# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html.
_MOST_TAGS = 50
_PLACE = ("region", "account", "aws_profile", "assume_role")


def disagreements(clusters: Collection[Cluster], *, every_value: bool) -> set[Problem]:
    """What in the effective values of these clusters contradicts itself; `every_value` also reads all known here."""
    roles = [role for cluster in clusters for role in cluster.roles.values()]
    found = {*_sizes(roles), *_tags(roles), *_alarms(roles), *_names(roles), *_orders(clusters)}
    return found | {*(_values(roles) if every_value else ())}


def _sizes(roles: Sequence[Role]) -> Iterator[Problem]:
    for role in roles:
        if not role.says("scale_policy"):
            continue
        sizes = _known(role, "scale_policy") or {}
        low, high = sizes.get("min_size", 0), sizes.get("max_size", 2**31)
        if low > high:
            place = role.mark_of("scale_policy.min_size")
            yield Problem(
                *place, f"min_size {low} is more than max_size {high} ({role.where('scale_policy.max_size')})"
            )
        elif "desired" in sizes and not low <= sizes["desired"] <= high:
            place = role.mark_of("scale_policy.desired")
            yield Problem(*place, f"desired {sizes['desired']} is not between min_size {low} and max_size {high}")


def _tags(roles: Sequence[Role]) -> Iterator[Problem]:
    for role in roles:
        entry = role.entry("tags") if role.says("tags") else None
        named = entry.value.entries.values() if entry and isinstance(entry.value, Table) else ()
        count = sum(not isinstance(one.value, Null) for one in named)
        if count > _MOST_TAGS:
            yield Problem(*role.mark_of("tags"), f"{count} tags of {role.label}: AWS takes at most {_MOST_TAGS}")


def _alarms(roles: Sequence[Role]) -> Iterator[Problem]:
    first: dict[str, Role] = {}
    for role in roles:
        said = (_known(role, "alarms") or {}) if role.says("alarms") else {}
        yield from wrong_alarms(role, said)
        for name in said:
            other = first.setdefault(full_name(role, name), role)
            if other is not role and all(_known(other, key) == _known(role, key) for key in _PLACE):
                message = f"the alarm '{full_name(role, name)}' of {role.label} is one of {other.label} too"
                yield Problem(*role.mark, f"{message} ({other.mark}): call one of them otherwise")


def _names(roles: Sequence[Role]) -> Iterator[Problem]:
    first: dict[str, Role] = {}
    for role in roles:
        try:
            other = first.setdefault(role.group_name, role)
        except ConfigError:
            continue
        if other is not role and all(_known(other, key) == _known(role, key) for key in _PLACE):
            message = f"the group '{role.group_name}' of {role.label} is that of {other.label} too ({other.mark})"
            yield Problem(*role.mark, message)


def _orders(clusters: Collection[Cluster]) -> Iterator[Problem]:
    ordered = (one for one in clusters if any(role.mentions(KEY) for role in one.roles.values()))
    for cluster in ordered:
        try:
            in_order(cluster, named=lambda role: _known(role, KEY) or () if role.mentions(KEY) else ())
        except ConfigError as error:
            yield from error.problems


def _values(roles: Sequence[Role]) -> Iterator[Problem]:
    for role in roles:
        # A stack is none of a role's, and its values are made by an order.
        for key in sorted(role.mentioned - {"stacks"}):
            try:
                if not role.lookups(key):
                    role.get(key)
            except ConfigError as error:
                yield from error.problems


def _known(role: Role, key: str) -> Any:
    try:
        return role.get(key)
    except ConfigError:
        return None  # it rests on a variable that is not set here, and is told to whoever needs it
