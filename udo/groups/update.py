"""Bring a group to what udo.yml says of it: one call a thing that differs, each where that is still as it was seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from udo.change.plan import NONE, Call, Difference, Pair, Plan, Read
from udo.errors import Refused, UdoError
from udo.groups import subnets
from udo.groups.alarm_calls import alarm_work, observe_alarms
from udo.groups.alarms import topics_of
from udo.groups.asleep import is_asleep
from udo.groups.extras import extra_calls, named
from udo.groups.permitted import POLICY, SIZES, check_permitted
from udo.groups.points import literal, shown, together
from udo.groups.settings import (
    Parts,
    Setting,
    has_passed,
    part_points,
    says,
    settings,
    wanted_metrics,
    wanted_parts,
    wanted_traffic,
)
from udo.groups.tags import group_read, launch_read, policy_read, tag_read
from udo.groups.traffic import TRAFFIC, observe_traffic, traffic_read
from udo.schema.group import METRICS

if TYPE_CHECKING:
    from udo.change.conditions import Reading
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup

# What makes AWS replace running instances, at once or bit by bit.
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html,
# asg-max-instance-lifetime.html, as-add-availability-zone.html.
_REPLACES = frozenset(
    {
        "mixed_instances",
        "availability_zone_distribution",
        "subnets",
        "availability_zones",
        "max_instance_lifetime",
    }
)
# Key -> what is described, the member its names are in, and the one that asks for some of them.
_PARTS = {
    "lifecycle_hooks": ("DescribeLifecycleHooks", "LifecycleHooks", "LifecycleHookName", "PutLifecycleHook"),
    "scaling_policies": ("DescribePolicies", "ScalingPolicies", "PolicyName", "PutScalingPolicy"),
    "scheduled_actions": (
        "DescribeScheduledActions",
        "ScheduledUpdateGroupActions",
        "ScheduledActionName",
        "PutScheduledUpdateGroupAction",
    ),
}
# The keys of udo.yml that it applies.
KEYS = (
    *("scale_policy", "health_check", *subnets.KEYS, "tags", "metrics", "mixed_instances"),
    *("default_instance_warmup", "max_instance_lifetime", "termination_policies", "placement_group"),
    *("capacity_rebalance", "protect_from_scale_in", "deletion_protection", "instance_maintenance_policy"),
    *("availability_zone_distribution", "capacity_reservation", "instance_lifecycle_policy", *TRAFFIC, *_PARTS),
    "alarms",
)
# Source: API_AttachTrafficSources: at most ten in a request.
_AT_ONCE = 10


@dataclass(frozen=True)
class Live:
    """A group with its parts, the ARNs of the target groups that udo.yml names, and when that was seen."""

    group: AutoScalingGroup
    parts: Parts = field(default_factory=Parts)
    arns: Mapping[str, str] = field(default_factory=dict)
    now: float = 0.0


def observe_parts(reading: Reading, role: Role, group: AutoScalingGroup, now: float) -> Live:
    """The group with those of its parts that udo.yml says anything of, by `reading` AWS.

    Raises: UdoError.
    """
    asked = {"AutoScalingGroupName": group.name}
    rows = {}
    for key, (operation, member, name, _) in _PARTS.items():
        if says(role, key):
            found = reading(Read("autoscaling", operation, asked, f"{member}[]")) or []
            rows[key] = {row[name]: row for row in found}
    traffic, arns = observe_traffic(reading, role, group)
    topics = topics_of(group.raw["AutoScalingGroupARN"]) if says(role, "alarms") else ""
    alarms = observe_alarms(reading, role, topics) if topics else {}
    return Live(group, Parts(**rows, traffic=traffic, alarms=alarms, topics=topics), arns, now)


@dataclass(frozen=True)
class _Work:
    """Calls, and what each changes."""

    calls: tuple[Call, ...] = ()
    differences: tuple[Difference, ...] = ()

    def __add__(self, other: _Work) -> _Work:
        return _Work((*self.calls, *other.calls), (*self.differences, *other.differences))


@dataclass(frozen=True)
class Drift:
    """What differs, as the plan that brings it to what udo.yml says, and why that must not be carried out, if so."""

    plan: Plan
    refused: UdoError | None = None


def plan_update(role: Role, live: Live, *, delete_extras: bool = False) -> Plan:
    """The plan that brings the group to what udo.yml says; nothing else of it is touched.

    Raises: ConfigError; Refused where the group is not Udo's to change, or the desired capacity would move.
    """
    found = drift(role, live, delete_extras=delete_extras)
    if found.refused:
        raise found.refused
    return found.plan


def drift(role: Role, live: Live, *, delete_extras: bool = False) -> Drift:
    """All that the group has otherwise than udo.yml says, whether it may be changed or not.

    Raises: ConfigError.
    """
    group = live.group
    changed, asleep = _changed(role, group)
    # A hook is there before what would need it; whatever is cut off, the next run finds what is missing.
    work = _tags(role, group) + _parts(role, live, "lifecycle_hooks") + _settings(group, changed)
    work += _traffic(role, live) + _parts(role, live, "scaling_policies") + _parts(role, live, "scheduled_actions")
    work += _metrics(role, group)
    alarms = alarm_work(role, live.parts.alarms, live.parts.topics)
    work += _Work(alarms.calls, alarms.differences)
    extras = extra_calls(role, live.group, live.parts, live.arns)
    gone = tuple(extras) if delete_extras else ()
    notes = [f"scheduled_actions.{name}: its time is over" for name in _passed(role, live)]
    if asleep:
        notes.append(f"its sizes stay as they are until 'udo wake {role.cluster} {role.name}'")
    if extras and not delete_extras:
        deletes = f"udo update {role.cluster} {role.name} --delete-extras"
        notes.append(f"not in udo.yml, and left: {named(extras)}; '{deletes}' deletes them")
    as_said = f"{group.name} is as udo.yml says"
    heading = Plan("update", role.label, (), unchanged=as_said, done=as_said, notes=tuple(notes))
    calls = (*work.calls, *(one.call for one in gone))
    if not calls:
        return Drift(heading)
    plan = replace(
        heading,
        steps=calls,
        goal=tuple(pair for call in calls for pair in call.proof),
        differences=(*work.differences, *(Difference(one.name, "there", NONE) for one in gone)),
        asks=_question(role, group, changed, named(gone)),
    )
    try:
        check_permitted(role, group, changed)
    except Refused as error:
        return Drift(plan, error)
    return Drift(plan, alarms.refused)


def _changed(role: Role, group: AutoScalingGroup) -> tuple[tuple[Setting, ...], bool]:
    """The settings that differ, and whether sizes among them wait until the group is woken."""
    found = [one for one in settings(role, group) if one.differs]
    if is_asleep(group):
        return tuple(one for one in found if one.key not in SIZES), any(one.key in SIZES for one in found)
    return tuple(found), False


def _question(role: Role, group: AutoScalingGroup, changed: Iterable[Setting], gone: str) -> str | None:
    replacing = [one.key for one in changed if one.key in _REPLACES]
    told = f"AWS replaces running instances of {group.name} for {', '.join(replacing)}." if replacing else ""
    asks = " ".join(filter(None, (told, f"Delete {gone} of {group.name}?" if gone else "Continue?" if told else "")))
    if role.protects("update"):
        return f"{role.label} is protected. {asks or 'Update it?'}"
    return asks or None


def _settings(group: AutoScalingGroup, changed: tuple[Setting, ...]) -> _Work:
    """One call for all settings that differ."""
    if not changed:
        return _Work()
    rows = [point for one in changed for point in one.points if point.differs]
    each = [point for one in changed for point in one.points]
    read = group_read(group.name, together(each))
    words = ", ".join(one.key for one in changed)
    call = Call(
        f"set {words} of {group.name}",
        "autoscaling",
        "UpdateAutoScalingGroup",
        {"AutoScalingGroupName": group.name, **{one.member: one.value for one in changed}},
        expect=tuple(_seen(group, changed)),
        proof=(Pair(read, [point.wanted for point in each], f"settings of {group.name}"),),
    )
    return _Work((call,), tuple(point.difference() for point in rows))


def _seen(group: AutoScalingGroup, changed: tuple[Setting, ...]) -> list[Pair]:
    """What must still be so just before they are set."""
    each = [point for one in changed if one.key != POLICY for point in one.points]
    read = group_read(group.name, together(each))
    seen = [Pair(read, [point.live for point in each], f"settings of {group.name}")]
    # Of no point at all there is nothing to read.
    seen = seen if each else []
    sizes = {one.member: one.value for one in changed if one.key in SIZES}
    if sizes:
        low, high = sizes.get("MinSize", group.min_size), sizes.get("MaxSize", group.max_size)
        # It moves by itself, and only beyond the new bounds would it be moved by them.
        path = f"[DesiredCapacity >= `{low}`, DesiredCapacity <= `{high}`]"
        seen.append(Pair(group_read(group.name, path), [True, True], f"desired capacity within {low} and {high}"))
    return [*seen, *_policy_seen(group)] if any(one.key == POLICY for one in changed) else seen


def _policy_seen(group: AutoScalingGroup) -> tuple[Pair, Pair]:
    """What the group launches and all of its mixed instances policy: they are sent back whole."""
    policy = group.raw.get("MixedInstancesPolicy")
    inside = policy["LaunchTemplate"] if policy else {}
    template = inside.get("LaunchTemplateSpecification") or group.raw.get("LaunchTemplate") or {}
    launch = [template.get("LaunchTemplateId"), template.get("Version") or "$Default"]
    rest = {"Overrides": inside.get("Overrides"), "InstancesDistribution": (policy or {}).get("InstancesDistribution")}
    return (
        Pair(launch_read(group.name, mixed=bool(policy)), launch, f"{group.name} launches from"),
        Pair(policy_read(group.name), rest if policy else None, f"mixed instances policy of {group.name}"),
    )


def _parts(role: Role, live: Live, key: str) -> _Work:
    """A call for each policy, hook or schedule that is missing or otherwise."""
    operation, member, name_of, put = _PARTS[key]
    there: Mapping[str, Mapping[str, Any]] = getattr(live.parts, key)
    work = _Work()
    for name, wanted in wanted_parts(role, key).items():
        if key == "scheduled_actions" and name in _passed(role, live):
            continue
        rows = part_points(key, name, there.get(name), wanted)
        if name in there and not any(point.differs for point in rows):
            continue
        asked = {"AutoScalingGroupName": live.group.name, f"{name_of}s": [name]}
        exists = Read("autoscaling", operation, asked, f"{member}[0].{name_of}")
        read = replace(exists, path=f"{member}[0].{together(rows)}") if rows else exists
        seen = Pair(read, [point.live for point in rows], name) if name in there else Pair(exists, None, name)
        call = Call(
            f"{'change' if name in there else 'make'} {key}.{name} of {live.group.name}",
            "autoscaling",
            put,
            {"AutoScalingGroupName": live.group.name, name_of: name, **wanted},
            expect=(seen,),
            proof=(Pair(read, [point.wanted for point in rows] if rows else name, name),),
        )
        if name in there:
            told = tuple(point.difference() for point in rows if point.differs)
        else:
            told = (Difference(f"{key}.{name}", NONE, shown(wanted)),)
        work += _Work((call,), told)
    return work


def _passed(role: Role, live: Live) -> list[str]:
    """The scheduled actions whose time is over, and that AWS has removed."""
    wanted, there = wanted_parts(role, "scheduled_actions"), live.parts.scheduled_actions
    return [name for name, one in wanted.items() if name not in there and has_passed(one, live.now)]


def _tags(role: Role, group: AutoScalingGroup) -> _Work:
    """One call for all tags that differ; whether instances get one stays as it is."""
    said: Mapping[str, str] = (role.get("tags") if says(role, "tags") else None) or {}
    changed = {key: str(value) for key, value in said.items() if group.tags.get(key) != str(value)}
    if not changed:
        return _Work()
    reach = {tag["Key"]: tag.get("PropagateAtLaunch", False) for tag in group.raw.get("Tags") or ()}
    tags = [
        {
            "ResourceId": group.name,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": reach.get(key, True),
        }
        for key, value in changed.items()
    ]
    call = Call(
        f"tag {group.name}: {', '.join(changed)}",
        "autoscaling",
        "CreateOrUpdateTags",
        {"Tags": tags},
        expect=tuple(Pair(tag_read(group.name, key), group.tags.get(key), f"tag {key}") for key in changed),
        proof=tuple(Pair(tag_read(group.name, key), value, f"tag {key}") for key, value in changed.items()),
    )
    rows = (Difference(f"tags.{key}", shown(group.tags.get(key)), value) for key, value in changed.items())
    return _Work((call,), tuple(rows))


def _traffic(role: Role, live: Live) -> _Work:
    """A call for every ten traffic sources that are missing."""
    if not says(role, *TRAFFIC):
        return _Work()
    missing = {one: kind for one, kind in wanted_traffic(role, live.arns).items() if one not in live.parts.traffic}
    names, work, group = list(missing), _Work(), live.group.name
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        there = [Pair(traffic_read(group, f"contains([].Identifier, {literal(one)})"), True, one) for one in some]
        call = Call(
            f"attach {', '.join(some)} to {group}",
            "autoscaling",
            "AttachTrafficSources",
            {
                "AutoScalingGroupName": group,
                "TrafficSources": [{"Identifier": one, "Type": missing[one]} for one in some],
            },
            proof=tuple(there),
        )
        work += _Work((call,), tuple(Difference("traffic", NONE, one) for one in some))
    return work


def _metrics(role: Role, group: AutoScalingGroup) -> _Work:
    """One call for all metrics that are not collected."""
    wanted = wanted_metrics(role) if says(role, "metrics") else ()
    there = [one["Metric"] for one in group.raw.get("EnabledMetrics") or ()]
    missing = [name for name in wanted if name not in there]
    if not missing:
        return _Work()
    every = {"Metrics": missing} if wanted != METRICS else {}
    path = f"[{', '.join(f'contains(EnabledMetrics[].Metric, {literal(one)})' for one in missing)}]"
    read = group_read(group.name, path)
    call = Call(
        f"collect {', '.join(missing) if every else 'all metrics'} of {group.name}",
        "autoscaling",
        "EnableMetricsCollection",
        {"AutoScalingGroupName": group.name, "Granularity": "1Minute", **every},
        proof=(Pair(read, [True] * len(missing), f"metrics of {group.name}"),),
    )
    return _Work((call,), (Difference("metrics", shown(there), shown([*there, *missing])),))
