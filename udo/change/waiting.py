"""Waiting: watched from poll to poll until it ends well, ends badly, cannot end any more, or its time is over."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from udo import signals
from udo.change.conditions import Reading, brief, resolve
from udo.change.events import Event, Idle, Notice, Progress, Standings
from udo.change.plan import Wait, filled
from udo.errors import DeadlinePassed, EndedBadly, LostAnswer, NotSent, UdoError
from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.aws import Aws

T = TypeVar("T")
SLOWEST_POLL = 15.0
SETTLE_SECONDS = 60.0


class Clock(Protocol):
    """The part of `time` that waiting needs."""

    def monotonic(self) -> float: ...
    def time(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


@frozen
class Poll:
    """What one look says: the state that is waited for, what to tell, and what is looked at, as values of the model.

    `ends` says why it can never come to its end; empty where it can. `hint` is what to know then, where what the wait
    says to those who leave it does not hold any more.
    """

    state: Any
    events: tuple[Event, ...] = ()
    rows: tuple[Any, ...] = ()
    ends: str = ""
    hint: str = ""


class Watcher(Protocol):
    """Looks at what is waited for, once a poll; raises UdoError where that cannot be read."""

    def poll(self) -> Poll: ...


# Who watches what, by the name that a Wait has it under: `module:class`, made with AWS, the Wait, its Refs filled,
# and a clock.
WATCHERS: Mapping[str, str] = {
    "alarms": "udo.change.guarding:Quiet",
    "deployment": "udo.deploy.watch:Deployment",
    "group": "udo.groups.launches:Launches",
    "launches": "udo.groups.launches:Launches",
    "leaving": "udo.groups.watch:Leaving",
    "refresh": "udo.refresh.watch:Refreshing",
    "stack": "udo.stacks.watch:StackWatch",
}


class Plain:
    """Watches a value alone."""

    def __init__(self, read: Reading, wait: Wait) -> None:
        self._read = read
        self._wait = wait

    def poll(self) -> Poll:
        """The value, told as it is."""
        state = self._read(self._wait.read)
        return Poll(state, (Progress(f"{self._wait.says}: {brief(state)}"),))


def watcher(aws: Aws, clock: Clock, wait: Wait) -> Watcher:
    """Who watches a wait whose Refs are filled."""
    if not wait.watch:
        return Plain(aws.read, wait)
    module, _, name = WATCHERS[wait.watch].partition(":")
    made: Watcher = getattr(importlib.import_module(module), name)(aws, wait, clock)
    return made


def wait_for(
    wait: Wait,
    known: Mapping[str, Any],
    watching: Callable[[Wait], Watcher],
    clock: Clock,
    emit: Callable[[Event], None],
    look: Callable[[], None],
    seen: Callable[[Poll], None],
) -> None:
    """Waits until the state is one of the wait's successes; `look` is called at each poll, `seen` with what it says.

    Raises: EndedBadly for a failure, or where it can never end; DeadlinePassed; Interrupted; what `look` raises.
    """
    began = clock.monotonic()
    until = began + wait.timeout
    pause = wait.every
    state: Any = "not seen yet"
    is_table = False
    watched = watching(replace(wait, read=resolve(wait.read, known)))
    silence = Silence(emit)
    while True:
        signals.look()
        look()
        ends = hint = ""
        try:
            poll = watched.poll()
            seen(poll)
            state, ends, hint = poll.state, poll.ends, poll.hint
            for event in poll.events:
                is_table |= isinstance(event, Standings)
                emit(replace(event, waited=clock.monotonic() - began) if isinstance(event, Progress) else event)
            silence.ended()
        except (NotSent, LostAnswer) as error:
            silence.tell(error)
        if state in wait.success:
            return
        again = filled(wait.detached, known) or None
        if state in wait.failure:
            raise EndedBadly(f"{wait.says}: {brief(state)}", state=state)
        if ends:
            raise EndedBadly(f"{wait.says}: {ends}", state=state, hint=hint or again)
        left = until - clock.monotonic()
        if left <= 0 and wait.lapses:
            return
        if left <= 0:
            more = "" if again else ", it continues in AWS"
            raise DeadlinePassed(f"{wait.says}: still {brief(state)} after {wait.timeout:.0f} s{more}", hint=again)
        _rest(clock, min(jittered(pause), left), emit if is_table else None)
        pause = min(pause * 1.25, SLOWEST_POLL)


class Silence:
    """AWS that cannot be read, as when the network is away: told once, not at each poll."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit, self._told = emit, ""

    def tell(self, error: UdoError) -> None:
        """Says why, where that is not what was said last."""
        if error.message != self._told:
            self._emit(Notice(error.message, "warning"))
        self._told = error.message

    def ended(self) -> None:
        """Says that it is over, where it was."""
        if self._told:
            self._emit(Notice("AWS answers again"))
        self._told = ""


def _rest(clock: Clock, seconds: float, emit: Callable[[Event], None] | None) -> None:
    """Sleeps so long; where a table is shown, second by second, so that its times move on."""
    naps = ceil(seconds) if emit else 1
    for _ in range(naps):
        clock.sleep(seconds / naps)
        if emit:
            emit(Idle())


def in_time(holds: Callable[[], bool], clock: Clock, emit: Callable[[Event], None]) -> bool:
    """Whether it holds within the time that AWS is given to show what was done; what cannot be read is told."""
    until = clock.monotonic() + SETTLE_SECONDS
    pause = 0.5
    while True:
        signals.look()
        try:
            if holds():
                return True
        except (NotSent, LostAnswer) as error:
            emit(Notice(error.message, "warning"))
        if clock.monotonic() + pause > until:
            return False
        clock.sleep(pause)
        pause = min(pause * 1.5, 5.0)


def told_in_the_end(ask: Callable[[], T], clock: Clock, emit: Callable[[Event], None], seconds: float) -> T:
    """The answer, where AWS gives one within so many seconds; that it cannot be read is told once.

    Raises: NotSent or LostAnswer after that; Interrupted.
    """
    until = clock.monotonic() + seconds
    silence = Silence(emit)
    while True:
        signals.look()
        try:
            answer = ask()
        except (NotSent, LostAnswer) as error:
            if clock.monotonic() + SLOWEST_POLL > until:
                raise
            silence.tell(error)
            clock.sleep(jittered(SLOWEST_POLL))
        else:
            silence.ended()
            return answer


def jittered(seconds: float) -> float:
    """About so many seconds, so that many who poll spread out."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - spreads polls, guards nothing
