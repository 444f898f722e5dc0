"""What an alarm makes of its data points: M of N, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from udo.sandbox.strict.cloudwatch.alarm import ALARM, OK, UNKNOWN
from udo.sandbox.strict.rules import rule

# How many periods farther back than N are looked at. Source: the tables of alarms-and-missing-data.html, 5 for N of 3;
# for other numbers none is told.
FARTHER = 2
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def breaches(operator: str, value: float, threshold: float) -> bool:
    """Whether a value is on the wrong side of the threshold."""
    return _OPERATORS[operator](value, threshold)


@rule("cloudwatch", "PutMetricAlarm", "DescribeAlarms", moto="evaluates no alarm")
def missing_data_is_filled_in(seen: Sequence[bool | None], most: int, least: int, treat: str) -> str | None:
    """An alarm goes by its N newest data points, older ones in place of missing ones; what is still missing counts as
    TreatMissingData says. M that breach are an ALARM. With data that is missing or ignored, breaching points alone, the
    oldest at least M periods old, are one too (ignored: the state stays); and no data at all is INSUFFICIENT_DATA
    (ignored: the state stays).

    `seen` tells of each period in the evaluation range whether it breaches, None for one without data, the oldest
    first; `most` is N, `least` M. Returns None where the state stays.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
    """
    real = [one for one in seen if one is not None]
    filled = most - len(real)
    if filled <= 0:
        return ALARM if sum(real[-most:]) >= least else OK
    if treat in ("breaching", "notBreaching"):
        return ALARM if sum(real) + (filled if treat == "breaching" else 0) >= least else OK
    if not real:
        return None if treat == "ignore" else UNKNOWN
    if sum(real) >= least:
        return ALARM
    if not all(real):
        return OK
    if treat == "ignore":
        return None
    oldest = len(seen) - next(place for place, one in enumerate(seen) if one is not None)
    return ALARM if oldest >= least else OK
