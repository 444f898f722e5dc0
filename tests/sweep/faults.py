"""The ways in which one request can go wrong, by name."""

from __future__ import annotations

import signal
from typing import Any

from udo.sandbox.faults import Fault


def _once(_asked: Any) -> None:
    signal.raise_signal(signal.SIGINT)


def _twice(_asked: Any) -> None:
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


FAULTS: dict[str, dict[str, Any]] = {
    "killed-before": {"kind": "kill"},
    "killed-after": {"kind": "kill", "after": True},
    "throttled": {"kind": "throttle"},
    "throttled-on": {"kind": "throttle", "times": None},
    "failed-before": {"kind": "fail"},
    "failed-after": {"kind": "fail", "after": True},
    "denied": {"kind": "deny"},
    "expired": {"kind": "expire"},
    "garbage-before": {"kind": "garbage"},
    "garbage-after": {"kind": "garbage", "after": True},
    "dropped-before": {"kind": "drop"},
    "dropped-after": {"kind": "drop", "after": True},
    "timed-out-after": {"kind": "timeout", "after": True, "seconds": 0.0},
    "refused": {"kind": "refuse"},
    "refused-on": {"kind": "refuse", "times": None},
    "interrupted-before": {"kind": "hook", "hook": _once},
    "interrupted-after": {"kind": "hook", "after": True, "hook": _once},
    "interrupted-twice": {"kind": "hook", "after": True, "hook": _twice},
}
# The request took no effect and said so, or took effect and only the answer is lost.
PASSING = ("throttled", "refused", "failed-after", "dropped-after", "timed-out-after")


def fault(name: str, nth: int) -> Fault:
    """The fault of that name at the nth request from now."""
    return Fault(nth=nth, **FAULTS[name])
