"""What acts on an Auto Scaling group by itself: scaling policies, scheduled actions, lifecycle hooks.

`raw` is AWS's whole answer for one, as plain JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from udo.frozen import frozen


@frozen
class ScalingPolicy:
    """One scaling policy; `kind` is AWS's PolicyType, `aim` the metric and the value that one tracks."""

    name: str
    kind: str
    enabled: bool = True
    aim: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@frozen
class ScheduledAction:
    """One scheduled action: the sizes it sets (None leaves one as it is), and when next (RFC 3339 UTC)."""

    name: str
    next_at: str
    recurrence: str = ""
    min_size: int | None = None
    max_size: int | None = None
    desired_capacity: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def recurrence_text(self) -> str:
        """Its recurrence and the time zone, where it says one, in parentheses; empty where it does not recur."""
        zone = self.raw.get("TimeZone")
        return f"({self.recurrence}{f' {zone}' if zone else ''})" if self.recurrence else ""


@frozen
class LifecycleHook:
    """One lifecycle hook: what it holds (launching or terminating), how long, and what happens then."""

    name: str
    holds: str
    seconds: int
    default_result: str
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
