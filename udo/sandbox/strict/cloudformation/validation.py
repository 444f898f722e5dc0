"""What CloudFormation looks at before it makes anything: properties, names in use, buckets that are not empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation.difference import present, wanted
from udo.sandbox.strict.cloudformation.kinds import KINDS
from udo.sandbox.strict.cloudformation.shapes import misfits
from udo.sandbox.strict.cloudformation.state import Finding, Outside, Resource, Source, Stack
from udo.sandbox.strict.cloudformation.values import LATER, Missing
from udo.sandbox.strict.cloudformation.works import resources_are_tagged
from udo.sandbox.strict.rules import Refusal, rule

PROPERTY, CONFLICT, BUCKET = "PROPERTY_VALIDATION", "NAME_CONFLICT_VALIDATION", "BUCKET_EMPTINESS_VALIDATION"
# What stands in the reason of a change set that has failed for them.
HOOKS = {PROPERTY: "AWS::EarlyValidation::PropertyValidation", CONFLICT: "AWS::EarlyValidation::ResourceExistenceCheck"}


@rule("cloudformation", "CreateChangeSet", "CreateStack", "UpdateStack", moto="validates nothing")
def stacks_are_validated_first(stack: Stack, source: Source, at: float, *, warns: bool) -> list[Finding]:
    """Before anything is made, properties are checked against their schemas, and names against what is there already:
    the operation fails then, and DescribeEvents says why. Change sets also warn of buckets that are not empty.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html.
    """
    try:
        found, _, _ = wanted(stack, source)
    except (Missing, Refusal):
        # It is told when the resource is made that wants it.
        return []
    there = present(stack)
    rows: list[Finding] = []
    for name, properties in found.items():
        kind = source.template["Resources"][name]["Type"]
        rows += _of_properties(name, kind, properties, at)
        if name not in there:
            rows += _of_names(stack, source, name, kind, properties, at)
    return rows + (_of_buckets(stack, found, at) if warns else [])


findings = stacks_are_validated_first


def reason(found: list[Finding]) -> str:
    """Why a change set has failed."""
    hooks = ", ".join(sorted({HOOKS[one.name] for one in found if one.name in HOOKS}))
    return (
        f"The following hook(s)/validation failed: [{hooks}]. "
        "To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
    )


def _of_properties(name: str, kind: str, properties: Mapping[str, Any], at: float) -> Iterator[Finding]:
    for path, told in misfits(kind, properties):
        where = "".join(f"/{part}" for part in path)
        reason = f"#{where}: {told}"
        yield Finding(PROPERTY, "FAIL", name, kind, reason, f"/Resources/{name}/Properties{where}", at)


def _of_names(
    stack: Stack, source: Source, name: str, kind: str, properties: Mapping[str, Any], at: float
) -> Iterator[Finding]:
    known = KINDS[kind]
    given = properties.get(known.name) if known.name else None
    if not given or known.exists is None or LATER in str(given):
        return
    if known.exists(str(given), resources_are_tagged(stack, source, Resource(name, kind))):
        told = f"Resource of type '{kind}' with identifier '{given}' already exists."
        yield Finding(CONFLICT, "FAIL", name, kind, told, f"/Resources/{name}", at)


def _of_buckets(stack: Stack, found: Mapping[str, Any], at: float) -> list[Finding]:
    rows = []
    for name, one in present(stack).items():
        goes = name not in found and one.definition.get("DeletionPolicy", "Delete") == "Delete"
        if one.type == "AWS::S3::Bucket" and goes and _holds_objects(stack, one.physical_id):
            told = (
                f"The bucket '{one.physical_id}' is not empty. You must either delete all objects and versions or use "
                "the deletion policy to retain it, otherwise the delete operation will fail."
            )
            rows.append(Finding(BUCKET, "WARN", name, one.type, told, f"/Resources/{name}", at))
    return rows


def _holds_objects(stack: Stack, bucket: str) -> bool:
    assert Outside.client is not None
    try:
        return bool(Outside.client("s3", stack.region).list_objects_v2(Bucket=bucket, MaxKeys=1).get("KeyCount"))
    except ClientError:
        return False
