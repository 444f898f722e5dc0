"""Lets the person at the terminal choose the instance to log in to."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from udo.errors import Refused, UsageError
from udo.fanout.reach import within_reach
from udo.groups.rows import instance_row
from udo.groups.text import age, brief_launch, launch_text
from udo.result import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.fanout.reach import Host
    from udo.session import Session

COLUMNS = (
    Column("number", "#", "right"),
    Column("instance_id", "INSTANCE"),
    Column("role", "ROLE", once=True),
    Column("address", "ADDRESS"),
    Column("availability_zone", "ZONE", rank=2),
    Column("lifecycle_state", "STATE", rank=1),
    Column("launch", "LAUNCHED FROM", rank=3, fold=brief_launch, brief="FROM"),
    Column("age", "AGE", "right"),
)


def check_terminal() -> None:
    """Makes sure that somebody can be asked. Raises: UsageError."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("--choose asks, and there is no terminal to ask on", hint="name one by --instance")


def choose(session: Session, hosts: Sequence[Host]) -> Host:
    """The host that is chosen, by its number or id, from the list of those within reach; of one alone, that one.

    Raises: Refused where nothing is chosen; Absent where none is within reach.
    """
    found, notes = within_reach(hosts)
    if len(found) == 1:
        return found[0]
    for note in notes:
        session.output.say(note)
    rows = [_row(session, number, host) for number, host in enumerate(found, 1)]
    question = f"Log in to which of 1 to {len(found)}?"
    while answer := session.output.choose(COLUMNS, rows, question):
        for number, host in enumerate(found, 1):
            if answer in (str(number), host.instance_id):
                return host
        session.output.error(f"{answer!r} is none of them")
    raise Refused("no instance was chosen")


def _row(session: Session, number: int, host: Host) -> dict[str, Any]:
    row = instance_row(host.seen, host.member)
    told = {"number": number, "role": host.role.label, "address": host.target["address"]}
    return {**row, **told, "launch": launch_text(row["launch"]), "age": age(row["launched_at"], session.clock.time())}
