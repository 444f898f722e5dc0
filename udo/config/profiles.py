"""Lays profiles out where they are used: parameters bound, cycles and misuse told at the `use`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from udo import schema
from udo.config.checking import Section, Walk
from udo.config.interpolation import bound
from udo.config.params import param_of
from udo.config.shipped import PREFIX, names
from udo.config.suggesting import among
from udo.config.tree import Entry, Items, Mark, Node, Null, Table, Text, size
from udo.config.wording import brief, kind_of
from udo.errors import ConfigError, Problem

MOST_VALUES = 1_000_000
# What it costs to use a profile at all, in values.
_USE = 20


class Use(NamedTuple):
    """One profile named in a `use`, and what is given for its parameters."""

    name: str
    mark: Mark
    given: Mapping[str, Entry]


class Profiles:
    """The profiles of a configuration; everything wrong with them and their uses goes to the walk.

    `told` holds what was told at a `use`, as it would be told at its own line.
    """

    def __init__(self, known: Mapping[str, Section], walk: Walk) -> None:
        self.known = known
        self.walk = walk
        self.count = 0
        self.circular = False
        self.told: set[Problem] = set()

    def check(self) -> None:
        """Reports what is wrong with the definitions: values that a parameter cannot have, and cycles."""
        for profile in self.known.values():
            for name, param in profile.params.items():
                for problem in param_of(name, param, param.mark).wrong():
                    self.walk.report(Mark(*problem.place), problem.message)
            for use in self._uses(profile.tables[-1]):
                self._values(use)
            self._cycle(profile)

    def add(self, values: int, mark: Mark) -> None:
        """Counts values that a part inherits.

        Raises: ConfigError when they are more than any real configuration has.
        """
        self.count += values
        if self.count > MOST_VALUES:
            told = f"more than {MOST_VALUES:,} values, each counted for every part that inherits it"
            raise ConfigError(*self.walk.problems, Problem(*mark, told))

    def laid_out(self, table: Table) -> tuple[Table, ...]:
        """The profiles a part uses, those they use themselves first, with their parameters bound."""
        found: list[Table] = []
        for use in self._uses(table):
            found += self._bound(use, table.used)
        return tuple(found)

    def _cycle(self, profile: Section) -> None:
        """Reports a way through the profiles that leads back to this one, once for all that stand on it."""
        ways: list[tuple[str, ...]] = [(profile.name,)]
        seen: set[str] = set()
        while ways:
            way = ways.pop()
            for name, mark in used_names(self.known[way[-1]].tables[-1]):
                if name == profile.name:
                    self.circular = True
                    if name != min(way):
                        return
                    told = " -> ".join((*way, name))
                    self.walk.report(mark if len(way) == 1 else profile.mark, f"profiles that use each other: {told}")
                    return
                if name in self.known and name not in seen:
                    seen.add(name)
                    ways.append((*way, name))

    def _bound(self, use: Use, above: tuple[Mark, ...]) -> Iterator[Table]:
        values = self._values(use)
        if values is None or self.circular:
            return
        profile = self.known[use.name].tables[-1]
        self.add(size(profile) + _USE, use.mark)
        table = _bound_table(profile, values)._replace(used=(use.mark, *above))
        self._check_bound(table, use)
        yield from self.laid_out(table)
        yield table

    def _check_bound(self, table: Table, use: Use) -> None:
        """Reports at the `use` what the parameters make wrong."""
        inner = Walk(self.walk.env)
        inner.level(table, "profile")
        self.walk.later |= inner.later
        for problem in set(inner.problems).difference(self.walk.problems):
            self.told.add(problem)
            place = f"{problem.file}:{problem.line}"
            self.walk.report(use.mark, f"profile '{use.name}' used like this: {problem.message} ({place})")

    def _values(self, use: Use) -> dict[str, Text] | None:
        """What each parameter stands for in one use; None where there is no such profile, or something is wrong."""
        if (profile := self.known.get(use.name)) is None:
            shipped = names()
            known = shipped if use.name.startswith(PREFIX) else self.known
            told = f"did you mean '{PREFIX}{use.name}'?" if PREFIX + use.name in shipped else among(use.name, known)
            self.walk.report(use.mark, f"no profile '{brief(use.name)}': {told}")
            return None
        before = len(self.walk.problems)
        found = {name: self._value(use, name, param) for name, param in profile.params.items()}
        for name, entry in use.given.items():
            if name not in profile.params:
                told = among(name, profile.params)
                self.walk.report(entry.mark, f"profile '{use.name}' has no parameter '{brief(name)}': {told}")
        return None if len(self.walk.problems) > before else {name: text for name, text in found.items() if text}

    def _value(self, use: Use, name: str, param: Table) -> Text | None:
        if name in use.given:
            return self._fits(name, use.given[name].value, param)
        default = param.entries.get("default")
        if default is None:
            self.walk.report(use.mark, f"profile '{use.name}' wants the parameter '{name}', which has no default")
            return None
        return default.value if isinstance(default.value, Text) else Text("", True, default.mark)

    def _fits(self, name: str, node: Node, param: Table) -> Text | None:
        """The node where the parameter may have it; a reference may become anything."""
        if told := param_of(name, param, param.mark).misfit(node):
            self.walk.report(node.mark, told)
            return None
        return node if isinstance(node, Text) else None

    def _uses(self, table: Table) -> Iterator[Use]:
        entry = table.entries.get("use")
        if entry is None or isinstance(entry.value, Null):
            return
        if not isinstance(entry.value, Items):
            told = f"use wants a list of profiles, not {kind_of(entry.value)}: write {_listed(entry.value)}"
            self.walk.report(entry.value.mark, told)
            return
        for item in entry.value.items:
            yield from self._use(item)

    def _use(self, node: Node) -> Iterator[Use]:
        match node:
            case Text(text, _, mark):
                yield Use(text, mark, {})
            case Table(entries, mark) if len(entries) == 1:
                [(name, entry)] = entries.items()
                if isinstance(entry.value, Table | Null):
                    yield Use(name, mark, entry.value.entries if isinstance(entry.value, Table) else {})
                    return
                told = f"write {{{brief(name)}: {{PARAM: value}}}}"
                self.walk.report(entry.value.mark, f"a profile is given a mapping of parameters: {told}")
            case _:
                self.walk.report(node.mark, "use wants names of profiles, or {name: {PARAM: value}} one at a time")


def _listed(node: Node) -> str:
    match node:
        case Text(text):
            return f"[{brief(text)}]"
        case Table(entries) if len(entries) == 1:
            return f"[{{{brief(next(iter(entries)))}: {{PARAM: value}}}}]"
    return "[name, {name: {PARAM: value}}]"


def used_names(table: Table) -> Iterator[tuple[str, Mark]]:
    """The profiles that a part uses, and where it says so."""
    entry = table.entries.get("use")
    for item in entry.value.items if entry and isinstance(entry.value, Items) else ():
        match item:
            case Text(text, _, mark):
                yield text, mark
            case Table(entries, mark):
                yield from ((name, mark) for name in entries)


def _bound_table(table: Table, values: Mapping[str, Text]) -> Table:
    entries = {}
    for name, entry in table.entries.items():
        key = schema.BY_PATH.get(name)
        as_it_is = key is not None and key.kind in ("script", "commands")
        entries[name] = entry if as_it_is else Entry(entry.mark, _bound_node(entry.value, values))
    return table._replace(entries=entries)


def _bound_node(node: Node, values: Mapping[str, Text]) -> Node:
    match node:
        case Text():
            return bound(node, values)
        case Items(items):
            return node._replace(items=tuple(_bound_node(item, values) for item in items))
        case Table(entries):
            inner = {name: Entry(entry.mark, _bound_node(entry.value, values)) for name, entry in entries.items()}
            return node._replace(entries=inner)
    return node
