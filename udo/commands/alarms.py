"""Show the alarms of roles: their states, what they are compared with, and what they look at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from udo.alarms.data import asked, batches
from udo.alarms.rows import COLUMNS, Seen, data_row, text_row
from udo.groups.alarms import said_alarms
from udo.result import Result
from udo.selectors import reading_roles
from udo.status.footnote import Footnote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.alarms.data import Asked
    from udo.aws import Aws
    from udo.config import Role
    from udo.session import Session

Points = dict[str, list[tuple[float, float]]]


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE]]")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """Show the alarms that udo.yml says of roles: their states, since when, the threshold beside the last value, and a
    line of three hours.

    A bar of the line is the value of ten minutes that comes nearest to the threshold; a full bar is the threshold, or
    the highest value where that is more, and a dot has no data. An alarm that AWS does not have is absent, one whose
    actions are switched off silent, one without data says so. Without a word all roles; either may be a list
    (webapp,worker) or '*'. 'udo update' makes and changes alarms.

    \b
    udo alarms
    udo alarms prod webapp -o json
    """
    footnotes: dict[str, str] = {}
    roles = reading_roles(session.config, words, all_by_default=True)
    seen = [one for aws, together in session.by_aws(roles) for one in _seen(session, aws, together, footnotes)]
    order = {role.label: place for place, role in enumerate(roles)}
    seen.sort(key=lambda one: order[one.role.label])
    now = session.clock.time()
    rows = [data_row(one, now) for one in seen]
    notes = sorted(footnotes)
    if silent := [role.label for role in roles if not said_alarms(role)]:
        notes.append(f"without alarms in udo.yml: {', '.join(silent)}")
    return Result(rows, COLUMNS, [text_row(row, now) for row in rows], notes=notes)


def _seen(session: Session, aws: Aws, roles: Sequence[Role], footnotes: dict[str, str]) -> list[Seen]:
    """The alarms of roles that are reached the same way, and their data: what cannot be read has a footnote."""
    named = [(role, name, full) for role in roles for name, full in said_alarms(role).items()]
    if not named:
        return []
    live: dict[str, Mapping[str, Any]] = {}
    points: Points = {}
    with Footnote(footnotes, "alarms are unknown") as told:
        live = aws.cloudwatch.alarms(full for _, _, full in named)
    unmeasured: set[str] = set()
    now = session.clock.time()
    work = [
        partial(_measure, aws, batch, (now - seconds, now), points, unmeasured, footnotes)
        for seconds, batch in batches(asked(live))
    ]
    session.together(work)
    return [
        Seen(role, name, full, live.get(full), points.get(full), not told.failed, full not in unmeasured)
        for role, name, full in named
    ]


def _measure(
    aws: Aws,
    batch: Sequence[Asked],
    between: tuple[float, float],
    points: Points,
    unmeasured: set[str],
    footnotes: dict[str, str],
) -> None:
    with Footnote(footnotes, "values are unknown") as told:
        found = aws.cloudwatch.data([query for one in batch for query in one.queries], *between)
        points.update({one.full: found.get(one.shown, []) for one in batch})
    if told.failed:
        unmeasured.update(one.full for one in batch)
