"""The group of a role as what a change is made to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from udo.change.target import Target
from udo.notify import announced

if TYPE_CHECKING:
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
    )
