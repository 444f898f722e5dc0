"""Carries out a plan: resolves Refs, compares, sends each write once, proves, waits, cleans up and reads back."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from udo import signals
from udo.change.conditions import brief, hold, is_open, known_part, read_together, resolve, text
from udo.change.events import HostDone, Notice, StepBegan, StepDone, StepFailed, quietly
from udo.change.guarding import Guarding, last_look, was_made
from udo.change.interruption import interrupted
from udo.change.mark import RUN
from udo.change.outcome import Done, Outcome
from udo.change.plan import Call, FanOut, LocalCommand, Pair, Plan, Step, Upload, Wait
from udo.change.read_back import compare_seen, read_back
from udo.change.tools import Tools
from udo.change.upload import uploaded
from udo.change.waiting import SETTLE_SECONDS, SLOWEST_POLL, Poll, in_time, jittered, wait_for
from udo.errors import (
    AlreadyThere,
    AwsError,
    Conflict,
    CredentialsError,
    EndedBadly,
    Failure,
    GuardRaised,
    Interrupted,
    LostAnswer,
    NotSent,
    PartlyDone,
    PermissionDenied,
    Refused,
    UdoError,
)

RESEND_SECONDS = 120.0
# What no step is left out for.
_ENDS_ALL = (CredentialsError, GuardRaised, Refused)


def carry_out(plan: Plan, tools: Tools, before: Outcome | None = None, *, ahead: int = 0) -> Outcome:
    """What became of the plan, added to what was `before` it: every step done and the goal read back, or the error.
    As many steps as are `ahead` follow it, as far as is known.

    Programs that fail do not stop the steps after them. Once a write was sent `cleanup` is sent, however it ends; that
    of a `lasting` plan whose writes went well is the outcome's `owed`.
    """
    run = _Run(plan, tools, before or Outcome())
    error: Failure | None = None
    lasts = False
    try:
        run.steps_in_order(ahead)
        lasts = plan.lasting
    except (UdoError, Interrupted) as ended:
        error = run.go_back(ended) if isinstance(ended, GuardRaised) else ended
        # What takes the place of what has ended badly may need it still.
        lasts = plan.lasting and isinstance(ended, EndedBadly)
    finally:
        # A bug is a way out, too.
        if not lasts:
            run.clean_up()
    try:
        if error is None:
            run.check_end()
    except (UdoError, Interrupted) as ended:
        error = ended
    return replace(run.outcome(error), owed=plan if lasts else None)


def put_back(plan: Plan, tools: Tools, before: Outcome) -> Outcome:
    """What became of it all once what a plan that was carried out owes is put back, too."""
    run = _Run(replace(plan, steps=(), differences=(), notes=(), inherits=True), tools, before)
    run.clean_up(frozenset(call.operation for call in plan.writes))
    return run.outcome(before.error or run.failure)


class _Run:
    """A plan on its way, and what is known so far."""

    def __init__(self, plan: Plan, tools: Tools, before: Outcome) -> None:
        self._plan = plan
        self._tools = tools
        self._before = before
        self._known = dict(before.saved)
        self._hosts = list(before.hosts)
        self._steps = list(before.steps)
        self._poll = Poll(before.state, rows=before.rows)
        self._failed: list[str] = []
        self._sent: set[str] = set()
        self._guarding = Guarding(plan.guards, tools)

    @property
    def failure(self) -> PartlyDone | None:
        """What failed by the way, where nothing worse did."""
        return PartlyDone("; ".join(self._failed)) if self._failed else None

    @property
    def _begun(self) -> bool:
        """Whether anything is changed by now."""
        return bool(self._sent) or self._before.changed

    def outcome(self, error: Failure | None) -> Outcome:
        """What became of it."""
        return replace(
            self._before,
            steps=tuple(self._steps),
            saved=self._known,
            hosts=tuple(self._hosts),
            state=self._poll.state,
            rows=self._poll.rows,
            differences=(*self._before.differences, *self._plan.differences),
            notes=(*self._before.notes, *self._plan.notes),
            error=error,
        )

    def steps_in_order(self, ahead: int) -> None:
        """Carries out the steps, which others follow. Raises: UdoError, Interrupted."""
        total = len(self._steps) + len(self._plan.steps) + ahead
        for step in self._plan.steps:
            try:
                self._carry_out(step, total)
            except PartlyDone as error:
                # What it was to follow is done: the programs after it are to be told as well.
                self._failed.append(error.message)

    def go_back(self, raised: GuardRaised) -> Failure:
        """What ended the run, once the plan's way back is carried out, as far as what it is about was made."""
        self._guarding.lifted = True
        if self._plan.back:
            self._tools.emit(Notice(raised.message, "warning"))
        for step in self._plan.back:
            if not was_made(step, self._known):
                break
            try:
                if isinstance(step, Call) and step.proof and self._seems_to_hold(step.proof):
                    # AWS, which watches alarms too, has begun it already.
                    continue
                self._carry_out(step)
            except Interrupted as error:
                return error
            except UdoError as error:
                return self._stuck(raised, step, error)
        return raised

    def _stuck(self, raised: GuardRaised, step: Step, error: UdoError) -> GuardRaised:
        """What ended the run, where its way back could not be taken; that is no trouble where all had ended."""
        found, has_ended = last_look(self._plan.back, self._known, self._tools)
        self._poll = found or self._poll
        if not has_ended:
            told = f"{raised.message}; {step.says}: not done, {error.message}"
            raised = GuardRaised(told, state=raised.state, hint=raised.hint)
        raised.stuck = error
        return raised

    def check_end(self) -> None:
        """Reads the goal back, and compares what else was seen.

        Raises: Conflict where AWS shows something else; PartlyDone, after all the rest, for what failed by the way.
        """
        if self._plan.steps:
            read_back(self._plan, self._known, self._tools)
            compare_seen(self._plan, self._known, self._tools)
        if self.failure:
            raise self.failure

    def clean_up(self, earlier: frozenset[str] = frozenset()) -> None:
        """Sends what has to be sent on every way out; what cannot be is told, with the remedy.

        `earlier` are the operations that were sent before this.
        """
        if not (self._plan.cleanup and (self._sent or self._plan.inherits)):
            return
        stuck, self._tools = False, replace(self._tools, emit=quietly(self._tools.emit))
        with signals.putting_back():
            # Somebody else at work does not stop it: `expect` says whether it is still ours to send.
            with suppress(UdoError, BrokenPipeError):
                self._tools.lock.take()
            for call in self._plan.cleanup:
                if call.undoes and (stuck or call.undoes not in self._sent | earlier):
                    continue
                try:
                    self._put_back(call)
                except (UdoError, Interrupted) as error:
                    stuck = stuck or bool(call.undoes)
                    self._not_put_back(call, error)

    def _not_put_back(self, call: Call, error: Failure) -> None:
        remedy = f"; '{self._plan.remedy}' does it" if self._plan.remedy else ""
        told = f"{call.says}: not done, {error.message}{remedy}"
        self._failed.append(told)
        if self._steps[-1:] == [Done(call.says, "begun")]:
            self._steps.pop()
        self._steps.append(Done(call.says, "failed", error.message))
        self._tools.record(call.says, error.code, error.message)
        self._tools.emit(Notice(told, "warning"))

    def _put_back(self, call: Call) -> None:
        known = dict(self._known)
        if is_open(known_part([call.params, *(pair.read for pair in call.expect)], known)):
            # What it is about was never made.
            return
        lost = [(pair, now) for pair, now in self._found(call.expect) if text(now) != text(resolve(pair.value, known))]
        if [pair for pair, _ in lost if not RUN.match(str(pair.value))] or (
            call.proof and hold(call.proof, known, self._tools.read)
        ):
            return
        if lost:
            self._left(call, *lost[0])
            return
        begun = self._tools.clock.monotonic()
        self._steps.append(Done(call.says, "begun"))
        self._tools.emit(StepBegan(call.says, len(self._steps)))
        note = self._send(replace(call, expect=()))
        self._done(call.says, note, begun)

    def _left(self, call: Call, record: Pair, now: Any) -> None:
        """Tells what is left to a person, since the record of a run is not another run's now, but no run's."""
        if not RUN.match(str(now)):
            how = "gone" if now is None else f"{now!r} now, which no run wrote"
            self._tools.emit(Notice(f"{call.says}: not done, {record.says} is {how}", "warning"))

    def _found(self, pairs: Iterable[Pair]) -> Iterable[tuple[Pair, Any]]:
        return read_together(pairs, self._known, self._tools.read)

    def _carry_out(self, step: Step, total: int = 0) -> None:
        tools, begun = self._tools, self._tools.clock.monotonic()
        self._steps.append(Done(step.says, "begun"))
        tools.emit(StepBegan(step.says, len(self._steps), total))
        try:
            self._ready_for(step)
            signals.look()
            note = self._effect(step)
            self._done(step.says, note, begun)
            signals.look()
        except Interrupted as error:
            tools.record(step.says, "interrupted", "")
            place = f"{len(self._steps)} of {total}" if total else f"{len(self._steps)}"
            raise interrupted(error, self._plan, step, place, self._known) from error
        except UdoError as error:
            if isinstance(step, Call) and step.optional and not isinstance(error, _ENDS_ALL):
                tools.record(step.says, "left out", error.message)
                tools.emit(Notice(f"{step.says}: {error.message}; continuing without it", "warning"))
                self._end(step.says, "left out", begun)
                return
            tools.record(step.says, error.code, error.message)
            self._steps[-1] = Done(step.says, "failed", error.message)
            tools.emit(StepFailed(step.says, error.message))
            raise

    def _ready_for(self, step: Step) -> None:
        """Holds the lock for a write, and for the rest of the time only where nobody may come between."""
        if isinstance(step, Call):
            self._tools.lock.take()
        elif self._plan.held:
            self._tools.lock.beat()
        else:
            self._tools.lock.give_back()

    def _effect(self, step: Step) -> str:
        match step:
            case Call():
                return self._send(step, self._guarding)
            case Wait():
                self._wait(step)
            case FanOut():
                self._fan_out(step)
            case LocalCommand():
                self._local(step)
            case Upload():
                saved, note = uploaded(step, self._tools)
                self._known.update(saved)
                return note
        return ""

    def _done(self, says: str, note: str, begun: float) -> None:
        self._tools.record(says, "done", note)
        self._end(says, note, begun)

    def _end(self, says: str, note: str, begun: float) -> None:
        self._steps[-1] = Done(says, "done", note)
        self._tools.emit(StepDone(says, self._tools.clock.monotonic() - begun, note))

    def _send(self, call: Call, guarding: Guarding | None = None) -> str:
        """Sends a write, once; what is worth noting of how it went."""
        clock = self._tools.clock
        until = clock.monotonic() + RESEND_SECONDS
        pause = 1.0
        while True:
            signals.look()
            if guarding:
                guarding.look(self._known, begun=self._begun)
            self._expect(call)
            try:
                answer = self._asked(call)
                self._known.update(self._saved(call, answer))
                return ""
            except NotSent as error:
                if clock.monotonic() + pause > until:
                    raise
                self._tools.emit(Notice(f"{error.message}; trying again in {pause:.0f} s", "warning"))
                clock.sleep(jittered(pause))
                pause = min(pause * 2, SLOWEST_POLL)
            except AlreadyThere as error:
                if not (call.proof and self._seems_to_hold(call.proof)):
                    raise Conflict(
                        error.message, hint="it is not what this would create; nothing was overwritten"
                    ) from error
                return "it already existed, with the same content"
            except LostAnswer as error:
                self._settle(call, error)
                return "the answer was lost; AWS shows that it is done"

    def _asked(self, call: Call) -> Mapping[str, Any]:
        params = resolve(call.params, self._known)
        try:
            answer = self._tools.call(call.service, call.operation, params)
        except (LostAnswer, Interrupted):
            # It may have taken effect.
            self._sent.add(call.operation)
            raise
        self._sent.add(call.operation)
        return answer

    def _saved(self, call: Call, answer: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: text(self._tools.search(path, answer)) for name, path in call.save.items()}
        if None in found.values():
            # A page of a proxy's can pass for an empty answer: whether the write took effect has to be looked up.
            raise LostAnswer(f"{call.service}:{call.operation}: the answer does not say {', '.join(call.save)}")
        return found

    def _expect(self, call: Call) -> None:
        for pair, found in self._found(call.expect):
            wanted = resolve(pair.value, self._known)
            if text(found) != text(wanted):
                told = f"{pair.says or call.says}: {brief(found)} now, it was {brief(wanted)} when this was planned"
                again = self._plan.to_continue("run it again")
                raise Conflict(told, hint=f"somebody else is at work; nothing was overwritten, look and {again}")

    def _holds(self, pairs: Iterable[Pair]) -> bool:
        return hold(pairs, self._known, self._tools.read)

    def _seems_to_hold(self, pairs: Iterable[Pair]) -> bool:
        """Whether the pairs hold; what may not be read does not count as holding."""
        try:
            return self._holds(pairs)
        except (PermissionDenied, AwsError):
            return False

    def _in_time(self, holds: Callable[[], bool]) -> bool:
        return in_time(holds, self._tools.clock, self._tools.emit)

    def _settle(self, call: Call, error: LostAnswer) -> None:
        if not call.proof:
            told = f"{error.message}; it is unknown whether it took effect"
            raise LostAnswer(told, hint="look before running it again")
        self._tools.emit(Notice(f"{error.message}; checking whether it took effect", "warning"))
        if not self._in_time(lambda: self._holds(call.proof)):
            raise LostAnswer(
                f"{error.message}; AWS does not show it done after {SETTLE_SECONDS:.0f} s",
                hint=f"{self._plan.to_continue('run the same command again')}: it reuses what is there",
            ) from error

    def _wait(self, wait: Wait) -> None:
        tools = self._tools
        wait_for(wait, self._known, tools.watching, tools.clock, tools.emit, self._look, self._seen)

    def _look(self) -> None:
        if self._plan.held:
            self._tools.lock.beat()
        # What has a way back, or inherits something, was begun already by whomever.
        begun = self._begun or bool(self._plan.back) or self._plan.inherits
        self._guarding.look(self._known, begun=begun)

    def _seen(self, poll: Poll) -> None:
        self._poll = poll

    def _fan_out(self, step: FanOut) -> None:
        events = self._tools.fan_out(step)
        try:
            for event in events:
                if isinstance(event, HostDone):
                    self._hosts.append(event)
                if self._plan.held:
                    self._tools.lock.beat()
                self._tools.emit(event)
        finally:
            # Closed however this ends, because closing is what hangs up on every host.
            if isinstance(events, Generator):
                events.close()

    def _local(self, step: LocalCommand) -> None:
        status = self._tools.local(replace(step, env=resolve(step.env, self._known)))
        if status != 0:
            told = f"{step.says}: ended with {f'status {status}' if status > 0 else f'signal {-status}'}"
            if step.required:
                raise Refused(told, hint="nothing was changed")
            raise PartlyDone(told)
