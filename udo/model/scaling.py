"""What moves the size of an Auto Scaling group by itself: scaling policies and scheduled actions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScalingPolicy:
    """One scaling policy; `kind` is AWS's PolicyType."""

    name: str
    kind: str
    enabled: bool = True


@dataclass(frozen=True)
class ScheduledAction:
    """One scheduled action: the sizes it sets (None leaves one as it is), and when next (RFC 3339 UTC)."""

    name: str
    next_at: str
    recurrence: str = ""
    min_size: int | None = None
    max_size: int | None = None
    desired_capacity: int | None = None
