"""Tells how a plan that was made earlier stands to the world: done, half done, or no longer fitting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from udo.change.conditions import Reading, hold, is_open, known_pairs, known_part, moved
from udo.change.plan import Call, Pair, Plan, Read, Step, Wait, filled
from udo.change.waiting import Watcher
from udo.errors import Conflict


def remaining(plan: Plan, read: Reading, watching: Callable[[Wait], Watcher]) -> Plan:
    """The plan without the steps that are done; with none at all where its end is reached.

    A wait is done where its state is one of its successes: while AWS is at work it is waited for again.

    Raises: Conflict where what the rest rests on has moved, or anything that was seen beside it (without a step, too).
    """
    known: dict[str, Any] = {}
    ended = bool(ends := _ends(plan)) and hold(ends, known, read)
    known = known if ended else {}
    rest: list[Step] = []
    for step in plan.steps:
        # What comes after a step that is left is left too, but for writes whose ends are there.
        if ended and isinstance(step, Call):
            continue
        if all(map(_is_optional, rest)) and _is_done(step, known, read, watching):
            # What a run that came so far has left out is not made up for.
            rest.clear()
            continue
        rest.append(step)
    left = _with_rest(plan, rest, known)
    if not ended and (left.steps or not plan.steps):
        _compare(left, read)
    return left


def _is_done(step: Step, known: dict[str, Any], read: Reading, watching: Callable[[Wait], Watcher]) -> bool:
    match step:
        case Call(proof=proof):
            return bool(proof) and hold(proof, known, read)
        case Wait():
            meant = known_part(step.read, known)
            return not is_open(meant) and watching(replace(step, read=meant)).poll().state in step.success
    return False


def _is_optional(step: Step) -> bool:
    return isinstance(step, Call) and step.optional


def _ends(plan: Plan) -> list[Pair]:
    """What is true once the plan is carried out: the last word on each reading that its proofs and its goal make."""
    pairs = [pair for call in plan.writes if not call.optional for pair in call.proof]
    pairs += plan.goal
    return [pair for number, pair in enumerate(pairs) if all(pair.read != later.read for later in pairs[number + 1 :])]


def _with_rest(plan: Plan, rest: list[Step], known: Mapping[str, Any]) -> Plan:
    said = filled(plan.done, known)
    if plan.steps and not rest:
        unchanged = f"nothing to do, this is done already: {said}"
        return replace(plan, steps=(), differences=(), notes=(), asks=None, unchanged=unchanged)
    steps = tuple(_step(step, known) for step in rest)
    return replace(plan, steps=steps, goal=known_pairs(plan.goal, known), done=said)


def _compare(plan: Plan, read: Reading) -> None:
    changed = [line for pair in (*_foreseen(plan), *plan.seen) for line in moved(pair, pair.value, read(pair.read))]
    if changed:
        raise Conflict(
            f"{plan.target} is not what it was when this was planned: {'; '.join(changed)}",
            hint="nothing was changed; look, and make the plan again",
        )


def _foreseen(plan: Plan) -> list[Pair]:
    """The expectations that can be compared before the first write: what an earlier step of the plan moves cannot."""
    found: list[Pair] = []
    moved: list[Read] = []
    for call in plan.writes:
        if not call.optional:
            found += [pair for pair in call.expect if not is_open(pair) and pair.read not in moved]
            moved += [pair.read for pair in call.proof]
    return [pair for number, pair in enumerate(found) if pair not in found[:number]]


def _step(step: Step, known: Mapping[str, Any]) -> Step:
    match step:
        case Call():
            params, expect = known_part(step.params, known), known_pairs(step.expect, known)
            return replace(step, params=params, expect=expect, proof=known_pairs(step.proof, known))
        case Wait():
            return replace(step, read=known_part(step.read, known), detached=filled(step.detached, known))
    return step
