"""Which keys of udo.yml about the group itself differ from the live group, while no verb applies them yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.config.known import value, values
from udo.groups.asleep import is_asleep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from udo.config import Role
    from udo.model.groups import AutoScalingGroup


def unapplied(role: Role, group: AutoScalingGroup) -> list[str]:
    """The keys that udo.yml gives the role and that the live group has otherwise."""
    # A value that rests on a parameter of AWS's is not looked up for this.
    return [key for key, differs in _DIFFER.items() if _sets(role, key) and value(role, key) and differs(role, group)]


def unapplied_notes(found: Iterable[tuple[Role, Iterable[str]]]) -> list[str]:
    """One line a key that names the roles whose live groups have it otherwise."""
    labels: dict[str, list[str]] = {}
    for role, keys in found:
        for key in keys:
            labels.setdefault(key, []).append(role.label)
    return [f"{key} of {_brief(of)}: differs from udo.yml, no verb applies it yet" for key, of in labels.items()]


def set_keys(roles: Iterable[Role]) -> list[dict[str, Any]]:
    """The keys that some roles set and no verb applies yet: each once, with the first place and its roles."""
    rows: dict[str, dict[str, Any]] = {}
    for role in roles:
        for key in _DIFFER:
            if _sets(role, key):
                rows.setdefault(key, {"key": key, "where": role.where(key), "roles": []})["roles"].append(role.label)
    return list(rows.values())


def _sets(role: Role, key: str) -> bool:
    # What is not mentioned anywhere is most of it, and quickly seen.
    return role.says(key) and role.has(key)


def _brief(labels: list[str]) -> str:
    more = f" and {len(labels) - 3} more" if len(labels) > 4 else ""
    return ", ".join(labels[:3] if more else labels) + more


def _sizes(role: Role, group: AutoScalingGroup) -> bool:
    if is_asleep(group):
        return False
    live = {"min_size": group.min_size, "max_size": group.max_size, "desired": group.desired_capacity}
    said: Mapping[str, Any] = value(role, "scale_policy") or {}
    return any(live.get(name) != number for name, number in said.items())


def _tags(role: Role, group: AutoScalingGroup) -> bool:
    said: Mapping[str, str] = value(role, "tags") or {}
    return any(group.tags.get(name) != text for name, text in said.items())


def _target_groups(role: Role, group: AutoScalingGroup) -> bool:
    live = group.raw.get("TargetGroupARNs") or ()
    # arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
    said = set(values(role, "target_groups"))
    return said != {arn if arn in said else arn.split("/")[1] for arn in live}


def _load_balancers(role: Role, group: AutoScalingGroup) -> bool:
    return set(values(role, "elbs")) != set(group.raw.get("LoadBalancerNames") or ())


def _subnets(role: Role, group: AutoScalingGroup) -> bool:
    return set(values(role, "subnets")) != set(group.subnets)


def _health(role: Role, group: AutoScalingGroup) -> bool:
    said: Mapping[str, Any] = value(role, "health_check") or {}
    kinds = str(group.raw.get("HealthCheckType", "")).split(",")
    live = {"type": sorted(kinds), "grace": group.raw.get("HealthCheckGracePeriod")}
    return any(live[name] != (sorted(wanted) if name == "type" else wanted) for name, wanted in said.items())


_DIFFER: Mapping[str, Callable[[Role, AutoScalingGroup], bool]] = {
    "scale_policy": _sizes,
    "tags": _tags,
    "target_groups": _target_groups,
    "elbs": _load_balancers,
    "subnets": _subnets,
    "health_check": _health,
}
