"""Tries a host again that was not reached, after a while; never one that may have run a part of the command."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from udo.change.events import HostAgain
from udo.ssh.outcome import Ending

# Seconds before the first time; then twice as long each time, up to the last.
_FIRST, _LONGEST = 1.0, 30.0
_JITTER = 0.25


def tried(
    instance_id: str,
    times: int,
    attempt: Callable[[], Ending],
    tell: Callable[[HostAgain], None],
    rest: Callable[[float], bool],
) -> Ending:
    """How the last attempt ended, of which as many as `times` are made beside the first.

    `rest` waits for so many seconds, and says whether there is still any use in another attempt.
    """
    ending = attempt()
    for number in range(1, times + 1):
        if not ending.not_reached:
            break
        # Hosts that were lost together do not all come back at the same moment.
        seconds = min(_LONGEST, _FIRST * 2 ** (number - 1)) * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
        tell(HostAgain(instance_id, ending.reason, seconds, number, times))
        if not rest(seconds):
            return _counted(ending, number)
        ending = attempt()
    else:
        return _counted(ending, times + 1)
    return ending


def _counted(ending: Ending, attempts: int) -> Ending:
    if attempts > 1 and ending.not_reached:
        return replace(ending, reason=f"{ending.reason} ({attempts} attempts)")
    return ending
