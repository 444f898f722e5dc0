"""Data points in so few columns as a line of text has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Extreme = Callable[[Iterable[float]], float]

_BARS = "▁▂▃▄▅▆▇█"
NOTHING = "·"


def columns(
    points: Iterable[tuple[float, float]], start: float, seconds: float, count: int, extreme: Extreme
) -> list[float | None]:
    """The points, each a time and a value, as one value a column: the extreme one, None where there is no data."""
    slots: list[list[float]] = [[] for _ in range(count)]
    for time, value in points:
        slot = int((time - start) // seconds)
        if 0 <= slot < count:
            slots[slot].append(value)
    return [extreme(slot) if slot else None for slot in slots]


def sparkline(values: Sequence[float | None], threshold: float | None) -> str:
    """A bar a value, from nothing up to the threshold or the highest value, whichever is more; empty without data."""
    there = [value for value in values if value is not None]
    if not there:
        return ""
    bounds = (*there, 0.0, *(() if threshold is None else (threshold,)))
    low, high = min(bounds), max(bounds)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(NOTHING if value is None else _BARS[round((value - low) * scale)] for value in values)


def number(value: float) -> str:
    """A value in few letters: `512`, `0.0123`, `15.4k`, `1.2M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{unit}"
    return f"{value:.4g}"
