"""Who may assume a role: whom its trust policy lets in, and whose own policies allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends

from udo.sandbox.iam import reference
from udo.sandbox.iam.needs import Need
from udo.sandbox.iam.policy import Answer as Said
from udo.sandbox.iam.policy import decide, statements
from udo.sandbox.iam.values import conditions_ask_the_request
from udo.sandbox.strict.rules import rule
from udo.sandbox.wire import Answer, refusal

if TYPE_CHECKING:
    from udo.sandbox.iam.callers import Caller
    from udo.sandbox.iam.requests import Ask

_ACTION = "sts:AssumeRole"


@rule("sts", "AssumeRole", moto="lets anybody assume any role, even one that is not there")
def roles_are_assumed_by_whom_they_trust(ask: Ask) -> Answer | None:
    """With `--iam` a role is assumed by whom its trust policy names, or whose account it names and whose own policies
    allow it; others, and whoever wants a role that is not there, are denied.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html.
    """
    arn = "".join(ask.named("RoleArn"))
    action = reference.action("sts", "AssumeRole")
    need = Need(_ACTION, arn, action.keys.union(*(kind.keys for kind in action.kinds)))
    trusted = _trusted(ask, need)
    own = [_said(ask, need, documents) for _, documents in ask.caller.layers]
    allowed = trusted == "itself" or (trusted == "account" and all(said == "allow" for said in own))
    if allowed and "deny" not in own:
        return None
    told = f"User: {ask.caller.arn} is not authorized to perform: {_ACTION} on resource: {arn}"
    return refusal(ask.asked, 403, "AccessDenied", told)


def _said(ask: Ask, need: Need, documents: tuple[str, ...]) -> Said:
    rows = (row for document in documents for row in statements(document))
    return decide(rows, need.action, need.resource, conditions_ask_the_request(ask, need))


def _trusted(ask: Ask, need: Need) -> str:
    """Whether the role trusts the caller `itself`, or its `account`; empty where it trusts neither."""
    roles: Any = ask.backend(iam_backends, ask.partition).roles.values()
    role = next((one for one in roles if one.arn == need.resource), None)
    if role is None:
        return ""
    values = conditions_ask_the_request(ask, need)
    found = ""
    for row in statements(role.assume_role_policy_document):
        how = _named(ask.caller, ask.account, row.principals or ())
        if how and decide([row], need.action, need.resource, values) != "nothing":
            if not row.allows:
                return ""
            found = "itself" if "itself" in (how, found) else how
    return found


def _named(caller: Caller, account: str, principals: tuple[str, ...]) -> str:
    if any(one in (caller.arn, caller.principal) for one in principals):
        return "itself"
    everybody = ("*", account, f"arn:{caller.arn.split(':')[1]}:iam::{account}:root")
    return "account" if any(one in everybody for one in principals) else ""
