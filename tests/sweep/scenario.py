"""One change to be struck: how its world is built, its command line, and what it is held to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena import Arena, Run
from launch_worlds import CONFIG, write_config
from state import State

from udo.sandbox.faults import Fault


@dataclass(frozen=True)
class Case:
    """A run as the invariants see it: the states before and after it, and the one that an undisturbed run ends in.

    `excused` is what runs before it have said they left out.
    """

    before: State
    after: State
    end: State
    excused: frozenset[str] = frozenset()


Invariant = Callable[[Case], None]


@dataclass(frozen=True)
class Check:
    """What a change is held to.

    `always` holds after every run, whatever struck it; `told` are what its exit code and words have to say of the
    state. `end` is how an undisturbed run ends. Two states are the `same` but for what the words of a run `excuse`.
    """

    always: tuple[Invariant, ...]
    told: tuple[Callable[[Case, Run], None], ...]
    end: Callable[[State], None]
    same: Callable[[State, State, frozenset[str]], bool]
    excuses: Callable[[Run], frozenset[str]] = lambda _run: frozenset()

    def after_run(self, case: Case, run: Run) -> None:
        """Checks the state and what was said of it."""
        self.after_anything(case)
        for holds in self.told:
            holds(case, run)

    def after_anything(self, case: Case) -> None:
        """Checks the state alone."""
        for holds in self.always:
            holds(case)


@dataclass(frozen=True)
class Scenario:
    """A command line in a world, with the udo.yml it reads and other files, whose names end like a template's.

    `first` is one that changes nothing but files of `home`.
    """

    words: tuple[str, ...]
    build: Callable[[Arena], None]
    check: Check
    config: str = CONFIG
    first: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    def prepare(self, arena: Arena, name: str) -> None:
        """Makes the world and udo.yml, and what the command line before leaves in this folder."""
        write_config(self.config)
        for path, text in self.files:
            Path(path).write_text(text, encoding="utf-8")
        arena.keep(name, lambda: self.build(arena))
        if self.first:
            done = arena.run(*self.first)
            assert (done.exit, done.writes) == (0, ()), done.stderr
            arena.put_back(name)


def plain(world: Callable[[Any], None]) -> Callable[[Arena], None]:
    """A world that a function makes of an empty one."""
    return lambda arena: world(arena.world)


def after(build: Callable[[Arena], None], *words: str, code: int = 0) -> Callable[[Arena], None]:
    """The world once a command line was run in it."""

    def built(arena: Arena) -> None:
        build(arena)
        done = arena.run(*words)
        assert done.exit == code, done.stderr

    return built


def cut_off(build: Callable[[Arena], None], operation: str, *words: str) -> Callable[[Arena], None]:
    """The world once a command line was killed in it just before it asked for an operation."""

    def built(arena: Arena) -> None:
        build(arena)
        arena.world.faults.add(Fault("kill", operation))
        assert arena.run(*words).exit is None
        arena.world.faults.clear()

    return built
