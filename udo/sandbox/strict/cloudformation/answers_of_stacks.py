"""What CloudFormation answers about stacks, their resources, events and templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from udo.sandbox.strict.cloudformation import capabilities, operations, parameters, structure, text, views
from udo.sandbox.strict.cloudformation.change_sets import found
from udo.sandbox.strict.cloudformation.evaluation import importers
from udo.sandbox.strict.cloudformation.record import unique
from udo.sandbox.strict.cloudformation.refusal import invalid
from udo.sandbox.strict.cloudformation.state import Operation, Stack, backends
from udo.sandbox.strict.limits import INVALID_TOKEN
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Request, rule

_PAGE = 100
_TOKEN = ("ValidationError", INVALID_TOKEN[1])


def _stacks(request: Request) -> list[Stack]:
    found_here: dict[str, Stack] = backends[request.account][request.region].stacks
    # The newest first.
    return list(reversed(found_here.values()))


def _named(request: Request) -> Stack:
    if not request.params.get("StackName"):
        raise invalid("StackName must be specified")
    return operations.described(request.params["StackName"], request.account, request.region)


def _paged(request: Request, rows: Iterable[Any], key: str) -> dict[str, Any]:
    shown, token = page(list(rows), _PAGE, request.params.get("NextToken"), refusal=_TOKEN)
    return {key: list(shown), **({"NextToken": token} if token else {})}


def _create(request: Request) -> Mapping[str, Any]:
    stack = operations.create(request.params, request.account, request.region)
    return {"StackId": stack.id, "OperationId": stack.operations[-1].id if stack.operations else unique()}


def _update(request: Request) -> Mapping[str, Any]:
    stack = operations.update(request.params, request.account, request.region)
    return {"StackId": stack.id, "OperationId": stack.operations[-1].id}


def _delete(request: Request) -> Mapping[str, Any]:
    operations.delete(request.params, request.account, request.region)
    return {}


def _cancel(request: Request) -> Mapping[str, Any]:
    operations.cancel_update(request.params, request.account, request.region)
    return {}


def _continue(request: Request) -> Mapping[str, Any]:
    operations.continue_rollback(request.params, request.account, request.region)
    return {}


def _protect(request: Request) -> Mapping[str, Any]:
    return {"StackId": operations.protect(request.params, request.account, request.region).id}


@rule("cloudformation", "DescribeStacks", moto="answers nothing at all where the outputs of one stack cannot be told")
def stacks_are_told_apart(request: Request) -> Mapping[str, Any]:
    """Each stack is described for itself, the newest first; one that is deleted is found by its id alone.

    Source: botocore cloudformation DescribeStacksInput, member StackName.
    """
    if request.params.get("StackName"):
        return {"Stacks": [views.stack(_named(request))]}
    return _paged(request, (views.stack(one) for one in _stacks(request) if not one.is_deleted), "Stacks")


def _list(request: Request) -> Mapping[str, Any]:
    wanted = request.params.get("StackStatusFilter") or ()
    chosen = (one for one in _stacks(request) if not wanted or one.status in wanted)
    return _paged(request, (views.summary(one) for one in chosen), "StackSummaries")


@rule("cloudformation", "DescribeStackEvents", moto="has events of the stack alone, none of its resources")
def every_resource_has_its_events(request: Request) -> Mapping[str, Any]:
    """Each step of each resource is an event with its moment, its reason and its request's token, the newest first.

    Source: botocore cloudformation StackEvent; CloudFormation User Guide, "Understand stack creation events".
    """
    return _paged(request, (views.event(one) for one in reversed(_named(request).events)), "StackEvents")


def _events(request: Request) -> Mapping[str, Any]:
    rows = [row for stack, operation in _asked(request) for row in views.operation_events(stack, operation)]
    if (request.params.get("Filters") or {}).get("FailedEvents"):
        rows = [row for row in rows if _is_failed(row)]
    return _paged(request, rows, "OperationEvents")


@rule("cloudformation", "DescribeEvents", moto="has no such operation")
def operations_tell_why(request: Request) -> Mapping[str, Any]:
    """DescribeEvents tells of each operation by its id, its stack or its change set: what failed, or was found before.

    Source: botocore cloudformation DescribeEventsInput and OperationEvent.
    """
    return _events(request)


def _asked(request: Request) -> list[tuple[Stack, Operation]]:
    params = request.params
    if params.get("ChangeSetName"):
        stack, one = found(params, request.account, request.region)
        return [(stack, one.operation)] if one.operation else []
    if params.get("OperationId"):
        pairs = [(stack, operation) for stack in _stacks(request) for operation in stack.operations]
        return [(stack, operation) for stack, operation in pairs if operation.id == params["OperationId"]]
    if not params.get("StackName"):
        raise invalid("One of ChangeSetName, OperationId or StackName must be specified")
    stack = _named(request)
    return [(stack, operation) for operation in reversed(stack.operations)]


def _is_failed(row: Mapping[str, Any]) -> bool:
    return row["EventType"] in ("VALIDATION_ERROR", "PROVISIONING_ERROR") or row.get("OperationStatus") == "FAILED"


def _resources(request: Request) -> Mapping[str, Any]:
    params = request.params
    stack = _of_physical(request) if params.get("PhysicalResourceId") else _named(request)
    wanted = params.get("LogicalResourceId")
    chosen = [one for one in stack.resources.values() if wanted in (None, one.logical_id)]
    if wanted and not chosen:
        raise invalid(f"Resource {wanted} does not exist for stack {stack.name}")
    return {"StackResources": [views.resource(stack, one) for one in chosen]}


def _of_physical(request: Request) -> Stack:
    physical = request.params["PhysicalResourceId"]
    for stack in _stacks(request):
        there = (one.physical_id == physical for one in stack.resources.values())
        if not stack.is_deleted and any(there):
            return stack
    raise invalid(f"Stack for {physical} does not exist")


def _resource(request: Request) -> Mapping[str, Any]:
    stack, wanted = _named(request), request.params["LogicalResourceId"]
    if wanted not in stack.resources:
        raise invalid(f"Resource {wanted} does not exist for stack {stack.name}")
    shown = views.resource(stack, stack.resources[wanted])
    shown["LastUpdatedTimestamp"] = shown.pop("Timestamp")
    return {"StackResourceDetail": {**shown, "Metadata": None}}


def _list_resources(request: Request) -> Mapping[str, Any]:
    stack = _named(request)
    return _paged(request, map(views.resource_summary, stack.resources.values()), "StackResourceSummaries")


def _template(request: Request) -> Mapping[str, Any]:
    if request.params.get("ChangeSetName"):
        _, one = found(request.params, request.account, request.region)
        body = one.source.text
    else:
        body = _named(request).source.text
    return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}


def _summary(request: Request) -> Mapping[str, Any]:
    if request.params.get("StackName"):
        body = _named(request).source.text
    else:
        body = text.given(request.params, request.region)
    template = structure.checked(body)
    kinds = sorted({one["Type"] for one in template["Resources"].values()})
    return {
        "Parameters": [_declared(name, one) for name, one in template.get("Parameters", {}).items()],
        "Description": template.get("Description"),
        "Capabilities": capabilities.wanted(template),
        "CapabilitiesReason": capabilities.reason(template) or None,
        "ResourceTypes": kinds,
        "Version": template.get("AWSTemplateFormatVersion"),
        "DeclaredTransforms": [],
    }


def _declared(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    allowed = [parameters.text(each) for each in one.get("AllowedValues", ())]
    return {
        "ParameterKey": name,
        "DefaultValue": parameters.text(one["Default"]) if "Default" in one else None,
        "ParameterType": one.get("Type", "String"),
        "NoEcho": parameters.text(one.get("NoEcho", False)) == "true",
        "Description": one.get("Description"),
        "ParameterConstraints": {"AllowedValues": allowed} if allowed else {},
    }


def _validate(request: Request) -> Mapping[str, Any]:
    template = structure.checked(text.given(request.params, request.region))
    declared = template.get("Parameters", {})
    parameters.types_are_known(declared)
    kept = ("ParameterKey", "DefaultValue", "NoEcho", "Description")
    rows = [_declared(name, one) for name, one in declared.items()]
    return {
        "Parameters": [{key: row[key] for key in kept} for row in rows],
        "Description": template.get("Description"),
        "Capabilities": capabilities.wanted(template),
        "CapabilitiesReason": capabilities.reason(template) or None,
        "DeclaredTransforms": [],
    }


def _exports(request: Request) -> Mapping[str, Any]:
    rows = [
        {"ExportingStackId": stack.id, "Name": one["ExportName"], "Value": one["OutputValue"]}
        for stack in _stacks(request)
        for one in ([] if stack.is_deleted else stack.outputs)
        if "ExportName" in one
    ]
    return _paged(request, rows, "Exports")


def _imports(request: Request) -> Mapping[str, Any]:
    name = request.params["ExportName"]
    for stack in _stacks(request):
        if any(one.get("ExportName") == name for one in stack.outputs):
            users = importers(stack, name)
            if not users:
                raise invalid(f"Export '{name}' is not imported by any stack.")
            return _paged(request, users, "Imports")
    raise invalid(f"Export '{name}' does not exist.")


OPERATIONS: Mapping[str, Callable[[Request], Mapping[str, Any]]] = {
    "CancelUpdateStack": _cancel,
    "ContinueUpdateRollback": _continue,
    "CreateStack": _create,
    "DeleteStack": _delete,
    "DescribeEvents": operations_tell_why,
    "DescribeStackEvents": every_resource_has_its_events,
    "DescribeStackResource": _resource,
    "DescribeStackResources": _resources,
    "DescribeStacks": stacks_are_told_apart,
    "GetTemplate": _template,
    "GetTemplateSummary": _summary,
    "ListExports": _exports,
    "ListImports": _imports,
    "ListStackResources": _list_resources,
    "ListStacks": _list,
    "UpdateStack": _update,
    "UpdateTerminationProtection": _protect,
    "ValidateTemplate": _validate,
}
