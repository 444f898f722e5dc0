"""How a refresh goes about it: as udo.yml says, and the command line otherwise."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.errors import UsageError
from udo.frozen import frozen
from udo.model.refreshes import Preferences
from udo.refresh.text import length
from udo.schema.refresh import CHECKPOINT, LONGEST, MAX_HEALTHY, MIN_HEALTHY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.config import Role

_MAX = 110
# Source: botocore autoscaling RefreshPreferences, MaxHealthyPercentage: the difference is at most 100.
_GAP = 100
_ALL = 100


@frozen
class Wanted:
    """What the command line and udo.yml ask for; `canary` is how many come first, None for checkpoints as they are."""

    preferences: Preferences
    canary: int | None = None

    def for_so_many(self, count: int) -> Preferences:
        """The preferences where so many members are replaced: a canary is a checkpoint in percent of them.

        Raises: UsageError for a canary that is all of them.
        """
        if self.canary is None:
            return self.preferences
        if self.canary >= count:
            raise UsageError(
                f"--canary {self.canary}: only {count} {'is' if count == 1 else 'are'} replaced",
                hint="a canary is fewer; nothing was changed",
            )
        return replace(self.preferences, checkpoints=(least_percentage(self.canary, count), _ALL))


def least_percentage(number: int, count: int) -> int:
    """The least whole percentage of `count` that is reached only once `number` are replaced."""
    return (number - 1) * 100 // count + 1


def reached(percentage: int, count: int) -> int:
    """How many of `count` are replaced where a checkpoint is reached."""
    return -(-count * percentage // 100)


def wanted(role: Role, options: Mapping[str, Any]) -> Wanted:
    """What is wanted of a refresh; `options` are those of the command line by name, None for what is not given.

    Raises: UsageError.
    """
    canary, pause = options.get("canary"), options.get("pause")
    _check_canary(options)
    said = {name: _said(role, options, name) for name in _NAMES}
    low = percentage(said["min_healthy"], MIN_HEALTHY, "0% to 100%")
    high = min(_MAX, low + _GAP) if said["max_healthy"] is None else _high(role, options, low, said["max_healthy"])
    checkpoints = () if canary else _checkpoints(said["checkpoints"] or ())
    delay = pause if pause is not None else said["checkpoint_delay"]
    return Wanted(
        Preferences(
            min_healthy=low,
            max_healthy=max(_ALL, high),
            warmup=_seconds(said["warmup"]),
            checkpoints=checkpoints,
            checkpoint_delay=_bounded(delay, "a pause") if checkpoints or canary else None,
            bake=_bounded(said["bake"], "a bake time"),
            skip_matching=said["skip_matching"],
            auto_rollback=said["auto_rollback"],
            standby=said["standby"].capitalize(),
            protected=said["protected"].capitalize(),
        ),
        canary,
    )


# The keys of `refresh`, each an option of the same name.
_NAMES = (
    *("min_healthy", "max_healthy", "warmup", "checkpoints", "checkpoint_delay", "bake"),
    *("skip_matching", "auto_rollback", "standby", "protected"),
)


def request(preferences: Preferences, *, desired: bool, matching: bool) -> dict[str, Any]:
    """The preferences as StartInstanceRefresh takes them.

    AWS refuses to roll back by itself what brings no configuration (`desired`), and fails what skips members of a group
    in which it cannot tell who matches (`matching`).
    """
    said = {
        "MinHealthyPercentage": preferences.min_healthy,
        "MaxHealthyPercentage": preferences.max_healthy,
        "InstanceWarmup": preferences.warmup,
        "CheckpointPercentages": list(preferences.checkpoints) or None,
        "CheckpointDelay": preferences.checkpoint_delay if preferences.checkpoints else None,
        "SkipMatching": preferences.skip_matching and matching,
        "AutoRollback": True if preferences.auto_rollback and desired else None,
        "ScaleInProtectedInstances": preferences.protected,
        "StandbyInstances": preferences.standby,
        "BakeTime": preferences.bake,
        "AlarmSpecification": {"Alarms": list(preferences.alarms)} if preferences.alarms else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def percentage(text: str, pattern: str, range_: str) -> int:
    """The number of `90%` or `90`. Raises: UsageError."""
    if not re.fullmatch(pattern, f"{text.removesuffix('%')}%"):
        raise UsageError(f"{text!r} is no percentage from {range_}", hint="write it like 90%")
    return int(text.removesuffix("%"))


def _said(role: Role, options: Mapping[str, Any], name: str) -> Any:
    given = options.get(name)
    return role.get(f"refresh.{name}") if given is None else given


def _high(role: Role, options: Mapping[str, Any], low: int, text: str) -> int:
    high = percentage(text, MAX_HEALTHY, "100% to 200%")
    if high - low > _GAP:
        where = "" if options.get("max_healthy") else f" ({role.where('refresh.max_healthy')})"
        raise UsageError(
            f"max_healthy {high}%{where} and min_healthy {low}% are more than {_GAP} apart, which AWS refuses",
            hint=f"at most {low + _GAP}%",
        )
    return high


def _checkpoints(words: Sequence[str]) -> tuple[int, ...]:
    numbers = [percentage(word, CHECKPOINT, "1% to 100%") for word in words]
    if numbers != sorted(set(numbers)):
        raise UsageError(f"checkpoints {', '.join(words)} do not rise", hint="write them like 25%,50%")
    return (*numbers, *([_ALL] if numbers and numbers[-1] < _ALL else []))


def _check_canary(options: Mapping[str, Any]) -> None:
    if options.get("pause") is not None and not options.get("canary"):
        raise UsageError("--pause is how long it waits after a canary", hint="give --canary N, or --checkpoint-delay")
    if not options.get("canary"):
        return
    for name in ("checkpoints", "checkpoint_delay"):
        if options.get(name) is not None:
            raise UsageError(
                f"--canary and --{name.replace('_', '-')} exclude each other",
                hint="a canary is a checkpoint; --pause is how long it waits there",
            )


def _seconds(value: float | None) -> int | None:
    return None if value is None else round(value)


def _bounded(value: float | None, what: str) -> int | None:
    if value is not None and value > LONGEST:
        raise UsageError(f"{what} of {length(value)} is longer than AWS waits", hint="at most 2d")
    return _seconds(value)
