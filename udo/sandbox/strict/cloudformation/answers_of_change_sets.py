"""What CloudFormation answers about change sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from udo.sandbox.strict.cloudformation import change_sets, operations, views
from udo.sandbox.strict.limits import INVALID_TOKEN
from udo.sandbox.strict.pages import page
from udo.sandbox.strict.rules import Request

_PAGE = 100
_TOKEN = ("ValidationError", INVALID_TOKEN[1])


def _create(request: Request) -> Mapping[str, Any]:
    stack, one = change_sets.create(request.params, request.account, request.region)
    return {"Id": one.id, "StackId": stack.id}


def _describe(request: Request) -> Mapping[str, Any]:
    stack, one = change_sets.found(request.params, request.account, request.region)
    shown = views.change_set(stack, one, with_values=bool(request.params.get("IncludePropertyValues")))
    rows, token = page(shown["Changes"], _PAGE, request.params.get("NextToken"), refusal=_TOKEN)
    return {**shown, "Changes": list(rows), **({"NextToken": token} if token else {})}


def _list(request: Request) -> Mapping[str, Any]:
    stack = operations.described(request.params["StackName"], request.account, request.region)
    rows = [views.change_set_summary(stack, one) for one in stack.change_sets.values()]
    shown, token = page(rows, _PAGE, request.params.get("NextToken"), refusal=_TOKEN)
    return {"Summaries": list(shown), **({"NextToken": token} if token else {})}


def _execute(request: Request) -> Mapping[str, Any]:
    change_sets.execute(request.params, request.account, request.region)
    return {}


def _delete(request: Request) -> Mapping[str, Any]:
    change_sets.delete(request.params, request.account, request.region)
    return {}


OPERATIONS: Mapping[str, Callable[[Request], Mapping[str, Any]]] = {
    "CreateChangeSet": _create,
    "DeleteChangeSet": _delete,
    "DescribeChangeSet": _describe,
    "ExecuteChangeSet": _execute,
    "ListChangeSets": _list,
}
