"""How a stack would change: which resources are added, changed property by property, made anew or removed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from udo.sandbox.strict.cloudformation import parameters, schemas
from udo.sandbox.strict.cloudformation.evaluation import later, values
from udo.sandbox.strict.cloudformation.references import references
from udo.sandbox.strict.cloudformation.state import Resource, Source, Stack
from udo.sandbox.strict.cloudformation.values import LATER, Values

_POLICIES = ("CreationPolicy", "DeletionPolicy", "Metadata", "UpdatePolicy", "UpdateReplacePolicy")
_TELLING = ("AfterContext", "AfterValue", "BeforeContext", "BeforeValue")
_TELLING_LENGTH = 6
_THERE = ("DELETE_COMPLETE", "DELETE_SKIPPED")


def wanted(stack: Stack, source: Source) -> tuple[dict[str, dict[str, Any]], frozenset[str], Values]:
    """The properties of each resource that is to be, those that are made or made anew, and the values behind them.

    What is known once they are there is LATER. Raises: Missing, Refusal.
    """
    there = present(stack)
    templated = source.template["Resources"]
    changing = frozenset(name for name in templated if name not in there)
    while True:
        known = values(stack, source, later(there, changing))
        kept = {name: one for name, one in templated.items() if known.is_wanted(one)}
        found = {name: known.properties(one) for name, one in kept.items()}
        anew = {name for name, one in found.items() if name in there and _is_made_anew(there[name], one)}
        if anew <= changing:
            return found, changing & kept.keys(), known
        changing |= anew


def present(stack: Stack) -> dict[str, Resource]:
    """The resources that a stack has."""
    return {name: one for name, one in stack.resources.items() if one.physical_id and one.status not in _THERE}


def changes(stack: Stack, source: Source) -> list[dict[str, Any]]:
    """What would happen to each resource, as change sets tell it. Raises: Missing, Refusal."""
    there = present(stack)
    found, changing, _ = wanted(stack, source)
    rows = []
    for name, properties in found.items():
        definition = source.template["Resources"][name]
        if name not in there:
            rows.append(_added(name, definition, properties))
        elif row := _modified(stack, source, there[name], definition, properties, changing):
            rows.append(row)
    rows += [_removed(one) for name, one in there.items() if name not in found]
    sources = (stack.source, source)
    hidden = {
        value for one in sources for value in parameters.hidden(one.template.get("Parameters", {}), one.parameters)
    }
    return [{"Type": "Resource", "ResourceChange": _masked(row, hidden)} for row in rows]


def _masked(told: Any, hidden: set[str], *, key: str = "") -> Any:
    """What is told of a change, without the values of NoEcho parameters; short ones may stand anywhere by chance."""
    if isinstance(told, Mapping):
        return {name: _masked(one, hidden, key=name) for name, one in told.items()}
    if isinstance(told, list):
        return [_masked(one, hidden) for one in told]
    if key in _TELLING:
        for value in sorted(hidden, key=len, reverse=True):
            if len(value) >= _TELLING_LENGTH:
                told = told.replace(json.dumps(value)[1:-1], parameters.MASK).replace(value, parameters.MASK)
        return parameters.MASK if told in hidden else told
    return told


def is_changed(stack: Stack, source: Source) -> bool:
    """Whether there is anything to update: resources, outputs or tags; a description alone is nothing."""
    if changes(stack, source) or stack.source.tags != source.tags:
        return True
    return bool(_told(stack, stack.source) != _told(stack, source))


def _told(stack: Stack, source: Source) -> Any:
    """The outputs of a stack as they would be."""
    known = values(stack, source, later(present(stack), frozenset()))
    found = source.template.get("Outputs", {})
    return {name: known.of({**one, "Condition": ""}) for name, one in found.items() if known.is_wanted(one)}


def _added(name: str, definition: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Action": "Add",
        "LogicalResourceId": name,
        "ResourceType": definition["Type"],
        "Scope": [],
        "Details": [],
        "AfterContext": _context(definition, properties),
    }


def _removed(resource: Resource) -> dict[str, Any]:
    policy = resource.definition.get("DeletionPolicy", "Delete")
    return {
        "PolicyAction": "Retain" if policy in ("Retain", "RetainExceptOnCreate") else "Delete",
        "Action": "Remove",
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "Scope": [],
        "Details": [],
        "BeforeContext": _context(resource.definition, resource.properties),
    }


def _modified(
    stack: Stack,
    source: Source,
    resource: Resource,
    definition: Mapping[str, Any],
    properties: Mapping[str, Any],
    changing: frozenset[str],
) -> dict[str, Any] | None:
    details = [
        _detail(stack, source, resource, definition, path, pair, changing)
        for path, pair in _differences(resource.properties, properties)
    ]
    for name in _POLICIES:
        if resource.definition.get(name) != definition.get(name):
            details.append(
                {"Target": {"Attribute": name}, "Evaluation": "Static", "ChangeSource": "DirectModification"}
            )
    if stack.source.tags != source.tags and schemas.schema(resource.type).get("tagging", {}).get("taggable"):
        details.append({"Target": {"Attribute": "Tags"}, "Evaluation": "Static", "ChangeSource": "DirectModification"})
    if not details:
        return None
    replacement = _replacement(details)
    row: dict[str, Any] = {
        "Action": "Modify",
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "Replacement": replacement,
        "Scope": sorted({one["Target"]["Attribute"] for one in details}),
        "Details": details,
        "BeforeContext": _context(resource.definition, resource.properties),
        "AfterContext": _context(definition, properties),
    }
    if replacement == "True":
        stays = definition.get("UpdateReplacePolicy") == "Retain"
        row["PolicyAction"] = "ReplaceAndRetain" if stays else "ReplaceAndDelete"
    return row


def _detail(
    stack: Stack,
    source: Source,
    resource: Resource,
    definition: Mapping[str, Any],
    path: tuple[str, ...],
    pair: tuple[Any, Any],
    changing: frozenset[str],
) -> dict[str, Any]:
    before, after = pair
    name = path[0]
    target: dict[str, Any] = {
        "Attribute": "Properties",
        "Name": name,
        "RequiresRecreation": schemas.recreation(resource.type, name),
        "Path": "/Properties/" + "/".join(path),
        "AttributeChangeType": "Add" if before is None else "Remove" if after is None else "Modify",
    }
    target |= {"BeforeValue": _shown(before)} if before is not None else {}
    target |= {"AfterValue": _shown(after)} if after is not None else {}
    detail = {"Target": target, "Evaluation": "Dynamic" if LATER in _shown(after) else "Static"}
    return detail | _cause(stack, source, resource, definition, name, changing)


def _cause(
    stack: Stack, source: Source, resource: Resource, definition: Mapping[str, Any], name: str, changing: frozenset[str]
) -> dict[str, str]:
    """What a change comes from: the template, a parameter, or another resource."""
    now = definition.get("Properties", {}).get(name)
    if now != resource.definition.get("Properties", {}).get(name):
        return {"ChangeSource": "DirectModification"}
    for one in references(now):
        if one.name in source.parameters and source.parameters[one.name] != stack.source.parameters.get(one.name):
            return {"ChangeSource": "ParameterReference", "CausingEntity": one.name}
        if one.name in changing and one.attribute:
            return {"ChangeSource": "ResourceAttribute", "CausingEntity": f"{one.name}.{one.attribute}"}
        if one.name in changing:
            return {"ChangeSource": "ResourceReference", "CausingEntity": one.name}
    return {"ChangeSource": "DirectModification"}


def _differences(
    before: Any, after: Any, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], tuple[Any, Any]]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            yield from _differences(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, (*path, str(number)))
    elif before != after:
        yield path, (before, after)


def _replacement(details: list[dict[str, Any]]) -> str:
    found = {(one["Target"].get("RequiresRecreation", "Never"), one["Evaluation"]) for one in details}
    if ("Always", "Static") in found:
        return "True"
    return "Conditional" if any(needed != "Never" for needed, _ in found) else "False"


def _is_made_anew(resource: Resource, properties: Mapping[str, Any]) -> bool:
    found = [path[0] for path, _ in _differences(resource.properties, properties)]
    return any(schemas.recreation(resource.type, name) == "Always" for name in found)


def _context(definition: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    rest = {key: one for key, one in definition.items() if key in _POLICIES}
    return json.dumps({"Properties": properties, **rest}, default=str)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
