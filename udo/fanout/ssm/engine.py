"""Carries a command to many hosts through Systems Manager: wave after wave, in commands of up to 50 hosts each."""

from __future__ import annotations

import math
import secrets
from collections import deque
from typing import TYPE_CHECKING

from udo import signals
from udo.change.events import Event, HostDone, Idle, Notice
from udo.change.waiting import jittered
from udo.errors import DeadlinePassed, Interrupted, UdoError
from udo.fanout.last_run import FINE
from udo.fanout.ssm.command import Command, Watch
from udo.fanout.ssm.content import Contents
from udo.fanout.ssm.ending import Ending
from udo.fanout.ssm.options import Options, shares
from udo.fanout.ssm.script import script
from udo.fanout.ssm.send import LONGEST, Order, Sender

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from udo.change.plan import FanOut
    from udo.config import Role
    from udo.session import Session

# Source: API_SendCommand, InstanceIds.
_TOGETHER = 50
# Seconds from poll to poll: soon while hosts come to an end, then ever more seldom; a little more where there are many
# commands, of which each is asked about.
_FIRST, _SLOWEST, _SLOWER, _EACH = 1.0, 5.0, 1.3, 0.3
# After so long without news it is looked whether the agents are still there.
_SILENCE = 60.0
# How often it is looked how hosts have ended whose command was cancelled.
_LAST_LOOKS = 3


def events(session: Session, role: Role, step: FanOut) -> Iterator[Event]:
    """Yields HostBegan, Line and HostDone events as they are seen, HostDone exactly once per host; Idle in pauses.

    Closing the generator cancels what is under way. Raises: UsageError for a command that Systems Manager does not
    take; another UdoError; DeadlinePassed, Interrupted, once every host that was begun is done.
    """
    options = Options(**step.options)
    mark = f"udo-{secrets.token_hex(8)}"
    text = script(step.command, options.stdin, options.user, sudo=options.sudo, mark=mark)
    seconds = math.ceil(options.timeout) if options.timeout else LONGEST
    return _Run(session, role, step, options, Order(text, seconds, options.bucket, options.prefix), mark).events()


class _Run:
    """A command on its way through the hosts."""

    def __init__(self, session: Session, role: Role, step: FanOut, options: Options, order: Order, mark: str) -> None:
        aws = session.aws(role)
        self._clock = session.clock
        self._options = options
        self._waiting = deque(str(target["instance_id"]) for target in step.targets)
        self._sender = Sender(session, aws, order)
        self._watch = Watch(session, aws, self._sender, Contents(session, aws, order, mark), options)
        self._running: list[Command] = []
        self._why = ""
        self._late = False
        self._failed = self._gone = 0
        self._canaries = options.canary
        now = self._clock.monotonic()
        self._end = now + options.deadline - options.spent if options.deadline else math.inf
        self._heard = now

    def events(self) -> Iterator[Event]:
        """All that happens; see `events`."""
        count = len(self._waiting)
        yield Notice(f"{count} of {count} hosts go through Systems Manager", "debug")
        try:
            yield from self._waves()
        except GeneratorExit:
            with signals.putting_back():
                self._cancel()
            raise
        except (UdoError, Interrupted) as error:
            yield from self._broken_off(error)
            raise
        for one in self._waiting:
            yield HostDone(one, "not started", None, f"not started: {self._why}", 0.0)
        if self._late:
            raise DeadlinePassed(f"the deadline of {self._options.deadline:g} s passed")

    def _waves(self) -> Iterator[Event]:
        pause = self._options.delay
        while self._waiting and not self._over():
            self._sleep(pause)
            size = self._canaries or self._options.batch or len(self._waiting)
            wave = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
            gone = self._gone
            yield from self._wave(wave)
            if self._canaries and not self._over():
                # Of a canary that is gone, another one takes the place.
                self._canaries = self._gone - gone
            pause = 0.0 if self._canaries else self._options.pause

    def _wave(self, ids: Sequence[str]) -> Iterator[Event]:
        chunks = deque(ids[at : at + _TOGETHER] for at in range(0, len(ids), _TOGETHER))
        slots = deque(shares(self._options.fanout, len(chunks)))
        pause = first = _FIRST + _EACH * (len(slots) - 1)
        while chunks or self._running:
            if self._over():
                self._waiting.extendleft(one for chunk in reversed(chunks) for one in reversed(chunk))
                chunks.clear()
                yield from self._hold()
            while chunks and slots:
                yield from self._begin(chunks.popleft(), slots.popleft())
            if not self._running:
                continue
            yield Idle()
            self._sleep(jittered(pause))
            ended = len(self._running)
            news = yield from self._look()
            chunks.extend(command.again for command in self._running if command.again and not command.left)
            slots.extend(self._freed())
            pause = first if news or len(self._running) < ended else min(pause * _SLOWER, _SLOWEST)

    def _over(self) -> bool:
        """Whether no other host is started, and why."""
        most = self._options.max_failures
        if self._clock.monotonic() >= self._end:
            self._late, self._why = True, "the deadline passed"
        elif self._why:
            return True
        elif most and self._failed >= most:
            self._why = f"{self._failed} failed"
        elif self._canaries and self._failed:
            self._why = "a canary failed"
        return bool(self._why)

    def _begin(self, ids: Sequence[str], share: int) -> Iterator[Event]:
        command = Command(share)
        most = self._options.max_failures
        errors = 1 if self._canaries else most - self._failed if most else None
        yield from self._noted(self._watch.send(command, ids, errors))
        if command.left:
            self._running.append(command)
        self._heard = self._clock.monotonic()

    def _look(self) -> Generator[Event, None, bool]:
        """Looks once at each command under way; the generator's value is whether there was anything new."""
        news = False
        for command in self._running:
            seen = len(command.left), len(command.began)
            yield from self._noted(self._watch.look(command))
            news = news or seen != (len(command.left), len(command.began))
        yield from self._noted(self._watch.settled())
        now = self._clock.monotonic()
        if news:
            self._heard = now
        elif now - self._heard >= _SILENCE:
            self._heard = now
            yield from self._noted(self._watch.lost(self._running))
        return news

    def _noted(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events, with those that have failed or are gone counted."""
        for event in events:
            if isinstance(event, HostDone):
                self._failed += event.outcome not in FINE
                self._gone += event.outcome == "gone"
            yield event

    def _freed(self) -> list[int]:
        """The shares of commands that have ended, which are not looked at any more."""
        freed = [command.share for command in self._running if not command.left]
        self._running = [command for command in self._running if command.left]
        return freed

    def _hold(self) -> Iterator[Event]:
        """Lets nobody else begin; once it is too late, ends those that have."""
        if not self._late:
            for command in self._running:
                self._watch.hold(command, f"not started: {self._why}")
            return
        within = f"no end of the command within the deadline of {self._options.deadline:g} s"
        yield from self._end_all(
            Ending("timeout", None, within), Ending("not started", None, f"not started: {self._why}")
        )

    def _broken_off(self, error: UdoError | Interrupted) -> Iterator[Event]:
        began, waiting = (
            Ending("interrupted", None, "interrupted while it ran"),
            Ending("not started", None, "not started"),
        )
        if isinstance(error, UdoError):
            began = waiting = Ending("dropped", None, "what became of it is unknown")
        with signals.putting_back():
            yield from self._end_all(began, waiting)

    def _end_all(self, began: Ending, waiting: Ending) -> Iterator[Event]:
        """Cancels what is under way, looks how far it has come, and ends every host of it."""
        self._cancel()
        for command in self._running:
            command.closing = (began, waiting)
        try:
            for _ in range(_LAST_LOOKS):
                self._freed()
                if self._running:
                    self._clock.sleep(_FIRST)
                    yield from self._look()
        except UdoError:
            # What cannot be looked at has been told.
            pass
        for command in self._running:
            yield from self._noted(self._watch.end(command))
        self._running = []

    def _cancel(self) -> None:
        for command in self._running:
            self._sender.cancel(command.id)

    def _sleep(self, seconds: float) -> None:
        seconds = min(seconds, self._end - self._clock.monotonic())
        if seconds > 0:
            self._clock.sleep(seconds)
