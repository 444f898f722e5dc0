"""How a change ends: checked, shown, confirmed, carried out stage by stage, recorded, and told."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from udo import signals
from udo.change import waiting
from udo.change.advice import advise
from udo.change.conditions import Samples, resolve
from udo.change.confirm import confirm
from udo.change.events import Notice, Progress, StepBegan, StepDone, exit_status
from udo.change.gate import Gate
from udo.change.hooks import run
from udo.change.locking import Locking, locked_by
from udo.change.news import Others
from udo.change.outcome import Outcome
from udo.change.plan import FanOut, Plan, Step, filled
from udo.change.preview import dry_run, previewed
from udo.change.record import Record
from udo.change.runner import carry_out, put_back
from udo.change.stages import known
from udo.change.tools import Tools
from udo.change.who import Who
from udo.errors import DeadlinePassed, Interrupted, PartlyDone, Refused, UdoError
from udo.result import Result
from udo.schema.place import verb_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from udo.change.events import Event
    from udo.change.stages import FanningOut, Stage, Telling
    from udo.change.target import Target
    from udo.session import Session


def finish(
    session: Session,
    target: Target,
    first: Plan,
    *later: Stage | Plan,
    tell: Telling | None = None,
    emit: Callable[[Event], None] | None = None,
    fan_out: FanningOut | None = None,
    instead: Stage | None = None,
    locked: bool = True,
    seconds: float | None = None,
) -> Result:
    """The end of every change: show the plan, confirm it, carry it out, record it.

    The only place that knows of dry runs, confirmation and recording. Each stage of `later` is planned again until it
    plans nothing more, or `seconds` are over, all under one confirmation, run id and journal; one that is a plan from
    the start is shown with the first and carried out once, a `Foreseen` one is shown as it will probably be. `tell`
    makes the Result; `emit` takes the place of the session's; `fan_out` gives the events of a remote command, for a
    plan that holds one; `instead` may plan what takes the place of a plan that failed; `locked` is off for the verbs
    of locks themselves.

    Raises: UdoError, with what was done in its `data`.
    """
    advise(session, [first])
    return Finish(
        session,
        target,
        first,
        later,
        tell=tell,
        emit=emit,
        fan_out=fan_out,
        instead=instead,
        locked=locked,
        seconds=seconds,
    ).result()


class Finish:
    """One change on its way to the end."""

    def __init__(
        self,
        session: Session,
        target: Target,
        plan: Plan,
        later: tuple[Stage | Plan, ...] = (),
        *,
        tell: Telling | None = None,
        emit: Callable[[Event], None] | None = None,
        fan_out: FanningOut | None = None,
        instead: Stage | None = None,
        locked: bool = True,
        seconds: float | None = None,
    ) -> None:
        self._session = session
        self._target = target
        self._plan = self._reasoned(plan)
        self._later = later
        self._tell = tell or partial(told, plan)
        self._show = emit or session.emit
        self._fan_out = fan_out or _no_hosts
        self._instead = instead
        self._locked = locked
        self._seconds = seconds
        self._aws = target.aws
        self._noted = False
        self._who = Who(session, target, plan.target, self._emit)
        self._said: list[str] = []
        self._begun = False
        self._others = Others(target, self._plan, session.run_id, self._emit)
        self._gate = Gate(session, target, self._emit)
        self._owed: list[Plan] = []

    def result(self, *, confirmed: bool = False) -> Result:
        """What was done, or would be.

        Raises: UdoError.
        """
        self._check(self._plan)
        nothing = not self._plan.steps and not self._later
        if self._target.account and (nothing or self._session.options.dry_run):
            # What is said of the target is true of this account alone.
            self._who.known()
        if nothing and (watch := self._gate.left(self._plan)):
            self._plan, self._tell = watch, partial(self._settled, self._plan, self._tell)
        elif nothing:
            return self._tell(self._nothing())
        if self._session.options.dry_run:
            return self._previewed() if self._plan.steps else self._tell(self._nothing())
        if not confirmed:
            self.judge(self._plan)
        if self._plan.steps and not confirmed:
            self._confirm(self._plan)
        return self._carried_out(confirmed=confirmed or bool(self._plan.steps))

    def replan(self, plan: Plan, later: tuple[Stage | Plan, ...]) -> None:
        """Takes what was planned from a fresh look in the place of the first plan, once that was confirmed."""
        self._plan, self._later = self._reasoned(plan), later
        for text in plan.notes:
            if text not in self._said:
                self._emit(Notice(text))
        self._noted = True

    def judge(self, plan: Plan) -> None:
        """Lets a plan pass, before the first write, that neither a freeze window nor an alarm holds up.

        Raises: Refused.
        """
        if plan.writes and self._target.account:
            # Of which account the alarms are comes first.
            self._who.known()
        self._gate.judge(plan)

    def _reasoned(self, plan: Plan) -> Plan:
        """The plan with why the operator wants it, where a verb does not say so itself."""
        said = (" ".join(one.split()) for one in (plan.reason, self._session.reason))
        return replace(plan, reason="; ".join(dict.fromkeys(filter(None, said))))

    def _again(self, plan: Plan) -> None:
        """Checks what was planned on the way, and says what is worth knowing of it."""
        self._check(plan)
        self.judge(plan)
        for text in plan.notes:
            self._emit(Notice(text))

    def _nothing(self, plan: Plan | None = None) -> Outcome:
        plan = plan or self._plan
        return Outcome(self._session.run_id, plan.target, differences=plan.differences, notes=plan.notes)

    def _settled(self, plan: Plan, tell: Telling, outcome: Outcome) -> Result:
        """What a verb tells that had nothing to do, once what a run before has left is settled."""
        return tell(replace(self._nothing(plan), error=outcome.error))

    def _check(self, plan: Plan) -> None:
        for call in (*plan.writes, *plan.cleanup):
            self._aws.check(call.service, call.operation, resolve(call.params, Samples()))

    def _previewed(self) -> Result:
        self._who.introduced()
        plan = self._foreseen(self._plan)
        plan = replace(plan, notes=(*plan.notes, *self._gate.foreseen(plan)))
        if self._locked and plan.writes and (locked := locked_by(self._aws.read, self._target.lock)):
            plan = replace(plan, notes=(*plan.notes, f"warning: {locked}: until it is unlocked this would be refused"))
        return dry_run(plan)

    def _ahead(self, later: Sequence[Stage | Plan]) -> tuple[Step, ...]:
        """The steps that come in the end, as far as is known."""
        watch = self._gate.afterwards(self._plan)
        return (*known(later), *(watch.steps if watch else ()))

    def _foreseen(self, plan: Plan) -> Plan:
        """The plan with what follows the first one, as far as is known."""
        first = plan.steps == self._plan.steps
        return replace(plan, steps=(*plan.steps, *self._ahead(self._later))) if first else plan

    def _confirm(self, plan: Plan) -> None:
        question = self._question(plan)
        is_answered = self._session.confirmed if plan.confirm else self._session.options.yes
        if plan.shows or (question is not None and not is_answered):
            self.introduce(plan)
        if question is None:
            return
        self.note(plan)
        try:
            confirm(self._session, question, plan.again, plan.confirm)
        except Refused as error:
            error.data = {"plan": previewed(self._foreseen(plan))}
            raise

    def _question(self, plan: Plan) -> str | None:
        if plan.asks is None and self.guards(plan):
            return f"{self._target.label} is protected. {plan.command}?"
        return plan.asks

    def guards(self, plan: Plan) -> bool:
        """Whether the target is protected from what the plan writes."""
        return bool(plan.writes) and self._target.protects(verb_of(plan.command))

    def introduce(self, plan: Plan) -> None:
        """Shows what is asked about: where it is (file, account, region), what differs and the steps.

        Raises: Refused in another account than udo.yml names.
        """
        self._who.introduced()
        self._session.output.plan(self._foreseen(plan))

    def note(self, plan: Plan) -> None:
        """Says what is worth knowing of the change, once: before the question where there is one."""
        for text in () if self._noted else plan.notes:
            self._emit(Notice(text))
        self._noted = True

    def _carried_out(self, *, confirmed: bool) -> Result:
        account, operator = self._who.introduced()
        record = Record(self._session, self._target, self._plan, account, operator, self._emit, self._said)
        tools = Tools(
            call=partial(self._call, record),
            read=self._aws.read,
            search=self._aws.search,
            fan_out=self._fan_out,
            local=partial(run, folder=self._target.folder),
            emit=partial(self._step, record),
            record=record.step,
            clock=self._session.clock,
            watching=partial(waiting.watcher, self._aws, self._session.clock),
        )
        lock = Locking(tools, self._target.lock, self._session.run_id, operator, wait=self._session.wait_for_lock)
        if self._locked:
            tools = replace(tools, lock=lock)
        outcome = Outcome(self._session.run_id, self._plan.target)
        try:
            self.note(self._plan)
            if self._plan.steps:
                if self._plan.writes:
                    tools.lock.take()
                outcome = self._step_by_step(self._plan, tools, outcome, self._later)
            outcome = self._gate.explained(self._plan, self._stages(tools, outcome, confirmed=confirmed))
            outcome = self._watched(tools, self._put_back(tools, outcome))
        except (UdoError, Interrupted) as error:
            outcome = replace(outcome, error=error)
        except BrokenPipeError:
            if self._begun:
                record.end("interrupted", "the reader of the output went away")
            raise
        finally:
            try:
                outcome = self._put_back(tools, outcome)
            finally:
                lock.give_back()
        return self._ended(record, outcome)

    def _put_back(self, tools: Tools, outcome: Outcome) -> Outcome:
        """What plans owe, once."""
        while self._owed:
            outcome = put_back(self._owed.pop(0), tools, outcome)
        return outcome

    def _watched(self, tools: Tools, outcome: Outcome) -> Outcome:
        """Watches the alarms for a while, where all is done."""
        ended = outcome.error is not None and not isinstance(outcome.error, PartlyDone)
        plan = self._gate.afterwards(self._plan) if outcome.changed and not ended else None
        if plan is None:
            return outcome
        quiet = carry_out(plan, tools, replace(outcome, error=None))
        quiet = replace(quiet, state=outcome.state, rows=outcome.rows, error=quiet.error or outcome.error)
        return self._gate.explained(self._plan, quiet, done=True)

    def _stages(self, tools: Tools, outcome: Outcome, *, confirmed: bool) -> Outcome:
        """Plans each later stage from a fresh look, until it plans nothing more; the first that fails ends it all."""
        until = self._session.clock.monotonic() + self._seconds if self._seconds else None
        for number, stage in enumerate(self._later, 1):
            then = self._later[number:]
            if isinstance(stage, Plan):
                outcome = outcome if outcome.error else self._step_by_step(stage, tools, outcome, then)
                continue
            while outcome.error is None and (plan := stage(outcome)) is not None and plan.steps:
                if until is not None and self._session.clock.monotonic() >= until:
                    raise DeadlinePassed(f"{plan.command} {plan.target}: not all was done within {self._seconds:.0f} s")
                self._again(plan)
                if not confirmed:
                    self._confirm(plan)
                    confirmed = True
                outcome = self._step_by_step(plan, tools, outcome, then)
        return outcome

    def _step_by_step(self, plan: Plan, tools: Tools, outcome: Outcome, later: Sequence[Stage | Plan]) -> Outcome:
        """Carries a plan out, and what takes its place where it failed; `later` are the stages that may follow."""
        guarded = self._gate.guarded(plan)
        outcome = self._done(carry_out(guarded, tools, outcome, ahead=len(self._ahead(later))))
        while outcome.error and self._instead:
            try:
                other = self._instead(outcome)
            except (UdoError, Interrupted) as error:
                return replace(outcome, error=error)
            if other is None:
                break
            self._again(other)
            outcome = self._done(carry_out(self._gate.guarded(other), tools, replace(outcome, error=None)))
        return outcome

    def _done(self, outcome: Outcome) -> Outcome:
        self._owed += [outcome.owed] if outcome.owed else []
        return outcome

    def _ended(self, record: Record, outcome: Outcome) -> Result:
        """The end as the verb tells it, recorded and told to others."""
        record.saved(outcome.saved)
        if outcome.error:
            outcome.error.data = outcome.document()
        try:
            # What has ended is told in full: the first signal may be how it ended.
            with signals.putting_back():
                result = self._tell(outcome)
                if not result.continues:
                    self._announce(outcome, result.error[1] if result.error else result.text or "", result.exit)
        except (UdoError, Interrupted) as error:
            with signals.putting_back():
                self._announce(outcome, error.message, error.exit)
            if outcome.steps:
                record.end(error.code, str(error))
            raise
        word = "failed" if exit_status(outcome.hosts) else "done"
        text = (result.text or "").partition("\n")[0]
        if outcome.steps:
            record.end(*((result.error[0], result.error[1]) if result.error else (word, text)))
        return result

    def _announce(self, outcome: Outcome, text: str, status: int = 0) -> None:
        """Tells others how a change ended, where it was begun and is one of AWS."""
        if outcome.steps and self._is_told:
            self._others.ended(self._who.introduced()[1], text, status)

    @property
    def _is_told(self) -> bool:
        return any(not isinstance(step, FanOut) for step in self._plan.steps) or bool(self._later)

    def _call(self, record: Record, service: str, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = self._aws.call(service, operation, params)
        record.take_note(operation, answer)
        return answer

    def _emit(self, event: Event) -> None:
        if isinstance(event, Notice) and event.level != "debug":
            self._said.append(event.says)
        self._show(event)

    def _step(self, record: Record, event: Event) -> None:
        if isinstance(event, StepBegan) and not self._begun:
            self._begun = True
            record.begin()
        self._emit(event)
        if isinstance(event, StepDone | Progress) and self._is_told:
            # After the first effect: who listens badly holds up nothing that has not begun.
            self._others.begun(self._who.introduced()[1])


def told(plan: Plan, outcome: Outcome) -> Result:
    """What became of a change, where its verb says no more: the error, nothing to do, or what is true now.

    Raises: the outcome's error.
    """
    if outcome.error:
        raise outcome.error
    if not outcome.steps:
        return Result(outcome.document(), text=plan.unchanged, notes=plan.notes)
    return Result(outcome.document(), text=filled(plan.done, outcome.saved))


def told_begun(plan: Plan, outcome: Outcome) -> Result:
    """The same of a change that AWS is left to finish: to others it is no success yet. Raises: the outcome's error."""
    return replace(told(plan, outcome), continues=True)


def _no_hosts(step: FanOut) -> Iterable[Event]:
    raise NotImplementedError(f"{step.says}: nothing was given that reaches hosts")
