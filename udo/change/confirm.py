"""The question before a change that somebody has to want."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from udo.errors import Refused

if TYPE_CHECKING:
    from udo.session import Session


def confirm(session: Session, question: str, again: str = "") -> None:
    """Asks, unless --yes was said; `again` is the command that needs no answer.

    Raises: Refused where the answer is not yes, or there is no terminal to ask on.
    """
    if session.options.yes:
        return
    if not sys.stdin.isatty():
        raise Refused(f"'{question}' needs an answer, and there is no terminal to ask on", hint=again or "use --yes")
    if not session.output.ask(question):
        raise Refused("not confirmed: nothing was changed")
