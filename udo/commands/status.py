"""Show clusters, roles and the state of their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.deploy.suspend import left_behind
from udo.groups.locks import locked_text
from udo.groups.unapplied import unapplied_notes
from udo.result import Result
from udo.selectors import reading_roles
from udo.status.page import observe_page
from udo.status.rows import COLUMNS, LOCKED, data_row, is_held, text_row

if TYPE_CHECKING:
    from udo.session import Session


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE]]")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """Show how every role's group stands.

    IN SERVICE is members in service / desired (min-max); HEALTHY, how many of those the group and its target groups
    call healthy; OLD, how many members were launched from something else than the group launches from now. DEPLOYED is
    the last deployment that succeeded and how long ago, LAST ATTEMPT the last one where that is another, UNDER WAY what
    runs now, and DIFFERS the keys of udo.yml that the live group has otherwise ('udo plan' compares what is launched).

    Without a word all clusters; either may be a list (webapp,worker) or '*'. What is unknown is a '?'
    with a footnote.

    \b
    udo status                             every cluster
    udo status prod
    udo status prod webapp -o json
    """
    roles = reading_roles(session.config, words, all_by_default=True)
    page = observe_page(session, roles, all_roles=not words)
    rows = [data_row(one) for one in page.standings]
    told = {row["group"]: locked_text(row["group"], row["lock"]) for row in rows if is_held(row)}
    notes = [*page.notes, *told.values()]
    if following := [row["group"] for row in rows if "outdated" in row and row["outdated"] is None]:
        notes.append(f"?: {', '.join(following)} follows $Latest or $Default: which members are outdated is unknown")
    notes += [left for one in page.standings if one.group and (left := left_behind(one.role, one.group))]
    notes += unapplied_notes((role, row.get("not_applied", ())) for role, row in zip(roles, rows, strict=True))
    now = session.clock.time()
    columns = (*COLUMNS, LOCKED) if told else COLUMNS
    return Result(rows, columns, [text_row(row, now) for row in rows], notes=notes)
