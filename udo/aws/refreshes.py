"""What DescribeInstanceRefreshes says of a refresh, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.aws.times import rfc3339
from udo.model.launch import LaunchTemplateReference
from udo.model.refreshes import Pool, Preferences, Refresh, Rollback

if TYPE_CHECKING:
    from collections.abc import Mapping


def refresh_from(row: Mapping[str, Any]) -> Refresh:
    """The refresh in one row."""
    details = row.get("ProgressDetails") or {}
    return Refresh(
        refresh_id=row["InstanceRefreshId"],
        status=row["Status"],
        started_at=rfc3339(row.get("StartTime")),
        ended_at=rfc3339(row.get("EndTime")),
        reason=row.get("StatusReason", ""),
        percent=row.get("PercentageComplete", 0),
        left=row.get("InstancesToUpdate"),
        strategy=row.get("Strategy", ""),
        preferences=_preferences(row.get("Preferences") or {}),
        desired=_desired(row.get("DesiredConfiguration") or {}),
        is_desired=bool(row.get("DesiredConfiguration")),
        live=_pool(details.get("LivePoolProgress")),
        warm=_pool(details.get("WarmPoolProgress")),
        rollback=_rollback(row.get("RollbackDetails")),
    )


def _preferences(said: Mapping[str, Any]) -> Preferences:
    return Preferences(
        min_healthy=said.get("MinHealthyPercentage"),
        max_healthy=said.get("MaxHealthyPercentage"),
        warmup=said.get("InstanceWarmup"),
        checkpoints=tuple(said.get("CheckpointPercentages") or ()),
        checkpoint_delay=said.get("CheckpointDelay"),
        bake=said.get("BakeTime"),
        skip_matching=said.get("SkipMatching", False),
        auto_rollback=said.get("AutoRollback", False),
        standby=said.get("StandbyInstances", "Wait"),
        protected=said.get("ScaleInProtectedInstances", "Wait"),
        alarms=tuple((said.get("AlarmSpecification") or {}).get("Alarms") or ()),
    )


def _desired(said: Mapping[str, Any]) -> LaunchTemplateReference | None:
    inside = (said.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    mixed = inside.get("LaunchTemplateSpecification")
    named = mixed or said.get("LaunchTemplate")
    if not named:
        return None
    # Source: API_LaunchTemplateSpecification: a version left out means $Default.
    version = str(named.get("Version") or "$Default")
    return LaunchTemplateReference(
        named.get("LaunchTemplateId", ""), named.get("LaunchTemplateName", ""), version, mixed=bool(mixed)
    )


def _pool(said: Mapping[str, Any] | None) -> Pool | None:
    return Pool(said.get("PercentageComplete", 0), said.get("InstancesToUpdate", 0)) if said else None


def _rollback(said: Mapping[str, Any] | None) -> Rollback | None:
    if not said:
        return None
    warm = (said.get("ProgressDetailsOnRollback") or {}).get("WarmPoolProgress")
    return Rollback(
        reason=said.get("RollbackReason", ""),
        started_at=rfc3339(said.get("RollbackStartTime")),
        percent=said.get("PercentageCompleteOnRollback", 0),
        left=said.get("InstancesToUpdateOnRollback", 0),
        warm=_pool(warm),
    )
