"""Stacks, and the topics that they are made of, as plain data that two moments can be compared by."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from moto.sns.models import sns_backends

from udo.sandbox.strict.cloudformation.state import Stack, backends

_REGION = "us-west-2"
# What makes a name that CloudFormation gives unique.
_SUFFIX = re.compile(r"-[A-Za-z0-9]{12,13}$")


def of_stacks(world: Any) -> dict[str, Any]:
    """Stacks that there are by name, how often stacks were made and deleted under a name, and topics."""
    found = list(backends[world.account][_REGION].stacks.values())
    topics = sns_backends[world.account][_REGION].topics.values()
    return {
        "stacks": {one.name: _stack(one) for one in found if not one.is_deleted},
        "stacks_made": {one.name: _made([other for other in found if other.name == one.name]) for one in found},
        "topics": dict(Counter(f"{_SUFFIX.sub('', one.name)} {one.display_name}" for one in topics)),
    }


def _stack(one: Stack) -> dict[str, Any]:
    return {
        "status": one.status,
        "resources": {name: [part.type, part.status, part.properties] for name, part in one.resources.items()},
        "parameters": dict(one.source.parameters),
        "tags": dict(one.source.tags),
        "protected": one.protected,
        "change_sets": sum(change_set.execution == "AVAILABLE" for change_set in one.change_sets.values()),
    }


def _made(found: list[Stack]) -> dict[str, int]:
    """How many of these were made, how often they were updated, and how many of them are deleted; not those made for
    change sets alone.
    """
    made = [one for one in found if any(part.kind == "CREATE_STACK" for part in one.operations)]
    updates = [part for one in made for part in one.operations if part.kind == "UPDATE_STACK"]
    return {"made": len(made), "updated": len(updates), "deleted": sum(one.is_deleted for one in made)}
