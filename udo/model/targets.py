"""What load balancers tell of the instances behind them."""

from __future__ import annotations

from udo.frozen import frozen


@frozen
class TargetHealth:
    """A target of a target group; `reason` is AWS's code for it, empty where it is healthy."""

    instance_id: str
    state: str
    reason: str = ""
    description: str = ""
