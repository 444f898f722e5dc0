"""The end of a change of several roles: shown and confirmed together, done one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import ConfigError, CredentialsError, Interrupted, PartlyDone, UdoError, UsageError
from udo.finish import Finish
from udo.finish.confirming import confirm
from udo.plan import Notice
from udo.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from udo.config import Role
    from udo.plan import Plan
    from udo.session import Session


Failed = list[tuple[str, UdoError]]


def planned_each(
    session: Session, roles: Sequence[Role], planned: Callable[[Role], Plan]
) -> tuple[list[tuple[Role, Plan]], Failed]:
    """The plan of each role; one of several that cannot be planned is named, and does not end the others.

    Raises: UdoError.
    """
    plans, failed = [], []
    for role in roles:
        try:
            plans.append((role, planned(role)))
        except (UsageError, ConfigError, Interrupted, CredentialsError):
            raise
        except UdoError as error:
            if len(roles) == 1:
                raise
            session.output.say(f"udo: {role.label}: {error}")
            failed.append((role.label, error))
    return plans, failed


def finished_each(session: Session, plans: Sequence[tuple[Role, Plan]], unplanned: Failed) -> Result:
    """What was done to several roles, or would be: one by one, going on after one that failed.

    Raises: UdoError; PartlyDone where some failed, or could not be planned, and others did not.
    """
    ends = [Finish(session, role, plan, follow=None, emit=session.emit, locked=True) for role, plan in plans]
    if len(ends) == 1 and not unplanned:
        return ends[0].result()
    changing = [(role, plan) for role, plan in plans if plan.steps]
    if changing and not session.options.dry_run:
        for end, (_, plan) in zip(ends, plans, strict=True):
            if plan.steps:
                session.emit(Notice(f"{plan.command}  {plan.target}"))
                session.output.plan(plan)
                end.tell()
                session.emit(Notice(""))
        confirm(session, _question(changing))
    results, failed = _one_by_one(session, ends, plans)
    return _together(results, [*unplanned, *failed])


def _question(changing: Sequence[tuple[Role, Plan]]) -> str:
    asked = [plan.asks for _, plan in changing if plan.asks]
    guarded = [role.label for role, plan in changing if role.protected and plan.writes]
    count = "1 group is changed" if len(changing) == 1 else f"{len(changing)} groups are changed"
    also = f", and protected: {', '.join(guarded)}" if guarded else ""
    return "; ".join(asked) or f"{count}{also}. Go on?"


def _one_by_one(
    session: Session, ends: Sequence[Finish], plans: Sequence[tuple[Role, Plan]]
) -> tuple[list[tuple[str, Result]], Failed]:
    results, failed = [], []
    for end, (role, _) in zip(ends, plans, strict=True):
        try:
            results.append((role.label, end.result(confirmed=True)))
        except (Interrupted, CredentialsError):
            raise
        except UdoError as error:
            session.output.say(f"udo: {role.label}: {error}")
            failed.append((role.label, error))
    return results, failed


def _together(results: Sequence[tuple[str, Result]], failed: Failed) -> Result:
    data = [result.data for _, result in results] + [error.data for _, error in failed if error.data]
    if failed:
        told = f"{len(failed)} of {len(failed) + len(results)} roles failed: {', '.join(n for n, _ in failed)}"
        error = PartlyDone(told) if results else failed[0][1]
        error.data = data
        raise error
    texts = [result.text or "" for _, result in results]
    between = "\n\n" if any("\n" in text for text in texts) else "\n"
    notes = [_labelled(label, note) for label, result in results for note in result.notes]
    return Result(data, text=between.join(texts), notes=notes)


def _labelled(label: str, note: str) -> str:
    warning, found, rest = note.partition("warning: ")
    return f"warning: {label}: {rest}" if found and not warning else f"{label}: {note}"
