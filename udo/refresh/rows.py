"""Refreshes as rows for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from udo.model.refreshes import Refresh


def refresh_row(one: Refresh) -> dict[str, Any]:
    """A refresh; times are RFC 3339 UTC, what is not there is null."""
    return {
        "refresh_id": one.refresh_id,
        "status": one.status,
        "started_at": one.started_at or None,
        "ended_at": one.ended_at or None,
        "reason": one.reason or None,
        "percent": one.percent,
        "left": one.left,
        "strategy": one.strategy or None,
        "desired": one.desired.row() if one.desired else None,
        "can_roll_back": one.is_desired,
        "preferences": asdict(one.preferences) | {name: list(getattr(one.preferences, name)) for name in _LISTS},
        "pools": {name: asdict(pool) if pool else None for name, pool in (("live", one.live), ("warm", one.warm))},
        "rollback": asdict(one.rollback) if one.rollback else None,
    }


_LISTS = ("checkpoints", "alarms")
