"""Show what a group has launched from: versions, what changed, who runs them."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import click

from udo.change.events import Notice
from udo.change.journal import entries
from udo.change.mark import marked
from udo.errors import one_line
from udo.groups.gone import gone_words
from udo.groups.text import brief_name, brief_time, local_time, short_name
from udo.history.from_aws import made_by
from udo.launch.copying import comparable, configuration_copy, copied
from udo.launch.differences import differences, short
from udo.launch.naming import family
from udo.launch.observe import observe_launch
from udo.launch.overlay import BASIS
from udo.launch.overrides import idle_text
from udo.launch.remembering import remembered, spare
from udo.launch.states import ConfigurationState, TemplateState, pinned_text
from udo.model.launch import LaunchConfigurationReference, LaunchTemplateReference
from udo.result import LOW, Column, Result
from udo.selectors import no_more, one_role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from udo.change.journal import Entry
    from udo.launch.states import State
    from udo.session import Session

_CLOCKS_DIFFER = 600.0
_COPIED = re.compile(r", copied from (\S+)")
COLUMNS = (
    Column("number", "N", "right"),
    Column("name", "NAME", rank=LOW),
    Column("state", "STATE"),
    Column("instances", "INSTANCES", "right", rank=1, brief="IN USE"),
    Column("created_at", "CREATED", fold=brief_time, brief="AGE"),
    Column("created_by", "BY", rank=3, fold=brief_name),
    Column("run", "RUN", rank=LOW + 1),
    Column("reason", "WHY", rank=2, least=16),
    Column("changes", "CHANGED", least=20),
)


def version_rows(state: State, copied_from: Mapping[str, str]) -> list[dict[str, Any]]:
    """One row a version of the group's exact family, newest first, the live one always among them.

    Each is compared with what it was copied from (both as the tag writes them), else with the one below it.
    """
    rows = _configuration_rows(state) if isinstance(state, ConfigurationState) else _template_rows(state)
    named = {row["reference"]: row for row in rows}
    for row, below in zip_longest(rows, rows[1:]):
        older = named.get(copied_from.get(row["reference"], ""), below)
        found = differences(older["data"], row["data"]) if older else ()
        row["compared_with"] = older and (older["number"] or older["name"])
        row["differences"] = [difference.row() for difference in found]
        row["changes"] = f"since {row['compared_with']}: {short(found)}" if older is not below else short(found)
        run, reason = marked(row["description"] or "")
        row |= {"run": run or None, "reason": reason or None}
    return [{key: value for key, value in row.items() if key not in ("data", "reference")} for row in rows]


def sources(state: State, recorded: Iterable[Entry], label: str) -> dict[str, str]:
    """What versions were copied from, as the tag writes both: by this machine's journal and the group's tag.

    AWS itself keeps it of no version.
    """
    told = remembered(state.group)
    found = {told.now: told.before} if told and told.made else {}
    steps = [(entry, copy[1]) for entry in recorded if entry.target == label and (copy := _COPIED.search(entry.step))]
    if isinstance(state, ConfigurationState):
        created = {name: one.created_at for name, one in state.configurations.items()}
        made = ((made_by(entry), entry, source) for entry, source in steps)
        return found | {name: source for name, entry, source in made if _near(entry.time, created.get(name))}
    by_run = {entry.run: source for entry, source in steps if f"template {state.live.name}," in entry.step}
    runs = {one.number: marked(one.description)[0] for one in state.versions}
    template = state.live.id
    return found | {f"{template}:{n}": f"{template}:{by_run[run]}" for n, run in runs.items() if run in by_run}


def _configuration_rows(state: ConfigurationState) -> list[dict[str, Any]]:
    others = {*state.group_names} - {state.group.name}
    numbers: dict[str, int | None] = {**family(state.group.name, state.configurations, others)}
    numbers.setdefault(state.live.name, None)
    told = remembered(state.group)
    marks = {told.before: "before"} if told else {}
    marks |= {spare(state.group, state.live.name): "leftover", state.live.name: "current"}
    launched = [m.launch.name for m in state.group.members if isinstance(m.launch, LaunchConfigurationReference)]
    newest_first = sorted(numbers, key=lambda name: -(numbers[name] or 0))
    return [
        {
            "number": numbers[name],
            "name": name,
            "state": marks.get(name),
            "instances": launched.count(name),
            "created_at": state.configurations[name].created_at or None,
            "created_by": None,
            "description": None,
            "reference": name,
            "data": comparable(configuration_copy(state.configurations[name].data, state.shape)),
        }
        for name in newest_first
    ]


def _template_rows(state: TemplateState) -> list[dict[str, Any]]:
    told = remembered(state.group)
    marks: Mapping[str, str] = {told.before: "before"} if told else {}
    live = pinned_text(state)
    marks = {**marks, spare(state.group, live): "leftover", live: "current"}
    launched = [
        m.launch.version
        for m in state.group.members
        if isinstance(m.launch, LaunchTemplateReference) and m.launch.id == state.live.id
    ]
    return [
        {
            "number": version.number,
            "name": version.template_name,
            "state": marks.get(f"{version.template_id}:{version.number}"),
            "instances": launched.count(str(version.number)),
            "created_at": version.created_at or None,
            "created_by": version.created_by or None,
            "description": version.description or None,
            "reference": f"{version.template_id}:{version.number}",
            "data": comparable(copied(version.data, state.shape)),
        }
        for version in state.versions
    ]


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """Show the launch configurations of a group's exact family (or the versions of its launch template), newest
    first: which is current, which was before, how many instances were launched from each, what each changed. A leftover
    was made by a change that was broken off; nothing ever launched from it.

    AWS does not record who made a launch configuration, or why: the run is shown if it ran on this machine.

    \b
    udo versions prod webapp
    udo rollback prod webapp --to 3        go back to number 3
    """
    role, rest = one_role(session.config, words)
    no_more(rest)
    session.hide_secrets(role, *BASIS)
    state = observe_launch(session.aws(role), role)
    recorded = list(entries(lambda text: session.emit(Notice(text, "warning"))))
    rows = version_rows(state, sources(state, recorded, role.label))
    _fill_in(rows, recorded, role.label)
    now = session.clock.time()
    text = [
        row | {"created_at": local_time(row["created_at"], now), "created_by": short_name(row["created_by"]) or "?"}
        for row in rows
    ]
    changed = {one["key"].partition(".")[0] for row in rows for one in row["differences"]}
    notes = [idle_text(state.group, changed), *(one for one in state.notes if one.startswith("warning: "))]
    if isinstance(state, TemplateState) and state.is_gone:
        notes.append(one_line(*gone_words(role, state.group)))
    return Result(rows, COLUMNS, text, notes=[*filter(None, notes)])


def _fill_in(rows: Sequence[dict[str, Any]], recorded: Iterable[Entry], label: str) -> None:
    """Puts in who made a launch configuration and in which run, where the journal of this machine knows it."""
    made = {name: entry for entry in recorded if entry.target == label and (name := made_by(entry))}
    for row in rows:
        entry = made.get(row["name"])
        if entry and not row["description"] and _near(entry.time, row["created_at"]):
            row |= {"run": entry.run, "created_by": entry.operator}


def _near(recorded: str, created: str | None) -> bool:
    """Whether it is the same creation: another account may have one of that name, and so may earlier times."""
    if not created:
        return False
    between = datetime.fromisoformat(recorded) - datetime.fromisoformat(created)
    return abs(between.total_seconds()) < _CLOCKS_DIFFER
