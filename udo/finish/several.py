"""The end of a change of several roles: shown and confirmed together, done one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import CredentialsError, Interrupted, PartlyDone, UdoError
from udo.finish import Finish
from udo.finish.confirming import confirm
from udo.model import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.config import Role
    from udo.plan import Plan
    from udo.session import Session


def finished_each(session: Session, plans: Sequence[tuple[Role, Plan]]) -> Result:
    """What was done to several roles, or would be: one by one, going on after one that failed.

    Raises: UdoError; PartlyDone where some failed and others did not.
    """
    ends = [Finish(session, role, plan, follow=None, emit=session.emit, locked=True) for role, plan in plans]
    if len(ends) == 1:
        return ends[0].result()
    changing = [plan for _, plan in plans if plan.steps]
    if changing and not session.options.dry_run:
        for plan in changing:
            session.output.say(f"{plan.command} {plan.target}")
            session.output.plan(plan)
        asked = [plan.asks for plan in changing if plan.asks]
        confirm(session, "; ".join(asked) or f"{len(changing)} groups are changed. Go on?")
    return _together(*_one_by_one(session, ends, plans))


def _one_by_one(
    session: Session, ends: Sequence[Finish], plans: Sequence[tuple[Role, Plan]]
) -> tuple[list[Result], list[tuple[str, UdoError]]]:
    results, failed = [], []
    for end, (role, _) in zip(ends, plans, strict=True):
        try:
            results.append(end.result(confirmed=True))
        except (Interrupted, CredentialsError):
            raise
        except UdoError as error:
            session.output.say(f"udo: {role.label}: {error}")
            failed.append((role.label, error))
    return results, failed


def _together(results: Sequence[Result], failed: Sequence[tuple[str, UdoError]]) -> Result:
    data = [result.data for result in results] + [error.data for _, error in failed if error.data]
    if failed and not results:
        raise failed[0][1]
    if failed:
        told = PartlyDone(
            f"{len(failed)} of {len(failed) + len(results)} roles failed: {', '.join(n for n, _ in failed)}"
        )
        told.data = data
        raise told
    text = "\n".join(result.text or "" for result in results)
    return Result(data, text=text, notes=[note for result in results for note in result.notes])
