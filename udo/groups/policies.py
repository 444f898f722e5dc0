"""What AWS asks of what acts on a group, once udo.yml is merged: reported before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from udo.config.tree import Table
from udo.errors import ConfigError, Problem

if TYPE_CHECKING:
    from udo.config import Role

_METRICS = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")
# Source: API_PutScalingPolicy: what each type of policy needs.
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "SimpleScaling": ("AdjustmentType", "ScalingAdjustment"),
    "StepScaling": ("AdjustmentType", "StepAdjustments"),
    "TargetTrackingScaling": ("TargetTrackingConfiguration",),
    "PredictiveScaling": ("PredictiveScalingConfiguration",),
}
_USUAL = "SimpleScaling"
# Source: API_PutScheduledUpdateGroupAction: one of them at least.
_SIZES = ("MinSize", "DesiredCapacity", "MaxSize")
# Source: the same, Recurrence: a cron expression of five fields.
_FIELDS = 5
# Source: API_PutLifecycleHook.
_OF_HOOKS: Mapping[str, tuple[str, ...]] = {
    "LifecycleTransition": ("autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"),
    "DefaultResult": ("CONTINUE", "ABANDON"),
}
_HELD = (30, 7200)
# Source: API_UpdateAutoScalingGroup, MaxInstanceLifetime.
_DAY = 86_400
# Source: API_InstanceMaintenancePolicy.
_BOUNDS = ("MinHealthyPercentage", "MaxHealthyPercentage")
_GAP = 100


def check_policy(role: Role, name: str, said: Mapping[str, Any]) -> None:
    """Accepts a scaling policy that can scale.

    Raises: ConfigError.
    """
    if wrong := _wrong_policy(said):
        raise _problem(role, "scaling_policies", name, wrong)


def check_action(role: Role, name: str, said: Mapping[str, Any]) -> None:
    """Accepts a scheduled action that sets sizes which fit, at a time there is.

    Raises: ConfigError.
    """
    if wrong := _wrong_action(said):
        raise _problem(role, "scheduled_actions", name, wrong)


def check_hook(role: Role, name: str, said: Mapping[str, Any]) -> None:
    """Accepts what is said of a lifecycle hook; what is not said may be live.

    Raises: ConfigError.
    """
    for key, known in _OF_HOOKS.items():
        if key in said and said[key] not in known:
            raise _problem(role, "lifecycle_hooks", name, f"has a {key} {said[key]}: there are {', '.join(known)}")
    held = _number(said.get("HeartbeatTimeout"))
    if held is not None and not _HELD[0] <= held <= _HELD[1]:
        wrong = f"has a HeartbeatTimeout of {held}: AWS takes {_HELD[0]} to {_HELD[1]} seconds"
        raise _problem(role, "lifecycle_hooks", name, wrong)


def check_lifetime(role: Role, seconds: float) -> None:
    """Accepts an age at which AWS replaces instances: none, or a day at least.

    Raises: ConfigError.
    """
    if 0 < seconds < _DAY:
        raise _problem(role, "max_instance_lifetime", "", "is under a day, which AWS does not take (0 is for none)")


def check_maintenance(role: Role, said: Mapping[str, Any]) -> None:
    """Accepts both bounds, as far from each other as AWS lets them be.

    Raises: ConfigError.
    """
    low, high = (said.get(one) for one in _BOUNDS)
    if low is None or high is None:
        wrong = f"needs both, {' and '.join(_BOUNDS)}"
    elif (low == -1) != (high == -1):
        wrong = "needs -1 for both to take it away"
    elif low != -1 and not (_GAP <= high <= low + _GAP):
        wrong = f"needs a {_BOUNDS[1]} from 100 to {low + _GAP}, not {high}: at most 100 above {_BOUNDS[0]}"
    else:
        return
    raise _problem(role, "instance_maintenance_policy", "", wrong)


def _wrong_action(said: Mapping[str, Any]) -> str:
    sizes = [(one, _number(said.get(one))) for one in _SIZES]
    there = [(name, size) for name, size in sizes if size is not None]
    if not there:
        return f"sets no size: it needs one of {', '.join(_SIZES)}"
    for (low, least), (high, most) in pairwise(there):
        if least > most:
            return f"has {low} {least} above {high} {most}"
    recurrence = said.get("Recurrence")
    if recurrence is not None and len(str(recurrence).split()) != _FIELDS:
        return f"has a Recurrence {recurrence!r}, which wants five fields: minute hour day month weekday"
    return _wrong_zone(said.get("TimeZone"))


def _wrong_zone(zone: Any) -> str:
    if not zone:
        return ""
    # Late: hardly any action has a zone, and a machine without zones leaves it to AWS.
    from udo.config.moments import WRONG

    wrong = WRONG["zone"](str(zone))
    return f"has a TimeZone that {wrong}" if wrong.startswith("is ") else ""


def _number(said: Any) -> int | None:
    return int(said) if isinstance(said, int) or (isinstance(said, str) and said.isdecimal()) else None


def _wrong_policy(said: Mapping[str, Any]) -> str:
    kind = said.get("PolicyType", _USUAL)
    if kind not in _NEEDS:
        return f"has a PolicyType {kind}: there are {', '.join(_NEEDS)}"
    missing = [one for one in _NEEDS[kind] if said.get(one) in (None, [], {})]
    if missing:
        also = "" if "PolicyType" in said else f" (PolicyType is {_USUAL} where it says none)"
        return f"needs {' and '.join(missing)}{also}"
    tracking = said.get("TargetTrackingConfiguration")
    if kind != "TargetTrackingScaling" or not isinstance(tracking, Mapping):
        return ""
    metrics = [one for one in _METRICS if tracking.get(one)]
    if len(metrics) != 1:
        return f"needs one metric in TargetTrackingConfiguration, {' or '.join(_METRICS)}"
    return "" if "TargetValue" in tracking else "needs a TargetValue in TargetTrackingConfiguration"


def _problem(role: Role, key: str, name: str, wrong: str) -> ConfigError:
    entry, mark = role.entry(key), role.mark_of(key)
    if name and entry and isinstance(entry.value, Table) and name in entry.value.entries:
        mark = entry.value.entries[name].mark
    return ConfigError(Problem(*mark, f"{key}{f'.{name}' if name else ''} of {role.label} {wrong}"))
