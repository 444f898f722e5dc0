"""Finds in the journal a run that was killed: its alarms were not watched to the end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from udo.change.events import Notice
from udo.change.holder import recorded
from udo.change.journal import BEGUN, entries

if TYPE_CHECKING:
    from collections.abc import Callable

    from udo.change.events import Event
    from udo.change.target import Target
    from udo.session import Session


class Left(NamedTuple):
    """The run, and when it was last heard of, in seconds since 1970."""

    run: str
    at: float


def broken_off(session: Session, target: Target, label: str, emit: Callable[[Event], None]) -> Left | None:
    """The last run on the target, where it was killed after its first effect.

    None where it ended otherwise, is still at work, or was made on another machine.
    """
    where = label, target.lock, target.aws.region
    read = entries(lambda text: emit(Notice(text, "warning")))
    found = [one for one in read if (one.target, one.group, one.region) == where and one.run != session.run_id]
    last = [one for one in found if one.run == found[-1].run]
    own = [one for one in last if not one.step]
    if not own or own[-1].outcome != BEGUN or not recorded(own[-1]).gone:
        return None
    done = any(one.step and one.outcome == "done" for one in last)
    return Left(last[-1].run, datetime.fromisoformat(last[-1].time).timestamp()) if done else None
