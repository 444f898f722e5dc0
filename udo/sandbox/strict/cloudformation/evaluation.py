"""What the names in a stack's template come to, as far as its resources are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation import parameters
from udo.sandbox.strict.cloudformation.refusal import invalid
from udo.sandbox.strict.cloudformation.state import Outside, Resource, Source, Stack, backends
from udo.sandbox.strict.cloudformation.values import LATER, Missing, Values


def values(stack: Stack, source: Source, resource: Callable[[str, str], Any] | None = None) -> Values:
    """The values of a stack made from that source; `resource` reads resources otherwise than the stack has them."""
    declared = source.template.get("Parameters", {})
    own = parameters.worked_out(declared, source.parameters, lambda name: stored(name, stack.region))
    pseudo = {
        "AWS::AccountId": stack.account,
        "AWS::NotificationARNs": source.notifications,
        "AWS::Partition": "aws",
        "AWS::Region": stack.region,
        "AWS::StackId": stack.id,
        "AWS::StackName": stack.name,
        "AWS::URLSuffix": "amazonaws.com",
    }
    return Values(
        template=source.template,
        names={**pseudo, **own},
        resource=resource or (lambda name, attribute: read(stack.resources, name, attribute)),
        exported=lambda name: exported(stack, name),
        parameter=lambda name: stored(name, stack.region),
        zones=_zones,
    )


def read(resources: Mapping[str, Resource], name: str, attribute: str) -> Any:
    """What Ref or Fn::GetAtt reads of a resource. Raises: Missing where it is not there."""
    found = resources.get(name)
    if found is None or not found.physical_id or found.status == "DELETE_COMPLETE":
        raise Missing(f"Resource {name} is not there")
    if not attribute:
        return found.physical_id
    if attribute in found.attributes:
        return found.attributes[attribute]
    inner: Any = found.attributes
    for part in attribute.split("."):
        inner = inner.get(part) if isinstance(inner, Mapping) else None
    if inner is None:
        inner = found.properties.get(attribute)
    if inner is None:
        raise Missing(f"Attribute '{attribute}' does not exist")
    return inner


def later(resources: Mapping[str, Resource], changing: frozenset[str]) -> Callable[[str, str], Any]:
    """Reads resources as they are, but for those that are made or made anew: those are known later."""

    def known(name: str, attribute: str) -> Any:
        if name in changing:
            return LATER
        try:
            return read(resources, name, attribute)
        except Missing:
            return LATER

    return known


def exported(stack: Stack, name: str) -> str:
    """The value of an export of the account and region. Raises: Missing."""
    for other in backends[stack.account][stack.region].stacks.values():
        for output in () if other.is_deleted else other.outputs:
            if output.get("ExportName") == name:
                return str(output["OutputValue"])
    raise Missing(f"No export named {name} found")


def stored(name: str, region: str) -> str:
    """The value of a parameter of Systems Manager. Raises: Refusal."""
    assert Outside.client is not None
    try:
        return str(Outside.client("ssm", region).get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        raise invalid(f"Unable to fetch parameters [{name}] from parameter store for this account.") from error


def outputs(stack: Stack, source: Source) -> list[dict[str, Any]]:
    """The outputs of a stack whose resources are there. Raises: Missing, Refusal."""
    known = values(stack, source)
    rows = []
    for name, output in source.template.get("Outputs", {}).items():
        if not known.is_wanted(output):
            continue
        found = known.of(output["Value"])
        row = {"OutputKey": name, "OutputValue": ",".join(found) if isinstance(found, list) else parameters.text(found)}
        if "Description" in output:
            row["Description"] = str(output["Description"])
        if "Export" in output:
            row["ExportName"] = str(known.of(output["Export"]["Name"]))
            _free(stack, row["ExportName"])
        rows.append(row)
    return rows


def _free(stack: Stack, name: str) -> None:
    for other in backends[stack.account][stack.region].stacks.values():
        if other is not stack and not other.is_deleted and any(one.get("ExportName") == name for one in other.outputs):
            raise Missing(f"Export with name {name} is already exported by stack {other.name}")


def importers(stack: Stack, name: str) -> list[str]:
    """The names of the stacks that import an export."""
    return [
        other.name
        for other in backends[stack.account][stack.region].stacks.values()
        if not other.is_deleted and name in set(_imported(other, other.source.template))
    ]


def _imported(stack: Stack, part: Any) -> list[str]:
    if isinstance(part, list):
        return [name for one in part for name in _imported(stack, one)]
    if not isinstance(part, dict):
        return []
    if set(part) == {"Fn::ImportValue"}:
        try:
            return [str(values(stack, stack.source).of(part["Fn::ImportValue"]))]
        except Missing:
            return []
    return [name for one in part.values() for name in _imported(stack, one)]


def _zones(region: str) -> list[str]:
    assert Outside.client is not None
    told = Outside.client("ec2", region).describe_availability_zones()["AvailabilityZones"]
    return [one["ZoneName"] for one in told]
