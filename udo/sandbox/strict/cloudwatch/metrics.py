"""Metrics: what was put, what groups of instances tell of themselves, and statistics over periods of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

# What else has metrics: a namespace, and where its points come from.
Source = Callable[[str, str, "Key"], Iterable["Point"]]
sources: dict[str, Source] = {}
_STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


@dataclass(frozen=True)
class Key:
    """Which metric: its dimensions are all that it has."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, named: Mapping[str, Any]) -> Key:
        """The metric that a request names, by Namespace, MetricName and Dimensions."""
        dimensions = frozenset((one["Name"], one["Value"]) for one in named.get("Dimensions") or [])
        return cls(named["Namespace"], named["MetricName"], dimensions)


@dataclass(frozen=True)
class Point:
    """Values that were put for one moment, each with how often, or what is known of many of them."""

    time: float
    values: tuple[tuple[float, float], ...]
    unit: str | None = None
    sum: float | None = None

    @property
    def count(self) -> float:
        """How many values."""
        return sum(often for _value, often in self.values)

    @property
    def total(self) -> float:
        """All of them added."""
        return sum(value * often for value, often in self.values) if self.sum is None else self.sum


def put(account: str, region: str, key: Key, point: Point) -> None:
    """Keeps a point of a metric."""
    _kept(account, region).setdefault(key, []).append(point)


def points(account: str, region: str, key: Key) -> Sequence[Point]:
    """Every point of a metric, in no order."""
    source = sources.get(key.namespace)
    own = source(account, region, key) if source else ()
    return [*_kept(account, region).get(key, ()), *own]


def keys(account: str, region: str) -> list[Key]:
    """Every metric that was put."""
    return list(_kept(account, region))


def is_statistic(name: str) -> bool:
    """Whether it is one that the sandbox works out: AWS's five, and percentiles."""
    return name in _STATISTICS or _percentile(name) is not None


def statistic(name: str, found: Sequence[Point]) -> float:
    """A statistic over points, one at least."""
    count = sum(point.count for point in found)
    values = sorted(pair for point in found for pair in point.values)
    match name:
        case "SampleCount":
            return count
        case "Sum":
            return sum(point.total for point in found)
        case "Average":
            return sum(point.total for point in found) / count
        case "Minimum":
            return values[0][0]
        case "Maximum":
            return values[-1][0]
    rank, passed = math.ceil((_percentile(name) or 0.0) / 100 * count), 0.0
    for value, often in values:
        passed += often
        if passed >= rank:
            return value
    return values[-1][0]


def series(found: Iterable[Point], name: str, period: float, start: float, count: int) -> list[float | None]:
    """A statistic for each of `count` periods from `start` on, None for one that has no data; the oldest first."""
    slots: dict[int, list[Point]] = {}
    for point in found:
        slot = math.floor((point.time - start) / period)
        if 0 <= slot < count:
            slots.setdefault(slot, []).append(point)
    return [statistic(name, slots[slot]) if slot in slots else None for slot in range(count)]


def named(asked: Mapping[str, Any]) -> Iterator[Point]:
    """The point that one of PutMetricData's MetricData tells, at the time it names; none where it has no values."""
    unit, time = asked.get("Unit"), float(asked["Timestamp"])
    if whole := asked.get("StatisticValues"):
        count, total = float(whole["SampleCount"]), float(whole["Sum"])
        low, high = float(whole["Minimum"]), float(whole["Maximum"])
        # Of the values in between nothing is known but their sum.
        inner = ((low, 1.0), (high, count - 1.0)) if count > 1 else ((low, count),)
        yield Point(time, inner, unit, total)
        return
    values = [float(one) for one in asked.get("Values") or [asked.get("Value", 0.0)]]
    counts = [float(one) for one in asked.get("Counts") or [1.0] * len(values)]
    yield Point(time, tuple(zip(values, counts, strict=True)), unit)


def _percentile(name: str) -> float | None:
    found = re.fullmatch(r"p(\d{1,2}(?:\.\d+)?|100)", name)
    return float(found[1]) if found else None


def _kept(account: str, region: str) -> dict[Key, list[Point]]:
    backend: Any = cloudwatch_backends[account][region]
    kept: dict[Key, list[Point]] = backend.__dict__.setdefault("udo_points", {})
    return kept
