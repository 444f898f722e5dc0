"""List the instances of a group, with state, addresses and age."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from udo.commands._options import whom_of, whom_options
from udo.deploy.revision import brief, told
from udo.errors import Absent
from udo.fanout.last_run import failed
from udo.fanout.named import check_named
from udo.fanout.which import Whom, chosen
from udo.groups.observe import absent_text, observe_instances
from udo.groups.outdated import observe_outdated
from udo.groups.rows import instance_row
from udo.groups.text import age, brief_launch, launch_text
from udo.result import LOW, Column, Result
from udo.selectors import reading_roles
from udo.status.footnote import Footnote
from udo.status.members import revision_row
from udo.status.page import deployment_group
from udo.status.revisions import observe_revisions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.config import Role
    from udo.groups.observe import Seen
    from udo.model.deployments import Deployment
    from udo.model.groups import Member
    from udo.session import Session

FORMATS = ("text", "ids", "json")
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
    Column("ipv6_address", "IPV6", rank=LOW + 1),
    Column("image_id", "IMAGE", rank=LOW + 1),
    Column("launch", "LAUNCHED FROM", rank=3, fold=brief_launch, brief="FROM"),
    Column("protected", "PROTECTED", rank=LOW),
    Column("age", "AGE", "right"),
)
REVISION = Column("revision", "REVISION", rank=1, fold=brief)


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@whom_options
@click.option("--revision", "revisions", is_flag=True, help="Which revision each has; asks once a deployment.")
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], revisions: bool, **given: Any) -> Result:
    """List the instances of a group: state, health, type, addresses, what they were launched from, age.

    CLUSTER ROLE or CLUSTER.ROLE; either may be a list (webapp,worker) or '*'. The role may be left out in a
    cluster with one role. All members are listed, or those that the options below choose. An instance that the group
    lists and EC2 no longer knows is shown as gone, a group that does not exist as absent; what EC2 does not report is a
    '?' with a footnote. --wide shows every column; -o ids prints ids alone.

    \b
    udo instances prod webapp --wide
    udo instances prod webapp --outdated -o ids
    udo instances prod '*' --revision --az us-west-2a
    """
    footnotes: list[str] = []
    whom = whom_of(given)
    roles = reading_roles(session.config, words)
    before = {role.label: failed(session, role) for role in roles} if whom.only_failed else {}
    seen = observe_instances(session, roles, footnotes=footnotes)
    missing = [one.role for one in seen if one.group is None]
    if missing and len(missing) == len(seen):
        raise Absent("; ".join(map(absent_text, missing)))
    check_named(session, seen, whom)
    meant: list[tuple[Seen, Sequence[Member]]] = []
    notes = []
    for one in seen:
        members, why = _meant(session, one, whom, before.get(one.role.label, frozenset()))
        meant.append((one, members))
        notes += [why] if why and one.group else []
    data = [instance_row(one, member) for one, members in meant for member in members]
    if revisions:
        _add_revisions(session, meant, data, footnotes)
    notes += dict.fromkeys(footnotes)
    if session.options.output == "ids":
        ids = [row["instance_id"] for row in data if row["lifecycle_state"] != "gone"]
        return Result(data, text="\n".join(ids) if ids else None, notes=notes)
    rows = _text_rows(meant, data, session.clock.time())
    return Result(data, (*COLUMNS[:-1], REVISION, COLUMNS[-1]) if revisions else COLUMNS, rows, notes=notes)


def _meant(session: Session, one: Seen, whom: Whom, before: frozenset[str]) -> tuple[Sequence[Member], str]:
    """The members of a group that are to be listed, and why there is none."""
    outdated = observe_outdated(session.aws(one.role), one.group) if whom.outdated else frozenset()
    found = chosen(one, whom if whom.states else replace(whom, states=("any",)), outdated, before)
    return found.members, found.why


def _add_revisions(
    session: Session,
    meant: Sequence[tuple[Seen, Sequence[Member]]],
    data: Sequence[dict[str, Any]],
    footnotes: list[str],
) -> None:
    """Adds to each row the revision of its instance and by which deployment it has it."""
    wanted = [(one.role, [member.instance_id for member in members]) for one, members in meant if members]
    asked = [(role, place, ids) for role, ids in wanted if (place := deployment_group(role))]
    found: dict[str, Mapping[str, Deployment | None] | None] = {role.label: None for role, _, _ in asked}
    notes: dict[str, str] = {}

    def read(role: Role, place: tuple[str, str], ids: Sequence[str]) -> None:
        with Footnote(notes):
            found[role.label] = observe_revisions(session.aws(role), *place, ids)

    for role, _, _ in asked:
        session.aws(role).open("codedeploy")
    session.together([partial(read, *one) for one in asked])
    footnotes += sorted(notes)
    for row in data:
        label = f"{row['cluster']} {row['role']}"
        nothing = {"revision": None, "deployment_id": None}
        row.update(revision_row(found[label], row["instance_id"]) if label in found else nothing)


def _text_rows(
    meant: Sequence[tuple[Seen, Sequence[Member]]], data: Sequence[Mapping[str, Any]], now: float
) -> list[dict[str, Any]]:
    """The rows for people: a group that does not exist is one, and what EC2 does not tell is a '?'."""
    rows: list[dict[str, Any]] = []
    left = iter(data)
    for one, members in meant:
        if one.group is None:
            rows.append({"cluster": one.role.cluster, "role": one.role.name, "lifecycle_state": "absent"})
        rows += [_text_row(one, next(left), now) for _ in members]
    return rows


def _text_row(one: Seen, row: Mapping[str, Any], now: float) -> dict[str, Any]:
    of_ec2 = ("private_address", "public_address", "ipv6_address", "image_id", "age")
    revision = row.get("revision")
    return {
        **row,
        "launch": launch_text(row["launch"]),
        "protected": "yes" if row["protected_from_scale_in"] else None,
        "revision": told(revision) if isinstance(revision, dict) else revision,
        "age": age(row["launched_at"], now),
        **({} if one.is_known else dict.fromkeys(of_ec2, "?")),
    }
