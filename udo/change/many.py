"""The end of a change of several roles: shown and confirmed together, done one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from udo import signals
from udo.change.advice import advise
from udo.change.confirm import confirm
from udo.change.events import Notice
from udo.change.finish import Finish
from udo.change.plan import Plan
from udo.change.stages import Stage, Telling
from udo.errors import ConfigError, CredentialsError, Interrupted, PartlyDone, UdoError, UsageError, one_line
from udo.frozen import frozen
from udo.output.text import closing_line
from udo.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.change.target import Target
    from udo.errors import Failure
    from udo.session import Session


@frozen
class Change:
    """The change of one of several targets: its plan and, as `finish` takes them, what may follow and who tells of it.

    `again` gives it from a fresh look, for a target whose turn comes long after all was shown; it may raise UdoError.
    One that only `watches` is not asked about.
    """

    plan: Plan
    later: tuple[Stage | Plan, ...] = ()
    tell: Telling | None = None
    instead: Stage | None = None
    again: Callable[[], Change] | None = None
    watches: bool = False


_GOES_ON = "the same command continues there"
Work = tuple["Target", "Callable[[], Plan | Change]"]
Planned = tuple["Target", "Change | UdoError"]
# What became of a role; None where an earlier one ended them all.
Outcome = tuple[str, "Result | Failure | None"]


class _Failed(NamedTuple):
    """How one of them failed."""

    exit: int
    code: str
    message: str
    hint: str | None = None


def finish_each(session: Session, work: Sequence[Work], *, in_order: bool = False) -> Result:
    """The end of a change of several targets: all planned, shown and confirmed together, then done one by one.

    Where some of several failed, the result carries the error and tells of every one. With `in_order` the first that
    fails ends them all, none is begun where one cannot be planned, and each is looked at afresh when its turn comes.

    Raises: UdoError.
    """
    plans = _planned_each(session, work)
    advise(session, (change.plan for _, change in plans if isinstance(change, Change)))
    several = _Several(session, plans, in_order=in_order)
    return several.only() if len(plans) == 1 else several.result()


def _planned_each(session: Session, work: Sequence[Work]) -> list[Planned]:
    """The plan of each target; one of several that cannot be planned is named, and does not end the others.

    Raises: UdoError.
    """
    plans: list[Planned] = []
    for target, planned in work:
        try:
            found = planned()
            plans.append((target, Change(found) if isinstance(found, Plan) else found))
        except (UsageError, ConfigError, CredentialsError):
            raise
        except UdoError as error:
            if len(work) == 1:
                raise
            session.output.error(f"udo: {target.label}: {error}")
            plans.append((target, error))
    return plans


class _Several:
    """Several targets with what was planned for them, on their way to the end."""

    def __init__(self, session: Session, plans: Sequence[Planned], *, in_order: bool) -> None:
        self._session = session
        self._dry = session.options.dry_run
        self._plans = list(plans)
        self._in_order = in_order
        self._begun = False
        self._ends = {
            target.label: Finish(session, target, change.plan, change.later, tell=change.tell, instead=change.instead)
            for target, change in plans
            if isinstance(change, Change)
        }

    def only(self) -> Result:
        """What was done to the one there is, or would be.

        Raises: UdoError.
        """
        (end,) = self._ends.values()
        return end.result()

    def result(self) -> Result:
        """What was done to all, or would be.

        Where some failed the result tells of every one in order, and carries the error: PartlyDone where others did
        not.

        Raises: UdoError.
        """
        if self._dry:
            return self._together(self._one_by_one(), self._counted())
        self._plans = [self._introduced(target, change) for target, change in self._plans]
        if self._in_order and any(isinstance(change, UdoError) for _, change in self._plans):
            return self._together([(to.label, one if isinstance(one, UdoError) else None) for to, one in self._plans])
        changes = [(target, one) for target, one in self._plans if isinstance(one, Change)]
        if changing := [(target, one) for target, one in changes if one.plan.steps and not one.watches]:
            self._session.emit(Notice(self._counted()))
            confirm(self._session, self._question(changing))
        return self._together(self._one_by_one())

    def _introduced(self, target: Target, change: Change | UdoError) -> Planned:
        """The plan, shown where it has steps; what is wrong where it must not be carried out."""
        if isinstance(change, UdoError) or not change.plan.steps:
            return target, change
        try:
            self._session.emit(Notice(f"{change.plan.command}  {change.plan.target}"))
            self._ends[target.label].judge(change.plan)
            self._ends[target.label].introduce(change.plan)
            self._ends[target.label].note(change.plan)
            self._session.emit(Notice(""))
        except UdoError as error:
            if _ends_all(error):
                raise
            self._session.output.error(f"udo: {target.label}: {error}")
            return target, error
        return target, change

    def _counted(self) -> str:
        """How many roles change and how many do not, in the line that closes what is shown of them."""
        found = [change.plan for _, change in self._plans if isinstance(change, Change)]
        changing = sum(bool(plan.steps) for plan in found)
        counts = {"to change": changing, "unchanged": len(found) - changing}
        return closing_line({**counts, "cannot be planned": len(self._plans) - len(found)})

    def _question(self, changing: Sequence[tuple[Target, Change]]) -> str:
        asked = [change.plan.asks for _, change in changing if change.plan.asks]
        guarded = [target.label for target, change in changing if self._ends[target.label].guards(change.plan)]
        count = "1 group is changed" if len(changing) == 1 else f"{len(changing)} groups are changed"
        also = f", and protected: {', '.join(guarded)}" if guarded else ""
        return "; ".join(asked) or f"{count}{also}. Continue?"

    def _one_by_one(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        ended = False
        for target, change in self._plans:
            if isinstance(change, UdoError) or ended:
                outcomes.append((target.label, change if isinstance(change, UdoError) else None))
                continue
            found = self._done(target, change)
            outcomes.append((target.label, found))
            if failed := _failed(found):
                ended = _ends_all(found) or (self._in_order and not self._dry)
                if not _ends_all(found):
                    self._session.output.error(f"udo: {target.label}: {one_line(failed.message, failed.hint)}")
        return outcomes

    def _done(self, target: Target, change: Change) -> Result | Failure:
        """What became of one of them."""
        end = self._ends[target.label]
        try:
            signals.look()
            if self._in_order and self._begun and change.again:
                change = change.again()
                end.replan(change.plan, change.later)
            if change.plan.steps and not self._dry:
                self._begun = True
                self._session.emit(Notice(f"{change.plan.command}  {change.plan.target}"))
            return end.result(confirmed=True)
        except (UdoError, Interrupted) as error:
            return error

    def _together(self, outcomes: Sequence[Outcome], closing: str | None = None) -> Result:
        """All outcomes as one; those that would change nothing are counted in the line that closes a dry run."""
        results = [(label, one) for label, one in outcomes if isinstance(one, Result)]
        data = [one.data for _, one in outcomes if one and one.data]
        unchanged = [label for label, one in results if closing and not one.is_plan]
        texts = [*(_text(label, one) for label, one in outcomes if label not in unchanged), *filter(None, [closing])]
        between = "\n\n" if any("\n" in text for text in texts) else "\n"
        notes = [_labelled(label, note) for label, result in results for note in result.notes]
        found = Result(data, text=between.join(texts), notes=notes, is_plan=bool(closing))
        error = self._error(outcomes)
        return replace(found, exit=error.exit, error=(error.code, error.message, error.hint)) if error else found

    def _error(self, outcomes: Sequence[Outcome]) -> _Failed | None:
        """What tells of them all: the error that ended them early, else that some failed, else the first."""
        failed = [(label, found) for label, one in outcomes if (found := _failed(one))]
        if not failed:
            return None
        if ended := next((_failed(one) for _, one in outcomes if _ends_all(one)), None):
            return ended
        error = failed[0][1]
        if any(isinstance(one, Result) and not one.error for _, one in outcomes):
            told = f"{len(failed)} of {len(outcomes)} roles failed: {', '.join(label for label, _ in failed)}"
            error = _Failed(PartlyDone.exit, PartlyDone.code, told)
        left = ", ".join(label for label, one in outcomes if one is None)
        if not left:
            return error
        return error._replace(message=f"{error.message}; not begun: {left}", hint=error.hint or _GOES_ON)


def _ends_all(found: Result | Failure | None) -> bool:
    return isinstance(found, Interrupted | CredentialsError)


def _failed(found: Result | Failure | None) -> _Failed | None:
    match found:
        case UdoError() | Interrupted():
            return _Failed(found.exit, found.code, found.message, found.hint)
        case Result(error=tuple(told)):
            return _Failed(found.exit, *told)
    return None


def _text(label: str, found: Result | Failure | None) -> str:
    if found is None:
        return f"{label} was not started"
    text = (found.text if isinstance(found, Result) else None) or ""
    if failed := _failed(found):
        return "\n".join(filter(None, (f"{label} failed: {failed.message}", text)))
    return text


def _labelled(label: str, note: str) -> str:
    warning, found, rest = note.partition("warning: ")
    return f"warning: {label}: {rest}" if found and not warning else f"{label}: {note}"
