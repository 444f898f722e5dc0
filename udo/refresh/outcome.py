"""How a refresh came out: what people and scripts are told of it, and of how it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from udo.change.finish import told as told_of
from udo.errors import EndedBadly, GuardRaised, PartlyDone
from udo.groups.text import age
from udo.model.refreshes import ENDED
from udo.refresh.rows import refresh_row
from udo.refresh.stall import explained
from udo.refresh.text import instances, listed
from udo.refresh.watch import Seen
from udo.refresh.words import named, preferences_text, remedy, standing, why
from udo.result import Result

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.model.refreshes import Refresh


def told(aws: Aws, role: Role, plan: Plan, outcome: Outcome, *, stays: bool = True) -> Result:
    """What people and scripts are told of a refresh that was followed, started, ended or found; whether what one that
    failed has replaced `stays`.

    Raises: UdoError where its end was not seen.
    """
    seen = next((one for one in outcome.rows if isinstance(one, Seen)), None)
    data = outcome.document()
    if seen is not None:
        data |= {"refresh": refresh_row(seen.refresh), "left_alone": _left_alone(seen)}
    ended = seen is not None and seen.refresh.status in ENDED
    if seen is not None and ended and isinstance(outcome.error, PartlyDone):
        says = _succeeded(seen)
        error = ("partial", f"{says}, but {outcome.error.message}", "the same command again puts that right")
        return Result(data, text=says, exit=3, error=error)
    if outcome.error and not (ended and isinstance(outcome.error, EndedBadly)):
        outcome.error.data = data
        raise outcome.error
    if seen is None or not ended:
        done = told_of(plan, outcome)
        return replace(done, data=data, continues=bool(outcome.steps))
    if outcome.error is None:
        return Result(data, text=_succeeded(seen))
    lines = _story(aws, role, seen)
    hint = _hint(role, seen.refresh)
    message = f"{named(seen.refresh)} of {role.label} {standing(seen.refresh, after=stays)}"
    reason = why(seen.refresh)
    message += f" ({reason})" if reason else ""
    if isinstance(outcome.error, GuardRaised):
        message = f"{outcome.error.message}; {message}"
    return Result(data | {"lines": lines}, text="\n".join(lines) or None, exit=1, error=("failed", message, hint))


def status(role: Role, refreshes: list[Refresh], now: float) -> Result:
    """How the refresh stands that runs, or ended last."""
    if not refreshes:
        return Result({"refresh": None}, text=f"no instance refresh of {role.group_name} in the last six weeks")
    one = refreshes[0]
    lines = [f"{named(one)} of {role.group_name} {standing(one, _ages(one, now))}"]
    if reason := why(one):
        lines.append(f"  AWS says: {reason}")
        helps = remedy(reason, f"{role.cluster} {role.name}") if one.is_active or one.status.endswith("Failed") else ""
        lines += [f"  -> {helps}"] if helps else []
    if one.is_active and one.status != "Pending" and one.left is not None:
        lines.append(f"  {instances(one.left)} left to replace")
    lines += [f"  brings {one.desired}"] if one.desired else []
    lines += [f"  warm pool: {one.warm.percent} %, {one.warm.left} left"] if one.warm else []
    lines.append(f"  goes by: {preferences_text(one)}" if one.is_active else f"  went by: {preferences_text(one)}")
    return Result({"refresh": refresh_row(one)}, text="\n".join(lines))


def _ages(one: Refresh, now: float) -> str:
    if one.ended_at:
        return f", {age(one.ended_at, now)} ago"
    return f", since {age(one.started_at, now)}" if one.started_at else ""


def _succeeded(seen: Seen) -> str:
    one = seen.refresh
    new = sum(row.state == "done" for row in seen.standings)
    how = f"{instances(new)} new" if new else "nothing had to be replaced"
    says = f"{named(one)} {standing(one)}"
    if one.status == "Successful":
        says = f"{named(one)} succeeded: {how}"
        says += f"; the group launches version {one.desired.version} now" if one.desired else ""
        left = _left_alone(seen)
        says += f"; left as {'it is' if len(left) == 1 else 'they are'}: {listed(left)}" if left else ""
    return says


def _left_alone(seen: Seen) -> list[str]:
    """Those that were not replaced though they differ."""
    return [row.name for row in seen.standings if row.state == "skipped" and row.doing in ("in Standby", "protected")]


def _story(aws: Aws, role: Role, seen: Seen) -> list[str]:
    """What Udo sees of why it ended like this, and what helps."""
    one, reason = seen.refresh, why(seen.refresh)
    if one.status in ("Cancelled", "RollbackSuccessful") and not one.rollback:
        return []
    found = explained(aws, seen.group, one) if seen.group else []
    helps = remedy(reason, f"{role.cluster} {role.name}")
    return [*(line for line in found if not line.startswith("AWS: ")), *([f"-> {helps}"] if helps else [])]


def _hint(role: Role, one: Refresh) -> str | None:
    words = f"{role.cluster} {role.name}"
    if one.status == "RollbackSuccessful":
        return None
    if one.status == "Successful":
        return f"it is not undone; back goes: udo rollback {words}, then: udo refresh {words}"
    again = f"udo refresh {words} continues with those that differ"
    return f"{again}; back goes: udo rollback {words}, then: udo refresh {words}"
