"""Plans as JSON, and back: what is read is checked, place by place."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from udo.change.plan import Difference, Plan, Ref
from udo.errors import UsageError


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON; `plan_from_json` gives an equal plan back."""
    rows = {part.name: _to_json(getattr(plan, part.name)) for part in fields(plan)}
    return {"udo_plan": 1, **rows}


def plan_from_json(document: Any) -> Plan:
    """The plan that `plan_to_json` wrote.

    Raises: UsageError naming what is wrong, when the document is not such a plan.
    """
    plan: Plan = from_json(Plan, document, "plan")
    return plan


def _to_json(value: Any) -> Any:
    match value:
        case Ref(name, "{}"):
            return {"$ref": name}
        case Ref(name, inside):
            return {"$ref": name, "$in": inside}
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case Mapping():
            return {str(key): _to_json(item) for key, item in value.items()}
        case str() | int() | float() | None:
            return value
        case Sequence():
            return [_to_json(item) for item in value]
        case _ if is_dataclass(value):
            if isinstance(value, Difference):
                return value.row()
            return {"kind": type(value).__name__} | {
                part.name: _to_json(getattr(value, part.name)) for part in fields(value)
            }
    raise TypeError(f"{type(value).__name__} is not allowed in a plan")


_DEEPEST = 40


_CALLED = {str: "text", bool: "true or false", float: "a number", list: "a list", dict: "a mapping"}


def from_json(kind: Any, value: Any, at: str) -> Any:
    """What JSON holds, as the type that is written in a dataclass of plain data; `at` names the place.

    Lists inside what is Any stay lists, and Refs and bytes are made of their forms.

    Raises: UsageError naming the first place that is not as it should be.
    """
    inside = get_args(kind)
    if kind is Any:
        return _data(value, at)
    if get_origin(kind) is tuple:
        rows = _checked(list, value, at)
        return tuple(from_json(inside[0], item, f"{at}[{number}]") for number, item in enumerate(rows))
    if get_origin(kind) is Mapping:
        return {key: from_json(inside[1], item, f"{at}.{key}") for key, item in _checked(dict, value, at).items()}
    if isinstance(kind, UnionType):
        return None if value is None and NoneType in inside else from_json(_meant(inside, value, at), value, at)
    return _made(kind, value, at) if isinstance(kind, type) and is_dataclass(kind) else _checked(kind, value, at)


def _meant(kinds: tuple[Any, ...], value: Any, at: str) -> Any:
    """The one of these types that the value says it is; the only one where there is no choice."""
    named = {kind.__name__: kind for kind in kinds if kind is not NoneType}
    if len(named) == 1:
        return next(iter(named.values()))
    said = _checked(str, _checked(dict, value, at).get("kind"), f"{at}.kind")
    if said not in named:
        raise UsageError(f"{at}: there is no step of kind {said!r}")
    return named[said]


def _made(kind: type[Any], value: Any, at: str) -> Any:
    row = dict(_checked(dict, value, at))
    if row.pop("kind", kind.__name__) != kind.__name__:
        raise UsageError(f"{at}.kind is not {kind.__name__}")
    if kind is Plan and row.pop("udo_plan", None) != 1:
        raise UsageError(f"{at} is not a plan of this version", hint="make it again with this Udo")
    hints = get_type_hints(kind)
    if unknown := [name for name in row if name not in hints]:
        raise UsageError(f"{at}.{unknown[0]}: nothing of that name belongs here")
    needed = (part.name for part in fields(kind) if part.default is MISSING and part.default_factory is MISSING)
    if missing := [name for name in needed if name not in row]:
        raise UsageError(f"{at}.{missing[0]} is missing")
    return kind(**{name: from_json(hints[name], item, f"{at}.{name}") for name, item in row.items()})


def _checked(kind: type[Any], value: Any, at: str) -> Any:
    # A number of JSON's may be whole, and must not be one of Python's NaN and infinities.
    fits = type(value) in (int, float) and math.isfinite(value) if kind is float else type(value) is kind
    if not fits:
        raise UsageError(f"{at} is not {_CALLED[kind]}")
    return value


def _data(value: Any, at: str, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise UsageError(f"{at} is nested too deeply")
    match value:
        case {"$ref": str(name), "$in": str(inside)}:
            return Ref(name, inside)
        case {"$ref": str(name)}:
            return Ref(name)
        case {"$bytes": str(text)}:
            try:
                return base64.b64decode(text, validate=True)
            except ValueError as error:
                raise UsageError(f"{at} is not base64") from error
        case Mapping():
            return {key: _data(item, f"{at}.{key}", depth + 1) for key, item in value.items()}
        case list():
            return [_data(item, at, depth + 1) for item in value]
    return value
