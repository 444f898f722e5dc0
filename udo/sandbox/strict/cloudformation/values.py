"""What a template's functions come to: Ref, Fn::GetAtt, Fn::Sub and the rest, over what is known of a stack."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from udo.sandbox.strict.cloudformation.references import split, substituted
from udo.sandbox.strict.cloudformation.refusal import invalid

# What stands in a change set for a value that is known once it is executed.
LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
_RESOLVED = re.compile(r"\{\{resolve:ssm:([^:}]+)(?::(\d+))?\}\}")


class _Nothing:
    """What Ref to AWS::NoValue comes to: the property is not there."""


NOTHING = _Nothing()


class Missing(Exception):
    """A value that is not to be had, and why: the resource that wants it fails."""


@dataclass
class Values:
    """The names that a template can lean on: `resource` gives what Ref or Fn::GetAtt reads of a resource.

    `exported` gives the value of an export, `parameter` one of Systems Manager's, `zones` those of a region.
    """

    template: Mapping[str, Any]
    names: Mapping[str, Any]
    resource: Callable[[str, str], Any]
    exported: Callable[[str], str]
    parameter: Callable[[str], str]
    zones: Callable[[str], list[str]]
    _conditions: dict[str, bool] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def of(self, value: Any) -> Any:
        """A part of a template with its functions worked out. Raises: Missing, Refusal."""
        if isinstance(value, str):
            return _RESOLVED.sub(lambda found: self.parameter(":".join(filter(None, found.groups()))), value)
        if isinstance(value, list):
            found = [self.of(one) for one in value]
            return [one for one in found if one is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key == "Ref":
                return self._ref(inner)
            if key in _FUNCTIONS:
                return self._worked_out(key, inner)
            if key == "Condition" and isinstance(inner, str) and inner in self.template.get("Conditions", {}):
                return self.condition(inner)
        made = {key: self.of(one) for key, one in value.items()}
        return {key: one for key, one in made.items() if one is not NOTHING}

    def properties(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """The properties of a resource of the template. Raises: Missing, Refusal."""
        made = {key: self.of(one) for key, one in definition.get("Properties", {}).items()}
        return {key: one for key, one in made.items() if one is not NOTHING}

    def condition(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if not isinstance(name, str) or name not in self.template.get("Conditions", {}):
            raise invalid(f"Template error: unresolved condition dependency: {name}")
        if name not in self._conditions:
            if name in self._open:
                raise invalid(f"Template format error: Circular dependency between conditions: [{name}]")
            self._open.add(name)
            self._conditions[name] = bool(self.of(self.template["Conditions"][name]))
        return self._conditions[name]

    def is_wanted(self, part: Mapping[str, Any]) -> bool:
        """Whether a resource or an output is there, as its condition says."""
        return "Condition" not in part or self.condition(part["Condition"])

    def _worked_out(self, function: str, inner: Any) -> Any:
        try:
            return _FUNCTIONS[function](self, inner)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, StopIteration) as error:
            raise invalid(f"Template error: {function} is given what it does not take: {inner}") from error

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            raise invalid(f"Template error: every Ref object must have a single String value: {name}")
        if name == "AWS::NoValue":
            return NOTHING
        return self.names[name] if name in self.names else self.resource(name, "")

    def _get_att(self, inner: Any) -> Any:
        resource, attribute = inner.split(".", 1) if isinstance(inner, str) else inner
        return self.resource(resource, str(self.of(attribute)))

    def _sub(self, inner: Any) -> str:
        text, own = (inner, {}) if isinstance(inner, str) else inner

        def value(name: str) -> Any:
            if name in own:
                return self.of(own[name])
            if name in self.names:
                found = self.names[name]
                return ",".join(found) if isinstance(found, list) else found
            return self.resource(*split(name))

        return str(self.of(substituted(text, value)))

    def _join(self, inner: Any) -> str:
        between, parts = inner
        found = self.of(parts)
        return str(between).join(_text(one) for one in (found if isinstance(found, list) else [found]))

    def _select(self, inner: Any) -> Any:
        index, found = int(self.of(inner[0])), self.of(inner[1])
        if found == LATER:
            return LATER
        if not isinstance(found, list) or not 0 <= index < len(found):
            raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
        return found[index]

    def _split(self, inner: Any) -> Any:
        found = self.of(inner[1])
        return LATER if found == LATER else str(found).split(str(inner[0]))

    def _if(self, inner: Any) -> Any:
        return self.of(inner[1] if self.condition(inner[0]) else inner[2])

    def _find_in_map(self, inner: Any) -> Any:
        name, top, second = (self.of(one) for one in inner[:3])
        try:
            return self.of(self.template.get("Mappings", {})[name][str(top)][str(second)])
        except (KeyError, TypeError):
            if len(inner) > 3 and "DefaultValue" in inner[3]:
                return self.of(inner[3]["DefaultValue"])
        raise invalid(f"Template error: Unable to get mapping for {name}::{top}::{second}")

    def _base64(self, inner: Any) -> str:
        found = self.of(inner)
        return LATER if found == LATER else base64.b64encode(_text(found).encode()).decode()

    def _cidr(self, inner: Any) -> Any:
        block, count, *bits = (self.of(one) for one in inner)
        if block == LATER:
            return LATER
        network = ipaddress.ip_network(block)
        prefix = network.max_prefixlen - int(bits[0] if bits else 8)
        found = network.subnets(new_prefix=prefix)
        return [str(next(found)) for _ in range(int(count))]

    def _import(self, inner: Any) -> str:
        return self.exported(str(self.of(inner)))

    def _zones(self, inner: Any) -> list[str]:
        return self.zones(str(self.of(inner) or self.names["AWS::Region"]))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equals(values: Values, inner: Any) -> bool:
    first, second = (_text(values.of(one)) for one in inner)
    return first == second


_FUNCTIONS: Mapping[str, Callable[[Values, Any], Any]] = {
    "Fn::GetAtt": Values._get_att,
    "Fn::Sub": Values._sub,
    "Fn::Join": Values._join,
    "Fn::Select": Values._select,
    "Fn::Split": Values._split,
    "Fn::If": Values._if,
    "Fn::FindInMap": Values._find_in_map,
    "Fn::Base64": Values._base64,
    "Fn::Cidr": Values._cidr,
    "Fn::ImportValue": Values._import,
    "Fn::GetAZs": Values._zones,
    "Fn::Equals": _equals,
    "Fn::And": lambda values, inner: all(values.of(one) for one in inner),
    "Fn::Or": lambda values, inner: any(values.of(one) for one in inner),
    "Fn::Not": lambda values, inner: not values.of(inner[0]),
}
