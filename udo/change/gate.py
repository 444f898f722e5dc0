"""What udo.yml holds a change up with: freeze windows, and alarms before it, while it is made and after it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from udo.change.alarms import named, unsure, wrong
from udo.change.events import Notice
from udo.change.freeze import ALWAYS, frozen
from udo.change.left import broken_off
from udo.change.plan import AT_THE_START, NEVER, Wait
from udo.errors import CredentialsError, GuardRaised, Refused, UdoError
from udo.schema.guards import FROZEN, GUARDED
from udo.schema.place import verb_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from udo.change.alarms import Alarms
    from udo.change.events import Event
    from udo.change.outcome import Outcome
    from udo.change.plan import Plan
    from udo.change.target import Target
    from udo.session import Session

# The verbs that go back, beside plans that say so themselves: the alarm that made somebody call them still rings.
_BACK = ("rollback", "stop", "resume", "wake")
_TAKES_BACK = {
    "updatelc": "udo rollback {} goes back",
    "apply": "udo rollback {} goes back",
    "deploy": "udo rollback {} --code goes back",
    "sleep": "udo wake {} goes back",
    "scale": "udo scale {} shows its sizes",
}


# Those that make an alarm, with its tags where it is new.
_MAKES = ("PutMetricAlarm", "PutCompositeAlarm")


class Verdict(NamedTuple):
    """What is to be known of a change before it begins; with a `hint`, which says what to do, it is refused."""

    says: str
    hint: str = ""


class Gate:
    """Freeze windows and alarms of one target's change."""

    def __init__(self, session: Session, target: Target, emit: Callable[[Event], None]) -> None:
        self._session = session
        self._target = target
        self._emit = emit
        self._is_judged = False
        self._went_back = False

    def judge(self, plan: Plan) -> None:
        """Lets a plan pass before the first write of a run, and says what is to be known.

        Raises: Refused.
        """
        if self._is_judged or not plan.writes:
            return
        self._is_judged = True
        for verdict in self._verdicts(plan):
            if verdict.hint:
                raise Refused(verdict.says, hint=verdict.hint)
            self._emit(Notice(verdict.says, "warning"))

    def foreseen(self, plan: Plan) -> tuple[str, ...]:
        """What a dry run says of it."""
        verdicts = self._verdicts(plan) if plan.writes else ()
        return tuple(f"warning: {one.says}{': this would be refused' if one.hint else ''}" for one in verdicts)

    def guarded(self, plan: Plan) -> Plan:
        """The plan, which is carried out now, with the alarms that end it."""
        self._went_back = plan.guarded == NEVER
        if not plan.steps or plan.guarded == NEVER or not self._is_guarded(plan) or self._session.ignores_alarms:
            return plan
        return replace(plan, guards=(*plan.guards, *self._alarms_beside(plan).guards()))

    def afterwards(self, plan: Plan) -> Plan | None:
        """What follows the plan once all is done: its alarms are watched; None where they are not."""
        # Where the run went back in the end nothing is left to watch, and the alarm that made it go still rings.
        left = plan.guarded in (NEVER, AT_THE_START) or self._went_back
        if left or not self._is_guarded(plan) or self._session.ignores_alarms:
            return None
        return self._alarms_beside(plan).watch(plan)

    def left(self, plan: Plan) -> Plan | None:
        """The watch that the run before has left, where it was killed; None for none.

        Of one whose time is over it is one look at the alarms.
        """
        watch = None if self._session.options.dry_run else self.afterwards(plan)
        before = watch and broken_off(self._session, self._target, plan.target, self._emit)
        if not (watch and before):
            return None
        (wait,) = (step for step in watch.steps if isinstance(step, Wait))
        rest = max(0.0, before.at + wait.timeout - self._session.clock.time())
        how = "watched for the rest of their time" if rest else "looked at once more"
        note = f"run {before.run} was broken off: its alarms are {how}"
        # The change is made: an alarm that rings now ends it with exit 1, as it would have then.
        return replace(watch, steps=(replace(wait, timeout=rest),), notes=(note,), guarded=NEVER, inherits=True)

    def explained(self, plan: Plan, outcome: Outcome, *, done: bool = False) -> Outcome:
        """The outcome, where an alarm ended it, with where things stand and what goes back; `done` is after it all."""
        error, done = outcome.error, done or any(isinstance(one, Wait) and one.lapses for one in plan.steps)
        if isinstance(error, GuardRaised) and not error.hint:
            count = sum(one.outcome == "done" for one in outcome.steps)
            error.hint = f"ended there, steps done: {count}; the same command continues once it is OK again"
            if done:
                back = _TAKES_BACK.get(_verb(plan), "udo status {} shows it").format(self._target.label)
                error.hint = f"the change itself is done; {back}"
        return outcome

    def _verdicts(self, plan: Plan) -> Iterator[Verdict]:
        yield from self._frozen(plan)
        yield from self._alarms(plan)

    def _frozen(self, plan: Plan) -> Iterator[Verdict]:
        if plan.guarded == NEVER or _verb(plan) not in FROZEN:
            return
        windows = self._target.windows()
        found = frozen(windows, _verb(plan), self._session.clock.time()) if windows else ""
        if found and self._session.overrides_freeze:
            yield Verdict(f"{found}: overridden, {self._session.reason}")
        elif found:
            wait = "" if found.startswith(ALWAYS) else "wait, or "
            yield Verdict(found, f"nothing was changed; {wait}use --override-freeze --reason TEXT")

    def _alarms(self, plan: Plan) -> Iterator[Verdict]:
        goes_back = plan.guarded == NEVER or _verb(plan) in _BACK
        alarms = self._alarms_beside(plan) if goes_back or self._is_guarded(plan) else None
        if not (alarms and alarms.names):
            return
        try:
            states = self._target.aws.cloudwatch.alarm_states(alarms.names)
        except CredentialsError:
            raise
        except UdoError as error:
            found, hint = f"{named(alarms.names)} cannot be read: {error.message}", ""
        else:
            found, hint = ", ".join(wrong(alarms, states)), unsure(alarms, states)
        if goes_back and found:
            yield Verdict(f"{found} ({alarms.where}); this is a way back and continues")
        elif found and self._session.ignores_alarms:
            yield Verdict(f"{found} ({alarms.where}): ignored, {self._session.reason}")
        elif found:
            yield Verdict(
                f"{found} ({alarms.where})", "nothing was changed; look at it, or use --ignore-alarms --reason TEXT"
            )
        if hint:
            yield Verdict(f"{hint} ({alarms.where})")

    def _alarms_beside(self, plan: Plan) -> Alarms:
        """The alarms of the target but for those that the plan makes itself: they cannot ring before."""
        alarms = self._target.alarms()
        made = {
            call.params["AlarmName"] for call in plan.writes if call.operation in _MAKES and call.params.get("Tags")
        }
        return replace(alarms, names=[name for name in alarms.names if name not in made]) if made else alarms

    def _is_guarded(self, plan: Plan) -> bool:
        return _verb(plan) in GUARDED


def _verb(plan: Plan) -> str:
    return verb_of(plan.command)
