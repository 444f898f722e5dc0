"""List the instances of a group, with state, addresses and age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from udo.errors import Absent
from udo.groups.observe import absent_text, observe_instances
from udo.groups.rows import instance_rows
from udo.groups.text import age, brief_launch, launch_text
from udo.result import LOW, Column, Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.config import Role
    from udo.groups.observe import Seen
    from udo.session import Session

COLUMNS = (
    Column("cluster", "CLUSTER", once=True),
    Column("role", "ROLE", once=True),
    Column("instance_id", "INSTANCE"),
    Column("lifecycle_state", "STATE"),
    Column("health_status", "HEALTH", rank=2),
    Column("instance_type", "TYPE", rank=4),
    Column("availability_zone", "ZONE", rank=LOW),
    Column("private_address", "PRIVATE", rank=1),
    Column("public_address", "PUBLIC", rank=LOW + 1),
    Column("launch", "LAUNCHED FROM", rank=3, fold=brief_launch, brief="FROM"),
    Column("age", "AGE", "right"),
)


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """List the instances of a group: state, health, type, addresses, what they were launched from, age.

    CLUSTER ROLE or CLUSTER.ROLE; either may be a list (webapp,worker) or '*'. The role may be left out in a
    cluster with one role. An instance that the group lists and EC2 no longer knows is shown as gone, a group that does
    not exist as absent; what EC2 does not report is a '?' with a footnote.
    """
    footnotes: list[str] = []
    seen = observe_instances(session, reading_roles(session.config, words), footnotes=footnotes)
    data = [row for one in seen for row in instance_rows(one)]
    now = session.clock.time()
    rows = [row for one in seen for row in _text_rows(one, now)]
    missing = [one.role for one in seen if one.group is None]
    if missing and len(missing) == len(seen):
        raise Absent(_absent(missing))
    notes = [f"group {one.role.group_name} is empty" for one in seen if one.group and not one.group.members]
    notes += dict.fromkeys(footnotes)
    return Result(data, COLUMNS, rows, notes=notes)


def _text_rows(one: Seen, now: float) -> list[dict[str, Any]]:
    """The rows for people: a group that does not exist is one, and what EC2 does not tell is a '?'."""
    if one.group is None:
        return [{"cluster": one.role.cluster, "role": one.role.name, "lifecycle_state": "absent"}]
    unknown = {} if one.is_known else dict.fromkeys(("private_address", "public_address", "age"), "?")
    return [
        row | {"launch": launch_text(row["launch"]), "age": age(row["launched_at"], now)} | unknown
        for row in instance_rows(one)
    ]


def _absent(roles: Sequence[Role]) -> str:
    return "; ".join(map(absent_text, roles))
