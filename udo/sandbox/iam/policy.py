"""What policies say to a request: an explicit deny wins, then an allow; otherwise it is denied."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from udo.sandbox.iam.conditions import Condition, Values, parse, variables
from udo.sandbox.iam.patterns import matches_action, matches_arn

Answer = Literal["allow", "deny", "nothing"]


@dataclass(frozen=True)
class Statement:
    """One statement of a policy; `but` says that it speaks of all actions, or resources, but those it names.

    `principals` are those of a trust policy, None in a policy of an identity.
    """

    allows: bool
    actions: tuple[str, ...]
    but_actions: bool
    resources: tuple[str, ...]
    but_resources: bool
    conditions: tuple[Condition, ...]
    principals: tuple[str, ...] | None = None

    def concerns(self, action: str, resource: str, values: Values) -> bool:
        """Whether it speaks of an action on a resource, under the conditions that the request meets."""
        if any(matches_action(one, action) for one in self.actions) is self.but_actions:
            return False
        if any(matches_arn(one, resource, variables(values)) for one in self.resources) is self.but_resources:
            return False
        return all(one.holds(values) for one in self.conditions)


def decide(statements: Iterable[Statement], action: str, resource: str, values: Values) -> Answer:
    """What the statements say.

    Source: IAM User Guide, "Policy evaluation logic" and "The difference between explicit and implicit denies".
    """
    said: Answer = "nothing"
    for statement in statements:
        if not (statement.allows and said == "allow") and statement.concerns(action, resource, values):
            if not statement.allows:
                return "deny"
            said = "allow"
    return said


@functools.lru_cache(1024)
def statements(document: str) -> tuple[Statement, ...]:
    """The statements of a policy as IAM keeps it. Raises: ValueError where it is none."""
    found = json.loads(document)
    rows = found["Statement"] if isinstance(found["Statement"], list) else [found["Statement"]]
    # Source: IAM User Guide, "IAM JSON policy elements: Version": before 2012-10-17 variables are plain text.
    literal = found.get("Version", "2008-10-17") != "2012-10-17"
    return tuple(_statement(row, literal=literal) for row in rows)


def _statement(row: Mapping[str, Any], *, literal: bool) -> Statement:
    resources = _texts(row.get("Resource", row.get("NotResource", "*")))
    return Statement(
        allows=row["Effect"] == "Allow",
        actions=_texts(row.get("Action", row.get("NotAction"))),
        but_actions="NotAction" in row,
        resources=tuple(one.replace("${", "${$}{") for one in resources) if literal else resources,
        but_resources="NotResource" in row,
        conditions=parse(row.get("Condition") or {}),
        principals=_principals(row["Principal"]) if "Principal" in row else None,
    )


def _principals(said: Any) -> tuple[str, ...]:
    return ("*",) if said == "*" else tuple(one for kind in said.values() for one in _texts(kind))


def _texts(said: Any) -> tuple[str, ...]:
    return tuple(said) if isinstance(said, list) else (str(said),)
