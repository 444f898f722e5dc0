"""Reads of what IAM's simulator says: whether a caller may do something, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.aws.members import whole
from udo.model.checkup import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udo.aws.connection import Connection

# Source: botocore iam SimulatePrincipalPolicyRequest, MaxItems.
_PAGE = 1000
_ALLOWED = "allowed"


@whole
class Simulation:
    """What IAM's simulator says in one account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def principal(self, arn: str) -> str:
        """The user or role whose policies decide for a caller; empty where there is none, as for root.

        Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html: the ARN of a session has the role's
        name without its path. Raises: UdoError.
        """
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind == "user":
            return arn
        if kind != "assumed-role":
            return ""
        answer = self._connection.ask("iam", "GetRole", {"RoleName": name.partition("/")[0]})
        return str(answer["Role"]["Arn"])

    def decisions(
        self, principal: str, actions: Sequence[str], resources: Sequence[str], context: Mapping[str, Sequence[str]]
    ) -> dict[tuple[str, str], Decision]:
        """What is decided for each action on each resource, where these keys of conditions have these values.

        Raises: UdoError.
        """
        entries = [
            {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": _kind(values)}
            for key, values in context.items()
        ]
        asked = {
            "PolicySourceArn": principal,
            "ActionNames": list(actions),
            "ResourceArns": list(resources),
            "ContextEntries": entries,
            "MaxItems": _PAGE,
        }
        found: dict[tuple[str, str], Decision] = {}
        for page in self._connection.pages("iam", "SimulatePrincipalPolicy", asked):
            for row in page.get("EvaluationResults", ()):
                found.update(_decided(row, resources))
        return found


def _kind(values: Sequence[str]) -> str:
    return "stringList" if len(values) > 1 else "string"


def _decided(row: Mapping[str, Any], resources: Sequence[str]) -> Iterator[tuple[tuple[str, str], Decision]]:
    """Of each resource apart where it is told, else of all of them.

    Source: botocore iam EvaluationResult, EvalResourceName and ResourceSpecificResults.
    """
    action = row["EvalActionName"]
    apart = {one["EvalResourceName"]: one for one in row.get("ResourceSpecificResults") or ()}
    for resource in resources:
        told = apart.get(resource)
        decision = told["EvalResourceDecision"] if told else row["EvalDecision"]
        missing = (told or row).get("MissingContextValues") or ()
        yield (action, resource), Decision(decision == _ALLOWED, tuple(missing))
