"""What became of a change, as a value: what a verb makes its Result of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.change.events import HostDone
    from udo.change.plan import Difference, Plan
    from udo.errors import Failure


@frozen
class Done:
    """One step and what became of it: begun (it was broken off), done or failed."""

    step: str
    outcome: str
    note: str = ""

    def row(self) -> dict[str, str]:
        """The step for scripts; `note` only where there is one."""
        row = {"step": self.step, "outcome": self.outcome}
        return row | {"note": self.note} if self.note else row


@frozen
class Outcome:
    """What became of a change so far: its steps, what they saved by name, and how the hosts of fan-outs ended.

    `state` and `rows` are those of the last poll of the last wait; `error` is what ended it early;
    `owed` is the plan whose cleanup is still to be sent.
    """

    run: str = ""
    target: str = ""
    steps: tuple[Done, ...] = ()
    saved: Mapping[str, Any] = field(default_factory=dict)
    hosts: tuple[HostDone, ...] = ()
    state: Any = None
    rows: tuple[Any, ...] = ()
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    error: Failure | None = None
    owed: Plan | None = None

    @property
    def changed(self) -> bool:
        """Whether a step was done."""
        return any(one.outcome == "done" for one in self.steps)

    def document(self) -> dict[str, Any]:
        """What scripts are told of it."""
        notes: Sequence[str] = self.notes
        return {
            "run": self.run,
            "target": self.target,
            "changed": self.changed,
            "steps": [one.row() for one in self.steps],
            "differences": [difference.row() for difference in self.differences],
            "saved": dict(self.saved),
            "notes": list(notes),
        }
