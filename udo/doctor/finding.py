"""What a check finds, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from typing import TYPE_CHECKING

from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.config import Role
    from udo.doctor.facts import Facts
    from udo.model.groups import AutoScalingGroup

# How bad it is, the worst first, and its mark.
MARKS = {
    "fails": "\N{BALLOT X}",
    "warning": "!",
    "unknown": "?",
    "ok": "\N{CHECK MARK}",
}


@frozen
class Finding:
    """One thing that is not well: `level` is fails, warning or unknown.

    `where` is what it is found at: a key of udo.yml or a name in AWS; `remedy` is what to do, a command or a key.
    """

    level: str
    what: str
    where: str = ""
    remedy: str = ""


@frozen
class Subject:
    """What is checked: the role and its group (None where there is none); or all roles that are reached the same way,
    for what they have in common.

    `now` is in seconds since 1970.
    """

    roles: tuple[Role, ...]
    group: AutoScalingGroup | None
    facts: Facts
    now: float

    @property
    def role(self) -> Role:
        """The role, the first of several."""
        return self.roles[0]

    @property
    def words(self) -> str:
        """The words that name it after a verb."""
        return f"{self.role.cluster} {self.role.name}"


@frozen
class Check:
    """One row of the table: its name, how bad it can be, what it reads, and what it finds, pure.

    `why`, `remedy` and `source` are for the documentation. One that is `shared` is made once for all roles that are
    reached the same way; others are made of every role whose group exists.
    """

    name: str
    levels: str
    reads: tuple[str, ...]
    find: Callable[[Subject], Iterable[Finding]]
    why: str
    remedy: str
    source: str
    shared: bool = field(default=False)


def fails(what: str, where: str = "", remedy: str = "") -> Finding:
    """What makes a verb or the group fail."""
    return Finding("fails", what, where, remedy)


def warning(what: str, where: str = "", remedy: str = "") -> Finding:
    """What may make one fail, or is not as it should be."""
    return Finding("warning", what, where, remedy)


def unknown(what: str, where: str = "", remedy: str = "") -> Finding:
    """What cannot be told."""
    return Finding("unknown", what, where, remedy)


def key(subject: Subject, name: str) -> str:
    """A key of udo.yml with its place, or that of the role where it is to be written."""
    return f"{name} ({subject.role.mark_of(name)})"
