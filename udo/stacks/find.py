"""Finds the stack that a word means: one of udo.yml, or one of AWS by its own name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.config.stacks import chosen, known
from udo.errors import UsageError
from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws import Aws
    from udo.config import Role
    from udo.config.stacks import Stack as Order
    from udo.session import Session

# How long a stack that udo.yml does not describe is followed.
_SECONDS = 3600.0


@frozen
class Named:
    """A stack by its name in AWS, and `words` by which a command line names it.

    `base` is what it has of udo.yml as a role has; `order` is what udo.yml wants of it, None where it says nothing.
    """

    name: str
    words: str
    timeout: float
    base: Role
    order: Order | None = None

    @property
    def label(self) -> str:
        """What it is called in a line for people."""
        return f"stack {self.name}"


def named(session: Session, word: str, params: Mapping[str, str]) -> Named:
    """The stack that a word means; one that udo.yml does not know is looked for wherever udo.yml reaches.

    Raises: UsageError where there is none; another UdoError.
    """
    order = known(session.config, word, params)
    if order is not None:
        return Named(order.name, order.words, order.timeout, order.base, order)
    if not params:
        for aws, base in places(session):
            if aws.cloudformation.stack(word):
                return Named(word, word, _SECONDS, base)
    chosen(session.config, word, params)
    raise UsageError(f"no stack {word!r} ({session.config.place})")


def places(session: Session) -> list[tuple[Aws, Role]]:
    """Every account and region that udo.yml reaches, each once, with a part of udo.yml that is there.

    Raises: UdoError.
    """
    found: dict[int, tuple[Aws, Role]] = {}
    for base in (*(one.base for one in session.config.stacks.values()), *session.config.roles("*", None)):
        aws = session.aws(base)
        found.setdefault(id(aws), (aws, base))
    return list(found.values())
