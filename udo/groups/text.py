"""Ages, times, callers and launch references as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime


def local_time(when: str | None, now: float) -> str | None:
    """An RFC 3339 time in the zone of this machine with offset and age; None for none."""
    if not when:
        return None
    there = datetime.fromisoformat(when).astimezone()
    return f"{there:%Y-%m-%d %H:%M:%S %z} ({age(when, now)})"


def short_name(who: str | None) -> str | None:
    """The caller without the partition and account that its ARN begins with."""
    return who.rpartition(":")[2] if who and who.startswith("arn:") else who


def launch_text(row: Mapping[str, str] | None) -> str | None:
    """A launch reference for a table."""
    if row is None:
        return None
    version = f" version {row['version']}" if "version" in row else ""
    return f"{row['kind'].replace('_', ' ')} {row['name']}{version}"


def brief_launch(text: str) -> str:
    """What `launch_text` made, in fewer letters: a configuration's name, or a template's with its version."""
    name = text.removeprefix("launch configuration ").removeprefix("launch template ")
    return name.replace(" version ", " v")


def brief_time(text: str) -> str:
    """What `local_time` made, as the age alone."""
    return text.rpartition("(")[2].removesuffix(")")


def brief_name(text: str) -> str:
    """What `short_name` made, without the kind of caller and the role that it assumed."""
    return text.rpartition("/")[2]


def lasted(begun: str | None, ended: str | None, now: float) -> str:
    """How long something took, up to now where it has not ended, in its largest unit; empty where it has not begun."""
    return age(begun, datetime.fromisoformat(ended).timestamp() if ended else now)


def age(when: str | None, now: float) -> str:
    """How long ago an RFC 3339 time was, in its largest unit (s, m, h, d); empty for none."""
    if not when:
        return ""
    seconds = max(0, int(now - datetime.fromisoformat(when).timestamp()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
