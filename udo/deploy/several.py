"""Several roles by one command: in which order, and what can be done to them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.config.order import KEY, after, in_order
from udo.deploy.source import PREVIOUS
from udo.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.config import Config, Role


def ordered(config: Config, roles: Sequence[Role], *, backwards: bool = False) -> tuple[Role, ...]:
    """Roles of one cluster, each after those that its deploy.after names; with `backwards` before them.

    Raises: ConfigError.
    """
    every = in_order(config.clusters[roles[0].cluster], backwards=backwards)
    return tuple(role for role in every if role in roles)


def check_several(roles: Sequence[Role], rest: tuple[str, ...], *, no_wait: bool) -> None:
    """Accepts what one command can do to several roles.

    Raises: UsageError.
    """
    names = ",".join(role.name for role in roles)
    if rest[:1] == (PREVIOUS,):
        hint = f"'udo rollback {roles[0].cluster} {names} --code' goes back once, however often it is run"
        raise UsageError(f"{PREVIOUS} is for one role: of several, a second run would take some forward", hint=hint)
    check_waits(roles, no_wait=no_wait)


def check_waits(roles: Sequence[Role], *, no_wait: bool) -> None:
    """Accepts roles of which none has to wait for another where nothing is waited for.

    Raises: UsageError.
    """
    names = {role.name for role in roles}
    if no_wait and (late := next((role for role in roles if names.intersection(after(role))), None)):
        raise UsageError(
            f"--no-wait does not wait for the roles that {late.label} comes after ({late.where(KEY)})",
            hint="leave it out, or deploy to one role at a time",
        )
