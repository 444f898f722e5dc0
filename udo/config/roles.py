"""The configuration as commands see it: clusters and roles with their effective values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from udo import schema
from udo.config.interpolation import KEPT_IN_AWS, NAMES, Lookup, Unknown, filled, from_environment, references
from udo.config.merging import laid
from udo.config.suggesting import among
from udo.config.tree import Entry, Items, Mark, Node, Null, Table, Text
from udo.config.values import value_of
from udo.errors import ConfigError, Problem, UsageError
from udo.frozen import frozen
from udo.result import Secret
from udo.schema import Key
from udo.schema.place import CHANGING

if TYPE_CHECKING:
    from udo.config.stacks import StackDefinition

_NAMING = schema.BY_PATH["naming"].default


class Said(NamedTuple):
    """What one part of the configuration says of a key; a profile says it where it is `used`."""

    mark: Mark
    value: Node
    used: tuple[Mark, ...]


@dataclass(frozen=True, eq=False)
class Role:
    """One role of one cluster: the unit every command works on."""

    cluster: str
    name: str
    mark: Mark
    file: Path
    _parts: tuple[Table, ...] = field(repr=False)
    _above: Table = field(repr=False)
    _own: Table = field(repr=False)
    _env: Mapping[str, str] = field(repr=False)
    _answers: Mapping[Lookup, str | Secret] = field(default_factory=dict, repr=False)
    _said: Mapping[str, Any] = field(default_factory=dict, repr=False)
    _label: str = ""

    @property
    def label(self) -> str:
        """Cluster and role as they are typed; what it is otherwise called where it is no group."""
        return self._label or f"{self.cluster} {self.name}"

    @cached_property
    def group_name(self) -> str:
        """The name of its Auto Scaling group."""
        if self.says("group_name") and (found := self.get("group_name")):
            return str(found)
        pattern = self.get("naming") if self.says("naming") else _NAMING
        if pattern == _NAMING:
            return f"{self.cluster}-{self.name}"
        try:
            return re.sub(r"\{(\w+)\}", lambda word: self._named(word[1], f"naming '{pattern}'"), pattern)
        except Unknown as error:
            raise ConfigError(Problem(*self.mark_of("naming"), str(error))) from error

    @property
    def region(self) -> str | None:
        """The AWS region it lives in, where the configuration says so."""
        return self._text("region")

    @property
    def account(self) -> str | None:
        """The AWS account it lives in, where the configuration says so."""
        return self._text("account")

    def protects(self, verb: str) -> bool:
        """Whether that verb asks before it does anything to the role."""
        said = self.get("protected")
        return verb in said if isinstance(said, list) else bool(said) and verb in CHANGING

    def get(self, key: str) -> Any:
        """The effective value of a key, as plain Python that is the caller's own; its default, or None.

        Raises: ConfigError when the value rests on something that is not known or not of its type.
        """
        if key in self._said:
            return self._said[key]
        row = schema.BY_PATH[key]
        entry = self._entry(row)
        value = None if entry is None else value_of(entry.value, row, Reading(self.answer))
        return row.default if value is None else value

    def has(self, key: str) -> bool:
        """Whether the configuration sets the key for this role; a default does not count."""
        entry = self._entry(schema.BY_PATH[key])
        return entry is not None and not _nothing(entry.value)

    def says(self, name: str) -> bool:
        """Whether the configuration says anything at all of a key at the top for this role: quicker than to read it."""
        return name in self._own.entries or name in self._above.entries or name in self._said

    def mentions(self, key: str) -> bool:
        """Whether some part of the configuration says anything of an inner key: quicker than to read it."""
        head, _, name = key.rpartition(".")
        entries = (table.entries.get(head) for table in self._parts)
        return any(isinstance(one.value, Table) and name in one.value.entries for one in entries if one)

    @property
    def mentioned(self) -> frozenset[str]:
        """The keys at the top that the configuration says something of for this role."""
        return schema.TOP.intersection({*self._above.entries, *self._own.entries})

    def where(self, key: str) -> str:
        """`udo.yml:12`, the place of the value that wins, or `default`."""
        entry = self._entry(schema.BY_PATH[key])
        return str(entry.mark) if entry and not _nothing(entry.value) else "default"

    def entry(self, key: str) -> Entry | None:
        """What stands at a key once everything is merged, as written."""
        return self._entry(schema.BY_PATH[key])

    def filled(self, text: Text) -> str:
        """A text of the configuration with its references followed.

        Raises: ConfigError when one has no answer.
        """
        return Reading(self.answer).fill(text)

    def history(self, key: str, tag: str | None = None) -> tuple[Said, ...]:
        """What each part of the configuration says of a key, in the order in which they are merged.

        Of `tags`, what is said of one `tag` alone, where one is named.
        """
        head, *rest = schema.BY_PATH[key].spelling.split(".")
        rest += [] if tag is None else [tag]
        found = ((table, _said(table.entries.get(head), rest)) for table in self._parts)
        return tuple(Said(*entry, table.used) for table, entry in found if entry)

    def mark_of(self, key: str) -> Mark:
        """The place of the value that wins; that of the role itself where there is none."""
        entry = self._entry(schema.BY_PATH[key])
        return entry.mark if entry else self.mark

    def path(self, key: str) -> Path | None:
        """The file a key names: `~` is the home folder, a relative one is relative to the file that names it."""
        return next(iter(self.paths(key)), None)

    def paths(self, key: str) -> tuple[Path, ...]:
        """The files a key names, one or a list; see `path`."""
        found = self.get(key)
        folder = (self.file.parent / self.mark_of(key).file).parent
        return tuple(folder / Path(name).expanduser() for name in ([found] if isinstance(found, str) else found or ()))

    def lookups(self, *keys: str) -> tuple[Lookup, ...]:
        """What must be looked up outside this machine before these keys can be read, each once."""
        found = [lookup for key in keys for lookup in remote(self._entry(schema.BY_PATH[key]))]
        return tuple(dict.fromkeys(found))

    def knows(self, *lookups: Lookup) -> bool:
        """Whether it was resolved with answers to all of these."""
        return all(lookup in self._answers for lookup in lookups)

    def resolved(self, answers: Mapping[Lookup, str | Secret]) -> Role:
        """The same role, knowing the answers to some of its lookups; values made of secrets are plain."""
        return replace(self, _answers={**self._answers, **answers})

    def saying(self, values: Mapping[str, Any]) -> Role:
        """The same role as if the configuration gave these keys these effective values."""
        return replace(self, _said={**self._said, **values})

    def _entry(self, row: Key) -> Entry | None:
        head, *rest = row.spelling.split(".")
        top = laid(self._above.entries.get(head), self._own.entries.get(head), schema.BY_PATH[head])
        return _inner(top, rest) if rest else top

    def _text(self, key: str) -> str | None:
        found = self.get(key)
        return None if found is None else str(found)

    def answer(self, lookup: Lookup) -> str:
        """What a reference in a value stands for. Raises: Unknown; ConfigError."""
        if lookup.kind == "env":
            return from_environment(lookup, self._env)
        if lookup.kind in KEPT_IN_AWS:
            return self._remote_answer(lookup)
        return self._named(lookup.kind, f"${{{lookup.kind}}}")

    def _remote_answer(self, lookup: Lookup) -> str:
        if lookup not in self._answers:
            raise Unknown(f"${{{lookup.kind}:{lookup.argument}}} is kept in AWS and was not looked up")
        found = self._answers[lookup]
        return found.text if isinstance(found, Secret) else found

    def _named(self, name: str, context: str) -> str:
        known = {"cluster": self.cluster, "role": self.name}
        found = known[name] if name in known else name in NAMES and self.get({"app": "app_name"}.get(name, name))
        if not found:
            raise Unknown(f"{context} needs {'app_name' if name == 'app' else name}, which is not set")
        return str(found)


@frozen
class Cluster:
    """A cluster and its roles in the order of the file."""

    name: str
    roles: Mapping[str, Role]
    mark: Mark


@dataclass(frozen=True, eq=False)
class Config:
    """A configuration file that holds together; `advice` is on what works but should be written otherwise."""

    file: Path
    clusters: Mapping[str, Cluster]
    advice: tuple[Problem, ...]
    _root: Table = field(repr=False)
    _env: Mapping[str, str] = field(repr=False)
    stacks: Mapping[str, StackDefinition] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The file by its name where the command was given beside it, by its whole path elsewhere."""
        with suppress(OSError):
            if self.file.resolve().parent == Path.cwd():
                return self.file.name
        return str(self.file)

    def get(self, key: str) -> Any:
        """The value of a key at the top of the file, its default, or None.

        Raises: ConfigError when the value rests on something that is not known at the top of the file.
        """
        row = schema.BY_PATH[key]
        head, *rest = row.spelling.split(".")
        entry = _inner(self._root.entries.get(head), rest)
        value = None if entry is None else value_of(entry.value, row, Reading(self._answer))
        return row.default if value is None else value

    def role(self, cluster: str, role: str) -> Role:
        """The role of exactly these names.

        Raises: UsageError.
        """
        found = self._cluster(cluster)
        if role not in found.roles:
            raise UsageError(f"no role {role!r} in cluster {cluster!r} ({found.mark})", hint=among(role, found.roles))
        return found.roles[role]

    def roles(self, clusters: str, roles: str | None) -> tuple[Role, ...]:
        """The roles that `a,b` lists or `*` name, in the order of the file; `None` means every role.

        A `*` for the clusters passes over those without such a role; a cluster that is named must have it.

        Raises: UsageError for a name that is not there, or where nothing is left.
        """
        chosen = self.clusters.values() if clusters == "*" else [self._cluster(name) for name in clusters.split(",")]
        names = {cluster.name for cluster in chosen}
        in_order = [cluster for name, cluster in self.clusters.items() if name in names]
        wanted = None if roles in (None, "*") else str(roles).split(",")
        if wanted is None:
            found = [role for cluster in in_order for role in cluster.roles.values()]
        else:
            self._known(wanted, in_order, anywhere=clusters == "*")
            found = [role for cluster in in_order for name, role in cluster.roles.items() if name in wanted]
        if not found:
            raise UsageError(f"no roles in {' and '.join(f'{one.name!r} ({one.mark})' for one in in_order)}")
        return tuple(found)

    def _known(self, wanted: Sequence[str], clusters: Sequence[Cluster], *, anywhere: bool) -> None:
        everywhere = dict.fromkeys(name for cluster in clusters for name in cluster.roles)
        for name in wanted:
            if anywhere and name not in everywhere:
                raise UsageError(f"no role {name!r} in any cluster ({self.place})", hint=among(name, everywhere))
            if not anywhere:
                for cluster in clusters:
                    self.role(cluster.name, name)

    def _cluster(self, name: str) -> Cluster:
        if name not in self.clusters:
            raise UsageError(f"no cluster {name!r} ({self.place})", hint=among(name, self.clusters))
        return self.clusters[name]

    def _answer(self, lookup: Lookup) -> str:
        if lookup.kind == "env":
            return from_environment(lookup, self._env)
        names = {"app": "app_name", "region": "region"}
        if found := lookup.kind in names and self.get(names[lookup.kind]):
            return str(found)
        raise Unknown(f"${{{lookup.kind}}} has no value at the top of the file")


class Reading:
    """The sink of one reading: everything is known or else an error."""

    def __init__(self, answer: Callable[[Lookup], str]) -> None:
        self.answer = answer

    def fill(self, text: Text) -> str:
        """The text with its references followed."""
        try:
            return filled(text, self.answer)
        except Unknown as error:
            self.report(text.mark, str(error))

    def report(self, mark: Mark, message: str) -> NoReturn:
        """Raises: ConfigError."""
        raise ConfigError(Problem(*mark, message))


def _inner(entry: Entry | None, names: Sequence[str]) -> Entry | None:
    for name in names:
        if entry is None or not isinstance(entry.value, Table):
            return None
        entry = entry.value.entries.get(name)
    return entry


def _said(entry: Entry | None, names: Sequence[str]) -> Entry | None:
    """What is said of an inner key; a null around it is said of it too."""
    for name in names:
        if entry is None or isinstance(entry.value, Null):
            return entry
        entry = entry.value.entries.get(name) if isinstance(entry.value, Table) else None
    return entry


def _nothing(node: Node) -> bool:
    return isinstance(node, Null) or (isinstance(node, Text) and not node.text)


def remote(entry: Entry | None) -> Iterable[Lookup]:
    """What stands in an entry that is kept outside this machine."""
    if entry is None:
        return
    for text in texts(entry.value):
        if "${" in text.text:
            with suppress(Unknown):  # told where the file is checked
                yield from (
                    piece for piece in references(text) if isinstance(piece, Lookup) and piece.kind in KEPT_IN_AWS
                )


def texts(node: Node) -> Iterable[Text]:
    """Every text in a node."""
    match node:
        case Text():
            yield node
        case Items(items):
            for item in items:
                yield from texts(item)
        case Table(entries):
            for entry in entries.values():
                yield from texts(entry.value)
