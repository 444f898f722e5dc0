"""How the parts of an operation end, and what comes after each: outputs, rollback, cleaning up, the last status."""

from __future__ import annotations

from udo.sandbox.strict.cloudformation.evaluation import outputs
from udo.sandbox.strict.cloudformation.record import resource_is, stack_is
from udo.sandbox.strict.cloudformation.references import needs
from udo.sandbox.strict.cloudformation.state import Operation, Resource, Stack, Work
from udo.sandbox.strict.cloudformation.values import Missing
from udo.sandbox.strict.rules import Refusal, rule

_INVALID = "Validation failure detected. See the operation's FAILED event for details."
_GONE = ("DELETE_COMPLETE", "DELETE_SKIPPED")


def finished(stack: Stack, operation: Operation, at: float, status: str, reason: str = "") -> None:
    """Gives a stack its last status, and the operation its end."""
    stack_is(stack, status, at, reason)
    is_good = status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")
    operation.status, operation.ended = "SUCCESS" if is_good else "FAILED", at
    stack.operation = None


def invalid(stack: Stack, operation: Operation, at: float) -> None:
    """Ends an operation that was found wrong before anything was done."""
    detail = "VALIDATION_FAILED"
    if operation.kind == "UPDATE_STACK":
        stack_is(stack, "UPDATE_FAILED", at, _INVALID, detail)
        _begin_rollback(stack, operation, at, _INVALID)
        return
    stack_is(stack, "CREATE_FAILED", at, _INVALID, detail)
    failures_are_rolled_back(stack, operation, at, _INVALID)


def worked(stack: Stack, operation: Operation, at: float) -> None:
    """Goes on from where everything is made and changed."""
    source = operation.source
    assert source is not None
    try:
        found = outputs(stack, source)
    except (Missing, Refusal) as error:
        failures_are_rolled_back(stack, operation, at, getattr(error, "message", "") or str(error))
        return
    operation.before, stack.source, stack.outputs = stack.source, source, found
    if operation.kind == "CREATE_STACK":
        finished(stack, operation, at, "CREATE_COMPLETE")
        return
    stack_is(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", at)
    wanted = {one.resource.logical_id for one in operation.works}
    left = [one.old for one in operation.works if one.verb == "replace" and one.old is not None]
    gone = [one for name, one in stack.resources.items() if name not in wanted]
    before = operation.before.template
    _clean(operation, at, [*((one, True) for one in left), *((one, False) for one in gone)], before)


def _clean(operation: Operation, at: float, olds: list[tuple[Resource, bool]], template: dict[str, object]) -> None:
    """Removes resources, those first that lean on others."""
    names = {one.logical_id for one, _ in olds}
    operation.works = [
        Work("delete", one, _leaning(template, one.logical_id) & names, old=one if replaced else None)
        for one, replaced in olds
    ]
    operation.phase, operation.due = "cleanup", at


def _leaning(template: dict[str, object], name: str) -> frozenset[str]:
    """The resources that lean on one."""
    if not template.get("Resources"):
        return frozenset()
    return frozenset(other for other, wanted in needs(template).items() if name in wanted)


def cleaned_up(stack: Stack, operation: Operation, at: float) -> None:
    """The end of an update, or of its rollback, once what is left over has been removed as far as it could be."""
    for work in operation.works:
        there = stack.resources.get(work.resource.logical_id)
        if there is work.resource:
            del stack.resources[work.resource.logical_id]
    rolled_back = operation.kind != "UPDATE_STACK" or stack.status.startswith("UPDATE_ROLLBACK")
    finished(stack, operation, at, "UPDATE_ROLLBACK_COMPLETE" if rolled_back else "UPDATE_COMPLETE")


@rule("cloudformation", "CreateStack", "UpdateStack", moto="raises what failed, and leaves the stack as it stands")
def failures_are_rolled_back(stack: Stack, operation: Operation, at: float, reason: str) -> None:
    """A failure is the reason of its resource; what was made until then is removed again, what was changed is changed
    back, unless the request says that it is to stay, or that the stack is to go.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html.
    """
    kept = operation.on_failure == "DO_NOTHING"
    if operation.kind == "CREATE_STACK":
        stack.source = operation.source or stack.source
        if kept:
            finished(stack, operation, at, "CREATE_FAILED", reason)
            return
        deletes = operation.on_failure == "DELETE"
        told = f"{reason.strip()} {'Delete' if deletes else 'Rollback'} requested by user."
        stack_is(stack, "DELETE_IN_PROGRESS" if deletes else "ROLLBACK_IN_PROGRESS", at, told)
        operation.works = removals(stack)
        operation.phase, operation.due = "delete" if deletes else "rollback", at
        return
    if kept:
        finished(stack, operation, at, "UPDATE_FAILED", reason)
        return
    _begin_rollback(stack, operation, at, reason)


def _begin_rollback(stack: Stack, operation: Operation, at: float, reason: str) -> None:
    """Takes back what an update has done: what was changed is changed back, what was made is removed at the end."""
    stack_is(stack, "UPDATE_ROLLBACK_IN_PROGRESS", at, reason)
    touched = [one for one in operation.works if one.verb in ("update", "replace") and one.stage]
    for one in operation.works:
        if one.old is not None and one not in touched:
            one.resource.definition = one.old.definition
    operation.new = [
        one.resource for one in operation.works if one.verb == "create" and one.resource.logical_id in stack.resources
    ]
    reverts = [Work("revert", one.resource, frozenset(), old=one.old) for one in touched]
    for one in touched:
        replaced = one.verb == "replace" and one.old is not None and one.resource.physical_id != one.old.physical_id
        if replaced and one.old is not None:
            fresh = Resource(**vars(one.resource))
            operation.new.append(fresh)
    operation.works, operation.phase, operation.due = reverts, "rollback", at


def rolled_back(stack: Stack, operation: Operation, at: float) -> None:
    """The end of a rollback of a creation; of an update, the removal of what it has made comes after."""
    bad = [one.resource.logical_id for one in operation.works if one.outcome == "failed" or not one.outcome]
    if operation.kind == "CREATE_STACK":
        told = f"The following resource(s) failed to delete: [{', '.join(bad)}]. " if bad else ""
        finished(stack, operation, at, "ROLLBACK_FAILED" if bad else "ROLLBACK_COMPLETE", told)
        return
    if bad:
        told = f"The following resource(s) failed to update: [{', '.join(bad)}]. "
        finished(stack, operation, at, "UPDATE_ROLLBACK_FAILED", told)
        return
    stack_is(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", at)
    template = operation.source.template if operation.source else {}
    _clean(operation, at, [(one, False) for one in operation.new], template)


def removals(stack: Stack) -> list[Work]:
    """What is to be done to remove all of a stack that is there, those first that lean on others."""
    there = {name: one for name, one in stack.resources.items() if one.status not in _GONE}
    return [Work("delete", one, _leaning(stack.source.template, name) & there.keys()) for name, one in there.items()]


def deleted(stack: Stack, operation: Operation, at: float) -> None:
    """The end of a deletion."""
    bad = [one for one in operation.works if one.outcome == "failed"]
    if bad and operation.forced:
        for one in bad:
            resource_is(stack, one.resource, "DELETE_SKIPPED", at)
        operation.works = [one for one in operation.works if not one.outcome]
        operation.due = at
        if operation.works:
            return
        bad = []
    if bad:
        names = ", ".join(one.resource.logical_id for one in bad)
        finished(stack, operation, at, "DELETE_FAILED", f"The following resource(s) failed to delete: [{names}]. ")
        return
    stack.deleted, stack.outputs = at, []
    finished(stack, operation, at, "DELETE_COMPLETE")
