"""Says when and by whom something was done, for people."""

from __future__ import annotations

from datetime import datetime

from udo.commands.instances import age


def local_time(when: str | None, now: float) -> str | None:
    """An RFC 3339 time in the zone of this machine with offset and age; None for none."""
    if not when:
        return None
    there = datetime.fromisoformat(when).astimezone()
    return f"{there:%Y-%m-%d %H:%M:%S %z} ({age(when, now)})"


def short_name(who: str | None) -> str | None:
    """The caller without the partition and account that its ARN begins with."""
    return who.rpartition(":")[2] if who and who.startswith("arn:") else who
