"""AWS::CloudFormation::Stack: a stack within a stack, whose parent waits for it."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.cloudformation.kind import Failure, Kind, Made, Place, Properties, only, text
from udo.sandbox.strict.cloudformation.state import STACK, Stack, backends
from udo.sandbox.strict.rules import Refusal, rule

_KNOWN = ("NotificationARNs", "Parameters", "Tags", "TemplateURL", "TimeoutInMinutes")
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


@rule("cloudformation", "CreateStack", moto="answers that it is made, whatever has become of the stack within")
def nested_stacks_are_waited_for(properties: Properties, place: Place) -> Made:
    """A stack within a stack takes its time, names its parent, and if it fails, so does its parent, which tells why.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html.
    """
    # Late: what begins stacks looks at all kinds.
    from udo.sandbox.strict.cloudformation import operations

    only(properties, _KNOWN, place)
    given = {**_given(properties, place), "StackName": place.name(128)}
    if "TimeoutInMinutes" in properties:
        given["TimeoutInMinutes"] = int(properties["TimeoutInMinutes"])
    child = operations.create(given, place.account, place.region, _found(place.stack_id, place))
    return Made(child.id)


def _update(stack_id: str, properties: Properties, _before: Properties, place: Place) -> Made:
    from udo.sandbox.strict.cloudformation import operations

    only(properties, _KNOWN, place)
    try:
        operations.update({**_given(properties, place), "StackName": stack_id}, place.account, place.region)
    except Refusal as refusal:
        if "No updates are to be performed." not in str(refusal.message):
            raise
    return Made(stack_id, _outputs(_found(stack_id, place)))


def _given(properties: Properties, place: Place) -> dict[str, Any]:
    parent = _found(place.stack_id, place)
    operation = parent.operation
    source = operation.source if operation and operation.source else parent.source
    given = properties.get("Parameters", {})
    tags = {key: value for key, value in place.tagged(properties).items() if not key.startswith("aws:")}
    return {
        "TemplateURL": properties["TemplateURL"],
        "Parameters": [{"ParameterKey": key, "ParameterValue": _value(one)} for key, one in given.items()],
        "Capabilities": source.capabilities,
        "NotificationARNs": list(properties.get("NotificationARNs", ())),
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        **({"RoleARN": source.role} if source.role else {}),
    }


def _value(value: Any) -> str:
    return ",".join(map(text, value)) if isinstance(value, list) else text(value)


def _ready(stack_id: str, place: Place) -> Made | None:
    child = _found(stack_id, place)
    goes_back = _found(place.stack_id, place).status.startswith("UPDATE_ROLLBACK")
    if child.status in _DONE or (goes_back and child.status == "UPDATE_ROLLBACK_COMPLETE"):
        return Made(stack_id, _outputs(child))
    made = any(
        one.status == "CREATE_COMPLETE" and one.type == STACK and one.logical_id == child.name for one in child.events
    )
    if not made and child.status != "CREATE_IN_PROGRESS":
        raise Failure(f"Embedded stack {stack_id} was not successfully created: {_why(child, 'ROLLBACK_IN_PROGRESS')}")
    if made and child.operation is None:
        told = _why(child, "UPDATE_ROLLBACK_IN_PROGRESS")
        raise Failure(f"Embedded stack {stack_id} was not successfully updated: {told}")
    return None


def _why(child: Stack, status: str) -> str:
    found = (one.reason for one in reversed(child.events) if one.logical_id == child.name and one.status == status)
    return next(found, child.reason).removesuffix(" Rollback requested by user.") + " "


def _delete(stack_id: str, _properties: Properties, place: Place) -> None:
    from udo.sandbox.strict.cloudformation import operations

    child = _found(stack_id, place)
    if not child.is_deleted and child.status != "DELETE_IN_PROGRESS":
        operations.remove(child, {}, frozenset(), forced=False)


def _gone(stack_id: str, place: Place) -> bool:
    child = _found(stack_id, place)
    if child.status == "DELETE_FAILED":
        raise Failure(f"Embedded stack {stack_id} was not successfully deleted: {child.reason}")
    return child.is_deleted


def _outputs(child: Stack) -> dict[str, Any]:
    return {f"Outputs.{one['OutputKey']}": one["OutputValue"] for one in child.outputs}


def _found(stack_id: str, place: Place) -> Stack:
    found: Stack = backends[place.account][place.region].stacks[stack_id]
    return found


KINDS = (Kind(STACK, nested_stacks_are_waited_for, _delete, _update, ready=_ready, gone=_gone, seconds=1.0),)
