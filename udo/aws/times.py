"""Times as AWS tells them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_timestamp


def timestamp(value: Any) -> datetime:
    """A time in an answer; what is not written as nearly all are is left to botocore, which tries many ways, slowly."""
    if isinstance(value, int | float):
        with suppress(ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str) and value[10:11] == "T" and value[-1:] == "Z":
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    found: datetime = parse_timestamp(value)
    return found


def rfc3339(when: Any) -> str:
    """A time of botocore's as RFC 3339 in UTC, to the second; empty for none."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if when else ""
