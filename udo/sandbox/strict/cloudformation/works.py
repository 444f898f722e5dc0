"""What is done to one resource of a stack, step by step: made, changed, made anew or removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from udo.sandbox.strict.cloudformation import schemas, shapes
from udo.sandbox.strict.cloudformation.evaluation import values
from udo.sandbox.strict.cloudformation.faults import stack_faults
from udo.sandbox.strict.cloudformation.kind import Failure, Kind, Made, Place
from udo.sandbox.strict.cloudformation.kinds import KINDS
from udo.sandbox.strict.cloudformation.record import letters, resource_is, unique
from udo.sandbox.strict.cloudformation.state import Operation, Resource, Source, Stack, Work
from udo.sandbox.strict.cloudformation.values import Missing
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.rules import Refusal, rule

_INITIATED = "Resource creation Initiated"
_ANEW = "Requested update requires the creation of a new physical resource; hence creating one."
_GONE = ("404", "NotFound", "NotFoundException", "NoSuchEntity", "NoSuchBucket", "ResourceNotFoundException")
_NAMED = (
    "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
    "Rename {} and update the stack again."
)


def step(stack: Stack, work: Work, at: float) -> float | None:
    """Does the next of what there is to do; gives the seconds until the one after, or None at the end.

    Raises: Failure where it cannot be done.
    """
    operation = stack.operation
    assert operation is not None
    stages = _STAGES[work.verb]
    try:
        wait = stages[work.stage](stack, operation, work, at)
    except ClientError as error:
        raise _reason(error, work.resource.type) from error
    except ParamValidationError as error:
        raise handler(f"Model validation failed ({' '.join(str(error).split())})", "InvalidRequest") from error
    except (Missing, Refusal) as error:
        raise Failure(getattr(error, "message", "") or str(error)) from error
    return wait


def cancel(stack: Stack, work: Work, at: float) -> None:
    """Ends what is under way, because something else has failed."""
    verb = "CREATE" if work.verb == "create" else "UPDATE"
    told = "Resource creation cancelled" if verb == "CREATE" else "Resource update cancelled"
    resource_is(stack, work.resource, f"{verb}_FAILED", at, told)


def fail(stack: Stack, work: Work, at: float, reason: str) -> None:
    """Takes note that a resource could not be made, changed or removed."""
    verb = {"create": "CREATE", "delete": "DELETE"}.get(work.verb, "UPDATE")
    resource_is(stack, work.resource, f"{verb}_FAILED", at, reason)


@rule("cloudformation", "CreateStack", moto="puts none of CloudFormation's own tags on them")
def resources_are_tagged(stack: Stack, source: Source, resource: Resource) -> Place:
    """What a stack makes has the stack's tags, and, where its type takes those, aws:cloudformation:stack-name,
    stack-id and logical-id.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html.
    """
    own = {
        "aws:cloudformation:stack-name": stack.name,
        "aws:cloudformation:logical-id": resource.logical_id,
        "aws:cloudformation:stack-id": stack.id,
    }
    tags = {**source.tags, **(own if schemas.has_system_tags(resource.type) else {})}
    where = (stack.id, stack.name, stack.account, stack.region, resource.logical_id, resource.type)
    return Place(*where, tags=tags, suffix=letters())


def _source(stack: Stack, operation: Operation) -> Source:
    return operation.source or stack.source


def _properties(stack: Stack, operation: Operation, work: Work) -> dict[str, Any]:
    resource = work.resource
    found = values(stack, _source(stack, operation)).properties(resource.definition)
    if wrong := shapes.told(resource.type, found):
        raise Failure(f"Properties validation failed for resource {resource.logical_id} with message:\n{wrong}")
    return found


def _create_begins(stack: Stack, operation: Operation, work: Work, at: float) -> float:
    resource = work.resource
    stack.resources[resource.logical_id] = resource
    resource_is(stack, resource, "CREATE_IN_PROGRESS", at, shows=resource.definition.get("Properties", {}))
    resource.properties = _properties(stack, operation, work)
    work.stage += 1
    return delays.stack_call


def _create_calls(stack: Stack, operation: Operation, work: Work, at: float) -> float:
    resource, kind = work.resource, KINDS[work.resource.type]
    where = resources_are_tagged(stack, _source(stack, operation), resource)
    _struck("create", stack, operation, resource)
    _is_free(kind, resource.properties, where)
    _keep(resource, kind.create(resource.properties, where))
    resource_is(stack, resource, "CREATE_IN_PROGRESS", at, _INITIATED)
    work.stage += 1
    return kind.seconds


def _create_ends(stack: Stack, operation: Operation, work: Work, at: float) -> float | None:
    if not _is_ready(stack, operation, work.resource):
        return delays.stack_call
    resource_is(stack, work.resource, "CREATE_COMPLETE", at)
    return None


def _update_begins(stack: Stack, operation: Operation, work: Work, at: float) -> float | None:
    resource = work.resource
    wanted = _properties(stack, operation, work)
    before = operation.before or stack.source
    is_tagged = before.tags != _source(stack, operation).tags and "tagging" in schemas.schema(resource.type)
    if wanted == resource.properties and not is_tagged:
        return None
    work.properties = wanted
    if anew := replaces(resource, wanted):
        work.verb = "replace"
        if _keeps_its_name(resource, wanted):
            resource_is(stack, resource, "UPDATE_IN_PROGRESS", at)
            raise Failure(_NAMED.format(resource.physical_id))
    resource_is(stack, resource, "UPDATE_IN_PROGRESS", at, _ANEW if anew else "", shows=wanted)
    work.stage += 1
    return delays.stack_call


def _update_calls(stack: Stack, operation: Operation, work: Work, at: float) -> float:
    resource, kind = work.resource, KINDS[work.resource.type]
    _struck("update", stack, operation, resource)
    where = resources_are_tagged(stack, _source(stack, operation), resource)
    made = kind.update(resource.physical_id, work.properties, resource.properties, where)
    _keep(resource, made)
    resource.properties = work.properties
    work.stage += 1
    return kind.seconds


def _replace_calls(stack: Stack, operation: Operation, work: Work, at: float) -> float:
    resource, kind = work.resource, KINDS[work.resource.type]
    _struck("update", stack, operation, resource)
    where = resources_are_tagged(stack, _source(stack, operation), resource)
    _is_free(kind, work.properties, where)
    _keep(resource, kind.create(work.properties, where))
    resource.properties = work.properties
    resource_is(stack, resource, "UPDATE_IN_PROGRESS", at, _INITIATED)
    work.stage += 1
    return kind.seconds


def _update_ends(stack: Stack, operation: Operation, work: Work, at: float) -> float | None:
    if not _is_ready(stack, operation, work.resource):
        return delays.stack_call
    resource_is(stack, work.resource, "UPDATE_COMPLETE", at)
    return None


def _revert_begins(stack: Stack, operation: Operation, work: Work, at: float) -> float:
    resource_is(stack, work.resource, "UPDATE_IN_PROGRESS", at)
    work.stage += 1
    return delays.stack_call


def _revert_calls(stack: Stack, operation: Operation, work: Work, at: float) -> float:
    resource, old = work.resource, work.old
    assert old is not None
    _struck("update", stack, operation, resource)
    if resource.physical_id != old.physical_id:
        # The old one is still there, and the new one is removed at the end.
        _restore(resource, old)
    else:
        where = resources_are_tagged(stack, stack.source, resource)
        made = KINDS[resource.type].update(old.physical_id, old.properties, resource.properties, where)
        _restore(resource, old)
        _keep(resource, made)
    work.stage += 1
    return delays.stack_call


def _delete_begins(stack: Stack, operation: Operation, work: Work, at: float) -> float | None:
    resource = work.resource
    if resource.logical_id in operation.retained or _stays(operation, work):
        resource_is(stack, resource, "DELETE_SKIPPED", at)
        return None
    if not resource.physical_id:
        # It never came to be.
        resource_is(stack, resource, "DELETE_COMPLETE", at)
        return None
    resource_is(stack, resource, "DELETE_IN_PROGRESS", at)
    work.stage += 1
    return delays.stack_call


def _delete_calls(stack: Stack, operation: Operation, work: Work, at: float) -> float:
    resource, kind = work.resource, KINDS[work.resource.type]
    _struck("delete", stack, operation, resource)
    try:
        kind.delete(resource.physical_id, resource.properties, resources_are_tagged(stack, stack.source, resource))
    except ClientError as error:
        if not _is_gone(error):
            raise
    work.stage += 1
    return delays.stack_call


def _delete_ends(stack: Stack, operation: Operation, work: Work, at: float) -> float | None:
    gone = KINDS[work.resource.type].gone
    if gone and not gone(work.resource.physical_id, resources_are_tagged(stack, stack.source, work.resource)):
        return delays.stack_call
    resource_is(stack, work.resource, "DELETE_COMPLETE", at)
    return None


Stage = Callable[[Stack, Operation, Work, float], float | None]
_STAGES: Mapping[str, tuple[Stage, ...]] = {
    "create": (_create_begins, _create_calls, _create_ends),
    "update": (_update_begins, _update_calls, _update_ends),
    "replace": (_update_begins, _replace_calls, _update_ends),
    "revert": (_revert_begins, _revert_calls, _update_ends),
    "delete": (_delete_begins, _delete_calls, _delete_ends),
}


def replaces(resource: Resource, wanted: Mapping[str, Any]) -> bool:
    """Whether properties that have changed make a resource anew."""
    before = resource.properties
    changed = [key for key in {*before, *wanted} if before.get(key) != wanted.get(key)]
    return any(schemas.recreation(resource.type, key) == "Always" for key in changed)


def _keeps_its_name(resource: Resource, wanted: Mapping[str, Any]) -> bool:
    name = KINDS[resource.type].name
    return bool(name and wanted.get(name) and wanted.get(name) == resource.properties.get(name))


def _is_free(kind: Kind, properties: Mapping[str, Any], where: Place) -> None:
    name = properties.get(kind.name) if kind.name else None
    if name and kind.exists and kind.exists(name, where):
        raise handler(f"Resource of type '{kind.type}' with identifier '{name}' already exists.", "AlreadyExists")


def _is_ready(stack: Stack, operation: Operation, resource: Resource) -> bool:
    ready = KINDS[resource.type].ready
    if ready is None:
        return True
    made = ready(resource.physical_id, resources_are_tagged(stack, _source(stack, operation), resource))
    if made is not None:
        _keep(resource, made)
    return made is not None


def _stays(operation: Operation, work: Work) -> bool:
    # What an update has made anew has left something behind, for which there is a policy of its own.
    name = "UpdateReplacePolicy" if work.old is not None else "DeletionPolicy"
    policy = work.resource.definition.get(name, "Delete")
    return policy == "Retain" or (policy == "RetainExceptOnCreate" and operation.kind != "CREATE_STACK")


def _struck(verb: str, stack: Stack, operation: Operation, resource: Resource) -> None:
    if told := stack_faults.due(verb, operation.id, (stack.name, resource.logical_id, resource.type)):
        raise handler(
            f"{told} (Service: {_service(resource.type)}, Status Code: 400, Request ID: {unique()})",
            "GeneralServiceException",
        )


def _keep(resource: Resource, made: Made) -> None:
    resource.physical_id, resource.attributes = made.physical_id, dict(made.attributes)


def _restore(resource: Resource, old: Resource) -> None:
    resource.physical_id, resource.attributes = old.physical_id, dict(old.attributes)
    resource.properties, resource.definition = dict(old.properties), old.definition


def handler(message: str, code: str) -> Failure:
    """A failure as the handlers of AWS's registry tell it."""
    return Failure(
        f'Resource handler returned message: "{message}" (RequestToken: {unique()}, HandlerErrorCode: {code})', code
    )


def _reason(error: ClientError, kind: str) -> Failure:
    told, about = error.response["Error"], error.response.get("ResponseMetadata", {})
    service = _service(kind)
    status, request = about.get("HTTPStatusCode", 400), about.get("RequestId") or unique()
    said = f"{told.get('Message', '')} (Service: {service}, Status Code: {status}, Request ID: {request})"
    code = _CODES.get(status, "InvalidRequest")
    return handler(said, "AlreadyExists" if "Exist" in str(told.get("Code", "")) and status == 409 else code)


_CODES = {
    403: "AccessDenied",
    404: "NotFound",
    409: "GeneralServiceException",
    429: "Throttling",
    500: "ServiceInternalError",
}


# Services as AWS's own SDK, which the handlers use, writes their names.
_WRITTEN = {"EC2": "Ec2", "IAM": "Iam", "Logs": "CloudWatchLogs", "SNS": "Sns", "SQS": "Sqs"}


def _service(kind: str) -> str:
    name = kind.split("::")[1]
    return _WRITTEN.get(name, name)


def _is_gone(error: ClientError) -> bool:
    code = str(error.response["Error"].get("Code", ""))
    return code.endswith(_GONE) or "NotFound" in code or "NonExistent" in code
