"""What the page of one role says above its members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.groups.health import target_group_name
from udo.groups.locks import locked_text
from udo.groups.owner import owner, stack_of
from udo.groups.text import age
from udo.refresh.rows import refresh_row
from udo.refresh.words import standing
from udo.refresh.words import why as reason_of
from udo.status.rows import is_held, text_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from udo.model.groups import AutoScalingGroup
    from udo.model.refreshes import Refresh
    from udo.model.scaling import LifecycleHook, ScalingPolicy, ScheduledAction
    from udo.status.details import Details
    from udo.status.page import Standing

# What of a group's settings is shown, and where it is as it always is, not: AWS's own names and defaults.
# Source: API_CreateAutoScalingGroup.
_SETTINGS: Mapping[str, tuple[Any, ...]] = {
    "DefaultCooldown": (None, 300),
    "DefaultInstanceWarmup": (None, -1),
    "MaxInstanceLifetime": (None, 0),
    "CapacityRebalance": (None, False),
    "NewInstancesProtectedFromScaleIn": (None, False),
    "TerminationPolicies": (None, [], ["Default"]),
    "PlacementGroup": (None, ""),
    "DesiredCapacityType": (None, "units"),
    "InstanceMaintenancePolicy": (None, {}),
    "AvailabilityZoneDistribution": (None, {}, {"CapacityDistributionStrategy": "balanced-best-effort"}),
    "CapacityReservationSpecification": (None, {}, {"CapacityReservationPreference": "default"}),
    "InstanceLifecyclePolicy": (None, {}),
    "DeletionProtection": (None, "none"),
    "WarmPoolConfiguration": (None, {}),
}
_OF_CODEDEPLOY = "CodeDeploy-managed-automatic-launch-deployment-hook-"
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


def details_row(one: Standing, details: Details) -> dict[str, Any]:
    """What only the page of one role has, for scripts; what is unknown is `?`."""
    group = one.group
    return {
        "stack": stack_of(group) if group else None,
        "settings": _settings(group) if group else None,
        "refresh": _known(details.refreshes, lambda found: refresh_row(found[0]) if found else None),
        "hooks": _known(details.hooks, lambda found: list(map(_told, found))),
        "policies": _known(details.policies, lambda found: list(map(_told, found))),
        "schedules": _known(details.schedules, lambda found: list(map(_told, found))),
        "targets": {arn: _known(found, lambda targets: [vars(one) for one in targets]) for arn, found in _targets(one)},
        "launch_deleted": _known(details.gone, bool),
    }


def facts(
    one: Standing, details: Details, row: Mapping[str, Any], members: Sequence[Mapping[str, Any]], now: float
) -> Iterator[tuple[str, str]]:
    """The lines above the members: what each is about, and what there is to say; without those of nothing."""
    group = one.group
    if group is None:
        return
    text = text_row(row, now)
    old = f", {row['outdated']} of {row['members']} outdated" if row["outdated"] else ""
    yield "group", f"{group.name} of {one.role.label}, {details.aws.region or 'no region'}"
    launch = f"{text['launch'] or 'nothing'}{' (deleted)' if details.gone else ''}"
    yield "launches from", f"{launch}{', outdated members unknown' if text['old'] == '?' else old}"
    yield "in service", _in_service(row)
    told: list[tuple[str, Any]] = [
        ("healthy", text["healthy"]),
        ("not healthy", _whys(members)),
        ("deployed", text["successful"]),
        ("last attempt", text["attempted"]),
        ("under way", text["work"]),
        ("refresh", _unless_unknown(details.refreshes, lambda found: _refresh_text(found, now))),
        ("belongs to", owner(group)),
        ("locked", locked_text(group.name, row["lock"]) if is_held(row) else row["lock"]),
        ("suspended", "; ".join(_suspended(group))),
        ("differs", _differs(row)),
        ("alarms", _alarms(row["alarms"])),
        ("health check", _health_check(group)),
        ("zones", ", ".join(group.raw.get("AvailabilityZones") or ())),
        ("subnets", ", ".join(group.subnets)),
        ("targets of", ", ".join(target_group_name(arn) for arn, _ in _targets(one))),
        ("balanced by", ", ".join(group.raw.get("LoadBalancerNames") or ())),
        ("overrides", ", ".join(map(str, group.overrides))),
        ("hooks", _unless_unknown(details.hooks, lambda found: "; ".join(map(_hook_text, found)))),
        ("policies", _unless_unknown(details.policies, lambda found: "; ".join(map(_policy_text, found)))),
        ("schedules", _unless_unknown(details.schedules, lambda found: "; ".join(map(_schedule_text, found)))),
        ("settings", ", ".join(f"{name} {_plain(value)}" for name, value in _settings(group).items())),
    ]
    yield from ((about, str(said)) for about, said in told if said)


def _differs(row: Mapping[str, Any]) -> str:
    verbs, label = {"not_launched": "updatelc", "not_applied": "update"}, f"{row['cluster']} {row['role']}"
    told = (f"{', '.join(row[key])} (udo {verb} {label} applies it)" for key, verb in verbs.items() if row[key])
    return "; ".join(told)


def _alarms(states: Any) -> str:
    """The alarms, those that ring first."""
    if isinstance(states, str):
        return states
    names = sorted(states, key=lambda name: states[name] != "ALARM")
    return ", ".join(f"{name} {states[name]}" for name in names)


def _in_service(row: Mapping[str, Any]) -> str:
    bounds = f"({row['min_size']} to {row['max_size']})"
    if row["unit"] == "instances":
        return f"{row['in_service']} of {row['desired_capacity']} wanted {bounds}"
    members = f"{row['in_service']} member{'' if row['in_service'] == 1 else 's'}"
    return f"{row['capacity']} of {row['desired_capacity']} {row['unit']} wanted {bounds}, {members}"


def _told(one: ScalingPolicy | ScheduledAction | LifecycleHook) -> dict[str, Any]:
    return {name: value for name, value in vars(one).items() if name != "raw"}


def _known(value: Any, row: Callable[[Any], Any]) -> Any:
    return "?" if value is None else row(value)


def _unless_unknown(value: Any, text: Callable[[Any], str]) -> str:
    return "?" if value is None else text(value)


def _targets(one: Standing) -> Sequence[tuple[str, Any]]:
    return list(one.targets.items())


def _settings(group: AutoScalingGroup) -> dict[str, Any]:
    """The settings that are not as AWS makes them where nothing is said."""
    return {name: group.raw[name] for name, usual in _SETTINGS.items() if group.raw.get(name) not in usual}


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_plain(item)}" for name, item in value.items()) + "}"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _whys(members: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with members, each once, with how many it is true of."""
    counts: dict[str, int] = {}
    for row in members:
        for why in row["why"]:
            counts[why] = counts.get(why, 0) + 1
    return "; ".join(f"{count} member{'s' if count > 1 else ''}: {why}" for why, count in counts.items())


def _health_check(group: AutoScalingGroup) -> str:
    grace = group.raw.get("HealthCheckGracePeriod")
    return f"{group.raw.get('HealthCheckType') or '-'}{f', {_brief(grace)} after launch' if grace else ''}"


def _suspended(group: AutoScalingGroup) -> Iterator[str]:
    for name, why in sorted(group.suspended_processes.items()):
        yield f"{name} ({why})" if why else name


def _refresh_text(found: Sequence[Refresh], now: float) -> str:
    """The last instance refresh, which may be under way."""
    if not found:
        return ""
    last = found[0]
    when = f"{age(last.ended_at, now)} ago" if last.ended_at else f"since {age(last.started_at, now)}"
    said = reason_of(last)
    brings = f", brings version {last.desired.version}" if last.desired and last.is_active else ""
    return f"{last.refresh_id} {standing(last, f'{brings}, {when}' + (f': {said}' if said else ''))}"


def _hook_text(hook: LifecycleHook) -> str:
    name = "CodeDeploy's" if hook.name.startswith(_OF_CODEDEPLOY) else hook.name
    return f"{name} holds {hook.holds} for {_brief(hook.seconds)}, then {hook.default_result}"


def _policy_text(policy: ScalingPolicy) -> str:
    return " ".join(filter(None, (policy.name, policy.kind, policy.aim, "" if policy.enabled else "(off)")))


def _schedule_text(action: ScheduledAction) -> str:
    sizes = {"min": action.min_size, "desired": action.desired_capacity, "max": action.max_size}
    said = " ".join(f"{name} {number}" for name, number in sizes.items() if number is not None)
    when = f"{action.recurrence_text} " if action.recurrence else ""
    return f"{action.name} {when}{said}{f', next {action.next_at}' if action.next_at else ''}"


def _brief(seconds: int) -> str:
    return next((f"{seconds // size}{unit}" for size, unit in _UNITS if seconds % size == 0 and seconds), f"{seconds}s")
