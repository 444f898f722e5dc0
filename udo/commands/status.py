"""Show clusters, roles and the state of their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from udo.errors import UsageError, one_line
from udo.groups.gone import gone_words
from udo.groups.locks import locked_text
from udo.groups.unapplied import unapplied_notes
from udo.result import Result
from udo.selectors import reading_roles
from udo.status.page import observe_page
from udo.status.rows import COLUMNS, LOCKED, data_row, is_held, text_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from udo.config import Role
    from udo.session import Session
    from udo.status.details import Details
    from udo.status.page import Page

FORMATS = ("text", "json", "jsonl")


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE]]")
@click.option("-w", "--watch", "watched", is_flag=True, help="Look every 5 s until Ctrl-C, and show what changes.")
@click.pass_obj
def command(session: Session, words: tuple[str, ...], watched: bool) -> Result:
    """Show every role's group, or one with its settings and members.

    IN SERVICE is members in service / desired (min-max), in units where members have weights; HEALTHY, how many of
    those the group and its target groups call healthy; OUTDATED (OLD), how many members were launched from something
    else than the group launches from now. DEPLOYED is the last deployment that succeeded and how long ago, LAST ATTEMPT
    (ATTEMPT where there is little room) the last one where that is another, UNDER WAY (NOW) what runs now, or that the
    group is asleep, and DIFFERS the keys of udo.yml that the live group has otherwise, as far as these few requests
    tell: of what is launched the type, and of policies, schedules, hooks and the image on the page of one alone. 'udo
    plan' compares all of it, value by value. Alarms of udo.yml that ring are named.

    Without a word all clusters; either may be a list (webapp,worker) or '*'. CLUSTER ROLE, exact names, is the page of
    one: its settings, instance refresh, hooks and policies, and a row a member with why it is not healthy and which
    revision it has. What is unknown is a '?' with a footnote.

    \b
    udo status                             every cluster
    udo status prod
    udo status prod webapp                 one group and its members
    udo status prod -w -o jsonl            a document a role, and again when something of it changes
    """
    roles = reading_roles(session.config, words, all_by_default=True)
    if not watched:
        result = _look(session, roles, words)
        if session.options.output != "jsonl":
            return result
        from udo.status.watch import documents

        documents(session, result)
        return Result(result.data, notes=result.notes)
    if session.options.output == "json":
        raise UsageError("a watch is no single document", hint="use -o jsonl: a document a change")
    from udo.status.watch import watch

    return watch(session, lambda: _look(session, roles, words))


def _look(session: Session, roles: Sequence[Role], words: tuple[str, ...]) -> Result:
    if _names_one(words):
        # Late, as what watches: the page of all roles is looked at most, and has use for neither.
        from udo.status.details import Details

        details = Details(session.aws(roles[0]), roles[0].group_name)
        page = observe_page(session, roles, details=details)
        if page.standings[0].group:
            return _of_one(session, page, details)
    else:
        page = observe_page(session, roles, all_roles=not words)
    return _of_all(session, roles, page)


def _names_one(words: tuple[str, ...]) -> bool:
    """Whether the words are the names of a cluster and a role, and no lists."""
    return ".".join(words).count(".") == 1 and not set("*,") & set("".join(words))


def _of_one(session: Session, page: Page, details: Details) -> Result:
    from udo.status.facts import details_row, facts
    from udo.status.members import COLUMNS as MEMBERS
    from udo.status.members import member_rows, member_texts

    (one,) = page.standings
    now = session.clock.time()
    row, members = data_row(one, details, now), member_rows(one, details)
    told = tuple(facts(one, details, row, members, now))
    notes = list(page.notes) if members else [*page.notes, f"group {row['group']} is empty"]
    if details.gone and one.group:
        notes.append(one_line(*gone_words(one.role, one.group)))
    notes += _left_behind(page)
    data = [row | details_row(one, details) | {"instances": members}]
    return Result(data, MEMBERS, member_texts(members, now), notes=notes, facts=told)


def _left_behind(page: Page) -> Iterator[str]:
    """A line on what runs have suspended on each of the groups, and what resumes it."""
    for one in page.standings:
        if one.group and "udo:creating" in one.group.tags:
            yield f"{one.group.name} is not whole yet: continue with 'udo create {one.role.cluster} {one.role.name}'"
        if one.group and any(key.startswith("udo:suspended") for key in one.group.tags):
            # Late: what is suspended by a run is seldom, and what reads has no use for plans.
            from udo.deploy.suspend import left_behind

            yield from filter(None, [left_behind(one.role, one.group)])


def _ringing(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line on the alarms of each role that ring."""
    for row in rows:
        states = row.get("alarms") or {}
        if names := [] if states == "?" else [name for name, state in states.items() if state == "ALARM"]:
            here = f"{row['cluster']} {row['role']}"
            yield f"in ALARM: {', '.join(names)} of {here}, 'udo alarms {here}' shows them"


def _of_all(session: Session, roles: Sequence[Role], page: Page) -> Result:
    rows = [data_row(one) for one in page.standings]
    told = {row["group"]: locked_text(row["group"], row["lock"]) for row in rows if is_held(row)}
    notes = [*page.notes, *told.values()]
    if following := [row["group"] for row in rows if "outdated" in row and row["outdated"] is None]:
        notes.append(f"?: {', '.join(following)} follows $Latest or $Default: which members are outdated is unknown")
    notes += _left_behind(page)
    notes += _ringing(rows)
    told_of = [(role, row) for role, row in zip(roles, rows, strict=True) if row["state"] != "absent"]
    notes += unapplied_notes(((role, row["not_launched"]) for role, row in told_of), "updatelc")
    notes += unapplied_notes((role, row["not_applied"]) for role, row in told_of)
    now = session.clock.time()
    columns = (*COLUMNS, LOCKED) if told else COLUMNS
    return Result(rows, columns, [text_row(row, now) for row in rows], notes=notes)
