"""What is asked of stacks: to be made, updated, removed, given up, protected; each begins an operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.cloudformation import ends, parameters, structure, text
from udo.sandbox.strict.cloudformation.capabilities import roles_are_made_with_leave
from udo.sandbox.strict.cloudformation.difference import is_changed
from udo.sandbox.strict.cloudformation.evaluation import importers, values
from udo.sandbox.strict.cloudformation.record import stack_is, unique
from udo.sandbox.strict.cloudformation.refusal import broken_constraint, invalid, no_stack
from udo.sandbox.strict.cloudformation.state import Backend, Operation, Source, Stack, Work, backends
from udo.sandbox.strict.cloudformation.values import Missing
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import Refusal, rule

Params = Mapping[str, Any]
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/.+")
# Source: CloudFormation User Guide, "Stack status codes": from these a stack can be updated.
_UPDATABLE = (
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
)
_UNDELETABLE = ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS")


def create(params: Params, account: str, region: str, parent: Stack | None = None) -> Stack:
    """The stack that a request asks for, under way. Raises: Refusal."""
    backend: Backend = backends[account][region]
    names_are_stack_names(params["StackName"])
    if params.get("OnFailure") and params.get("DisableRollback") is not None:
        raise invalid("You can specify either DisableRollback or OnFailure, but not both.")
    there = backend.found(params["StackName"])
    if again := tokens_are_used_once(backend, there, "CREATE_STACK", params.get("ClientRequestToken")):
        return again
    if there is not None:
        raise Refusal("AlreadyExistsException", f"Stack [{there.name}] already exists")
    stack = made(backend, params["StackName"], parent)
    source = sourced(params, stack, before=None)
    backend.stacks[stack.id] = stack
    stack.timeout = params.get("TimeoutInMinutes")
    stack.protected = bool(params.get("EnableTerminationProtection"))
    stack.on_failure = params.get("OnFailure") or ("DO_NOTHING" if params.get("DisableRollback") else "ROLLBACK")
    begin(stack, "CREATE_STACK", source, params, on_failure=stack.on_failure)
    return stack


def made(backend: Backend, name: str, parent: Stack | None = None) -> Stack:
    """A stack that has nothing yet; it is not there before it is put into the backend."""
    account, region = backend.account_id, backend.region_name
    stack = Stack(
        f"arn:aws:cloudformation:{region}:{account}:stack/{name}/{unique()}", name, account, region, moment.now()
    )
    if parent is not None:
        stack.parent, stack.root = parent.id, parent.root or parent.id
    return stack


def update(params: Params, account: str, region: str) -> Stack:
    """The stack that a request updates, under way. Raises: Refusal."""
    backend: Backend = backends[account][region]
    stack = backend.found(params["StackName"])
    if stack is None or stack.is_deleted:
        raise invalid(f"Stack [{params['StackName']}] does not exist")
    if tokens_are_used_once(backend, stack, "UPDATE_STACK", params.get("ClientRequestToken")):
        return stack
    stacks_are_updated_one_at_a_time(stack)
    source = sourced(params, stack, before=stack.source)
    resources_keep_their_type(stack, source)
    updates_change_something(stack, source)
    begin(
        stack, "UPDATE_STACK", source, params, on_failure="DO_NOTHING" if params.get("DisableRollback") else "ROLLBACK"
    )
    return stack


def begin(stack: Stack, kind: str, source: Source, params: Params, *, on_failure: str) -> None:
    """Begins to make or update a stack."""
    now = moment.now()
    operation = Operation(kind, unique(), "validate", now + delays.stack_validation, now)
    operation.token, operation.source, operation.on_failure = (
        str(params.get("ClientRequestToken") or ""),
        source,
        on_failure,
    )
    operation.before = stack.source
    operation.validates = not params.get("DisableValidation")
    if kind == "CREATE_STACK" and stack.timeout:
        operation.deadline = now + 60 * stack.timeout
    start(stack, operation, f"{kind.removesuffix('_STACK')}_IN_PROGRESS")
    if kind == "UPDATE_STACK":
        stack.updated = now
    else:
        stack.source = source


def start(stack: Stack, operation: Operation, status: str) -> None:
    """Puts a stack under way."""
    stack.operation = operation
    stack.operations.append(operation)
    stack_is(stack, status, operation.began, "User Initiated")


def delete(params: Params, account: str, region: str) -> None:
    """Begins to remove a stack; there may be none. Raises: Refusal."""
    backend: Backend = backends[account][region]
    stack = backend.found(params["StackName"])
    if stack is None or stack.is_deleted:
        return
    if tokens_are_used_once(backend, stack, "DELETE_STACK", params.get("ClientRequestToken")):
        return
    stacks_are_protected(stack)
    retained, forced = (
        frozenset(params.get("RetainResources") or ()),
        params.get("DeletionMode") == "FORCE_DELETE_STACK",
    )
    only_failed_deletions_leave_resources(stack, retained, forced)
    if stack.status in _UNDELETABLE:
        raise invalid(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
    if stack.status != "DELETE_IN_PROGRESS":
        remove(stack, params, retained, forced=forced)


def remove(stack: Stack, params: Params, retained: frozenset[str], *, forced: bool) -> None:
    """Begins to remove all that a stack has, whatever it is at."""
    now = moment.now()
    interrupted = stack.operation
    if interrupted is not None:
        give_up(stack, interrupted, now)
    operation = Operation("DELETE_STACK", unique(), "delete", now, now, retained=retained, forced=forced)
    operation.token = str(params.get("ClientRequestToken") or "")
    start(stack, operation, "DELETE_IN_PROGRESS")
    stack.change_sets.clear()
    for output in stack.outputs:
        if (name := output.get("ExportName")) and (users := importers(stack, name)):
            told = f"Export {name} cannot be deleted as it is in use by {', '.join(users)}"
            ends.finished(stack, operation, now, "DELETE_FAILED", told)
            return
    operation.works = ends.removals(stack)


def give_up(stack: Stack, operation: Operation, at: float) -> None:
    """Ends what is under way, as it stands."""
    from udo.sandbox.strict.cloudformation import works

    for work in operation.works:
        if not work.outcome and work.due is not None and work.verb != "delete":
            works.cancel(stack, work, at)
    operation.status, operation.ended = "FAILED", at


def protect(params: Params, account: str, region: str) -> Stack:
    """The stack whose termination protection is switched. Raises: Refusal."""
    stack = present(params, account, region)
    if stack.parent:
        raise invalid("TerminationProtection cannot be changed on nested stacks, use the root stack instead.")
    stack.protected = bool(params["EnableTerminationProtection"])
    return stack


def cancel_update(params: Params, account: str, region: str) -> None:
    """Gives up an update, which is rolled back. Raises: Refusal."""
    stack = present(params, account, region)
    operation = stack.operation
    if operation is None or stack.status != "UPDATE_IN_PROGRESS":
        raise invalid("CancelUpdateStack cannot be called from current stack status")
    now = moment.now()
    operation.on_failure = "ROLLBACK"
    if operation.phase == "work":
        give_up(stack, operation, now)
        operation.status, operation.ended = "IN_PROGRESS", None
    ends.failures_are_rolled_back(stack, operation, now, "User Initiated")


def continue_rollback(params: Params, account: str, region: str) -> None:
    """Goes on with a rollback that has failed, without the resources that are to be skipped. Raises: Refusal."""
    stack = present(params, account, region)
    if stack.status != "UPDATE_ROLLBACK_FAILED":
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not continue rollback.")
    last = stack.operations[-1]
    skipped = set(params.get("ResourcesToSkip") or ())
    bad = {one.resource.logical_id for one in last.works if one.outcome == "failed"}
    if unknown := sorted(skipped - bad):
        raise invalid(f"The following resource(s) are not in UPDATE_FAILED state: [{', '.join(unknown)}]")
    now = moment.now()
    operation = Operation("CONTINUE_ROLLBACK", unique(), "rollback", now, now, source=last.source, new=last.new)
    operation.token = str(params.get("ClientRequestToken") or "")
    left = [one for one in last.works if one.outcome != "done" and one.resource.logical_id not in skipped]
    if not params.get("ForceRollback"):
        operation.works = [Work("revert", one.resource, frozenset(), old=one.old) for one in left]
    start(stack, operation, "UPDATE_ROLLBACK_IN_PROGRESS")


def sourced(params: Params, stack: Stack, before: Source | None) -> Source:
    """What a request gives to make a stack from; what it leaves out stays as before. Raises: Refusal."""
    body = text.given(params, stack.region, stack if before is not None else None)
    template = structure.checked(body)
    declared = template.get("Parameters", {})
    parameters.types_are_known(declared)
    role = params.get("RoleARN") or (before.role if before else "")
    if role and not _ROLE.fullmatch(role):
        raise broken_constraint(role, "roleARN", "be the ARN of a role")
    roles_are_made_with_leave(template, params.get("Capabilities") or ())
    source = Source(
        text=body,
        template=template,
        parameters=parameters.settled(declared, params.get("Parameters") or (), before.parameters if before else None),
        tags=_tags(params, before),
        capabilities=list(params.get("Capabilities") or ()),
        notifications=list(params.get("NotificationARNs") or (before.notifications if before else ())),
        rollback=dict(params.get("RollbackConfiguration") or (before.rollback if before else {})),
        role=role,
    )
    known = values(stack, source)
    for name in template.get("Conditions", {}):
        known.condition(name)
    return source


def _tags(params: Params, before: Source | None) -> dict[str, str]:
    given = params.get("Tags")
    if given is None:
        return dict(before.tags) if before else {}
    if wrong := next((one["Key"] for one in given if one["Key"].lower().startswith("aws:")), None):
        raise invalid(f"Tag key '{wrong}' is invalid: aws: prefixed tag key names are not allowed for external use.")
    return {one["Key"]: one["Value"] for one in given}


@rule("cloudformation", "CreateStack", "CreateChangeSet", moto="takes any name")
def names_are_stack_names(name: str) -> None:
    """A stack's name begins with a letter, goes on with letters, digits and hyphens, and has 128 of them at most.

    Source: botocore cloudformation CreateStackInput, member StackName.
    """
    if len(name) > 128:
        raise broken_constraint(name, "stackName", "have length less than or equal to 128")
    if not _NAME.fullmatch(name):
        raise broken_constraint(name, "stackName", f"satisfy regular expression pattern: {_NAME.pattern}")


@rule("cloudformation", "CreateStack", "UpdateStack", "DeleteStack", moto="ignores the token")
def tokens_are_used_once(backend: Backend, stack: Stack | None, kind: str, token: str | None) -> Stack | None:
    """A request that comes again with its token begins nothing again; a token of another operation is refused.

    Source: botocore cloudformation CreateStackInput, member ClientRequestToken; TokenAlreadyExistsException.
    """
    if not token:
        return None
    used = [
        (one, operation) for one in backend.stacks.values() for operation in one.operations if operation.token == token
    ]
    for one, operation in used:
        if one is stack and operation.kind == kind:
            return one
    if any(one is stack for one, _ in used):
        raise Refusal("TokenAlreadyExistsException", "A client request token already exists.")
    return None


@rule("cloudformation", "CreateChangeSet", "UpdateStack", moto="updates a stack whatever its status")
def stacks_are_updated_one_at_a_time(stack: Stack) -> None:
    """A stack that is under way, or whose creation has failed, cannot be updated.

    Source: AWS re:Post, "is in ROLLBACK_COMPLETE state and can not be updated" in CloudFormation.
    """
    if stack.status not in _UPDATABLE:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")


@rule("cloudformation", "UpdateStack", moto="makes a new resource of the other type")
def resources_keep_their_type(stack: Stack, source: Source) -> None:
    """An update cannot give a resource another type.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html.
    """
    templated = source.template["Resources"]
    there = {name: one for name, one in stack.resources.items() if name in templated and one.physical_id}
    if wrong := [name for name, one in there.items() if one.type != templated[name]["Type"]]:
        told = f"The new template modifies resource type of the following resources: [{', '.join(wrong)}]"
        raise invalid(f"Update of resource type is not permitted. {told}")


@rule("cloudformation", "UpdateStack", moto="answers that it has updated the stack")
def updates_change_something(stack: Stack, source: Source) -> None:
    """An update that changes nothing is refused: No updates are to be performed.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html.
    """
    try:
        changed = is_changed(stack, source)
    except (Missing, Refusal):
        changed = True
    if not changed:
        raise invalid("No updates are to be performed.")


@rule("cloudformation", "DeleteStack", moto="deletes a protected stack")
def stacks_are_protected(stack: Stack) -> None:
    """A stack with termination protection, or nested in one, is not deleted.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html.
    """
    root = backends[stack.account][stack.region].stacks.get(stack.root, stack)
    if root.protected:
        raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")


@rule("cloudformation", "DeleteStack", moto="ignores what is to be retained")
def only_failed_deletions_leave_resources(stack: Stack, retained: frozenset[str], forced: bool) -> None:
    """Resources are retained, and a deletion is forced, only where a deletion has failed before.

    Source: botocore cloudformation DeleteStackInput, members RetainResources and DeletionMode.
    """
    if not retained and not forced:
        return
    if stack.status != "DELETE_FAILED":
        what = "specify which resources to retain" if retained else "use FORCE_DELETE_STACK"
        raise invalid(
            f"Invalid operation on stack [{stack.id}]. You can {what} only when the stack is in DELETE_FAILED state."
        )
    if unknown := sorted(retained - stack.resources.keys()):
        raise invalid(f"The specified resources to retain are not part of the stack: [{', '.join(unknown)}]")


def present(params: Params, account: str, region: str) -> Stack:
    """The stack that a request changes. Raises: Refusal."""
    stack: Stack | None = backends[account][region].found(params["StackName"])
    if stack is None or stack.is_deleted:
        raise invalid(f"Stack [{params['StackName']}] does not exist")
    return stack


def described(name: str, account: str, region: str) -> Stack:
    """The stack of that name, or of that id, deleted ones too. Raises: Refusal."""
    stack: Stack | None = backends[account][region].found(name)
    if stack is None:
        raise no_stack(name)
    return stack
