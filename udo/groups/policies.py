"""What AWS asks of policies and scheduled actions, once udo.yml is merged: told before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
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
_SIZES = ("MinSize", "MaxSize", "DesiredCapacity")
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
    """Accepts a scheduled action that sets a size.

    Raises: ConfigError.
    """
    if not any(said.get(one) is not None for one in _SIZES):
        raise _problem(role, "scheduled_actions", name, f"sets no size: it needs one of {', '.join(_SIZES)}")


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
