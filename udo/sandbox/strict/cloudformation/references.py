"""What the parts of a template lean on: parameters, other resources and their attributes, and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

PSEUDO = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)
_IN_TEXT = re.compile(r"\$\{([^!{}][^{}]*)\}")


class Reference(NamedTuple):
    """A name that is leaned on, and the attribute of it that is read; empty where it is the thing itself."""

    name: str
    attribute: str = ""
    function: str = "Ref"


def references(value: Any) -> Iterator[Reference]:
    """Every name that a part of a template leans on, in the order they stand there."""
    if isinstance(value, list):
        for one in value:
            yield from references(one)
    if not isinstance(value, dict):
        return
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key == "Ref" and isinstance(inner, str):
            yield Reference(inner)
            return
        if key == "Fn::GetAtt":
            yield from _attribute(inner)
            return
        if key == "Fn::Sub":
            yield from _in_text(inner)
            return
    for one in value.values():
        yield from references(one)


def names_in(text: str) -> Iterator[str]:
    """What stands between ${ and } in a text of Fn::Sub."""
    return (found[1].strip() for found in _IN_TEXT.finditer(text))


def substituted(text: str, value: Any) -> str:
    """A text of Fn::Sub with what `value` gives for each name."""
    return _IN_TEXT.sub(lambda found: str(value(found[1].strip())), text).replace("${!", "${")


def split(name: str) -> tuple[str, str]:
    """A resource and its attribute."""
    resource, _, attribute = name.partition(".")
    return resource, attribute


def conditions(value: Any) -> Iterator[str]:
    """The conditions that a part of a template names."""
    if isinstance(value, list):
        for one in value:
            yield from conditions(one)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "Condition" and isinstance(inner, str):
                yield inner
            elif key == "Fn::If" and isinstance(inner, list) and inner and isinstance(inner[0], str):
                yield inner[0]
            yield from conditions(inner)


def needs(template: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """For each resource those that have to be there before it."""
    resources = template["Resources"]
    found = {}
    for name, definition in resources.items():
        named = {one.name for one in references(definition.get("Properties", {}))}
        named |= set(depends_on(definition))
        found[name] = frozenset(named & set(resources)) - {name}
    return found


def depends_on(definition: Mapping[str, Any]) -> list[str]:
    """What DependsOn of a resource names."""
    named = definition.get("DependsOn", [])
    return [named] if isinstance(named, str) else list(named)


def circle(needed: Mapping[str, frozenset[str]]) -> list[str]:
    """The resources that wait for each other; empty where there is an order."""
    left = dict(needed)
    while ready := [name for name, wanted in left.items() if not wanted & left.keys()]:
        for name in ready:
            del left[name]
    while ends := [name for name in left if not any(name in wanted for wanted in left.values())]:
        for name in ends:
            del left[name]
    return sorted(left)


def _attribute(inner: Any) -> Iterator[Reference]:
    if isinstance(inner, str):
        inner = inner.split(".", 1)
    if isinstance(inner, list) and len(inner) == 2 and isinstance(inner[0], str):
        attribute = inner[1] if isinstance(inner[1], str) else ""
        yield Reference(inner[0], attribute, "Fn::GetAtt")
        yield from references(inner[1])


def _in_text(inner: Any) -> Iterator[Reference]:
    text, own = inner, {}
    if isinstance(inner, list) and len(inner) == 2:
        text, own = inner
        yield from references(own)
    if not isinstance(text, str):
        return
    for name in names_in(text):
        if name not in own:
            resource, attribute = split(name) if not name.startswith("AWS::") else (name, "")
            yield Reference(resource, attribute, "Fn::Sub")
