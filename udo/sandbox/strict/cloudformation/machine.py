"""The machine of stacks: moves every operation on, step by step in the order of their moments."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

from udo.sandbox.strict import moment, steady
from udo.sandbox.strict.cloudformation import change_sets, ends, validation, works
from udo.sandbox.strict.cloudformation.evaluation import values
from udo.sandbox.strict.cloudformation.kind import Failure
from udo.sandbox.strict.cloudformation.references import needs
from udo.sandbox.strict.cloudformation.state import Operation, Resource, Stack, Work, all_stacks
from udo.sandbox.strict.cloudformation.values import Missing
from udo.sandbox.strict.rules import Refusal

_TIMED_OUT = "Resource creation cancelled"
_LATE = "Stack creation time exceeded the specified timeout."


def move(now: float) -> None:
    """Moves all that is under way up to that moment, earliest first; a nested stack begins in between."""
    stuck: set[str] = set()
    while True:
        dues = [(due, one.id, one) for one in all_stacks() if one.id not in stuck and (due := _due(one)) is not None]
        if not dues:
            return
        due, _, stack = min(dues, key=lambda found: found[:2])
        if due > now:
            return
        before = _due(stack), _progress(stack)
        with moment.standing(due):
            steady.each(lambda one, at=due: _step(one, at), [stack])  # type: ignore[misc]
        if (_due(stack), _progress(stack)) == before:
            stuck.add(stack.id)


def _progress(stack: Stack) -> tuple[object, ...]:
    operation = stack.operation
    stages = tuple((one.stage, one.outcome) for one in operation.works) if operation else ()
    return stack.status, operation and operation.phase, stages, len(stack.events), len(stack.change_sets)


def _due(stack: Stack) -> float | None:
    dues = [one.due for one in stack.change_sets.values() if one.due is not None]
    if stack.operation:
        dues.append(stack.operation.due)
    return min(dues, default=None)


def _step(stack: Stack, at: float) -> None:
    operation = stack.operation
    if operation and operation.due <= at:
        _PHASES[operation.phase](stack, operation, at)
        return
    for one in list(stack.change_sets.values()):
        if one.due is not None and one.due <= at:
            change_sets.finish(stack, one, at)


def _validate(stack: Stack, operation: Operation, at: float) -> None:
    assert operation.source is not None
    if operation.validates:
        operation.findings = validation.findings(stack, operation.source, at, warns=False)
        if operation.findings:
            ends.invalid(stack, operation, at)
            return
    try:
        operation.works = _planned(stack, operation)
    except (Missing, Refusal) as error:
        ends.failures_are_rolled_back(stack, operation, at, getattr(error, "message", "") or str(error))
        return
    operation.phase = "work"


def _planned(stack: Stack, operation: Operation) -> list[Work]:
    """What is to be made or changed; what the template no longer has is removed at the end."""
    source = operation.source
    assert source is not None
    known = values(stack, source)
    needed = needs(source.template)
    planned = []
    for name, definition in source.template["Resources"].items():
        if not known.is_wanted(definition):
            continue
        there = stack.resources.get(name)
        if there is None or there.status == "DELETE_COMPLETE" or not there.physical_id:
            fresh = Resource(name, definition["Type"], definition=definition)
            planned.append(Work("create", fresh, needed[name]))
        else:
            old = copy.deepcopy(there)
            there.definition = definition
            planned.append(Work("update", there, needed[name], old=old))
    return planned


def _work(stack: Stack, operation: Operation, at: float) -> None:
    late = operation.deadline is not None and at >= operation.deadline
    if late:
        operation.deadline = None
        for one in operation.works:
            if not one.outcome and one.due is not None:
                works.fail(stack, one, at, _TIMED_OUT)
                one.outcome = "failed"
    running = not late and run(stack, operation, at, stops=True)
    if running:
        return
    bad = [one.resource.logical_id for one in operation.works if one.outcome == "failed"]
    if bad or late:
        ends.failures_are_rolled_back(stack, operation, at, _LATE if late else _failing(operation, bad))
    else:
        ends.worked(stack, operation, at)


def _failing(operation: Operation, bad: list[str]) -> str:
    verb = "create" if operation.kind == "CREATE_STACK" else "update"
    made = [one.resource.logical_id for one in operation.works if one.outcome == "failed" and one.verb == "create"]
    if verb == "update" and made and made == bad:
        verb = "create"
    return f"The following resource(s) failed to {verb}: [{', '.join(bad)}]. "


def _roll_back(stack: Stack, operation: Operation, at: float) -> None:
    if not run(stack, operation, at, stops=False):
        ends.rolled_back(stack, operation, at)


def _clean_up(stack: Stack, operation: Operation, at: float) -> None:
    if not run(stack, operation, at, stops=False):
        ends.cleaned_up(stack, operation, at)


def _delete(stack: Stack, operation: Operation, at: float) -> None:
    if not run(stack, operation, at, stops=False):
        ends.deleted(stack, operation, at)


_PHASES: Mapping[str, Callable[[Stack, Operation, float], None]] = {
    "validate": _validate,
    "work": _work,
    "rollback": _roll_back,
    "cleanup": _clean_up,
    "delete": _delete,
}


def run(stack: Stack, operation: Operation, at: float, *, stops: bool) -> bool:
    """Does what is due of the works, in the order of what they need; tells whether some are still running.

    With `stops` the first that fails ends the others.
    """
    while True:
        _start(operation, at)
        ready = [one for one in operation.works if not one.outcome and one.due is not None and one.due <= at]
        if not ready:
            break
        for work in ready:
            _advance(stack, operation, work, at)
        if stops and any(one.outcome == "failed" for one in operation.works):
            _cancel(stack, operation, at)
            return False
    dues = [one.due for one in operation.works if not one.outcome and one.due is not None]
    if dues:
        operation.due = min([*dues, *([operation.deadline] if operation.deadline else [])])
    return bool(dues)


def _start(operation: Operation, at: float) -> None:
    open_ones = {one.resource.logical_id for one in operation.works if one.outcome != "done"}
    for work in operation.works:
        if work.due is None and not work.outcome and not work.needs & (open_ones - {work.resource.logical_id}):
            work.due = at


def _advance(stack: Stack, operation: Operation, work: Work, at: float) -> None:
    try:
        wait = works.step(stack, work, at)
    except Failure as failure:
        works.fail(stack, work, at, str(failure))
        work.outcome = "failed"
        return
    if wait is None:
        work.outcome = "done"
    else:
        work.due = at + wait


def _cancel(stack: Stack, operation: Operation, at: float) -> None:
    for work in operation.works:
        if not work.outcome and work.due is not None:
            # What has been found unchanged so far is none that anything happened to.
            if work.stage or work.verb == "create":
                works.cancel(stack, work, at)
            work.outcome = "cancelled"
