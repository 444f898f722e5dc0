"""Who may invoke a function: the statements of its policy, and what reserved concurrency leaves of it."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.awslambda.state import Function
from udo.sandbox.strict.rules import Refusal, Request, rule


def add_permission(request: Request) -> Mapping[str, Any]:
    """Adds a statement to the policy of a function."""
    params, function = request.params, request.backend("lambda").found(request.params["FunctionName"])
    _is_well_formed(params)
    statements_have_ids_of_their_own(function, params["StatementId"])
    principal = params["Principal"]
    conditions: dict[str, Any] = {}
    if params.get("SourceArn"):
        conditions["ArnLike"] = {"AWS:SourceArn": params["SourceArn"]}
    if params.get("SourceAccount"):
        conditions["StringEquals"] = {"AWS:SourceAccount": params["SourceAccount"]}
    statement: dict[str, Any] = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"Service" if ".amazon" in principal else "AWS": principal},
        "Action": params["Action"],
        "Resource": function.arn,
    }
    if conditions:
        statement["Condition"] = conditions
    function.statements[params["StatementId"]] = statement
    return {"Statement": json.dumps(statement, separators=(",", ":"))}


def remove_permission(request: Request) -> Mapping[str, Any]:
    """Takes a statement out of the policy of a function."""
    function = request.backend("lambda").found(request.params["FunctionName"])
    if function.statements.pop(request.params["StatementId"], None) is None:
        told = f"Statement {request.params['StatementId']} is not found in resource policy."
        raise Refusal("ResourceNotFoundException", told)
    return {}


def get_policy(request: Request) -> Mapping[str, Any]:
    """The policy of a function."""
    function = request.backend("lambda").found(request.params["FunctionName"])
    if not function.statements:
        raise Refusal("ResourceNotFoundException", "The resource you requested does not exist.")
    policy = {"Version": "2012-10-17", "Id": "default", "Statement": list(function.statements.values())}
    return {"Policy": json.dumps(policy, separators=(",", ":")), "RevisionId": function.revision}


def put_function_concurrency(request: Request) -> Mapping[str, Any]:
    """Says how many of a function may run at once."""
    function = request.backend("lambda").found(request.params["FunctionName"])
    wanted = request.params["ReservedConcurrentExecutions"]
    others = sum(one.reserved or 0 for one in request.backend("lambda").functions.values() if one is not function)
    some_concurrency_stays_unreserved(wanted + others)
    function.reserved = wanted
    return {"ReservedConcurrentExecutions": wanted}


def get_function_concurrency(request: Request) -> Mapping[str, Any]:
    """How many of a function may run at once; nothing where nobody has said."""
    return {"ReservedConcurrentExecutions": request.backend("lambda").found(request.params["FunctionName"]).reserved}


def delete_function_concurrency(request: Request) -> Mapping[str, Any]:
    """Has a function share the account's concurrency again."""
    request.backend("lambda").found(request.params["FunctionName"]).reserved = None
    return {}


def may_invoke(function: Function, service: str, source: str) -> bool:
    """Whether the policy of a function lets a service invoke it for that source, an ARN."""
    return any(_lets(one, service, source, function.account) for one in function.statements.values())


@rule("lambda", "AddPermission", moto="puts two statements of one id into the policy")
def statements_have_ids_of_their_own(function: Function, statement_id: str) -> None:
    """No two statements of a function's policy have one id: ResourceConflictException.

    Source: API_AddPermission, errors; AWS's answer "The statement id (..) provided already exists."
    """
    if statement_id in function.statements:
        told = (
            f"The statement id ({statement_id}) provided already exists. Please provide a new statement id, or remove "
            "the existing statement."
        )
        raise Refusal("ResourceConflictException", told)


@rule("lambda", "PutFunctionConcurrency", moto="reserves any number")
def some_concurrency_stays_unreserved(reserved: int) -> None:
    """Of the 1,000 executions at once that an account has, 100 cannot be reserved.

    Source: docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html.
    """
    if reserved > 900:
        told = (
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            "below its minimum value of [100]."
        )
        raise Refusal("InvalidParameterValueException", told)


def _is_well_formed(params: Mapping[str, Any]) -> None:
    if ".amazon" not in params["Principal"] and not _is_account(params["Principal"]):
        told = "The provided principal was invalid. Please check the principal and try again."
        raise Refusal("InvalidParameterValueException", told)
    if not params["Action"].startswith("lambda:") and params["Action"] != "*":
        told = (
            f"1 validation error detected: Value '{params['Action']}' at 'action' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])"
        )
        raise Refusal("ValidationException", told)


def _is_account(principal: str) -> bool:
    return principal == "*" or principal.startswith("arn:") or (principal.isdigit() and len(principal) == 12)


def _lets(statement: Mapping[str, Any], service: str, source: str, account: str) -> bool:
    principal = statement["Principal"]
    whom = principal if isinstance(principal, str) else principal.get("Service")
    conditions = statement.get("Condition", {})
    wanted = conditions.get("ArnLike", {}).get("AWS:SourceArn", "*")
    owner = conditions.get("StringEquals", {}).get("AWS:SourceAccount", account)
    is_for_it = whom in ("*", service) and owner == account
    acts = statement["Action"] in ("*", "lambda:*", "lambda:InvokeFunction")
    return is_for_it and acts and fnmatch.fnmatchcase(source, wanted.replace("[", "[[]"))
