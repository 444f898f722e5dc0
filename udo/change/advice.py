"""Advice on udo.yml, told where something is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.change.events import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from udo.change.plan import Plan
    from udo.session import Session


def advise(session: Session, plans: Iterable[Plan]) -> None:
    """Says, where something is changed, what works in udo.yml but should be written otherwise."""
    if "config" in vars(session) and any(plan.writes for plan in plans):
        for one in session.config.advice:
            session.emit(Notice(f"{one} (advice)"))
