"""The simulator of policies: what a user or a role may do, without doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from udo.sandbox.strict.rules import Refusal, Request, answers

if TYPE_CHECKING:
    from udo.sandbox.iam.policy import Statement

# The sandbox's own key, which may do everything, is of no user of its IAM.
_OWN = ":user/sandbox"
_ALL = "*"


@answers("iam", "SimulatePrincipalPolicy", moto="does not have it")
def policies_are_simulated(request: Request) -> dict[str, Any]:
    """SimulatePrincipalPolicy tells of every action whether the policies of a user or role allow it on each resource:
    allowed, explicitDeny or implicitDeny; keys of conditions that were not given are listed. One that IAM does not know
    is NoSuchEntity.

    Source: botocore iam SimulatePrincipalPolicyRequest, EvaluationResult and ResourceSpecificResult.
    """
    from udo.sandbox.iam.callers import layers_of

    params = request.params
    arn = params["PolicySourceArn"]
    layers = layers_of(arn, request.account)
    if layers is None and not arn.endswith(_OWN):
        raise Refusal("NoSuchEntity", f"The principal with ARN {arn} cannot be found.")
    given = {one["ContextKeyName"].lower(): one["ContextKeyValues"] for one in params.get("ContextEntries") or ()}
    resources = params.get("ResourceArns") or [_ALL]
    documents = None if layers is None else [documents for _, documents in layers]
    rows = [_row(documents, action, resources, given) for action in params["ActionNames"]]
    return {"EvaluationResults": rows, "IsTruncated": False}


def _row(
    layers: Sequence[Sequence[str]] | None, action: str, resources: Sequence[str], given: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    found = {one: _decided(layers, action, one, given) for one in resources}
    decisions = [decision for decision, _ in found.values()]
    worst = next((one for one in ("explicitDeny", "implicitDeny") if one in decisions), "allowed")
    row: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": _ALL,
        "EvalDecision": worst,
        "MatchedStatements": [],
        "MissingContextValues": sorted({key for _, missing in found.values() for key in missing}),
    }
    if list(resources) != [_ALL]:
        row["ResourceSpecificResults"] = [
            {
                "EvalResourceName": resource,
                "EvalResourceDecision": decision,
                "MatchedStatements": [],
                "MissingContextValues": sorted(missing),
            }
            for resource, (decision, missing) in found.items()
        ]
    return row


def _decided(
    layers: Sequence[Sequence[str]] | None, action: str, resource: str, given: Mapping[str, Sequence[str]]
) -> tuple[str, set[str]]:
    """The decision, and which keys were asked for and not given."""
    from udo.sandbox.iam.policy import decide, statements

    missing: set[str] = set()

    def value(key: str) -> Sequence[str] | None:
        if key not in given:
            missing.add(key)
        return given.get(key)

    for documents in layers or ():
        rows: list[Statement] = [row for document in documents for row in statements(document)]
        said = decide(rows, action, resource, value)
        if said != "allow":
            return ("explicitDeny" if said == "deny" else "implicitDeny"), missing
    return "allowed", missing
