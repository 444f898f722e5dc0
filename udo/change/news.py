"""Tells others that a change has begun and how it ended, each once; who cannot be told is a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.events import Notice
from udo.errors import DeadlinePassed
from udo.notify import News
from udo.schema.place import verb_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from udo.change.events import Event
    from udo.change.plan import Plan
    from udo.change.target import Target


class Others:
    """Who else is told of one change of a target."""

    def __init__(self, target: Target, plan: Plan, run_id: str, emit: Callable[[Event], None]) -> None:
        self._target = target
        self._plan = plan
        self._run_id = run_id
        self._emit = emit
        self._has_begun = False

    def begun(self, operator: str) -> None:
        """Tells them that it has begun, the first time."""
        if not self._has_begun:
            self._has_begun = True
            why = f": {self._plan.reason}" if self._plan.reason else ""
            self._tell("start", f"begun by {operator}{why}", operator)

    def ended(self, operator: str, text: str, status: int) -> None:
        """Tells them how it ended: what was said of it, of which the first line is theirs, and its exit code."""
        line = text.partition("\n")[0]
        how = "is not finished" if status == DeadlinePassed.exit else "failed" if status else "done"
        outcome = "failure" if status else "success"
        self._tell(outcome, f"{how}: {line}", operator, message=line, exit=status)

    def _tell(self, outcome: str, text: str, operator: str, **end: Any) -> None:
        plan = self._plan
        verb, line = verb_of(plan.command), f"{plan.command} {plan.target} {text}"
        news = News(verb, plan.target, self._run_id, outcome, line, operator, reason=plan.reason, **end)
        for unheard in self._target.announce(news):
            self._emit(Notice(unheard, "warning"))
