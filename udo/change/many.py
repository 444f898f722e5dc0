"""The end of a change of several roles: shown and confirmed together, done one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo import signals
from udo.change.confirm import confirm
from udo.change.events import Notice
from udo.change.finish import Finish, advise
from udo.change.plan import Plan
from udo.errors import ConfigError, CredentialsError, Interrupted, PartlyDone, UdoError, UsageError
from udo.output.text import closing_line
from udo.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from udo.change.target import Target
    from udo.errors import Failure
    from udo.session import Session


Planned = tuple["Target", "Plan | UdoError"]
# What became of a role; None where an earlier one ended them all.
Outcome = tuple[str, "Result | Failure | None"]


def finish_each(session: Session, work: Sequence[tuple[Target, Callable[[], Plan]]]) -> Result:
    """The end of a change of several targets: all planned, shown and confirmed together, then done one by one.

    Where some of several failed, the result carries the error and tells of every one.

    Raises: UdoError.
    """
    plans = _planned_each(session, work)
    advise(session, (plan for _, plan in plans if isinstance(plan, Plan)))
    return _finished_each(session, plans)


def _planned_each(session: Session, work: Sequence[tuple[Target, Callable[[], Plan]]]) -> list[Planned]:
    """The plan of each target; one of several that cannot be planned is named, and does not end the others.

    Raises: UdoError.
    """
    plans: list[Planned] = []
    for target, planned in work:
        try:
            plans.append((target, planned()))
        except (UsageError, ConfigError, CredentialsError):
            raise
        except UdoError as error:
            if len(work) == 1:
                raise
            session.output.error(f"udo: {target.label}: {error}")
            plans.append((target, error))
    return plans


def _finished_each(session: Session, plans: Sequence[Planned]) -> Result:
    """What was done to several targets, or would be: one by one, going on after one that failed.

    Where some failed the result tells of every one in order, and carries the error: PartlyDone where others did not.

    Raises: UdoError.
    """
    ends = {target.label: Finish(session, target, plan) for target, plan in plans if isinstance(plan, Plan)}
    if len(plans) == 1:
        return ends[plans[0][0].label].result()
    if not session.options.dry_run:
        plans = [_introduced(session, ends, target, plan) for target, plan in plans]
        if changing := [(target, plan) for target, plan in plans if isinstance(plan, Plan) and plan.steps]:
            session.emit(Notice(_counted(plans)))
            confirm(session, _question(ends, changing))
    outcomes = _one_by_one(session, ends, plans)
    return _together(outcomes, _counted(plans) if session.options.dry_run else None)


def _introduced(session: Session, ends: dict[str, Finish], target: Target, plan: Plan | UdoError) -> Planned:
    """The plan, shown where it has steps; what is wrong where it must not be carried out."""
    if isinstance(plan, UdoError) or not plan.steps:
        return target, plan
    try:
        session.emit(Notice(f"{plan.command}  {plan.target}"))
        ends[target.label].introduce(plan)
        ends[target.label].note(plan)
        session.emit(Notice(""))
    except UdoError as error:
        if _ends_all(error):
            raise
        session.output.error(f"udo: {target.label}: {error}")
        return target, error
    return target, plan


def _counted(plans: Sequence[Planned]) -> str:
    """How many roles change and how many do not, in the line that closes what is shown of them."""
    found = [plan for _, plan in plans if isinstance(plan, Plan)]
    changing = sum(bool(plan.steps) for plan in found)
    counts = {"to change": changing, "unchanged": len(found) - changing}
    return closing_line({**counts, "cannot be planned": len(plans) - len(found)})


def _question(ends: dict[str, Finish], changing: Sequence[tuple[Target, Plan]]) -> str:
    asked = [plan.asks for _, plan in changing if plan.asks]
    guarded = [target.label for target, plan in changing if ends[target.label].guards(plan)]
    count = "1 group is changed" if len(changing) == 1 else f"{len(changing)} groups are changed"
    also = f", and protected: {', '.join(guarded)}" if guarded else ""
    return "; ".join(asked) or f"{count}{also}. Continue?"


def _one_by_one(session: Session, ends: dict[str, Finish], plans: Sequence[Planned]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    ended = False
    for target, plan in plans:
        if isinstance(plan, UdoError) or ended:
            outcomes.append((target.label, plan if isinstance(plan, UdoError) else None))
            continue
        try:
            signals.look()
            if plan.steps and not session.options.dry_run:
                session.emit(Notice(f"{plan.command}  {plan.target}"))
            outcomes.append((target.label, ends[target.label].result(confirmed=True)))
        except (UdoError, Interrupted) as error:
            ended = _ends_all(error)
            if not ended:
                session.output.error(f"udo: {target.label}: {error}")
            outcomes.append((target.label, error))
    return outcomes


def _ends_all(error: Failure) -> bool:
    return isinstance(error, Interrupted | CredentialsError)


def _together(outcomes: Sequence[Outcome], closing: str | None = None) -> Result:
    """All outcomes as one; those that would change nothing are counted in the line that closes a dry run."""
    results = [(label, one) for label, one in outcomes if isinstance(one, Result)]
    failed = [(label, one) for label, one in outcomes if isinstance(one, UdoError | Interrupted)]
    data = [one.data for _, one in outcomes if one and one.data]
    unchanged = [label for label, one in results if closing and not one.is_plan]
    texts = [*(_text(label, one) for label, one in outcomes if label not in unchanged), *filter(None, [closing])]
    between = "\n\n" if any("\n" in text for text in texts) else "\n"
    notes = [_labelled(label, note) for label, result in results for note in result.notes]
    text = between.join(texts)
    if not failed:
        return Result(data, text=text, notes=notes, is_plan=bool(closing))
    error = _error(failed, len(outcomes), partly=bool(results))
    told = (error.code, error.message, error.hint)
    return Result(data, text=text, notes=notes, exit=error.exit, error=told, is_plan=bool(closing))


def _error(failed: Sequence[tuple[str, Failure]], count: int, *, partly: bool) -> Failure:
    """What tells of them all: the error that ended them early, else that some failed, else the first."""
    if ended := next((one for _, one in failed if _ends_all(one)), None):
        return ended
    told = f"{len(failed)} of {count} roles failed: {', '.join(label for label, _ in failed)}"
    return PartlyDone(told) if partly else failed[0][1]


def _text(label: str, outcome: Result | Failure | None) -> str:
    match outcome:
        case Result():
            return outcome.text or ""
        case UdoError() | Interrupted():
            return f"{label} failed: {outcome.message}"
    return f"{label} was not started"


def _labelled(label: str, note: str) -> str:
    warning, found, rest = note.partition("warning: ")
    return f"warning: {label}: {rest}" if found and not warning else f"{label}: {note}"
