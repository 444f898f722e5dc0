"""Walks a configuration by its structure and collects every mistake in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from udo import schema
from udo.config.interpolation import KEPT_IN_AWS, NAMES, Lookup, Unknown, filled, from_environment, references
from udo.config.merging import layer
from udo.config.suggesting import among
from udo.config.tree import Entry, Mark, Node, Null, Table, Text
from udo.config.values import OWN_KEYS, table_of, unknown_key, value_of
from udo.config.wording import brief, kind_of
from udo.errors import ConfigError, Problem
from udo.schema import Key, Level

# Past so many, the suggestions alone take seconds.
MOST_TOLD = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_FIELD = re.compile(r"\$\{[^}]*\}|\{(\w*)\}|[{}]")
# What other values are made of cannot be made of them, and what leads to AWS cannot be kept there.
_BASIC = ("app_name", "region")
_FIRST = (*_BASIC, "naming", "group_name", "account", "aws_profile", "assume_role")


class Section(NamedTuple):
    """A cluster, role or profile: what each file says of it, and the roles in it or the parameters of it."""

    name: str
    mark: Mark
    tables: tuple[Table, ...]
    roles: Mapping[str, Section] = {}
    params: Mapping[str, Table] = {}


class Document(NamedTuple):
    """A file, or several in the order in which they are merged, by their structure."""

    tables: tuple[Table, ...] = ()
    clusters: Mapping[str, Section] = {}
    profiles: Mapping[str, Section] = {}


class Walk:
    """The sink of a walk; a value with references to what only a role knows is checked `later`, when it is read.

    References to variables are followed where `env` is given.
    """

    def __init__(self, env: Mapping[str, str] | None) -> None:
        self.env = env
        self.problems: list[Problem] = []
        self.later = False
        self.advice: dict[str, Problem] = {}
        self.key = ""
        self.params: Mapping[str, object] | None = None

    def document(self, root: Table) -> Document:
        """The structure of one file."""
        self.level(root, "root")
        profiles = [self._profile(*found) for found in self._named(root, "profiles", "profile")]
        clusters = [self._cluster(*found) for found in self._named(root, "clusters", "cluster")]
        return Document((layer(root),), _by_name(clusters), _by_name(profiles))

    def report(self, mark: Mark, message: str) -> None:
        """Adds a mistake.

        Raises: ConfigError when there are more than anybody would read.
        """
        self.problems.append(Problem(*mark, message))
        if len(self.problems) == MOST_TOLD:
            raise ConfigError(*self.problems, Problem(mark.file, 0, 0, f"has more mistakes than these {MOST_TOLD}"))

    def fill(self, text: Text) -> str | None:
        """The text with its references followed; None where that is for later, or a mistake."""
        if self.key == "include":
            return text.text  # files are read before anything is looked up
        try:
            for piece in references(text):
                if isinstance(piece, Lookup):
                    self._allow(piece)
            return filled(text, self._answer)
        except _LaterError:
            self.later = True
        except Unknown as error:
            self.report(text.mark, str(error))
        return None

    def level(self, table: Table, level: Level) -> None:
        """Reads every key of a part of this level."""
        known = schema.inside("")
        for name, entry in table.entries.items():
            if (key := known.get(name)) is None:
                if not name.startswith("x-"):
                    self.report(entry.mark, _unknown(name, entry.value, level))
            elif level not in key.levels:
                self.report(entry.mark, f"'{name}' is not allowed in a {level}" if level != "root" else _not_root(name))
            else:
                self.key = name
                self._advise(key, entry)
                value = value_of(entry.value, key, self)
                if name == "naming" and isinstance(value, str):
                    self._naming(value, entry)
        self._twice(table)

    def _allow(self, lookup: Lookup) -> None:
        if self.key in _BASIC and lookup.kind in ("app", "region"):
            raise Unknown(f"${{{lookup.kind}}} is not allowed in {self.key}: other values are made of it")
        if self.key in _FIRST and lookup.kind in KEPT_IN_AWS:
            raise Unknown(f"${{{lookup.kind}:..}} is not allowed in {self.key}: it is needed before AWS can be asked")
        if self.key == "stacks" and lookup.kind == "role":
            raise Unknown("${role} is not allowed in stacks: a stack belongs to a cluster, not to a role")
        if lookup.kind == "param" and self.params is None:
            if self.key == "stacks":
                return  # whether there is such a parameter shows once all files are merged
            raise Unknown(f"${{param:{brief(lookup.argument)}}} is allowed in the values of a profile only")
        if lookup.kind == "param" and self.params is not None and lookup.argument not in self.params:
            told = among(lookup.argument, self.params)
            raise Unknown(f"no parameter '{brief(lookup.argument)}' in this profile: {told}")

    def _answer(self, lookup: Lookup) -> str:
        if lookup.kind == "env" and self.env is not None:
            return from_environment(lookup, self.env)
        raise _LaterError

    def _advise(self, key: Key, entry: Entry) -> None:
        """Keeps what works but should be written otherwise, the first time it is met."""
        if key.old:
            self.advice.setdefault(key.path, Problem(*entry.mark, f"'{key.path}' is from the original Udo: {key.old}"))
        if key.kind == "map" and isinstance(entry.value, Table):
            for inner in schema.inside(key.path).values():
                found = entry.value.entries.get(inner.name) if inner.secret else None
                if found and isinstance(found.value, Text) and found.value.text and "${" not in found.value.text:
                    told = f"{inner.path} is a secret, and this file will be read by many: write ${{env:NAME}}"
                    self.advice.setdefault(inner.path, Problem(*found.mark, told))

    def _naming(self, pattern: str, entry: Entry) -> None:
        for found in _FIELD.finditer(pattern):
            if not found.group().startswith("${") and found[1] not in NAMES:
                message = f"naming is made of {{app}}, {{cluster}}, {{role}} and {{region}}, not {found.group()}"
                self.report(entry.value.mark, message)

    def _twice(self, table: Table) -> None:
        old = table.entries.get("deployment_group")
        deploy = table.entries.get("deploy")
        if old and deploy and isinstance(deploy.value, Table) and "deployment_group" in deploy.value.entries:
            self.report(old.mark, "'deployment_group' is deploy.deployment_group, which is set here too: keep one")

    def _cluster(self, name: str, mark: Mark, table: Table) -> Section:
        self.level(table, "cluster")
        roles = {}
        for role, role_mark, role_table in self._named(table, "roles", "role"):
            self.level(role_table, "role")
            roles[role] = Section(role, role_mark, (layer(role_table),))
        return Section(name, mark, (layer(table),), roles)

    def _profile(self, name: str, mark: Mark, table: Table) -> Section:
        params = {param: inner for param, _, inner in self._named(table, "params", "parameter")}
        for inner in params.values():
            table_of(inner, "params", self)
        self.params = params
        self.level(table, "profile")
        self.params = None
        return Section(name, mark, (layer(table),), params=params)

    def _named(self, table: Table, key: str, what: str) -> Iterator[tuple[str, Mark, Table]]:
        entry = table.entries.get(key)
        if entry is None or isinstance(entry.value, Null):
            return
        if not isinstance(entry.value, Table):
            self.report(entry.value.mark, f"{key} wants a mapping of names, not {kind_of(entry.value)}")
            return
        for name, inner in entry.value.entries.items():
            if not _NAME.fullmatch(name):
                self.report(inner.mark, f"'{brief(name)}' cannot be the name of a {what}: letters, digits, '_' and '-'")
            elif (found := self._section(inner.value, what, name)) is not None:
                yield name, inner.mark, found

    def _section(self, node: Node, what: str, name: str) -> Table | None:
        match node:
            case Table():
                return node
            case Null(mark):
                return Table({}, mark)
        hint = ": check the indentation" if name in schema.TOP else ""
        self.report(node.mark, f"the {what} '{name}' is a mapping of keys to values, not {kind_of(node)}{hint}")
        return None


class _LaterError(Exception):
    """The value depends on what is not known during the walk."""


def _by_name(sections: list[Section]) -> dict[str, Section]:
    return {section.name: section for section in sections}


def _unknown(name: str, node: Node, level: Level) -> str:
    if level == "root" and isinstance(node, Table) and "roles" in node.entries:
        return f"unknown key '{brief(name)}': a cluster belongs in 'clusters'"
    told = unknown_key(name, "", {other: row for other, row in schema.inside("").items() if level in row.levels})
    if told.endswith(OWN_KEYS) and isinstance(node, Table) and level == "cluster":
        return told.replace(OWN_KEYS, "a role belongs in 'roles'")
    return told


def _not_root(name: str) -> str:
    *others, last = schema.BY_PATH[name].levels
    where = f"{', '.join(others)} or {last}" if others else last
    return f"'{name}' is not allowed at the top of the file, only in a {where}"
