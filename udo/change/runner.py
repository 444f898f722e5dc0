"""Carries out a plan: resolves Refs, compares, sends each write once, proves, waits and reads back."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from udo import signals
from udo.change.events import Event, HostDone, Notice, Progress, StepBegan, StepDone, StepFailed
from udo.change.plan import Call, FanOut, LocalCommand, Pair, Plan, Read, Ref, Step, Wait, filled
from udo.errors import (
    AlreadyThere,
    AwsError,
    Conflict,
    CredentialsError,
    DeadlinePassed,
    EndedBadly,
    Interrupted,
    LostAnswer,
    NotSent,
    PartlyDone,
    PermissionDenied,
    UdoError,
)

RESEND_SECONDS = 120.0
SETTLE_SECONDS = 60.0
SLOWEST_POLL = 15.0


class Clock(Protocol):
    """The part of `time` that waiting needs."""

    def monotonic(self) -> float: ...
    def time(self) -> float: ...
    def sleep(self, seconds: float, /) -> None: ...


Follow = Callable[[Wait, Any, Mapping[str, Any]], Iterable[Event]]


@dataclass(frozen=True)
class Tools:
    """What the runner is handed: one-attempt writes, reads, fan-out, local programs, and where to tell and note it.

    `before_waiting` is called before every step that is no write of Udo's own.
    """

    call: Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]]
    read: Callable[[Read], Any]
    search: Callable[[str, Mapping[str, Any]], Any]
    fan_out: Callable[[FanOut], Iterable[Event]]
    local: Callable[[LocalCommand], int]
    emit: Callable[[Event], None]
    record: Callable[[str, str, str], None]
    clock: Clock
    before_waiting: Callable[[], None] = lambda: None


def carry_out(plan: Plan, tools: Tools, follow: Follow | None = None) -> dict[str, Any]:
    """What the steps saved (and learned) by name, once every step is done and the goal is read back.

    `follow` is asked at every poll of a Wait for events that tell more. Hosts of a FanOut are under "hosts".

    Raises: UdoError, with the steps before it done and what they saved in its `data`; Conflict when something else
    changed meanwhile; PartlyDone, after all the other steps, for programs that failed.
    """
    known: dict[str, Any] = {}
    failed: list[str] = []
    try:
        for number, step in enumerate(plan.steps, 1):
            try:
                _carry_out_step(step, number, len(plan.steps), known, tools, follow)
            except PartlyDone as error:
                # What it was to follow is done: the programs after it are to be told as well.
                failed.append(error.message)
        if plan.steps:
            _read_back(plan.goal, known, tools)
            _compare_seen(plan.seen, known, tools)
        if failed:
            raise PartlyDone("; ".join(failed))
    except (UdoError, Interrupted) as error:
        error.data = known
        raise
    return known


def _carry_out_step(
    step: Step, number: int, total: int, known: dict[str, Any], tools: Tools, follow: Follow | None
) -> None:
    tools.emit(StepBegan(step.says, number, total))
    begun = tools.clock.monotonic()

    def done(note: str = "") -> None:
        tools.record(step.says, "done", note)
        tools.emit(StepDone(step.says, tools.clock.monotonic() - begun, note))

    try:
        if not isinstance(step, Call):
            tools.before_waiting()
        signals.look()
        match step:
            case Call():
                _send(step, known, tools, done)
            case Wait():
                _wait(step, known, tools, follow)
                done()
            case FanOut():
                _fan_out(step, known, tools)
                done()
            case LocalCommand():
                _local(step, known, tools)
                done()
        signals.look()
    except Interrupted as error:
        tools.record(step.says, "interrupted", "")
        raise _standing(error, step, f"{number} of {total}", known) from error
    except UdoError as error:
        if isinstance(step, Call) and step.optional and not isinstance(error, CredentialsError):
            tools.record(step.says, "left out", error.message)
            tools.emit(Notice(f"{step.says}: {error.message}; going on without it", "warning"))
            tools.emit(StepDone(step.says, tools.clock.monotonic() - begun, "left out"))
            return
        tools.record(step.says, error.code, error.message)
        tools.emit(StepFailed(step.says, error.message))
        raise


def _standing(error: Interrupted, step: Step, number: str, known: Mapping[str, Any]) -> Interrupted:
    again = filled(step.detached, known) if isinstance(step, Wait) else ""
    hint = again or "run the same command again to go on"
    told = Interrupted(f"interrupted in step {number} ({step.says})", hint=hint)
    told.exit = error.exit
    return told


def _send(call: Call, known: dict[str, Any], tools: Tools, done: Callable[[str], None]) -> None:
    until = tools.clock.monotonic() + RESEND_SECONDS
    pause = 1.0
    while True:
        signals.look()
        _expect(call, known, tools)
        try:
            answer = tools.call(call.service, call.operation, resolve(call.params, known))
            known.update(_saved(call, answer, tools))
            return done("")
        except NotSent as error:
            if tools.clock.monotonic() + pause > until:
                raise
            tools.emit(Notice(f"{error.message}; trying again in {pause:.0f} s", "warning"))
            tools.clock.sleep(_jittered(pause))
            pause = min(pause * 2, SLOWEST_POLL)
        except AlreadyThere as error:
            if not (call.proof and _seems_to_hold(call.proof, known, tools)):
                raise Conflict(
                    error.message, hint="it is not what this would create; nothing was overwritten"
                ) from error
            return done("it was there already, with the same content")
        except LostAnswer as error:
            _settle(call, error, known, tools)
            return done("the answer was lost; AWS shows that it is done")


def _saved(call: Call, answer: Mapping[str, Any], tools: Tools) -> dict[str, Any]:
    found = {name: _text(tools.search(path, answer)) for name, path in call.save.items()}
    if None in found.values():
        # A page of a proxy's can pass for an empty answer: whether the write took effect has to be looked up.
        raise LostAnswer(f"{call.service}:{call.operation}: the answer does not say {', '.join(call.save)}")
    return found


def _expect(call: Call, known: dict[str, Any], tools: Tools) -> None:
    for pair, found in _read_together(call.expect, known, tools):
        wanted = resolve(pair.value, known)
        if _text(found) != _text(wanted):
            raise Conflict(
                f"{pair.says or call.says}: {_brief(found)} now, it was {_brief(wanted)} when this was planned",
                hint="somebody else is at work; nothing was overwritten, look and run it again",
            )


def _read_together(pairs: Iterable[Pair], known: dict[str, Any], tools: Tools) -> Iterator[tuple[Pair, Any]]:
    # What one request tells is read in one: each further one would widen the window before the write.
    requests: list[tuple[Read, list[tuple[Pair, str]]]] = []
    for pair in pairs:
        read: Read = resolve(pair.read, known)
        same = (rows for one, rows in requests if replace(one, path=read.path) == read)
        rows = next(same, None)
        if rows is None:
            requests.append((read, rows := []))
        rows.append((pair, read.path))
    for read, rows in requests:
        path = f"[{', '.join(path for _, path in rows)}]"
        found = [tools.read(read)] if len(rows) == 1 else tools.read(replace(read, path=path)) or [None] * len(rows)
        yield from zip((pair for pair, _ in rows), found, strict=True)


def _holds(pairs: Iterable[Pair], known: dict[str, Any], tools: Tools) -> bool:
    learned: dict[str, Any] = {}
    for pair in pairs:
        so_far = {**known, **learned}
        found = tools.read(resolve(pair.read, so_far))
        if isinstance(pair.value, Ref) and pair.value.name not in so_far:
            if found is None:
                return False
            learned[pair.value.name] = _text(found)
        elif _text(found) != _text(resolve(pair.value, so_far)):
            return False
    known.update(learned)
    return True


def _seems_to_hold(pairs: Iterable[Pair], known: dict[str, Any], tools: Tools) -> bool:
    """Whether the pairs hold; what may not be read does not count as holding."""
    try:
        return _holds(pairs, known, tools)
    except (PermissionDenied, AwsError):
        return False


def _settle(call: Call, error: LostAnswer, known: dict[str, Any], tools: Tools) -> None:
    if not call.proof:
        raise LostAnswer(f"{error.message}; whether it took effect is not known", hint="look before running it again")
    tools.emit(Notice(f"{error.message}; looking whether it took effect", "warning"))
    if not _in_time(lambda: _holds(call.proof, known, tools), tools):
        raise LostAnswer(
            f"{error.message}; AWS does not show it done after {SETTLE_SECONDS:.0f} s",
            hint="run the same command again: it takes up what is there",
        ) from error


def _read_back(goal: tuple[Pair, ...], known: dict[str, Any], tools: Tools) -> None:
    for pair in goal:
        if not _in_time(lambda pair=pair: _holds((pair,), known, tools), tools):  # type: ignore[misc]
            found = _brief(tools.read(resolve(pair.read, known)))
            unknown = isinstance(pair.value, Ref) and pair.value.name not in known
            wanted = "what was made" if unknown else _brief(resolve(pair.value, known))
            raise Conflict(
                f"{pair.says or 'read back'}: AWS shows {found}, not {wanted}",
                hint="somebody else changed it after Udo did; look before running it again",
            )


def _compare_seen(seen: tuple[Pair, ...], known: dict[str, Any], tools: Tools) -> None:
    moved = []
    for pair in seen:
        found = tools.read(resolve(pair.read, known))
        moved += _moved(pair, resolve(pair.value, known), found)
    if moved:
        raise Conflict(
            f"done, but meanwhile something else changed: {'; '.join(moved)}",
            hint="somebody else is at work there; look whether both changes belong together",
        )


def _moved(pair: Pair, before: Any, now: Any) -> list[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        keys = [key for key in before if before[key] != now.get(key)]
        return [f"{pair.says} {key} {_brief(before[key])} -> {_brief(now.get(key))}".strip() for key in keys]
    return [] if before == now else [f"{pair.says} {_brief(before)} -> {_brief(now)}".strip()]


def _in_time(holds: Callable[[], bool], tools: Tools) -> bool:
    until = tools.clock.monotonic() + SETTLE_SECONDS
    pause = 0.5
    while True:
        signals.look()
        try:
            if holds():
                return True
        except (NotSent, LostAnswer) as error:
            tools.emit(Notice(error.message, "warning"))
        if tools.clock.monotonic() + pause > until:
            return False
        tools.clock.sleep(pause)
        pause = min(pause * 1.5, 5.0)


def _wait(wait: Wait, known: dict[str, Any], tools: Tools, follow: Follow | None) -> None:
    began = tools.clock.monotonic()
    until = began + wait.timeout
    pause = wait.every
    state: Any = "not seen yet"
    while True:
        signals.look()
        try:
            state = tools.read(resolve(wait.read, known))
            for event in follow(wait, state, known) if follow else (Progress(f"{wait.says}: {_brief(state)}"),):
                waited = tools.clock.monotonic() - began
                tools.emit(replace(event, waited=waited) if isinstance(event, Progress) else event)
        except (NotSent, LostAnswer) as error:
            tools.emit(Notice(error.message, "warning"))
        if state in wait.success:
            return
        if state in wait.failure:
            raise EndedBadly(f"{wait.says}: {_brief(state)}", state=state)
        left = until - tools.clock.monotonic()
        if left <= 0:
            told = f"{wait.says}: still {_brief(state)} after {wait.timeout:.0f} s, AWS goes on with it"
            raise DeadlinePassed(told, hint=filled(wait.detached, known) or None)
        tools.clock.sleep(min(_jittered(pause), left))
        pause = min(pause * 1.25, SLOWEST_POLL)


def _fan_out(step: FanOut, known: dict[str, Any], tools: Tools) -> None:
    hosts = known.setdefault("hosts", [])
    events = tools.fan_out(step)
    try:
        for event in events:
            if isinstance(event, HostDone):
                hosts.append(event)
            tools.emit(event)
    finally:
        # Closed however this ends, because closing is what hangs up on every host.
        if isinstance(events, Generator):
            events.close()


def _local(step: LocalCommand, known: Mapping[str, Any], tools: Tools) -> None:
    status = tools.local(replace(step, env=resolve(step.env, known)))
    if status != 0:
        how = f"status {status}" if status > 0 else f"signal {-status}"
        raise PartlyDone(f"{step.says}: ended with {how}")


def resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """The value with every Ref in it replaced by what is known under its name.

    Raises: KeyError for a Ref no step has saved (a mistake in the plan).
    """
    match value:
        case Ref(name, "{}"):
            return known[name]
        case Ref(name, inside):
            return inside.replace("{}", str(known[name]))
        case Read(service, operation, params, path):
            return Read(service, operation, resolve(params, known), path)
        case Mapping():
            return {key: resolve(item, known) for key, item in value.items()}
        case list() | tuple():
            return [resolve(item, known) for item in value]
    return value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _brief(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - spreads polls, guards nothing
