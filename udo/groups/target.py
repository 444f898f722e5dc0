"""The group of a role as what a change is made to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from udo.change.alarms import Alarms
from udo.change.freeze import Window
from udo.change.target import Target
from udo.config.tree import Items
from udo.notify import announced
from udo.schema.guards import FROZEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.config import Role
    from udo.session import Session


def role_target(session: Session, role: Role) -> Target:
    """The role's group as the target of a change.

    Raises: UdoError where AWS cannot be reached as udo.yml and the command line say.
    """
    return Target(
        label=role.label,
        lock=role.group_name,
        aws=session.aws(role),
        account=role.account,
        where=role.where("account"),
        folder=role.file.parent,
        protects=role.protects,
        announce=partial(announced, session, role),
        alarms=partial(alarms_of, session, role),
        windows=partial(windows_of, session, role),
    )


def cluster_target(session: Session, label: str, roles: Sequence[Role]) -> Target:
    """What is of a whole cluster as the target of a change: as its first role is reached, and protected as any of them.

    Raises: UdoError where AWS cannot be reached as udo.yml and the command line say.
    """
    role = roles[0]
    return Target(
        label=label,
        lock="",
        aws=session.aws(role),
        account=role.account,
        where=role.where("account"),
        folder=role.file.parent,
        protects=lambda verb: any(one.protects(verb) for one in roles),
        announce=partial(announced, session, role),
    )


def alarms_of(session: Session, role: Role) -> Alarms:
    """The alarms that guard a role. Raises: UdoError."""
    if not role.says("guards"):
        return Alarms()
    role = session.resolve(role, "guards")
    after = role.get("guards.after")
    return Alarms(tuple(role.get("guards.alarms") or ()), after or 0.0, role.where("guards.alarms"))


def windows_of(session: Session, role: Role) -> tuple[Window, ...]:
    """The windows that freeze a role. Raises: UdoError."""
    entry = role.entry("freeze") if role.says("freeze") else None
    if entry is None or not isinstance(entry.value, Items):
        return ()
    rows = session.resolve(role, "freeze").get("freeze")
    marks = [item.mark for item in entry.value.items]
    return tuple(
        Window(row["when"], row["zone"], row.get("verbs") or FROZEN, f"{mark.file}:{mark.line}")
        for row, mark in zip(rows, marks, strict=True)
    )
