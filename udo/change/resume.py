"""Tells how a plan that was made earlier stands to the world: done, half done, or no longer fitting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from udo.change.plan import Call, Pair, Plan, Read, Ref, Step, Wait, filled
from udo.errors import Conflict

Reading = Callable[[Read], Any]


def remaining(plan: Plan, read: Reading) -> Plan:
    """The plan without the steps that are done; with none at all where its end is reached.

    Raises: Conflict where what the rest rests on has moved, or anything that was seen beside it.
    """
    known: dict[str, Any] = {}
    if (ends := _ends(plan)) and _hold(ends, known, read):
        return _without(plan, len(plan.steps), known)
    known = {}
    done = 0
    for step in plan.steps:
        if not (isinstance(step, Call) and step.proof and _hold(step.proof, known, read)):
            break
        done += 1
    rest = _without(plan, done, known)
    if rest.steps:
        _compare(rest, read)
    return rest


def _ends(plan: Plan) -> list[Pair]:
    """What is true once the plan is carried out: the last word on each reading that its proofs and its goal make."""
    pairs = [pair for call in plan.writes if not call.optional for pair in call.proof]
    pairs += plan.goal
    return [pair for number, pair in enumerate(pairs) if all(pair.read != later.read for later in pairs[number + 1 :])]


def _hold(pairs: Iterable[Pair], known: dict[str, Any], read: Reading) -> bool:
    learned = dict(known)
    for pair in pairs:
        meant, wanted = _with(pair.read, learned), _with(pair.value, learned)
        if _open(meant):
            return False
        found = read(meant)
        if isinstance(wanted, Ref):
            if found is None:
                return False
            learned[wanted.name] = _text(found)
        elif _text(found) != _text(wanted):
            return False
    known.update(learned)
    return True


def _without(plan: Plan, done: int, known: Mapping[str, Any]) -> Plan:
    rest = tuple(_step(step, known) for step in plan.steps[done:])
    said = filled(plan.done, known)
    if plan.steps and not rest:
        unchanged = f"nothing to do, this is done already: {said}"
        return replace(plan, steps=(), differences=(), notes=(), asks=None, unchanged=unchanged)
    return replace(plan, steps=rest, goal=_pairs(plan.goal, known), done=said)


def _compare(plan: Plan, read: Reading) -> None:
    moved = []
    for pair in (*_foreseen(plan), *plan.seen):
        found = read(pair.read)
        if _text(found) != _text(pair.value):
            moved.append(f"{pair.says}: {_moved(pair.value, found)}")
    if moved:
        raise Conflict(
            f"{plan.target} is not what it was when this was planned: {'; '.join(moved)}",
            hint="nothing was changed; look, and make the plan again",
        )


def _foreseen(plan: Plan) -> list[Pair]:
    """The expectations that can be compared before the first write: what an earlier step of the plan moves cannot."""
    found: list[Pair] = []
    moved: list[Read] = []
    for call in plan.writes:
        if not call.optional:
            found += [pair for pair in call.expect if not _open(pair) and pair.read not in moved]
            moved += [pair.read for pair in call.proof]
    return [pair for number, pair in enumerate(found) if pair not in found[:number]]


def _moved(before: Any, now: Any) -> str:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        return ", ".join(f"{key} {before[key]} -> {now.get(key)}" for key in before if before[key] != now.get(key))
    return f"{_brief(before)} -> {_brief(now)}"


def _brief(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _step(step: Step, known: Mapping[str, Any]) -> Step:
    match step:
        case Call():
            params, expect = _with(step.params, known), _pairs(step.expect, known)
            return replace(step, params=params, expect=expect, proof=_pairs(step.proof, known))
        case Wait():
            return replace(step, read=_with(step.read, known), detached=filled(step.detached, known))
    return step


def _pairs(pairs: Iterable[Pair], known: Mapping[str, Any]) -> tuple[Pair, ...]:
    return tuple(Pair(_with(pair.read, known), _with(pair.value, known), pair.says) for pair in pairs)


def _with(value: Any, known: Mapping[str, Any]) -> Any:
    """The value with every Ref that is known replaced; the others stay for a later step to fill."""
    match value:
        case Ref(name, inside) if name in known:
            return known[name] if inside == "{}" else inside.replace("{}", str(known[name]))
        case Read(service, operation, params, path):
            return Read(service, operation, _with(params, known), path)
        case Mapping():
            return {key: _with(item, known) for key, item in value.items()}
        case list() | tuple():
            return [_with(item, known) for item in value]
    return value


def _open(value: Any) -> bool:
    match value:
        case Ref():
            return True
        case Pair(read, wanted):
            return _open(read) or _open(wanted)
        case Read(_, _, params):
            return _open(params)
        case Mapping():
            return any(map(_open, value.values()))
        case list() | tuple():
            return any(map(_open, value))
    return False


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
