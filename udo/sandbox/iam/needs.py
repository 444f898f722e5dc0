"""What a request needs: actions on resources, each with the values that conditions may ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from udo.sandbox.iam import beside, reference
from udo.sandbox.iam.actions import actions
from udo.sandbox.iam.resources import resources

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


@dataclass(frozen=True)
class Need:
    """An action on a resource. `keys` are the keys of conditions that AWS knows there, `values` its own of them.

    `told` is what AWS says in place of its usual words where it is not allowed.
    """

    action: str
    resource: str
    keys: frozenset[str] = frozenset()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    told: str = ""


def needs(ask: Ask) -> Iterator[Need]:
    """Everything that has to be allowed, in the order in which AWS asks for it."""
    for prefix, name in actions(ask):
        action = reference.action(prefix, name)
        for arn, kind in resources(ask, action):
            yield Need(action.name, arn, action.keys | (kind.keys if kind else frozenset()))
    for one in beside.beside(ask):
        action = reference.action(*one.action.split(":"))
        keys = action.keys.union(*(kind.keys for kind in action.kinds if kind.name == one.kind))
        yield Need(action.name, one.resource, keys, one.values, one.told)
