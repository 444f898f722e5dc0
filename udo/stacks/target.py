"""A stack as what a change is made to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from udo.change.target import Target
from udo.groups.target import alarms_of, windows_of
from udo.notify import announced

if TYPE_CHECKING:
    from udo.config import Role
    from udo.session import Session

# No group has a colon in its name. Source: API_CreateAutoScalingGroup, AutoScalingGroupName.
LOCK = "stack:"


def stack_target(session: Session, base: Role, name: str) -> Target:
    """The stack of that name in AWS as the target of a change; `base` is what it has of udo.yml, as a role has.

    Raises: UdoError where AWS cannot be reached as udo.yml and the command line say.
    """
    return Target(
        label=f"stack {name}",
        lock=f"{LOCK}{name}",
        aws=session.aws(base),
        account=base.account,
        where=base.where("account"),
        folder=base.file.parent,
        protects=base.protects,
        announce=partial(announced, session, base),
        alarms=partial(alarms_of, session, base),
        windows=partial(windows_of, session, base),
    )
