"""The parameters of a stack: which values a template takes, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from udo.sandbox.strict.cloudformation.refusal import invalid
from udo.sandbox.strict.rules import rule

_OPERATIONS = ("CreateChangeSet", "CreateStack", "UpdateStack")
_LISTS = ("CommaDelimitedList", "List<")
_PLAIN = ("String", "Number", "List<Number>", "CommaDelimitedList")
_STORED = "AWS::SSM::Parameter::Value<"
MASK = "****"
_NOT_BEFORE = (
    "Invalid input for parameter key {}. Cannot specify usePreviousValue as true for a parameter key not in the "
    "previous template"
)


def settled(
    declared: Mapping[str, Any], given: Sequence[Mapping[str, Any]], before: Mapping[str, str] | None
) -> dict[str, str]:
    """The value of each parameter: as given, as before, or its default. Raises: Refusal."""
    parameters_are_declared(declared, given)
    found, missing = {}, []
    by_key = {one["ParameterKey"]: one for one in given}
    for name, declaration in declared.items():
        sent = by_key.get(name, {})
        if sent.get("UsePreviousValue"):
            if before is None or name not in before:
                raise invalid(_NOT_BEFORE.format(name))
            found[name] = before[name]
        elif sent.get("ParameterValue") is not None:
            found[name] = str(sent["ParameterValue"])
        elif "Default" in declaration:
            found[name] = text(declaration["Default"])
        else:
            missing.append(name)
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in found.items():
        values_are_allowed(name, value, declared[name])
    return found


@rule("cloudformation", *_OPERATIONS, moto="takes parameters that the template does not have")
def parameters_are_declared(declared: Mapping[str, Any], given: Sequence[Mapping[str, Any]]) -> None:
    """A parameter that the template does not declare, or one that is given twice, is refused.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html.
    """
    if unknown := sorted({one["ParameterKey"] for one in given} - set(declared)):
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    keys = [one["ParameterKey"] for one in given]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise invalid(f"Parameters: [{', '.join(twice)}] are specified more than once")


@rule("cloudformation", *_OPERATIONS, moto="takes any value of a parameter")
def values_are_allowed(name: str, value: str, declaration: Mapping[str, Any]) -> None:
    """A value is a number where one is wanted, one of AllowedValues, matches AllowedPattern, and is within its bounds.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html.
    """
    kind = str(declaration.get("Type", "String"))
    parts = [part.strip() for part in value.split(",")] if kind.startswith(_LISTS) else [value]
    for part in parts:
        if "Number" in kind and not _is_number(part):
            raise invalid(f"Parameter '{name}' must be a number")
        broken = next(filter(None, (check(part, declaration) for check in _CHECKS)), None)
        if broken and "ConstraintDescription" in declaration:
            told = f"Parameter {name} failed to satisfy constraint: {declaration['ConstraintDescription']}"
            raise invalid(told)
        if broken:
            raise invalid(f"Parameter '{name}' must {broken}")


def _allowed(value: str, declaration: Mapping[str, Any]) -> str:
    allowed = [text(one) for one in declaration.get("AllowedValues", [value])]
    return "" if value in allowed else "be one of AllowedValues"


def _pattern(value: str, declaration: Mapping[str, Any]) -> str:
    pattern = str(declaration.get("AllowedPattern", ".*"))
    return "" if re.fullmatch(pattern, value, re.DOTALL) else f"match pattern {pattern}"


def _length(value: str, declaration: Mapping[str, Any]) -> str:
    if len(value) < int(declaration.get("MinLength", 0)):
        return f"contain at least {declaration['MinLength']} characters"
    too_long = "MaxLength" in declaration and len(value) > int(declaration["MaxLength"])
    return f"contain at most {declaration['MaxLength']} characters" if too_long else ""


def _bounds(value: str, declaration: Mapping[str, Any]) -> str:
    if "MinValue" in declaration and float(value) < float(declaration["MinValue"]):
        return f"be a number not less than {declaration['MinValue']}"
    too_large = "MaxValue" in declaration and float(value) > float(declaration["MaxValue"])
    return f"be a number not greater than {declaration['MaxValue']}" if too_large else ""


_CHECKS: Sequence[Callable[[str, Mapping[str, Any]], str]] = (_allowed, _pattern, _length, _bounds)


def worked_out(
    declared: Mapping[str, Any], values: Mapping[str, str], stored: Callable[[str], str]
) -> dict[str, str | list[str]]:
    """What Ref to each parameter comes to: lists are taken apart, parameters of Systems Manager are looked up.

    Raises: Refusal.
    """
    found: dict[str, str | list[str]] = {}
    for name, value in values.items():
        kind = str(declared[name].get("Type", "String")) if name in declared else "String"
        if kind.startswith(_STORED):
            kind, told = kind.removeprefix(_STORED), stored(value)
        else:
            told = value
        found[name] = [part.strip() for part in told.split(",")] if kind.startswith(_LISTS) else told
    return found


def shown(declared: Mapping[str, Any], values: Mapping[str, str], resolved: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parameters as a stack shows them; those with NoEcho are masked."""
    rows = []
    for name, value in values.items():
        is_hidden = text(declared.get(name, {}).get("NoEcho", False)) == "true"
        row = {"ParameterKey": name, "ParameterValue": MASK if is_hidden else value}
        if str(declared.get(name, {}).get("Type", "")).startswith(_STORED):
            found = resolved.get(name, "")
            row["ResolvedValue"] = ",".join(found) if isinstance(found, list) else str(found)
        rows.append(row)
    return rows


def hidden(declared: Mapping[str, Any], values: Mapping[str, str]) -> set[str]:
    """The values that nobody is shown."""
    return {
        value for name, value in values.items() if value and text(declared.get(name, {}).get("NoEcho", False)) == "true"
    }


def types_are_known(declared: Mapping[str, Any]) -> None:
    """Refuses a parameter of a type that CloudFormation does not have. Raises: Refusal."""
    for name, one in declared.items():
        if not isinstance(one, dict) or "Type" not in one:
            raise invalid(f"Template format error: Every Parameters object must contain a Type member. [{name}]")
        kind = str(one["Type"])
        if kind not in _PLAIN and not kind.startswith(("AWS::", "List<AWS::")):
            raise invalid(f"Template format error: Unrecognized parameter type: {kind}")


def text(value: Any) -> str:
    """A value as a parameter holds it: true and false in small letters, lists with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
