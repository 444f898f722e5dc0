"""An AWS that is put back as it was in a millisecond, and command lines run against it with clients made once."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import actions
from kept import Pickler, Unpickler
from state import OURS, REGION, left_files

from udo.actions import WRITES
from udo.sandbox import strict
from udo.sandbox.clock import Clock
from udo.sandbox.faults import Killed
from udo.sandbox.strict.cloudwatch.dashboards import home_of_dashboards
from udo.sandbox.strict.service import services

# In a command line, the first member of the group.
MEMBER = "MEMBER"
# What no verb writes to stays what the world was built with, and need not be copied; stacks are made of topics.
_WRITTEN = frozenset(name.partition(":")[0] for names in WRITES.values() for name in names) | {"sns"}
_LOOKS = ("cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet")


@dataclass(frozen=True)
class Run:
    """What a command line did; `exit` is None where it was killed, `asked` the operations it asked for, in order."""

    exit: int | None
    stdout: str
    stderr: str
    asked: tuple[str, ...]

    @property
    def writes(self) -> tuple[str, ...]:
        """The operations that would change AWS, locks included; change sets are made to look at a change."""
        return tuple(one for one in self.asked if not actions.is_read(one) and one not in _LOOKS)


@dataclass(frozen=True)
class Kept:
    """A world as it was built: what backends hold, pickled where verbs write to it, and its moment."""

    written: bytes
    read: dict[str, dict[str, Any]]
    moment: float


@dataclass(frozen=True)
class Memory:
    """What one test may know of those before it: worlds as they were built, files as they were read, what was proven.

    `proven` are the states, as text, of which is known that the same command leads from them to its end. `members` are
    the first members of the groups that are changed, for command lines that name one as MEMBER.
    """

    worlds: dict[Any, Kept] = field(default_factory=dict)
    configs: dict[Any, Any] = field(default_factory=dict)
    undisturbed: dict[Any, Any] = field(default_factory=dict)
    proven: set[Any] = field(default_factory=set)
    members: dict[Any, str] = field(default_factory=dict)


class Arena:
    """The world of one test with `udo.yml` read once and AWS's clients made once."""

    def __init__(self, world: Any, time: Any, aws: Any, memory: Memory) -> None:
        self.world = world
        self.memory = memory
        self._time = time
        self._aws = aws
        self._member = ""
        self._quotas = [quota for client in aws._connection._clients.values() for quota in _quotas(client)]

    def keep(self, name: Any, build: Callable[[], None]) -> None:
        """Puts the world as `build` makes it, which is done once for each name."""
        if name not in self.memory.worlds:
            self.world.clock = Clock.by_hand()
            self.world.reset()
            self._member = ""
            build()
            self.memory.worlds[name] = self._kept()
            self.memory.members[name] = self._member or self._first()
        self.put_back(name)

    def put_back(self, name: Any) -> None:
        """Makes the world again what it was when it was kept: no fault, no lock, nothing in the log."""
        kept, self._member = self.memory.worlds[name], self.memory.members[name]
        self.world.faults.clear()
        self.world.log.clear()
        self.world.clock = Clock.by_hand(kept.moment)
        strict.reset()
        states = {**kept.read, **Unpickler(io.BytesIO(kept.written)).load()}
        for service, backend in self._backends().items():
            backend.__dict__.clear()
            backend.__dict__.update(states[service])
        for path in left_files():
            path.unlink()

    def run(self, *words: str) -> Run:
        """Runs a command line as `udo` does, but for the file and the clients, which already exist."""
        from udo import signals
        from udo.cli import _exit_code
        from udo.options import Options
        from udo.session import Session

        if MEMBER in words:
            # A world may be built by a command line that moves it away.
            self._member = self._member or self._first()
            words = tuple(word.replace(MEMBER, self._member) for word in words)
        before = len(self.world.log)
        self._rested()
        session = Session(Options(), clock=self._time, words=words)
        session.config = self.config()
        session._aws[None, REGION, None] = self._aws
        code: int | None = None
        with _captured() as (out, err):
            caught = signals.catch()
            try:
                code = _exit_code(list(words), session)
            except Killed:
                code = None
            finally:
                if caught:
                    signals.let_go()
        asked = tuple(one.name for one in list(self.world.log)[before:])
        actions.check(words, asked)
        return Run(code, out.getvalue(), err.getvalue(), asked)

    def config(self) -> Any:
        from udo.config import load

        # A configuration knows its folder, which is another one for every test.
        key = Path.cwd(), Path("udo.yml").read_text(encoding="utf-8")
        if key not in self.memory.configs:
            self.memory.configs[key] = load(Path("udo.yml"), os.environ)
        return self.memory.configs[key]

    def _first(self) -> str:
        found = self._backends()["autoscaling"].autoscaling_groups.get(OURS)
        return next((one.instance_id for one in found.instance_states), "") if found else ""

    def _rested(self) -> None:
        # A client gives up trying again after some hundred failures: each run is to find a fresh one.
        for quota in self._quotas:
            quota.release(quota.INITIAL_CAPACITY)

    def _kept(self) -> Kept:
        states = {service: backend.__dict__ for service, backend in self._backends().items()}
        written = {name for name, one in services().items() if {name, one.signed} & _WRITTEN} | {"dashboards"}
        file = io.BytesIO()
        pickler = Pickler(file, pickle.HIGHEST_PROTOCOL)
        pickler.dump({service: state for service, state in states.items() if service in written})
        read = {service: dict(state) for service, state in states.items() if service not in written}
        return Kept(file.getvalue(), read, self.world.clock.now())

    def _backends(self) -> dict[str, Any]:
        """What moto holds of every service that the sandbox knows, in this region or in none."""
        found = {}
        for service in services().values():
            regions = service.found(service.backends)[self.world.account]
            found[service.name] = regions[REGION if REGION in regions.regions else "aws"]
        return found | {"dashboards": home_of_dashboards(self.world.account, REGION)}


@contextmanager
def _captured() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        yield out, err


def _quotas(client: Any) -> Iterator[Any]:
    events = client.meta.events
    name = f"needs-retry.{client.meta.service_model.service_id.hyphenize()}"
    for handler in events._emitter._handlers.prefix_search(name):
        checker = getattr(getattr(handler, "__self__", None), "_retry_quota", None)
        if checker is not None:
            yield checker._quota
