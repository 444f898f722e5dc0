"""What CloudFormation looks at before it makes anything: properties, names in use, buckets that are not empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation import schemas
from udo.sandbox.strict.cloudformation.difference import present, wanted
from udo.sandbox.strict.cloudformation.kinds import KINDS
from udo.sandbox.strict.cloudformation.state import Finding, Outside, Resource, Source, Stack
from udo.sandbox.strict.cloudformation.values import LATER, Missing
from udo.sandbox.strict.cloudformation.works import place
from udo.sandbox.strict.rules import Refusal, rule

PROPERTY, CONFLICT, BUCKET = "PROPERTY_VALIDATION", "NAME_CONFLICT_VALIDATION", "BUCKET_EMPTINESS_VALIDATION"
# What stands in the reason of a change set that has failed for them.
HOOKS = {PROPERTY: "AWS::EarlyValidation::PropertyValidation", CONFLICT: "AWS::EarlyValidation::ResourceExistenceCheck"}
_TYPES = {"array": list, "object": dict}
_TITLES = {"array": "JSONArray", "object": "JSONObject", "boolean": "Boolean", "integer": "Integer", "string": "String"}


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
    schema = schemas.schema(kind)
    for path, told in _misfits(schema, schema, properties, ()):
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
    if known.exists(str(given), place(stack, source, Resource(name, kind))):
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


def _misfits(
    schema: Mapping[str, Any], root: Mapping[str, Any], value: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where a value does not fit, and why, in the words of the validator that AWS's registry uses."""
    if value == LATER:
        return
    if "$ref" in schema:
        schema = _referred(root, str(schema["$ref"]))
    kind = schema.get("type")
    if isinstance(kind, str) and not _is_of(kind, value):
        yield path, f"expected type: {_TITLES.get(kind, 'Number')}, found: {_TITLES[_named(value)]}"
        return
    if "enum" in schema and not isinstance(value, dict | list) and str(value) not in map(str, schema["enum"]):
        yield path, f"{value} is not a valid enum value"
    if isinstance(value, dict) and "properties" in schema:
        yield from _of_object(schema, root, value, path)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for number, one in enumerate(value):
            yield from _misfits(schema["items"], root, one, (*path, str(number)))


def _of_object(
    schema: Mapping[str, Any], root: Mapping[str, Any], value: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    for key in schema.get("required", ()):
        if key not in value:
            yield path, f"required key [{key}] not found"
    for key, one in value.items():
        if key in schema["properties"]:
            yield from _misfits(schema["properties"][key], root, one, (*path, key))
        elif schema.get("additionalProperties") is False and not schema.get("patternProperties"):
            yield path, f"extraneous key [{key}] is not permitted"


def _referred(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    while "$ref" in found:
        found = _referred(root, str(found["$ref"]))
    return dict(found)


def _is_of(kind: str, value: Any) -> bool:
    if kind in _TYPES:
        return isinstance(value, _TYPES[kind])
    if isinstance(value, dict | list):
        return False
    # Numbers and yes or no may be written as texts.
    if kind == "boolean":
        return str(value).lower() in ("true", "false")
    if kind in ("integer", "number"):
        try:
            float(value)
        except ValueError:
            return LATER in str(value)
        return not isinstance(value, bool)
    return True


def _named(value: Any) -> str:
    for kind, made in (("boolean", bool), ("integer", int), ("array", list), ("object", dict)):
        if isinstance(value, made):
            return kind
    return "string"
