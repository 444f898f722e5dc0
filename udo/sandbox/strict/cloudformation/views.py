"""How stacks, their resources, events and change sets look from outside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.cloudformation import parameters
from udo.sandbox.strict.cloudformation.evaluation import stored
from udo.sandbox.strict.cloudformation.state import ChangeSet, Event, Operation, Resource, Source, Stack
from udo.sandbox.strict.rules import Refusal

_DRIFT = {"StackDriftStatus": "NOT_CHECKED"}
_OF_RESOURCES = {"StackResourceDriftStatus": "NOT_CHECKED"}
# What an answer in XML cannot hold.
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_VALUES = ("BeforeValue", "AfterValue", "BeforeValueFrom", "AfterValueFrom")


def stack(one: Stack) -> dict[str, Any]:
    """A stack as DescribeStacks shows it."""
    source = one.source
    operations = [
        each for each in reversed(one.operations) if not (each.change_set and each.kind == "CREATE_CHANGESET")
    ]
    shown = {
        "StackId": one.id,
        "StackName": one.name,
        "ChangeSetId": one.change_set_id or None,
        "Description": source.template.get("Description"),
        "Parameters": _parameters(source, one.region),
        "CreationTime": moment.at(one.created),
        "LastUpdatedTime": moment.at(one.updated) if one.updated is not None else None,
        "DeletionTime": moment.at(one.deleted) if one.deleted is not None else None,
        "RollbackConfiguration": source.rollback,
        "StackStatus": one.status,
        "StackStatusReason": one.reason or None,
        "DisableRollback": one.on_failure == "DO_NOTHING",
        "NotificationARNs": source.notifications,
        "TimeoutInMinutes": one.timeout,
        "Capabilities": source.capabilities,
        "Outputs": [{key: _UNWRITABLE.sub("?", str(value)) for key, value in row.items()} for row in one.outputs],
        "RoleARN": source.role or None,
        "Tags": [{"Key": key, "Value": value} for key, value in source.tags.items()],
        "EnableTerminationProtection": one.protected,
        "ParentId": one.parent or None,
        "RootId": one.root or None,
        "DriftInformation": _DRIFT,
        "LastOperations": [{"OperationType": each.kind, "OperationId": each.id} for each in operations[:1]],
    }
    return {key: value for key, value in shown.items() if value is not None}


def _parameters(source: Source, region: str) -> list[dict[str, Any]]:
    declared = source.template.get("Parameters", {})
    try:
        resolved = parameters.worked_out(declared, source.parameters, lambda name: stored(name, region))
    except Refusal:
        resolved = {}
    return parameters.shown(declared, source.parameters, resolved)


def summary(one: Stack) -> dict[str, Any]:
    """A stack as ListStacks shows it."""
    shown = {
        "StackId": one.id,
        "StackName": one.name,
        "TemplateDescription": one.source.template.get("Description"),
        "CreationTime": moment.at(one.created),
        "LastUpdatedTime": moment.at(one.updated) if one.updated is not None else None,
        "DeletionTime": moment.at(one.deleted) if one.deleted is not None else None,
        "StackStatus": one.status,
        "StackStatusReason": one.reason or None,
        "ParentId": one.parent or None,
        "RootId": one.root or None,
        "DriftInformation": _DRIFT,
    }
    return {key: value for key, value in shown.items() if value is not None}


def resource(one: Stack, found: Resource) -> dict[str, Any]:
    """A resource as DescribeStackResources shows it."""
    shown = resource_summary(found) | {
        "StackName": one.name,
        "StackId": one.id,
        "Timestamp": moment.at(found.updated),
        "Description": found.definition.get("Description"),
        "DriftInformation": _OF_RESOURCES,
    }
    del shown["LastUpdatedTimestamp"]
    return {key: value for key, value in shown.items() if value is not None}


def resource_summary(found: Resource) -> dict[str, Any]:
    """A resource as ListStackResources shows it."""
    shown = {
        "LogicalResourceId": found.logical_id,
        "PhysicalResourceId": found.physical_id or None,
        "ResourceType": found.type,
        "LastUpdatedTimestamp": moment.at(found.updated),
        "ResourceStatus": found.status,
        "ResourceStatusReason": found.reason or None,
        "DriftInformation": _OF_RESOURCES,
    }
    return {key: value for key, value in shown.items() if value is not None}


def event(one: Event) -> dict[str, Any]:
    """An event as DescribeStackEvents shows it."""
    shown = {
        "StackId": one.stack_id,
        "EventId": one.id,
        "StackName": one.stack_name,
        "OperationId": one.operation_id or None,
        "LogicalResourceId": one.logical_id,
        "PhysicalResourceId": one.physical_id,
        "ResourceType": one.type,
        "Timestamp": moment.at(one.at),
        "ResourceStatus": one.status,
        "ResourceStatusReason": one.reason or None,
        "ResourceProperties": one.properties or None,
        "ClientRequestToken": one.token or None,
        "DetailedStatus": one.detail or None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def operation_events(one: Stack, operation: Operation) -> list[dict[str, Any]]:
    """What DescribeEvents shows of an operation, newest first: its end, what it has found, what happened."""
    about = {"StackId": one.id, "OperationId": operation.id, "OperationType": operation.kind}
    about |= {"ClientRequestToken": operation.token} if operation.token else {}
    ended = operation.ended
    rows = [
        {
            **about,
            "EventId": f"{operation.id}-{operation.status}",
            "EventType": "STACK_EVENT",
            "OperationStatus": operation.status,
            "Timestamp": moment.at(operation.began if ended is None else ended),
            "StartTime": moment.at(operation.began),
            **({} if ended is None else {"EndTime": moment.at(ended)}),
        }
    ]
    for number, found in enumerate(operation.findings):
        rows.append({**about, "EventId": f"{operation.id}-{number}", **_finding(found)})
    of_it = [found for found in reversed(one.events) if found.operation_id == operation.id]
    return rows + [_operation_event(about, found) for found in of_it]


def _finding(found: Any) -> dict[str, Any]:
    return {
        "EventType": "VALIDATION_ERROR",
        "LogicalResourceId": found.logical_id,
        "PhysicalResourceId": "",
        "ResourceType": found.type,
        "Timestamp": moment.at(found.at),
        "ValidationFailureMode": found.mode,
        "ValidationName": found.name,
        "ValidationStatus": "FAILED",
        "ValidationStatusReason": found.reason,
        "ValidationPath": found.path,
    }


def _operation_event(about: Mapping[str, Any], found: Event) -> dict[str, Any]:
    is_bad = found.status.endswith("_FAILED") and found.logical_id != found.stack_name
    shown = {
        **about,
        "EventId": found.id,
        "EventType": "PROVISIONING_ERROR" if is_bad else "PROGRESS_EVENT",
        "LogicalResourceId": found.logical_id,
        "PhysicalResourceId": found.physical_id,
        "ResourceType": found.type,
        "Timestamp": moment.at(found.at),
        "ResourceStatus": found.status,
        "ResourceStatusReason": found.reason or None,
        "ResourceProperties": found.properties or None,
        "DetailedStatus": found.detail or None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def change_set_summary(of: Stack, one: ChangeSet) -> dict[str, Any]:
    """A change set as ListChangeSets shows it."""
    shown = {
        "StackId": of.id,
        "StackName": of.name,
        "ChangeSetId": one.id,
        "ChangeSetName": one.name,
        "ExecutionStatus": one.execution,
        "Status": one.status,
        "StatusReason": one.reason or None,
        "CreationTime": moment.at(one.created),
        "Description": one.description or None,
        "IncludeNestedStacks": False,
    }
    return {key: value for key, value in shown.items() if value is not None}


def change_set(of: Stack, one: ChangeSet, *, with_values: bool) -> dict[str, Any]:
    """A change set as DescribeChangeSet shows it; the values of properties only where they are asked for."""
    return change_set_summary(of, one) | {
        "Parameters": _parameters(one.source, of.region),
        "NotificationARNs": one.source.notifications,
        "RollbackConfiguration": one.source.rollback,
        "Capabilities": one.source.capabilities,
        "Tags": [{"Key": key, "Value": value} for key, value in one.source.tags.items()],
        "Changes": one.changes if with_values else [_without_values(row) for row in one.changes],
        **({"OnStackFailure": one.on_failure} if one.on_failure else {}),
    }


def _without_values(row: Mapping[str, Any]) -> dict[str, Any]:
    change = {key: one for key, one in row["ResourceChange"].items() if key not in ("BeforeContext", "AfterContext")}
    change["Details"] = [
        {**one, "Target": {key: value for key, value in one["Target"].items() if key not in _VALUES}}
        for one in change["Details"]
    ]
    return {"Type": row["Type"], "ResourceChange": change}
