"""The settings of a group as udo.yml wants them, in AWS's words, beside those it has: only of keys that are said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from udo.errors import ConfigError
from udo.frozen import frozen
from udo.groups.points import Point, literal, points
from udo.groups.policies import check_action, check_hook, check_lifetime, check_maintenance, check_policy
from udo.schema.group import METRICS
from udo.schema.key import NONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from udo.config import Role
    from udo.errors import Problem
    from udo.model.groups import AutoScalingGroup

    Reading = Callable[[Role, str], Any]

Rows = Mapping[str, Mapping[str, Any]]
# Members that are text in AWS's model, and numbers to whoever writes them.
_TEXTS = ("WeightedCapacity", "SpotMaxPrice")
_JUDGES = ("EBS", "ELB", "VPC_LATTICE")


@frozen
class Parts:
    """What is a group's own beside its settings, by name in AWS's own members; empty where nobody asked.

    `traffic` are its traffic sources, by identifier with their type; `topics` is how ARNs of topics begin where it is.
    """

    scaling_policies: Rows = field(default_factory=dict)
    scheduled_actions: Rows = field(default_factory=dict)
    lifecycle_hooks: Rows = field(default_factory=dict)
    traffic: Mapping[str, str] = field(default_factory=dict)
    alarms: Rows = field(default_factory=dict)
    topics: str = ""


class Setting(NamedTuple):
    """One member of UpdateAutoScalingGroup (and of CreateAutoScalingGroup) as it is sent, and what is read of it."""

    key: str
    member: str
    value: Any
    points: tuple[Point, ...]

    @property
    def differs(self) -> bool:
        """Whether the group has it otherwise."""
        return any(point.differs for point in self.points)


def settings(role: Role, group: AutoScalingGroup, reading: Reading | None = None) -> Iterator[Setting]:
    """Every setting that udo.yml says of the role's group, but the desired capacity, which is only begun with.

    `reading` gives what is said at a key, by itself the role does. Raises: ConfigError.
    """
    raw = group.raw
    for key, member, to_aws in _PLAIN:
        if (said := _said(role, key, reading)) is not None:
            if reading is None and key == "instance_maintenance_policy":
                check_maintenance(role, said)
            if reading is None and key == "max_instance_lifetime":
                check_lifetime(role, said)
            value = to_aws(said)
            yield Setting(key, member, value, tuple(points(key, f'"{member}"', _live(raw, member, value), value)))
    yield from _listed(role, group, reading)
    if (said := _said(role, "mixed_instances", reading)) is not None:
        yield _mixed(said, raw.get("MixedInstancesPolicy") or {}, raw)


_CHECKS: Mapping[str, Callable[[Role, str, Mapping[str, Any]], None]] = {
    "scaling_policies": check_policy,
    "scheduled_actions": check_action,
    "lifecycle_hooks": check_hook,
}


def wanted_parts(role: Role, key: str) -> Rows:
    """The scaling policies, scheduled actions or lifecycle hooks that udo.yml says, by name.

    Raises: ConfigError.
    """
    found: Rows = _said(role, key) or {}
    for name, members in found.items():
        _CHECKS[key](role, name, members)
    return {name: _timed(_texts(members)) for name, members in found.items()}


def check_parts(role: Role) -> None:
    """Accepts what udo.yml says of what acts on the group, as far as this machine knows the values.

    Raises: ConfigError with every mistake.
    """
    problems: list[Problem] = []
    for key in (*_CHECKS, "max_instance_lifetime", "instance_maintenance_policy"):
        if not says(role, key) or role.lookups(key):
            continue
        try:
            if key in _CHECKS:
                wanted_parts(role, key)
            elif said := role.get(key):
                (check_lifetime if key == "max_instance_lifetime" else check_maintenance)(role, said)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(*problems)


def has_passed(action: Mapping[str, Any], now: float) -> bool:
    """Whether a scheduled action was for once, and its time is over: AWS has removed it, and takes it no more."""
    start = action.get("StartTime")
    return "Recurrence" not in action and isinstance(start, str) and start < _rfc3339(datetime.fromtimestamp(now, UTC))


def part_points(key: str, name: str, live: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> tuple[Point, ...]:
    """Every value of one of them; a first start that a recurrence has left behind is not compared."""
    passing = ("StartTime",) if "Recurrence" in wanted else ()
    compared = {member: value for member, value in wanted.items() if member not in passing}
    return tuple(points(f"{key}.{name}", "", live or {}, compared))


def wanted_traffic(role: Role, arns: Mapping[str, str]) -> dict[str, str]:
    """The traffic sources that udo.yml says, by identifier with their type; `arns` are those of target groups by name.

    Raises: ConfigError, KeyError for a target group without ARN.
    """
    found = dict.fromkeys(_said(role, "elbs") or (), "elb")
    found |= {one if one.startswith("arn:") else arns[one]: "elbv2" for one in _said(role, "target_groups") or ()}
    for one in _said(role, "traffic_sources") or ():
        found[one["Identifier"]] = one.get("Type") or _kind(one["Identifier"])
    return found


def wanted_metrics(role: Role) -> tuple[str, ...]:
    """The metrics that udo.yml says, by name.

    Raises: ConfigError.
    """
    said: Sequence[str] = _said(role, "metrics") or ()
    return METRICS if "all" in said else tuple(said)


def says(role: Role, *keys: str) -> bool:
    """Whether udo.yml says anything of one of these keys."""
    return any(role.says(key) and role.has(key) for key in keys)


def _said(role: Role, key: str, reading: Reading | None = None) -> Any:
    if not role.says(key.partition(".")[0]):
        return None
    return reading(role, key) if reading else role.get(key)


def _seconds(said: float) -> int:
    return int(said)


def _as_it_is(said: Any) -> Any:
    return said


_PLAIN: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("scale_policy.min_size", "MinSize", _as_it_is),
    ("scale_policy.max_size", "MaxSize", _as_it_is),
    ("health_check.grace", "HealthCheckGracePeriod", _seconds),
    ("default_instance_warmup", "DefaultInstanceWarmup", _seconds),
    ("max_instance_lifetime", "MaxInstanceLifetime", _seconds),
    ("termination_policies", "TerminationPolicies", _as_it_is),
    # Source: API_UpdateAutoScalingGroup: an empty PlacementGroup and a DefaultInstanceWarmup of -1 take it away.
    ("placement_group", "PlacementGroup", lambda said: "" if said == NONE else said),
    ("capacity_rebalance", "CapacityRebalance", _as_it_is),
    ("protect_from_scale_in", "NewInstancesProtectedFromScaleIn", _as_it_is),
    ("deletion_protection", "DeletionProtection", _as_it_is),
    ("instance_maintenance_policy", "InstanceMaintenancePolicy", _as_it_is),
    ("availability_zone_distribution", "AvailabilityZoneDistribution", _as_it_is),
    ("capacity_reservation", "CapacityReservationSpecification", _as_it_is),
    ("instance_lifecycle_policy", "InstanceLifecyclePolicy", _as_it_is),
)


def _live(raw: Mapping[str, Any], member: str, wanted: Any) -> Any:
    found = raw.get(member)
    if found is not None or isinstance(wanted, Mapping):
        return found
    # As what AWS leaves out is read.
    (point,) = points("", "", {}, {member: wanted})
    return point.live


def _listed(role: Role, group: AutoScalingGroup, reading: Reading | None) -> Iterator[Setting]:
    """Settings that are lists without an order."""
    if kinds := _said(role, "health_check.type", reading):
        live = str(group.raw.get("HealthCheckType") or "EC2")
        # EC2 is one of them, said or not.
        seen: list[Any] = [one in live for one in _JUDGES]
        wanted: list[Any] = [one in kinds for one in _JUDGES]
        path = f"[{', '.join(f'contains(HealthCheckType, {literal(one)})' for one in _JUDGES)}]"
        point = Point("health_check.type", path, seen, wanted, (live, ",".join(kinds)))
        yield Setting("health_check.type", "HealthCheckType", ",".join(kinds), (point,))
    if subnets := _said(role, "subnets", reading):
        there, text = group.subnets, ",".join(subnets)
        each = ", ".join(f"contains(VPCZoneIdentifier, {literal(one)})" for one in subnets)
        seen = [*(one in there for one in subnets), len(",".join(there))]
        told = (",".join(there), text)
        path = f"[{each}, length(VPCZoneIdentifier)]"
        point = Point("subnets", path, seen, [*(True for _ in subnets), len(text)], told)
        yield Setting("subnets", "VPCZoneIdentifier", text, (point,))
    elif (zones := _said(role, "availability_zones", reading)) and not group.subnets:
        seen, wanted = sorted(group.raw.get("AvailabilityZones") or ()), sorted(zones)
        told = (",".join(seen), ",".join(wanted))
        point = Point("availability_zones", "sort(AvailabilityZones)", seen, wanted, told)
        yield Setting("availability_zones", "AvailabilityZones", list(zones), (point,))


def _mixed(said: Mapping[str, Any], live: Mapping[str, Any], raw: Mapping[str, Any]) -> Setting:
    """The mixed instances policy: what udo.yml does not say of it stays, and what it launches above all."""
    template = live.get("LaunchTemplate") or {}
    specification = template.get("LaunchTemplateSpecification") or raw.get("LaunchTemplate") or {}
    sent: dict[str, Any] = {"LaunchTemplate": {"LaunchTemplateSpecification": _reference(specification)}}
    wanted: dict[str, Any] = {}
    if "InstancesDistribution" in said:
        wanted["InstancesDistribution"] = _texts(said["InstancesDistribution"])
    if distribution := _distribution(live.get("InstancesDistribution") or {}, wanted.get("InstancesDistribution", {})):
        sent["InstancesDistribution"] = distribution
    known = [_sendable(one) for one in template.get("Overrides") or ()]
    if "Overrides" in said:
        overrides = [_texts(one) for one in said["Overrides"]]
        wanted["LaunchTemplate"] = {"Overrides": overrides}
        own = {one.get("InstanceType"): one for one in known if one.get("InstanceType")}
        known = [{**own.get(one.get("InstanceType"), {}), **one} for one in overrides]
    if known:
        sent["LaunchTemplate"]["Overrides"] = known
    found = points("mixed_instances", "MixedInstancesPolicy", live, wanted)
    return Setting("mixed_instances", "MixedInstancesPolicy", sent, tuple(found))


def _distribution(live: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What is there with what is said; pools are of one strategy alone, which may be another now."""
    found = {**live, **said}
    # Source: API_InstancesDistribution, SpotInstancePools: valid only when the strategy is lowest-price.
    if found.get("SpotAllocationStrategy") not in (None, "lowest-price") and "SpotInstancePools" not in said:
        found.pop("SpotInstancePools", None)
    return found


def _sendable(override: Mapping[str, Any]) -> dict[str, Any]:
    own = override.get("LaunchTemplateSpecification")
    return {**override, "LaunchTemplateSpecification": _reference(own)} if own else dict(override)


def _reference(specification: Mapping[str, Any]) -> dict[str, Any]:
    # By its id alone: AWS takes one of both.
    name = "LaunchTemplateId" if "LaunchTemplateId" in specification else "LaunchTemplateName"
    return {key: value for key, value in specification.items() if key in (name, "Version")}


def _texts(value: Any) -> Any:
    match value:
        case Mapping():
            return {
                key: str(item) if key in _TEXTS and not isinstance(item, Mapping | list) else _texts(item)
                for key, item in value.items()
            }
        case list():
            return [_texts(item) for item in value]
    return value


def _timed(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members with their times as AWS tells them."""
    return {key: _moment(value) if key in ("StartTime", "EndTime") else value for key, value in members.items()}


def _moment(said: Any) -> Any:
    try:
        when = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        # What is no time botocore says.
        return said
    return _rfc3339(when if when.tzinfo else when.replace(tzinfo=UTC))


def _rfc3339(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _kind(identifier: str) -> str:
    if not identifier.startswith("arn:"):
        return "elb"
    return "vpc-lattice" if ":vpc-lattice:" in identifier else "elbv2"


def differing(found: Iterable[Setting]) -> tuple[Setting, ...]:
    """Those that the group has otherwise."""
    return tuple(one for one in found if one.differs)
