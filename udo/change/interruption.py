"""Says in which step a run was interrupted, and how it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.plan import Plan, Step, Wait, filled
from udo.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Mapping


def interrupted(error: Interrupted, plan: Plan, step: Step, place: str, known: Mapping[str, Any]) -> Interrupted:
    """The same, told for that step of the plan, which is at this `place`."""
    again = filled(step.detached, known) if isinstance(step, Wait) else ""
    hint = again or f"{plan.to_continue('run the same command again')} to continue"
    told = Interrupted(f"interrupted in step {place} ({step.says})", hint=hint)
    told.exit = error.exit
    return told
