"""Writes a udo.yml out of plain values: what reads back as it was given, laid out for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, NoReturn

from udo import schema
from udo.config.interpolation import Lookup, Unknown, filled
from udo.config.reading import tree_of
from udo.config.showing import as_yaml
from udo.config.tree import Mark, Text
from udo.config.values import value_of
from udo.errors import ConfigError, Problem
from udo.frozen import frozen

_MODELINE = """\
# yaml-language-server: $schema=udo.schema.json
# (for editors: make that file with `udo config schema > udo.schema.json`)
"""
# What may stand above the roles where all below have it alike; tags, sizes and balancers are each group's own.
_LIFTED = (
    "ami",
    "instance_type",
    "keypair_name",
    "iam_profile",
    "security_groups",
    "associate_public_ip_address",
    "instance_monitoring",
    "metadata_options",
    "block_device_mappings",
    "availability_zones",
    "subnets",
    "launch",
    "health_check",
)


@frozen
class Part:
    """One role to be written: its keys as plain values, and remarks that stand above it as comments."""

    cluster: str
    role: str
    keys: Mapping[str, Any]
    remarks: Sequence[str] = field(default=())


def readable(key: str, value: Any) -> bool:
    """Whether a value that is written at a key of udo.yml is read back as it is."""
    try:
        entry = tree_of(as_yaml({key: escaped(value)}) + "\n", key).entries[key]
        return bool(value_of(entry.value, schema.BY_PATH[key], _Strict()) == value)
    except (ConfigError, Unknown):
        return False


def escaped(value: Any) -> Any:
    """The value with every `${` in its texts written so that it is no reference."""
    match value:
        case str():
            return value.replace("${", "$${")
        case Mapping():
            return {escaped(key): escaped(item) for key, item in value.items()}
        case list() | tuple():
            return [escaped(item) for item in value]
    return value


def document(top: Mapping[str, Any], parts: Sequence[Part], about: str) -> str:
    """The text of a udo.yml with these keys at its top and these roles; what all have alike stands above them."""
    alike = _alike(parts)
    sections = [heading(about), as_yaml(escaped(dict(top))) if top else ""]
    if alike:
        sections.append(f"# What all of them have alike.\n{as_yaml(escaped(alike))}")
    sections.append("\n\n".join(_clusters(parts, alike)))
    return "\n\n".join(section for section in sections if section) + "\n"


def heading(about: str) -> str:
    """The comment a file begins with: for editors where the schema is, and for people what it is about."""
    return f"{_MODELINE}#\n{textwrap.indent(about, '# ')}"


def _clusters(parts: Sequence[Part], above: Mapping[str, Any]) -> Iterable[str]:
    for number, name in enumerate(dict.fromkeys(part.cluster for part in parts)):
        inside = [part for part in parts if part.cluster == name]
        alike = {key: value for key, value in _alike(inside).items() if key not in above}
        lines = [] if number else ["clusters:"]
        lines.append(f"  {name}:")
        if alike:
            lines.append(_indented(alike, 4))
        lines.append("    roles:")
        lines.append("\n\n".join(_role(part, {*above, *alike}) for part in inside))
        yield "\n".join(lines)


def _role(part: Part, above: Iterable[str]) -> str:
    left = {key: value for key, value in part.keys.items() if key not in above}
    remarks = [f"        # {line}" for remark in part.remarks for line in textwrap.wrap(remark, 100)]
    head = f"      {as_yaml(part.role).splitlines()[0]}:"
    return "\n".join([head, *remarks, *([_indented(left, 8)] if left else [])])


def _indented(keys: Mapping[str, Any], width: int) -> str:
    return textwrap.indent(as_yaml(escaped(dict(keys))), " " * width)


def _alike(parts: Sequence[Part]) -> dict[str, Any]:
    if len(parts) < 2:
        return {}
    first, *others = (part.keys for part in parts)
    return {
        key: first[key]
        for key in _LIFTED
        if key in first and all(key in keys and keys[key] == first[key] for keys in others)
    }


class _Strict:
    """The sink of a reading that takes no reference and no mistake."""

    def fill(self, text: Text) -> str:
        """The text, whose only `${` are escaped ones."""
        return filled(text, _refused)

    def report(self, mark: Mark, message: str) -> NoReturn:
        """Whatever does not fit."""
        raise ConfigError(Problem(*mark, message))


def _refused(lookup: Lookup) -> NoReturn:
    raise Unknown(f"${{{lookup.kind}}} is a reference")
