"""The question before a change that somebody has to want."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from udo.errors import NotConfirmed, Refused

if TYPE_CHECKING:
    from udo.session import Session


def confirm(session: Session, question: str, again: str = "", name: str = "") -> None:
    """Asks, unless --yes was said; `again` is the command that needs no answer.

    With a `name` that has to be typed, or given by --confirm; --yes is no answer then.

    Raises: Refused where the answer is not yes, or there is no terminal to ask on.
    """
    if name:
        _typed(session, question, name, again)
        return
    if session.options.yes:
        return
    if not sys.stdin.isatty():
        says = f"'{question}' needs an answer, and there is no terminal to ask on"
        raise NotConfirmed(says, hint=again or "use --yes")
    if not session.output.ask(question):
        raise Refused("not confirmed: nothing was changed")


def _typed(session: Session, question: str, name: str, again: str) -> None:
    given: str | None = session.confirmed
    hint = "nothing was changed"
    if not given:
        if not sys.stdin.isatty():
            raise NotConfirmed(
                f"'{question}' needs the name {name} typed, and there is no terminal to ask on", hint=again
            )
        given = session.output.answer(f"{question} Type its name:")
        hint += f"; without a question: {again}"
    if given != name:
        raise Refused(f"{given!r} is not {name}" if given else "not confirmed", hint=hint)
