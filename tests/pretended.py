"""A small pretended AWS for the runner: things by name, what each write answers, what was sent, told and recorded."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jmespath

from udo.change.events import Event, HostDone, Notice
from udo.change.lock import Free
from udo.change.outcome import Outcome
from udo.change.plan import Call, LocalCommand, Pair, Plan, Read, Step, Wait
from udo.change.runner import carry_out
from udo.change.tools import Tools
from udo.change.waiting import Plain, Watcher


@dataclass
class Clock:
    """A clock that sleeping moves, and on which things can be set to happen."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds


Answer = Mapping[str, Any] | Exception


@dataclass
class Place:
    """Things by name; what each write answers in turn, or does; what was sent, told and recorded."""

    things: dict[str, Any] = field(default_factory=dict)
    answers: list[Answer | Callable[[], Answer]] = field(default_factory=list)
    sent: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    records: list[tuple[str, str, str]] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    hosts: tuple[HostDone, ...] = ()
    status: int = 0
    ran: list[LocalCommand] = field(default_factory=list)
    watchers: list[Watcher] = field(default_factory=list)
    lock: Any = field(default_factory=Free)

    @property
    def tools(self) -> Tools:
        return Tools(
            call=self._call,
            read=self._read,
            search=jmespath.search,
            fan_out=lambda step: iter(self.hosts),
            local=self._local,
            emit=self.events.append,
            record=lambda *row: self.records.append(row),
            clock=self.clock,
            watching=self.watching,
            lock=self.lock,
        )

    def outcome(self, *steps: Step, **parts: Any) -> Outcome:
        return carry_out(Plan("change", "prod web", steps, **parts), self.tools)

    def carry_out(self, *steps: Step, **parts: Any) -> dict[str, Any]:
        outcome = self.outcome(*steps, **parts)
        if outcome.error:
            outcome.error.data = outcome.saved
            raise outcome.error
        return dict(outcome.saved)

    def watching(self, wait: Wait) -> Watcher:
        return self.watchers.pop(0) if self.watchers else Plain(self._read, wait)

    @property
    def warnings(self) -> list[str]:
        return [event.says for event in self.events if isinstance(event, Notice) and event.level == "warning"]

    def _call(self, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self.sent.append((operation, params))
        answer = self.answers.pop(0) if self.answers else {}
        answer = answer() if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _read(self, read: Read) -> Any:
        value = self.things.get(read.params["Name"])
        value = value.pop(0) if isinstance(value, list) and len(value) > 1 else value
        value = value[0] if isinstance(value, list) else value
        if isinstance(value, Exception):
            raise value
        return value

    def _local(self, step: LocalCommand) -> int:
        self.ran.append(step)
        return self.status


def thing(name: Any) -> Read:
    return Read("ec2", "DescribeThing", {"Name": name}, "Thing")


SWAP = Call("swap it in", "autoscaling", "UpdateThing", {"Name": "g", "To": "v2"}, expect=(Pair(thing("g"), "v1"),))
PROVED = replace(SWAP, expect=(), proof=(Pair(thing("g"), "v2"),))
WAIT = Wait("deployment", thing("d"), ("Succeeded",), ("Failed",), timeout=100.0, detached="aws get {id}")
WATCHED = Wait("wait", thing("d"), ("Succeeded",), ("Failed",), every=5.0, timeout=100.0, watch="thing")


def after(answer: Answer, number: int = signal.SIGINT) -> Callable[[], Answer]:
    """The answer, with a signal while it is on its way."""

    def answered() -> Answer:
        signal.raise_signal(number)
        return answer

    return answered
