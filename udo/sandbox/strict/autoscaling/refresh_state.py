"""An instance refresh as it is kept: what it is to do, how far it is, and how DescribeInstanceRefreshes shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.rules import rule

ENDED = ("Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed")


@dataclass
class Rollback:
    """How a rollback began: why and when, and how far the refresh was."""

    reason: str
    started: float
    percent: int
    left: int


@dataclass
class Refresh:
    """One instance refresh; `todo` are the instances to replace, `found` those that were there before it.

    `source` is what it launches from where it has a desired configuration, `warmup` how many seconds new instances
    warm up. `passed` is the percentage of the last checkpoint that was reached, `until` when its delay or the bake
    time is over; `ready` are the new instances that serve, `seen` all there were, `stuck` since when it gets no
    further, `moved` the last moment it was looked at, `touched` whether it has replaced anything.
    """

    refresh_id: str
    group_name: str
    strategy: str
    preferences: dict[str, Any]
    shown: dict[str, Any]
    desired: dict[str, Any] | None
    source: Any
    started: float
    warmup: float
    todo: set[str]
    found: frozenset[str]
    status: str = "Pending"
    reason: str = ""
    ended: float | None = None
    percent: int = 0
    left: int = 0
    passed: int = 0
    until: float | None = None
    stuck: float | None = None
    moved: float = 0.0
    ready: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    waits: bool = True
    touched: bool = False
    rollback: Rollback | None = None

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.status not in ENDED

    @property
    def launches_desired(self) -> bool:
        """Whether what the group launches now is the desired configuration."""
        return self.source is not None and self.status in ("Pending", "InProgress", "Baking")

    def end(self, status: str, reason: str = "") -> None:
        """Ends it now."""
        self.status, self.reason, self.ended, self.until, self.stuck = status, reason, moment.now(), None, None


def refreshes_of(group: Any) -> list[Refresh]:
    """The instance refreshes of a group, newest first."""
    kept: list[Refresh] = group.__dict__.setdefault("udo_refreshes", [])
    return kept


def active(group: Any) -> Refresh | None:
    """The instance refresh of a group that has not ended."""
    return next((one for one in group.__dict__.get("udo_refreshes", ()) if one.is_active), None)


def surplus(group: Any) -> int:
    """How many instances more than is desired a group has for its refresh."""
    return int(group.__dict__.get("udo_surplus", 0))


def described(refresh: Refresh, *, warm_pool: bool = False) -> dict[str, Any]:
    """A refresh as AWS describes it."""
    shown: dict[str, Any] = {
        "InstanceRefreshId": refresh.refresh_id,
        "AutoScalingGroupName": refresh.group_name,
        "Status": refresh.status,
        "StatusReason": refresh.reason or None,
        "StartTime": moment.at(refresh.started),
        "EndTime": None if refresh.ended is None else moment.at(refresh.ended),
        "PercentageComplete": refresh.percent,
        "InstancesToUpdate": refresh.left,
        "Preferences": refresh.shown,
        "DesiredConfiguration": refresh.desired,
        "Strategy": refresh.strategy,
    }
    if warm_pool:
        shown["ProgressDetails"] = groups_with_a_warm_pool_tell_of_both(refresh.percent, refresh.left)
    if refresh.rollback:
        shown["RollbackDetails"] = _rollback(refresh.rollback, warm_pool)
    return {key: value for key, value in shown.items() if value is not None}


def _rollback(rollback: Rollback, warm_pool: bool) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "RollbackReason": rollback.reason,
        "RollbackStartTime": moment.at(rollback.started),
        "PercentageCompleteOnRollback": rollback.percent,
        "InstancesToUpdateOnRollback": rollback.left,
    }
    if warm_pool:
        shown["ProgressDetailsOnRollback"] = groups_with_a_warm_pool_tell_of_both(rollback.percent, rollback.left)
    return shown


@rule("autoscaling", "DescribeInstanceRefreshes", moto="has no such operation")
def groups_with_a_warm_pool_tell_of_both(percent: int, left: int) -> dict[str, Any]:
    """The refresh of a group that has a warm pool tells how far it is with the group and, after that, with the pool.

    Source: botocore autoscaling InstanceRefresh, member ProgressDetails.
    """
    # The sandbox's warm pools hold no instances.
    live = {"PercentageComplete": percent, "InstancesToUpdate": left}
    return {"LivePoolProgress": live, "WarmPoolProgress": {"PercentageComplete": percent, "InstancesToUpdate": 0}}
