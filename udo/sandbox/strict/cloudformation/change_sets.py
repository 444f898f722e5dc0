"""Change sets: made, looked at, executed and removed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.cloudformation import operations, validation
from udo.sandbox.strict.cloudformation.difference import changes, is_changed
from udo.sandbox.strict.cloudformation.record import stack_is, unique
from udo.sandbox.strict.cloudformation.refusal import broken_constraint, invalid
from udo.sandbox.strict.cloudformation.state import Backend, ChangeSet, Operation, Stack, backends
from udo.sandbox.strict.cloudformation.values import Missing
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import Refusal, rule

Params = Mapping[str, Any]
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_NOTHING = "The submitted information didn't contain changes. Submit different information to create a change set."


def create(params: Params, account: str, region: str) -> tuple[Stack, ChangeSet]:
    """The change set that a request asks for, under way, and its stack. Raises: Refusal."""
    backend: Backend = backends[account][region]
    name, kind = params["ChangeSetName"], params.get("ChangeSetType") or "UPDATE"
    if not _NAME.fullmatch(name):
        raise broken_constraint(name, "changeSetName", f"satisfy regular expression pattern: {_NAME.pattern}")
    if kind not in ("CREATE", "UPDATE"):
        raise NotImplementedError(f"change sets of the type {kind}")
    there = backend.found(params["StackName"])
    there = None if there is not None and there.is_deleted else there
    if there is not None and (known := there.change_sets.get(name)):
        if params.get("ClientToken") and known.token == params["ClientToken"]:
            return there, known
        raise Refusal(
            "AlreadyExistsException",
            f"ChangeSet {name} cannot be created due to a name conflict with an existing change set",
        )
    stack = change_sets_fit_their_stack(backend, there, params["StackName"], kind)
    source = operations.sourced(params, stack, before=None if kind == "CREATE" else stack.source)
    if kind == "UPDATE":
        operations.resources_keep_their_type(stack, source)
    now = moment.now()
    if stack.id not in backend.stacks:
        backend.stacks[stack.id] = stack
        stack_is(stack, "REVIEW_IN_PROGRESS", now, "User Initiated")
    arn = f"arn:aws:cloudformation:{region}:{account}:changeSet/{name}/{unique()}"
    one = ChangeSet(arn, name, kind, now, source, description=str(params.get("Description") or ""))
    one.token, one.on_failure = str(params.get("ClientToken") or ""), str(params.get("OnStackFailure") or "")
    one.validates, one.due = not params.get("DisableValidation"), now + delays.stack_validation
    one.operation = Operation("CREATE_CHANGESET", unique(), "validate", now, now, change_set=arn)
    stack.operations.append(one.operation)
    stack.change_sets[name] = one
    return stack, one


@rule("cloudformation", "CreateChangeSet", moto="makes a second stack of the same name")
def change_sets_fit_their_stack(backend: Backend, there: Stack | None, name: str, kind: str) -> Stack:
    """A change set of the type CREATE is for a stack that is not there yet, one of the type UPDATE for one that is.

    Source: botocore cloudformation CreateChangeSetInput, member ChangeSetType.
    """
    if kind == "CREATE":
        operations.names_are_stack_names(name)
        if there is not None and there.status != "REVIEW_IN_PROGRESS":
            told = f"Stack [{there.name}] already exists and cannot be created again with the changeSet [CREATE]."
            raise invalid(told)
        return there or operations.made(backend, name)
    if there is None:
        raise invalid(f"Stack [{name}] does not exist")
    if there.status == "REVIEW_IN_PROGRESS":
        raise invalid(f"Stack [{there.name}] is in REVIEW_IN_PROGRESS state and can not be updated.")
    operations.stacks_are_updated_one_at_a_time(there)
    return there


def finish(stack: Stack, one: ChangeSet, at: float) -> None:
    """Works out what a change set would do, and whether it can."""
    one.due = None
    operation = one.operation
    assert operation is not None
    operation.ended = at
    try:
        one.changes = changes(stack, one.source)
        nothing = one.kind == "UPDATE" and not is_changed(stack, one.source)
    except (Missing, Refusal) as error:
        _fail(one, getattr(error, "message", "") or str(error))
        return
    if nothing:
        _fail(one, _NOTHING)
        return
    found = validation.findings(stack, one.source, at, warns=True) if one.validates else []
    operation.findings = found
    if any(finding.mode == "FAIL" for finding in found):
        _fail(one, validation.reason([finding for finding in found if finding.mode == "FAIL"]))
        return
    one.status, one.execution, operation.status = "CREATE_COMPLETE", "AVAILABLE", "SUCCESS"


def _fail(one: ChangeSet, reason: str) -> None:
    one.status, one.execution, one.reason = "FAILED", "UNAVAILABLE", reason
    if one.operation:
        one.operation.status = "FAILED"


def found(params: Params, account: str, region: str) -> tuple[Stack, ChangeSet]:
    """The change set that a request names by its ARN, or by its name and stack. Raises: Refusal."""
    backend: Backend = backends[account][region]
    name = str(params["ChangeSetName"])
    if name.startswith("arn:"):
        for stack in backend.stacks.values():
            for one in stack.change_sets.values():
                if one.id == name:
                    return stack, one
        raise Refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")
    if not params.get("StackName"):
        raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
    there = backend.found(str(params["StackName"]))
    if there is None:
        raise invalid(f"Stack [{params['StackName']}] does not exist")
    if name not in there.change_sets:
        raise Refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")
    return there, there.change_sets[name]


@rule("cloudformation", "ExecuteChangeSet", moto="executes a change set whatever its status")
def only_available_change_sets_are_executed(params: Params, account: str, region: str) -> None:
    """A change set is executed once, where it is AVAILABLE and its stack at rest; all others of it are gone then.

    Source: botocore cloudformation ExecuteChangeSet and InvalidChangeSetStatusException.
    """
    token = params.get("ClientRequestToken")
    backend: Backend = backends[account][region]
    if token and any(operation.token == token for stack in backend.stacks.values() for operation in stack.operations):
        _again(backend, params, str(token))
        return
    stack, one = found(params, account, region)
    if one.execution != "AVAILABLE" or stack.operation:
        told = f"ChangeSet [{one.id}] cannot be executed in its current status of [{one.status}]"
        raise Refusal("InvalidChangeSetStatus", told)
    on_failure = one.on_failure or ("DO_NOTHING" if params.get("DisableRollback") else "ROLLBACK")
    if one.kind == "UPDATE":
        operations.stacks_are_updated_one_at_a_time(stack)
    stack.change_sets.clear()
    stack.change_set_id, stack.on_failure = one.id, on_failure
    kind = "CREATE_STACK" if one.kind == "CREATE" else "UPDATE_STACK"
    operations.begin(stack, kind, one.source, {**params, "DisableValidation": True}, on_failure=on_failure)
    assert stack.operation is not None
    stack.operation.change_set = one.id


execute = only_available_change_sets_are_executed


def _again(backend: Backend, params: Params, token: str) -> None:
    """A token that comes again: nothing to do where it was this change set's. Raises: Refusal."""
    name = str(params["ChangeSetName"])
    for stack in backend.stacks.values():
        for operation in stack.operations:
            of_it = operation.change_set == name or f"/{name}/" in operation.change_set
            if operation.token == token and of_it and operation.kind != "CREATE_CHANGESET":
                return
    raise Refusal("TokenAlreadyExistsException", "A client request token already exists.")


def delete(params: Params, account: str, region: str) -> None:
    """Removes a change set; there may be none. Raises: Refusal."""
    try:
        stack, one = found(params, account, region)
    except Refusal as refusal:
        if str(getattr(refusal, "code", "")) == "ChangeSetNotFound":
            return
        raise
    if one.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
        told = f"An operation on ChangeSet [{one.id}] is currently in progress."
        raise Refusal("InvalidChangeSetStatus", told)
    del stack.change_sets[one.name]
