"""Reads of CloudFormation: stacks, their events and resources, and change sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.aws.absence import is_absent
from udo.aws.members import whole
from udo.aws.times import rfc3339
from udo.errors import AwsError
from udo.model.stacks import (
    ChangeSet,
    Output,
    PropertyChange,
    ResourceChange,
    Stack,
    StackEvent,
    StackResource,
    Validation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from udo.aws.connection import Connection


@whole
class CloudFormation:
    """What CloudFormation holds in one account and region."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stacks(self) -> tuple[Stack, ...]:
        """All stacks that are not deleted, by one listing.

        Raises: UdoError.
        """
        pages = self._connection.pages("cloudformation", "DescribeStacks", {})
        return tuple(stack_from(row) for page in pages for row in page.get("Stacks", ()))

    def stack(self, name: str) -> Stack | None:
        """The stack of this name or id; None where there is none. A deleted one is found by its id alone.

        Raises: UdoError.
        """
        try:
            answer = self._connection.ask("cloudformation", "DescribeStacks", {"StackName": name})
        except AwsError as error:
            if not is_absent(error):
                raise
            return None
        return next((stack_from(row) for row in answer["Stacks"]), None)

    def events(self, stack: str) -> Iterator[StackEvent]:
        """The events of a stack, newest first; pages are read as they are used.

        Raises: UdoError.
        """
        pages = self._connection.pages("cloudformation", "DescribeStackEvents", {"StackName": stack})
        try:
            for page in pages:
                yield from map(_event, page.get("StackEvents", ()))
        except AwsError as error:
            if not is_absent(error):
                raise

    def resources(self, stack: str) -> tuple[StackResource, ...]:
        """The resources of a stack; none where there is no such stack.

        Raises: UdoError.
        """
        pages = self._connection.pages("cloudformation", "ListStackResources", {"StackName": stack})
        try:
            return tuple(_resource(row) for page in pages for row in page.get("StackResourceSummaries", ()))
        except AwsError as error:
            if not is_absent(error):
                raise
            return ()

    def change_set(self, stack: str, change_set_id: str) -> ChangeSet | None:
        """The change set of this id with all its changes, without what early validation says; None for none.

        AWS allows it by its stack, which an id does not tell of one that is gone. Raises: UdoError.
        """
        asked = {"StackName": stack, "ChangeSetName": change_set_id, "IncludePropertyValues": True}
        try:
            pages = list(self._connection.pages("cloudformation", "DescribeChangeSet", asked))
        except AwsError as error:
            if not is_absent(error):
                raise
            return None
        rows = [row["ResourceChange"] for page in pages for row in page.get("Changes", ()) if "ResourceChange" in row]
        return _change_set(pages[0], tuple(map(_change, rows)))

    def change_sets(self, stack: str) -> tuple[ChangeSet, ...]:
        """The change sets of a stack, without their changes; none where there is no such stack.

        Raises: UdoError.
        """
        pages = self._connection.pages("cloudformation", "ListChangeSets", {"StackName": stack})
        try:
            return tuple(_change_set(row, ()) for page in pages for row in page.get("Summaries", ()))
        except AwsError as error:
            if not is_absent(error):
                raise
            return ()

    def validations(self, change_set_id: str) -> tuple[Validation, ...]:
        """What early validation has found in a change set.

        Raises: UdoError.
        """
        pages = self._connection.pages("cloudformation", "DescribeEvents", {"ChangeSetName": change_set_id})
        rows = (row for page in pages for row in page.get("OperationEvents", ()))
        return tuple(_validation(row) for row in rows if row.get("EventType") == "VALIDATION_ERROR")


def stack_from(row: Mapping[str, Any]) -> Stack:
    """The stack in one row of DescribeStacks."""
    return Stack(
        stack_id=row.get("StackId", ""),
        name=row["StackName"],
        status=row["StackStatus"],
        reason=row.get("StackStatusReason", ""),
        created_at=rfc3339(row.get("CreationTime")),
        updated_at=rfc3339(row.get("LastUpdatedTime")),
        deleted_at=rfc3339(row.get("DeletionTime")),
        outputs=tuple(
            Output(one["OutputKey"], one.get("OutputValue", ""), one.get("Description", ""), one.get("ExportName", ""))
            for one in row.get("Outputs", ())
        ),
        tags={one["Key"]: one["Value"] for one in row.get("Tags", ())},
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in row.get("Parameters", ())},
        protected=bool(row.get("EnableTerminationProtection")),
        parent=row.get("ParentId", ""),
        role=row.get("RoleARN", ""),
    )


def _event(row: Mapping[str, Any]) -> StackEvent:
    return StackEvent(
        event_id=row["EventId"],
        stack_id=row["StackId"],
        logical_id=row.get("LogicalResourceId", ""),
        physical_id=row.get("PhysicalResourceId", ""),
        kind=row.get("ResourceType", ""),
        status=row.get("ResourceStatus", ""),
        at=rfc3339(row["Timestamp"]),
        reason=row.get("ResourceStatusReason", ""),
        token=row.get("ClientRequestToken", ""),
    )


def _resource(row: Mapping[str, Any]) -> StackResource:
    return StackResource(
        logical_id=row["LogicalResourceId"],
        physical_id=row.get("PhysicalResourceId", ""),
        kind=row["ResourceType"],
        status=row["ResourceStatus"],
        reason=row.get("ResourceStatusReason", ""),
    )


def _change_set(row: Mapping[str, Any], changes: tuple[ResourceChange, ...]) -> ChangeSet:
    return ChangeSet(
        change_set_id=row["ChangeSetId"],
        name=row["ChangeSetName"],
        stack_id=row["StackId"],
        stack_name=row.get("StackName", ""),
        status=row["Status"],
        execution=row.get("ExecutionStatus", ""),
        reason=row.get("StatusReason", ""),
        description=row.get("Description", ""),
        created_at=rfc3339(row.get("CreationTime")),
        changes=changes,
    )


def _change(row: Mapping[str, Any]) -> ResourceChange:
    return ResourceChange(
        action=row["Action"],
        logical_id=row["LogicalResourceId"],
        kind=row.get("ResourceType", ""),
        physical_id=row.get("PhysicalResourceId", ""),
        replacement=row.get("Replacement", ""),
        policy=row.get("PolicyAction", ""),
        scope=tuple(row.get("Scope", ())),
        properties=tuple(map(_property, row.get("Details", ()))),
        nested=row.get("ChangeSetId", ""),
    )


def _property(row: Mapping[str, Any]) -> PropertyChange:
    target = row.get("Target") or {}
    attribute, name = target.get("Attribute", ""), target.get("Name", "")
    path = (target.get("Path") or "").removeprefix("/").replace("/", ".").removeprefix("Properties.")
    return PropertyChange(
        path=path or name or attribute,
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
        recreates=target.get("RequiresRecreation", "Never"),
        cause=row.get("CausingEntity", ""),
        is_dynamic=row.get("Evaluation") == "Dynamic",
    )


def _validation(row: Mapping[str, Any]) -> Validation:
    return Validation(
        fails=row.get("ValidationFailureMode", "FAIL") == "FAIL",
        name=row.get("ValidationName", ""),
        reason=row.get("ValidationStatusReason") or row.get("ResourceStatusReason", ""),
        path=row.get("ValidationPath", ""),
        logical_id=row.get("LogicalResourceId", ""),
    )
