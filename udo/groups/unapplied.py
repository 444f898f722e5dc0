"""Which keys of udo.yml about the group itself differ from the live group, as far as the group alone tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.config.known import value, values
from udo.groups.alarms import are_otherwise, topics_of
from udo.groups.asleep import is_asleep
from udo.groups.outdated import follows, outdated_ids
from udo.groups.settings import Rows, has_passed, part_points, settings, wanted_parts
from udo.schema.group import KEYS, METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from udo.config import Role
    from udo.model.groups import AutoScalingGroup


# So many roles are named.
_FEW = 4
# As udo.yml's keys are listed, where they live first.
_ORDER = ("availability_zones", "subnets", *(key.path for key in KEYS), "alarms")


def unapplied(
    role: Role, group: AutoScalingGroup, parts: Mapping[str, Rows] | None = None, now: float = 0.0
) -> list[str]:
    """The keys that udo.yml gives the role and that the live group has otherwise: 'udo update' applies them.

    Policies, schedules, hooks and alarms are among them as far as `parts` tell of those: AWS does so apart from groups.
    """
    # A value that rests on a parameter of AWS's is not looked up for this.
    set_otherwise = [one.key.partition(".")[0] for one in settings(role, group, value) if one.differs]
    if is_asleep(group):
        set_otherwise = [key for key in set_otherwise if key != "scale_policy"]
    listed = [key for key, differs in _LISTED.items() if _sets(role, key) and value(role, key) and differs(role, group)]
    told = dict(parts or {})
    alarms = told.pop("alarms", None)
    acting = [key for key, rows in told.items() if _sets(role, key) and _acts_otherwise(role, key, rows, now)]
    if alarms is not None and are_otherwise(role, alarms, topics_of(group.raw["AutoScalingGroupARN"])):
        acting.append("alarms")
    return sorted({*set_otherwise, *listed, *acting}, key=_ORDER.index)


def launches_otherwise(role: Role, group: AutoScalingGroup, images: Mapping[str, str] | None = None) -> list[str]:
    """Of `instance_type` and `ami` those that the group launches otherwise: 'udo updatelc' changes them.

    Its members tell, those that were launched from what it launches from now: their types, and by `images` what they
    were made of. Where overrides decide they do not; versions are numbers.
    """
    if group.overrides or follows(group):
        return []
    old = outdated_ids(group.members, group.launch)
    members = [one for one in group.members if one.instance_id not in old]
    live: Mapping[str, set[str]] = {
        "instance_type": {one.instance_type for one in members},
        "ami": {(images or {}).get(one.instance_id, "") for one in members},
    }
    return [
        key for key, found in live.items() if found - {""} and _is_plain(role, key) and value(role, key) not in found
    ]


def _is_plain(role: Role, key: str) -> bool:
    # An image that is looked up is not, for this.
    said = value(role, key) if role.says(key) else None
    return isinstance(said, str) and ":" not in said


def unapplied_notes(found: Iterable[tuple[Role, Iterable[str]]], verb: str = "update") -> list[str]:
    """One line a key that names the roles whose live groups have it otherwise, and the command that applies it."""
    roles: dict[str, list[Role]] = {}
    for role, keys in found:
        for key in keys:
            roles.setdefault(key, []).append(role)
    return [
        f"{key} of {_brief([role.label for role in of])}: differs from udo.yml, {_command(verb, of)} applies it"
        for key, of in roles.items()
    ]


def _command(verb: str, roles: Sequence[Role]) -> str:
    """The command for these roles; in general words where it is not one, or would be long."""
    cluster, *others = {role.cluster for role in roles}
    if others or len(roles) > _FEW:
        return f"udo {verb} CLUSTER ROLE"
    return f"udo {verb} {cluster} {','.join(role.name for role in roles)}"


def _acts_otherwise(role: Role, key: str, rows: Rows, now: float) -> bool:
    # A value that rests on a parameter of AWS's is not looked up for this.
    for name, wanted in (wanted_parts(role, key) if value(role, key) else {}).items():
        if name not in rows:
            if not (key == "scheduled_actions" and has_passed(wanted, now)):
                return True
        elif any(point.differs for point in part_points(key, name, rows[name], wanted)):
            return True
    return False


def _sets(role: Role, key: str) -> bool:
    # What is not mentioned anywhere is most of it, and quickly seen.
    return role.says(key) and role.has(key)


def _brief(labels: list[str]) -> str:
    more = f" and {len(labels) - 3} more" if len(labels) > _FEW else ""
    return ", ".join(labels[:3] if more else labels) + more


def _tags(role: Role, group: AutoScalingGroup) -> bool:
    said: Mapping[str, str] = value(role, "tags") or {}
    return any(group.tags.get(name) != text for name, text in said.items())


def _target_groups(role: Role, group: AutoScalingGroup) -> bool:
    live = group.raw.get("TargetGroupARNs") or ()
    # arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
    said = set(values(role, "target_groups"))
    return not said <= {arn if arn in said else arn.split("/")[1] for arn in live}


def _load_balancers(role: Role, group: AutoScalingGroup) -> bool:
    return not set(values(role, "elbs")) <= set(group.raw.get("LoadBalancerNames") or ())


def _metrics(role: Role, group: AutoScalingGroup) -> bool:
    said = set(values(role, "metrics"))
    there = {one["Metric"] for one in group.raw.get("EnabledMetrics") or ()}
    return not (set(METRICS) if "all" in said else said) <= there


_LISTED: Mapping[str, Callable[[Role, AutoScalingGroup], bool]] = {
    "tags": _tags,
    "target_groups": _target_groups,
    "elbs": _load_balancers,
    "metrics": _metrics,
}
