"""Whether a rule of EventBridge may listen to an event: what cannot be told may."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

Event = Mapping[str, Any]


def listens(pattern: str, event: Event) -> bool:
    """Whether a rule with this pattern may be told of the event, of which not every member is known.

    Source: docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html.
    """
    wanted: Any = None
    with suppress(ValueError, RecursionError):
        wanted = json.loads(pattern)
    return not isinstance(wanted, dict) or _fits(wanted, event)


def _fits(wanted: Event, event: Event) -> bool:
    for name, rule in wanted.items():
        if name == "$or":
            if not any(_fits(one, event) for one in rule):
                return False
        elif name in event:
            inside = event[name]
            if isinstance(rule, dict) and isinstance(inside, Mapping):
                if not _fits(rule, inside):
                    return False
            elif isinstance(rule, list) and not any(_equals(one, str(inside)) for one in rule):
                return False
    return True


def _equals(rule: Any, value: str) -> bool:
    if not isinstance(rule, dict):
        return str(rule) == value
    ((kind, against),) = [*rule.items()][:1] or [("", None)]
    match kind:
        case "prefix" if isinstance(against, str):
            return value.startswith(against)
        case "suffix" if isinstance(against, str):
            return value.endswith(against)
        case "equals-ignore-case":
            return value.lower() == str(against).lower()
        case "wildcard":
            return fnmatchcase(value, str(against).replace("[", "[[]").replace("?", "[?]"))
        case "anything-but" if not isinstance(against, dict):
            return value not in (against if isinstance(against, list) else [against])
    return True
