"""Makes a Config of a file: reads it and what it includes, merges the parts, checks the whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from udo.config.agreement import disagreements
from udo.config.checking import Document, Section, Walk
from udo.config.merging import merged
from udo.config.opening import group_that_writes, text_of
from udo.config.profiles import Profiles, used_names
from udo.config.reading import tree_of
from udo.config.roles import Cluster, Config, Role
from udo.config.shipped import used
from udo.config.tree import Mark, Node, Table, Text, size
from udo.config.values import listed
from udo.config.wording import brief
from udo.errors import ConfigError, Problem
from udo.schema import BY_PATH

if TYPE_CHECKING:
    from udo.config.stacks import StackDefinition

MOST_FILES = 200
_EMPTY = Document()


def load(
    path: Path, env: Mapping[str, str], *, strict: bool = False, also: Callable[[Role], object] | None = None
) -> Config:
    """The configuration in the file at `path`; `strict` also wants every variable of `env` that it names.

    `also` is asked of every role, and raises ConfigError for mistakes that the configuration cannot know of.

    Raises: ConfigError with every mistake of the file and of those it includes.
    """
    walk = Walk(env if strict else None)
    files = _Files(path.absolute(), walk)
    whole = files.document(path.absolute(), ())
    if files.incomplete:
        # What is missing would be missed everywhere: nothing can be said of the whole.
        raise ConfigError(*set(walk.problems))
    profiles = Profiles({**used(_wanted(whole)), **whole.profiles}, walk)
    profiles.check()
    if not any(cluster.roles for cluster in whole.clusters.values()) and not walk.problems:
        told = "there is no role: a file has 'clusters', and at least one of them has 'roles'"
        walk.report(Mark(path.name, 1, 1), told)
    made = _Making(path.absolute(), env, whole.tables, profiles)
    clusters = {name: made.cluster(section) for name, section in whole.clusters.items()}
    roles = [role for cluster in clusters.values() for role in cluster.roles.values()]
    top = _laid_over(whole.tables)
    stacks = made.stacks(top)
    later = {
        *disagreements(clusters.values(), every_value=strict and walk.later),
        *(_told_of_stacks(stacks, clusters, every_value=strict and walk.later) if stacks else ()),
        *(_told(roles, also) if also else ()),
    }
    # What is wrong already is wrong again where it is read.
    known = {problem.place for problem in (*walk.problems, *profiles.told)}
    if found := {*walk.problems, *(problem for problem in later if problem.place not in known)}:
        raise ConfigError(*found)
    advice = tuple(sorted(walk.advice.values()))
    return Config(path.absolute(), clusters, advice, top, env, stacks)


def _wanted(whole: Document) -> Iterator[str]:
    """The names of all profiles that are used anywhere."""
    clusters = whole.clusters.values()
    sections = (*whole.profiles.values(), *clusters, *(role for one in clusters for role in one.roles.values()))
    return (name for section in sections for table in section.tables for name, _ in used_names(table))


def _told_of_stacks(
    stacks: Mapping[str, StackDefinition], clusters: Collection[str], *, every_value: bool
) -> Iterator[Problem]:
    from udo.config.stack_rules import wrong_stacks

    return wrong_stacks(stacks.values(), clusters, every_value=every_value)


def _told(roles: Iterable[Role], also: Callable[[Role], object]) -> Iterator[Problem]:
    for role in roles:
        try:
            also(role)
        except ConfigError as error:
            yield from error.problems


class _Making:
    """Puts roles together from the parts of their file."""

    def __init__(self, file: Path, env: Mapping[str, str], top: tuple[Table, ...], profiles: Profiles) -> None:
        self.file = file
        self.env = env
        self.top = top
        self.profiles = profiles
        self.parts: dict[str, tuple[Table, ...]] = {}

    def cluster(self, section: Section) -> Cluster:
        parts = self.parts[section.name] = (*self.top, *self.used(section), *section.tables)
        above = _laid_over(parts)
        self.profiles.add(size(above) * len(section.roles), section.mark)
        roles = {name: self.role(section.name, role, parts, above) for name, role in section.roles.items()}
        return Cluster(section.name, roles, section.mark)

    def role(self, cluster: str, section: Section, parts: tuple[Table, ...], above: Table) -> Role:
        if used := self.used(section):
            parts, above = parts + used, _laid_over((above, *used))
        own = _laid_over(section.tables)
        return Role(cluster, section.name, section.mark, self.file, parts + section.tables, above, own, self.env)

    def stacks(self, top: Table) -> dict[str, StackDefinition]:
        """The stacks by their keys, each with what its cluster or the top of the file says."""
        entry = top.entries.get("stacks")
        if entry is None or not isinstance(entry.value, Table):
            return {}
        # Late: most files have none.
        from udo.config.stacks import StackDefinition

        found = {}
        for key, one in entry.value.entries.items():
            if isinstance(one.value, Table):
                said = one.value.entries.get("cluster")
                cluster = said.value.text if said and isinstance(said.value, Text) else ""
                parts = self.parts.get(cluster, self.top)
                own = Table({}, one.mark)
                base = Role(
                    cluster, "", one.mark, self.file, parts, _laid_over(parts), own, self.env, _label=f"stack {key}"
                )
                found[key] = StackDefinition(key, one.mark, base, one.value)
        return found

    def used(self, section: Section) -> tuple[Table, ...]:
        saying = [table for table in section.tables if "use" in table.entries]
        return self.profiles.laid_out(saying[-1]) if saying else ()


def _laid_over(parts: tuple[Table, ...]) -> Table:
    lower, *uppers = parts
    for upper in uppers:
        lower = merged(lower, upper)
    return lower


class _Files:
    """Reads a file after those it includes, each once."""

    def __init__(self, main: Path, walk: Walk) -> None:
        self.main = main
        self.walk = walk
        self.seen: set[Path] = set()
        self.incomplete = False

    def document(self, path: Path, above: tuple[Path, ...], named: Mark | None = None) -> Document:
        label = os.path.relpath(path, self.main.parent)
        try:
            tree = tree_of(text_of(path, label), label, self.walk.problems)
            self.advise(path, label)
        except ConfigError as error:
            for problem in error.problems:
                self.miss(problem, named)
            return _EMPTY
        found = _EMPTY
        for mark, other in self.included(tree, path):
            found = _grafted(found, self.other(mark, other, (*above, path)))
        return _grafted(found, self.walk.document(tree))

    def miss(self, problem: Problem, named: Mark | None) -> None:
        """Tells of a file that cannot be read: where it is named, unless there is a place in it."""
        self.incomplete = True
        if named and not problem.line:
            problem = Problem(*named, f"'{problem.file}' {problem.message}")
        self.walk.problems.append(problem)

    def advise(self, path: Path, label: str) -> None:
        if group := group_that_writes(path.stat()):
            told = f"can be written by the group '{group}': chmod g-w it"
            self.walk.advice[f"written {label}"] = Problem(label, 0, 0, told)

    def other(self, mark: Mark, path: Path, above: tuple[Path, ...]) -> Document:
        real = Path(os.path.realpath(path))
        way = [Path(os.path.realpath(one)) for one in above]
        if real in way:
            names = [os.path.relpath(one, self.main.parent) for one in (*above[way.index(real) :], path)]
            self.walk.report(mark, f"files that include each other: {' -> '.join(names)}")
        elif len(self.seen) >= MOST_FILES:
            self.incomplete = True
            self.walk.report(mark, f"more than {MOST_FILES} files are included")
        elif real not in self.seen:
            self.seen.add(real)
            return self.document(path, above, mark)
        return _EMPTY

    def included(self, tree: Table, path: Path) -> list[tuple[Mark, Path]]:
        entry = tree.entries.get("include")
        items = listed(entry.value, BY_PATH["include"]) if entry else None
        texts: Iterable[Node] = items.items if items else ()
        return [(text.mark, other) for text in texts if isinstance(text, Text) for other in self.matches(text, path)]

    def matches(self, text: Text, path: Path) -> list[Path]:
        if not any(sign in text.text for sign in "*?["):
            other = path.parent / text.text
            # Path.exists raises for a name that is too long.
            if not os.path.exists(other):  # noqa: PTH110
                hint = ": nothing is looked up in an include" if "${" in text.text else ""
                self.miss(Problem(*text.mark, f"there is no file '{brief(text.text)}'{hint}"), None)
                return []
            return [other]
        found = sorted(glob(text.text, root_dir=path.parent))  # noqa: PTH207  (Path.glob refuses absolute patterns)
        if not found:
            self.miss(Problem(*text.mark, f"no file matches '{brief(text.text)}'"), None)
        others = [path.parent / name for name in found]
        return [other for other in others if os.path.realpath(other) != os.path.realpath(path)]


def _grafted(lower: Document, upper: Document) -> Document:
    clusters = _joined(lower.clusters, upper.clusters)
    return Document(lower.tables + upper.tables, clusters, {**lower.profiles, **upper.profiles})


def _joined(lower: Mapping[str, Section], upper: Mapping[str, Section]) -> dict[str, Section]:
    """The sections of both; of one name they are one, whose tables are merged."""
    found = dict(lower)
    for name, section in upper.items():
        if below := found.get(name):
            section = section._replace(  # noqa: PLW2901
                tables=below.tables + section.tables, roles=_joined(below.roles, section.roles)
            )
        found[name] = section
    return found
