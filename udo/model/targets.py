"""What load balancers tell of the instances behind them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TargetHealth:
    """A target of a target group; `reason` is AWS's code for it, empty where it is healthy."""

    instance_id: str
    state: str
    reason: str = ""
    description: str = ""
