"""The operators of policies' conditions: whether what a request has is what a statement wants of it."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from udo.sandbox.iam.patterns import filled, matches_arn, matches_text

# What a request has under a key, in lower case: nothing, or any number of values.
Values = Callable[[str], Sequence[str] | None]
Test = Callable[[str, str, Values], bool]


@dataclass(frozen=True)
class Condition:
    """One key of a condition: an operator of _OPERATORS, of what set of values it speaks, and what it wants."""

    operator: str
    key: str
    wanted: tuple[str, ...]
    of_set: str = ""
    if_exists: bool = False

    def holds(self, values: Values) -> bool:
        """Whether the request fulfils it.

        Source: IAM User Guide, "IAM JSON policy elements: Condition operators" (IfExists, Null, keys that are missing)
        and "Conditions with multiple context keys or values" (several values are OR; NOR where the operator negates;
        ForAllValues is true of no value, ForAnyValue false).
        """
        found = values(self.key)
        if self.operator == "null":
            return self._is_null(found)
        negates, test = _OPERATORS[self.operator]
        if not found:
            if self.of_set == "foranyvalue":
                return False
            return self.if_exists or negates or self.of_set == "forallvalues"
        each = [any(test(want, one, values) for want in self.wanted) is not negates for one in found]
        if self.of_set == "forallvalues" or (negates and not self.of_set):
            return all(each)
        return any(each)

    def _is_null(self, found: Sequence[str] | None) -> bool:
        return any(want.lower() == ("false" if found else "true") for want in self.wanted)


def parse(block: Mapping[str, Mapping[str, object]]) -> tuple[Condition, ...]:
    """The conditions of a statement. Raises: ValueError for an operator that AWS does not have."""
    found = []
    for name, wants in block.items():
        of_set, _, operator = name.rpartition(":")
        plain = operator.lower().removesuffix("ifexists")
        if plain not in _OPERATORS and plain != "null":
            raise ValueError(f"no condition operator {name}")
        how = {"of_set": of_set.lower(), "if_exists": operator.lower() != plain}
        found += [Condition(plain, key.lower(), _texts(wanted), **how) for key, wanted in wants.items()]  # type: ignore[arg-type]
    return tuple(found)


def _texts(wanted: object) -> tuple[str, ...]:
    values = wanted if isinstance(wanted, list | tuple) else [wanted]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def variables(values: Values) -> Callable[[str], str | None]:
    """What the variables of a policy are replaced by."""

    def value(key: str) -> str | None:
        found = values(key.lower())
        return found[0] if found else None

    return value


def _equal(want: str, one: str, values: Values) -> bool:
    return filled(want, variables(values)) == one


def _equal_but_case(want: str, one: str, values: Values) -> bool:
    wanted = filled(want, variables(values))
    return wanted is not None and wanted.lower() == one.lower()


def _like(want: str, one: str, values: Values) -> bool:
    return matches_text(want, one, variables(values))


def _arn(want: str, one: str, values: Values) -> bool:
    return matches_arn(want, one, variables(values))


def _bool(want: str, one: str, _values: Values) -> bool:
    return want.lower() == one.lower()


def _address(want: str, one: str, _values: Values) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(one) in ipaddress.ip_network(want, strict=False)
    return False


def _compared(read: Callable[[str], float], test: Callable[[float, float], bool]) -> Test:
    def compare(want: str, one: str, _values: Values) -> bool:
        with suppress(ValueError):
            return test(read(one), read(want))
        return False

    return compare


def _moment(text: str) -> float:
    """A moment of a policy: ISO 8601, or seconds since the epoch."""
    with suppress(ValueError):
        return float(text)
    when = datetime.datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=datetime.UTC)).timestamp()


def _ordered(name: str, read: Callable[[str], float]) -> dict[str, tuple[bool, Test]]:
    return {
        f"{name}equals": (False, _compared(read, lambda one, want: one == want)),
        f"{name}notequals": (True, _compared(read, lambda one, want: one == want)),
        f"{name}lessthan": (False, _compared(read, lambda one, want: one < want)),
        f"{name}lessthanequals": (False, _compared(read, lambda one, want: one <= want)),
        f"{name}greaterthan": (False, _compared(read, lambda one, want: one > want)),
        f"{name}greaterthanequals": (False, _compared(read, lambda one, want: one >= want)),
    }


# Each operator: whether it negates, and what it compares by.
_OPERATORS: Mapping[str, tuple[bool, Test]] = {
    "stringequals": (False, _equal),
    "stringnotequals": (True, _equal),
    "stringequalsignorecase": (False, _equal_but_case),
    "stringnotequalsignorecase": (True, _equal_but_case),
    "stringlike": (False, _like),
    "stringnotlike": (True, _like),
    "binaryequals": (False, _equal),
    # Source: the same page: ArnEquals and ArnLike behave alike.
    "arnequals": (False, _arn),
    "arnlike": (False, _arn),
    "arnnotequals": (True, _arn),
    "arnnotlike": (True, _arn),
    "bool": (False, _bool),
    "ipaddress": (False, _address),
    "notipaddress": (True, _address),
    **_ordered("numeric", float),
    **_ordered("date", _moment),
}
