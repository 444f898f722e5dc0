"""Metrics of a request, and arithmetic over them."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from udo.sandbox.strict.cloudwatch import metrics

Values = list[float | None]
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def values(
    account: str, region: str, queries: Sequence[Mapping[str, Any]], start: float, seconds: int, count: int
) -> Values:
    """What the query that returns data gives for each of `count` periods of `seconds` from `start` on.

    Raises: NotImplementedError for what is more than arithmetic.
    """
    (shown,) = (one for one in queries if one.get("ReturnData") is not False)
    return result(account, region, queries, shown, start, seconds, count)


def result(
    account: str,
    region: str,
    queries: Sequence[Mapping[str, Any]],
    query: Mapping[str, Any],
    start: float,
    seconds: int,
    count: int,
) -> Values:
    """What one of the queries gives for each period, the others by their ids."""
    if asked := query.get("MetricStat"):
        found = metrics.points(account, region, metrics.Key.of(asked["Metric"]))
        unit = asked.get("Unit")
        return metrics.series((one for one in found if unit in (None, one.unit)), asked["Stat"], seconds, start, count)
    tree = parsed(query["Expression"])
    by_id = {one["Id"]: one for one in queries}
    rows = {
        name: result(account, region, queries, by_id[name], start, seconds, count)
        for name in names(tree)
        if name in by_id
    }
    return [_at(tree, {name: row[place] for name, row in rows.items()}) for place in range(count)]


def period(queries: Sequence[Mapping[str, Any]]) -> int:
    """The period of the metrics that are asked for."""
    found = [int(one["MetricStat"]["Period"]) for one in queries if one.get("MetricStat")]
    return max(found, default=60)


def parsed(text: str) -> ast.expr:
    """An expression of numbers, ids, + - * / and parentheses.

    Raises: NotImplementedError for any other, and for what is none.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise NotImplementedError(f"the expression {text}") from error
    known = (ast.BinOp, ast.UnaryOp, ast.USub, ast.Name, ast.Load, ast.Constant, *_OPERATORS)
    for node in ast.walk(tree):
        is_number = not isinstance(node, ast.Constant) or type(node.value) in (int, float)
        if not isinstance(node, known) or not is_number:
            raise NotImplementedError(f"the expression {text}")
    return tree


def names(tree: ast.expr) -> list[str]:
    """The ids in an expression."""
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]


def _at(tree: ast.expr, row: Mapping[str, float | None]) -> float | None:
    match tree:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return row.get(name)
        case ast.UnaryOp(operand=inner):
            value = _at(inner, row)
            return None if value is None else -value
        case ast.BinOp(left=one, op=sign, right=other):
            left, right = _at(one, row), _at(other, row)
            # What is divided by nothing is no data.
            if left is None or right is None or (isinstance(sign, ast.Div) and right == 0):
                return None
            return _OPERATORS[type(sign)](left, right)
    return None
