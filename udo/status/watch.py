"""Shows a page again and again: in its place on a terminal, elsewhere only what has changed."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from udo.errors import LostAnswer, NotSent
from udo.status.members import COLUMNS as MEMBERS
from udo.status.members import member_texts
from udo.status.rows import COLUMNS, LOCKED, text_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from udo.result import Result
    from udo.session import Session

# Seconds from one look to the next.
EVERY = 5.0
# What is told of a role or a member that changes: not what it is called by, nor how old it is.
_OF_ROLES = tuple(column for column in (*COLUMNS, LOCKED) if column.key not in ("cluster", "role", "group"))
_OF_MEMBERS = tuple(column for column in MEMBERS if column.key not in ("instance_id", "age"))

Told = dict[str, dict[str, str]]


def watch(session: Session, look: Callable[[], Result]) -> NoReturn:
    """Looks until it is interrupted, and shows each time what there is to see.

    A look that fails for the moment is said, and the next one follows. Raises: Interrupted, another UdoError.
    """
    from udo.change.waiting import jittered

    view = _view(session)
    last = look()
    view(last)
    while True:
        session.clock.sleep(jittered(EVERY))
        try:
            last = look()
        except (NotSent, LostAnswer) as error:
            view(replace(last, notes=(*last.notes, f"warning: {error.message}")))
        else:
            view(last)


def _view(session: Session) -> Callable[[Result], None]:
    if session.options.output == "jsonl":
        return _Documents(session)
    return _Pages(session) if session.output.is_rewritable else _Lines(session)


class _Pages:
    """The whole page, in the place of the one before."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __call__(self, result: Result) -> None:
        now = time.strftime("%H:%M:%S", time.localtime(self._session.clock.time()))
        self._session.output.page(result, f"every {EVERY:g} s, at {now}; Ctrl-C ends it")


class _Lines:
    """The page once, and then a line a change."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._before: Told | None = None
        self._notes: Sequence[str] = ()

    def __call__(self, result: Result) -> None:
        now = told(result.data)
        if self._before is None:
            self._session.output.show(result, self._session.command)
        else:
            at = time.strftime("%H:%M:%S", time.localtime(self._session.clock.time()))
            for line in changes(self._before, now):
                self._session.output.line(f"{at}  {line}")
            for note in result.notes:
                if note not in self._notes:
                    self._session.output.say(note)
        self._before, self._notes = now, result.notes


class _Documents:
    """A document a role at first, and again whenever something of it changes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._before: dict[tuple[str, str], Any] = {}

    def __call__(self, result: Result) -> None:
        at = f"{datetime.fromtimestamp(self._session.clock.time(), UTC):%Y-%m-%dT%H:%M:%SZ}"
        for row in result.data:
            key = (row["cluster"], row["role"])
            if self._before.get(key) != row:
                self._session.output.line(json.dumps({"at": at, **row}))
            self._before[key] = row


def documents(session: Session, result: Result) -> None:
    """Writes a document a role."""
    _Documents(session)(result)


def told(data: Sequence[Mapping[str, Any]]) -> Told:
    """What is said of each role and each member, by heading, without ages."""
    found: Told = {}
    for row in data:
        text = text_row(row, None)
        label = f"{row['cluster']} {row['role']}"
        found[label] = {column.heading: _said(text.get(column.key, "")) for column in _OF_ROLES}
        for member in member_texts(row.get("instances", ()), 0.0):
            name = f"{label} {member['instance_id']}"
            found[name] = {column.heading: _said(member.get(column.key, "")) for column in _OF_MEMBERS}
    return found


def changes(before: Told, now: Told) -> Iterator[str]:
    """A line for each role or member that is told otherwise than before, that came, or that is gone."""
    for label, values in now.items():
        if label not in before:
            yield f"{label}  new, {', '.join(text for text in values.values() if text not in ('', '-'))}"
            continue
        moved = [
            f"{heading} {before[label][heading] or '-'} -> {text or '-'}"
            for heading, text in values.items()
            if text != before[label][heading]
        ]
        if moved:
            yield f"{label}  {'; '.join(moved)}"
    yield from (f"{label}  gone" for label in before if label not in now)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)
