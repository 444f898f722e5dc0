"""What the journal is told of one change: who changes what and why, each step, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.events import Notice
from udo.change.holder import this_process
from udo.change.journal import BEGUN, Journal
from udo.change.plan import FanOut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from udo.change.events import Event
    from udo.change.plan import Plan
    from udo.change.target import Target
    from udo.session import Session

_LONGEST = 1000
_MOST_LINES = 500
_MAKES, _NAME = "CreateLaunchConfiguration", "LaunchConfigurationName"


class Record:
    """The journal of one run on one target; `said` grows with what is told.

    `deployment` is the one that it is about, `refresh` the instance refresh that it has begun.
    """

    def __init__(
        self,
        session: Session,
        target: Target,
        plan: Plan,
        account: str,
        operator: str,
        emit: Callable[[Event], None],
        said: Sequence[str],
    ) -> None:
        mine = this_process(session.run_id, operator)
        about: dict[str, Any] = {
            "run": session.run_id,
            "operator": operator,
            "account": account,
            "command": session.command_line,
            "target": plan.target,
            "group": target.lock,
            "region": target.aws.region,
            "host": mine.host,
            "pid": str(mine.pid),
            "started": mine.started,
        }
        self._journal = Journal(about, lambda text: emit(Notice(text, "warning")), session.clock.time)
        self._masked = session.output.masked
        self._plan = plan
        self._makes = {call.says: call.params[_NAME] for call in plan.writes if call.operation == _MAKES}
        self._said = said
        self.deployment = self.refresh = ""

    def take_note(self, operation: str, answer: Mapping[str, Any]) -> None:
        """Notes what AWS runs by itself from then on, as the answer to a write tells."""
        self.deployment = answer.get("deploymentId") or self.deployment
        if operation == "StartInstanceRefresh":
            self.refresh = answer.get("InstanceRefreshId") or self.refresh

    def saved(self, known: Mapping[str, Any]) -> None:
        """Notes the same where it was looked up."""
        self.deployment = known.get("deployment_id") or self.deployment
        self.refresh = known.get("refresh_id") or self.refresh

    def begin(self) -> None:
        """Notes that the change begins, with what it changes and why."""
        changes = "; ".join(f"{one.key} {one.old} -> {one.new}" for one in self._plan.differences)
        self._line("", BEGUN, "", {"reason": self._plan.reason, "changes": changes[:_LONGEST]})

    def step(self, says: str, outcome: str, note: str) -> None:
        """Notes what became of a step."""
        made = {"made": self._makes.get(says, ""), "deployment": self.deployment, "refresh": self.refresh}
        self._line(says, outcome, note, made)

    def end(self, outcome: str, note: str) -> None:
        """Notes how it ended, with all that was said."""
        # Besides the notices, what a fan-out shows comes from its hosts.
        said = [] if any(isinstance(step, FanOut) for step in self._plan.steps) else self._said[-_MOST_LINES:]
        about = {"deployment": self.deployment, "refresh": self.refresh}
        self._line("", outcome, note, {**about, "said": "\n".join(said)})

    def _line(self, says: str, outcome: str, note: str, more: dict[str, str]) -> None:
        masked = self._masked
        self._journal.record(masked(says), outcome, masked(note), **{name: masked(text) for name, text in more.items()})
