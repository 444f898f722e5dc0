"""What a request needs: actions on resources, each with the values that conditions may ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from udo.sandbox.iam import beside, reference
from udo.sandbox.iam.actions import actions
from udo.sandbox.iam.named.ssm import document
from udo.sandbox.iam.resources import resources
from udo.sandbox.strict.rules import rule

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask


@dataclass(frozen=True)
class Need:
    """An action on a resource. `keys` are the keys of conditions that AWS knows there, `values` its own of them.

    `told` is what AWS says in place of its usual words where it is not allowed. One that `is_beside` the operation
    knows nothing of the request's parameters. Where it is not allowed, all of `instead` will do.
    """

    action: str
    resource: str
    keys: frozenset[str] = frozenset()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    told: str = ""
    is_beside: bool = False
    instead: tuple[Need, ...] = ()


def needs(ask: Ask) -> Iterator[Need]:
    """Everything that has to be allowed, in the order in which AWS asks for it."""
    for prefix, name in actions(ask):
        action = reference.action(prefix, name)
        for arn, kind in resources(ask, action):
            need = Need(action.name, arn, action.keys | (kind.keys if kind else frozenset()))
            yield session_documents_are_checked(ask, need) if action.name == "ssm:StartSession" else need
    for one in beside.beside(ask):
        action = reference.action(*one.action.split(":"))
        keys = action.keys.union(*(kind.keys for kind in action.kinds if kind.name == one.kind))
        yield Need(action.name, one.resource, keys, one.values, one.told, is_beside=True)


@rule("ssm", "StartSession", moto="has no such operation")
def session_documents_are_checked(ask: Ask, need: Need) -> Need:
    """With `--iam` a session needs its instance and the document that it names; where none is named, that is
    SSM-SessionManagerRunShell, if the policy has ssm:SessionDocumentAccessCheck.

    Source: docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html.
    """
    checked = replace(need, values={_CHECK: ("true",)})
    if ask.named("DocumentName"):
        return checked
    shell = Need(need.action, document(ask, _SHELL), need.keys, {_CHECK: ("true",)})
    return replace(need, values={_CHECK: ("false",)}, instead=(checked, shell))


_CHECK, _SHELL = "ssm:sessiondocumentaccesscheck", "SSM-SessionManagerRunShell"
