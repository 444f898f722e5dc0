"""One stack that udo.yml describes, with the values of its parameters; see `stacks`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo import schema
from udo.config.interpolation import KEPT_IN_AWS, Lookup, Unknown, references
from udo.config.roles import Reading, Role, remote, texts
from udo.config.tree import Entry, Mark, Table
from udo.config.values import value_of
from udo.errors import ConfigError, Problem, UsageError
from udo.result import Secret

if TYPE_CHECKING:
    from udo.config.stacks import StackDefinition

URL = re.compile(r"(s3|https?)://", re.IGNORECASE)
# The keys whose values may be kept in AWS; the others are needed before AWS can be asked.
REMOTE = ("parameters", "tags", "role")


@dataclass(frozen=True, eq=False)
class Stack:
    """One stack: a definition, and the values of the parameters it was ordered with.

    Raises: ConfigError where a value is read that rests on what is not known, or is not of its type; UsageError where
    it rests on a parameter that was not given.
    """

    definition: StackDefinition
    params: Mapping[str, str]
    _name: str = ""
    _answers: Mapping[Lookup, str | Secret] = field(default_factory=dict, repr=False)

    @property
    def base(self) -> Role:
        """What it inherits; see StackDefinition."""
        return self.definition.base

    @property
    def label(self) -> str:
        """What it is called in a line for people."""
        return self.definition.label

    @property
    def words(self) -> str:
        """How it is typed after `udo stack VERB`."""
        given = (f"--param {shlex.quote(f'{name}={value}')}" for name, value in self.params.items())
        return " ".join((self.definition.key, *given))

    @cached_property
    def name(self) -> str:
        """What it is called in AWS."""
        if self._name:
            return self._name
        pieces = self.definition.name_pieces
        try:
            return "".join(one if isinstance(one, str) else self._answer(one) for one in pieces())
        except Unknown as error:
            raise ConfigError(Problem(*self.mark_of("name"), str(error))) from error

    @property
    def template(self) -> str:
        """Its template as it is said: a path, or a URL of S3, s3:// too."""
        return str(self.value("template"))

    @property
    def template_file(self) -> Path | None:
        """The file its template is; None where it is an object in S3."""
        said = self.template
        if URL.match(said):
            return None
        return (self.base.file.parent / self.mark_of("template").file).parent / Path(said).expanduser()

    @property
    def parameters(self) -> dict[str, str]:
        """Values of the template's parameters, as far as they are said."""
        return dict(self.value("parameters") or {})

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What the template is granted."""
        return tuple(self.value("capabilities") or ())

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return dict(self.value("tags") or {})

    @property
    def timeout(self) -> float:
        """How many seconds a change of it may take."""
        return float(self.value("timeout"))

    @property
    def protect(self) -> bool:
        """Whether it is to have termination protection."""
        return bool(self.value("protect"))

    @property
    def on_failure(self) -> str:
        """What becomes of it where it cannot be created: rollback, delete or keep."""
        return str(self.value("on_failure"))

    @property
    def role(self) -> str | None:
        """ARN of the IAM role that CloudFormation works with, where there is one."""
        found = self.value("role")
        return None if found is None else str(found)

    @property
    def bucket(self) -> str | None:
        """The bucket that a template goes through which is too long to be sent."""
        found = self.base.get("stack_bucket")
        return None if found is None else str(found)

    def mark_of(self, *names: str) -> Mark:
        """The place of the innermost of these keys that is said; that of the stack where none is."""
        return self.definition.mark_of(*names)

    def where(self, *names: str) -> str:
        """`udo.yml:12`, that place."""
        return str(self.mark_of(*names))

    def value_mark(self, *names: str) -> Mark:
        """The place of the value of the innermost of these keys that is said."""
        table = self.definition.table
        for name in names[:-1]:
            inner = table.entries[name].value if name in table.entries else None
            table = inner if isinstance(inner, Table) else Table({}, table.mark)
        return table.entries[names[-1]].value.mark if names[-1] in table.entries else self.mark_of(*names)

    def known_parameters(self) -> dict[str, str | None]:
        """Values of the template's parameters; None for those that rest on what is not known yet."""
        row = schema.BY_PATH["stacks.*.parameters"]
        found: dict[str, str | None] = {}
        for name, entry in self._parameter_entries().items():
            try:
                one = value_of(Table({name: entry}, entry.mark), row, Reading(self._answer))
            except (ConfigError, UsageError):
                found[name] = None
            else:
                found |= one or {}
        return found

    def is_looked_up(self, parameter: str) -> bool:
        """Whether the value of a parameter of the template is not written in udo.yml, but somewhere else."""
        entry = self._parameter_entries().get(parameter)
        return entry is not None and any(
            isinstance(piece, Lookup) and piece.kind in ("env", *KEPT_IN_AWS)
            for text in texts(entry.value)
            for piece in references(text)
        )

    def _parameter_entries(self) -> Mapping[str, Entry]:
        entry = self.definition.table.entries.get("parameters")
        return entry.value.entries if entry and isinstance(entry.value, Table) else {}

    def lookups(self) -> tuple[Lookup, ...]:
        """What must be looked up outside this machine before its values can be read, each once."""
        entries = self.definition.table.entries
        found = (one for key in REMOTE for one in remote(entries.get(key)))
        return tuple(dict.fromkeys(found))

    def resolved(self, answers: Mapping[Lookup, str | Secret]) -> Stack:
        """The same stack, knowing the answers to some of its lookups."""
        return replace(self, _answers={**self._answers, **answers})

    def value(self, key: str) -> Any:
        """The effective value of one of its keys, its default, or None."""
        row = schema.BY_PATH[f"stacks.*.{key}"]
        entry = self.definition.table.entries.get(key)
        value = None if entry is None else value_of(entry.value, row, Reading(self._answer))
        return row.default if value is None else value

    def _answer(self, lookup: Lookup) -> str:
        if lookup.kind == "param":
            if lookup.argument not in self.params:
                told = f"{self.label} wants the parameter '{lookup.argument}' ({self.mark_of('params')})"
                raise UsageError(told, hint=f"give --param {lookup.argument}=VALUE")
            return self.params[lookup.argument]
        if lookup in self._answers:
            found = self._answers[lookup]
            return found.text if isinstance(found, Secret) else found
        return self.base.answer(lookup)
