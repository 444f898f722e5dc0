"""The stages of a change: what may follow its first plan, who tells of it, and what of it is known beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from udo.change.outcome import Outcome
from udo.change.plan import FanOut, Plan, Step
from udo.frozen import frozen
from udo.result import Result

if TYPE_CHECKING:
    from udo.change.events import Event

# What is planned once what came before it is done, from a fresh look; None, or no step, where nothing is left.
Stage = Callable[[Outcome], Plan | None]
# The one place where a verb makes its Result of what became of its change; it may raise the outcome's error.
Telling = Callable[[Outcome], Result]
# The events of a remote command on instances.
FanningOut = Callable[[FanOut], "Iterable[Event]"]


@frozen
class Foreseen:
    """A later stage that is shown with the first as `plan`, and planned by `stage` when its turn comes."""

    plan: Plan
    stage: Stage

    def __call__(self, outcome: Outcome) -> Plan | None:
        """What is left to do of it."""
        return self.stage(outcome)


def known(later: Iterable[Stage | Plan]) -> Iterator[Step]:
    """The steps of later stages that are plans already, or are foreseen."""
    for one in later:
        plan = one.plan if isinstance(one, Foreseen) else one
        if isinstance(plan, Plan):
            yield from plan.steps
