"""Compares what a configuration says of groups themselves with what they are: old value to new, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo import schema
from udo.check.finding import SETTING, Finding
from udo.config.tree import Table
from udo.errors import Absent, ConfigError, Refused, UdoError
from udo.groups.drifts import observe_drifts
from udo.groups.settings import says
from udo.groups.subnets import names_subnets
from udo.groups.traffic import TRAFFIC
from udo.groups.update import drift

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.aws import Aws
    from udo.check.resources import Resources
    from udo.config import Role
    from udo.config.tree import Entry
    from udo.groups.drifts import Seen
    from udo.session import Session


def observe_settings(
    session: Session, aws: Aws, roles: Sequence[Role], resources: Resources
) -> tuple[list[Finding], list[str]]:
    """Every value that a role's group has otherwise than udo.yml says, and footnotes on what could not be told.

    Raises: UdoError.
    """
    found: list[Finding] = []
    notes: list[str] = []
    there = any(says(role, "target_groups") for role in roles)
    seen = observe_drifts(
        session,
        aws,
        roles,
        resources.groups or {},
        resources.subnets if any(map(names_subnets, roles)) else (),
        resources.target_groups if there else None,
    )
    for role in roles:
        match seen.get(role.label):
            case None | Absent() | Refused() | ConfigError():
                # A check of its own says so.
                continue
            case UdoError() as error:
                found.append(Finding(SETTING, role.group_name, role, _where(role), None, "?"))
                notes.append(f"?: {error}")
            case one:
                found += _differing(role, one)
    return found, notes


def _differing(role: Role, seen: Seen) -> Iterator[Finding]:
    found = drift(seen.role, seen.live)
    why = f", refused: {found.refused.message}" if found.refused else ""
    for one in found.plan.differences:
        yield Finding(SETTING, one.key, role, place(role, one.key), True, f"{one.old} -> {one.new}{why}")


def _where(role: Role) -> str:
    return role.where("group_name") if role.has("group_name") else str(role.mark)


def place(role: Role, name: str) -> str:
    """Where udo.yml says the value of that name, as deep as it has one: of a member of a mapping its own line."""
    if name == "traffic":
        return role.where(next(key for key in TRAFFIC if role.says(key)))
    parts = name.partition(" ")[0].split(".")
    size = next(size for size in range(len(parts), 0, -1) if ".".join(parts[:size]) in schema.BY_PATH)
    entry = role.entry(".".join(parts[:size]))
    return str(_deepest(entry, parts[size:]).mark) if entry else str(role.mark)


def _deepest(entry: Entry, parts: Sequence[str]) -> Entry:
    for size in range(len(parts), 0, -1):
        # A list has its place, and names may have dots in them.
        inside = entry.value.entries if isinstance(entry.value, Table) else {}
        if found := inside.get(".".join(parts[:size]).partition("[")[0]):
            return _deepest(found, parts[size:])
    return entry
