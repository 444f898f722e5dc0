"""List the instances of a group, with state, addresses and age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from udo.errors import Absent
from udo.model import Instance, Member
from udo.result import Column, Result
from udo.words import reading_roles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.config import Role
    from udo.model import AutoScalingGroup
    from udo.session import Session

COLUMNS = (
    Column("cluster", "CLUSTER"),
    Column("role", "ROLE"),
    Column("instance_id", "INSTANCE"),
    Column("lifecycle_state", "STATE"),
    Column("health_status", "HEALTH"),
    Column("instance_type", "TYPE"),
    Column("availability_zone", "ZONE"),
    Column("private_address", "PRIVATE"),
    Column("public_address", "PUBLIC"),
    Column("launch", "LAUNCHED FROM"),
    Column("age", "AGE", "right"),
)


@dataclass(frozen=True)
class Seen:
    """A role's group (None where it does not exist) and what EC2 tells of its members."""

    role: Role
    group: AutoScalingGroup | None
    instances: Mapping[str, Instance]


def observe_instances(session: Session, roles: Sequence[Role]) -> tuple[Seen, ...]:
    """The groups of the roles and their members, in batches per account and region."""
    seen = []
    for aws, together in session.by_aws(roles):
        groups = aws.autoscaling.groups(role.group_name for role in together)
        ids = [member.instance_id for group in groups.values() for member in group.members]
        instances = aws.ec2.instances(ids)
        seen += [Seen(role, groups.get(role.group_name), instances) for role in together]
    order = {role.label: number for number, role in enumerate(roles)}
    return tuple(sorted(seen, key=lambda one: order[one.role.label]))


def instance_rows(seen: Seen) -> list[dict[str, Any]]:
    """One row a member, in the order the group lists them; one EC2 no longer knows is `gone`."""
    return [instance_row(seen, member) for member in (seen.group.members if seen.group else ())]


def instance_row(seen: Seen, member: Member) -> dict[str, Any]:
    """One member as AWS tells of it."""
    instance = seen.instances.get(member.instance_id)
    known = instance or Instance(member.instance_id, "gone", member.instance_type)
    return {
        "cluster": seen.role.cluster,
        "role": seen.role.name,
        "group": seen.role.group_name,
        "instance_id": member.instance_id,
        "lifecycle_state": member.lifecycle_state if instance else "gone",
        "health_status": member.health_status,
        "state": known.state,
        "instance_type": known.instance_type or member.instance_type,
        "image_id": known.image_id,
        "availability_zone": member.availability_zone,
        "private_address": known.private_address,
        "public_address": known.public_address,
        "ipv6_address": known.ipv6_address,
        "launch": member.launch.row() if member.launch else None,
        "launched_at": known.launched_at or None,
    }


def launch_text(row: Mapping[str, str] | None) -> str | None:
    """A launch reference for a table."""
    if row is None:
        return None
    version = f" version {row['version']}" if "version" in row else ""
    return f"{row['kind'].replace('_', ' ')} {row['name']}{version}"


def age(when: str | None, now: float) -> str:
    """How long ago an RFC 3339 time was, in its largest unit (s, m, h, d); empty for none."""
    from datetime import datetime

    if not when:
        return ""
    seconds = max(0, int(now - datetime.fromisoformat(when).timestamp()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER [ROLE]")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """List the instances of a group: state, health, type, addresses, what they were launched from, age.

    CLUSTER ROLE or CLUSTER.ROLE; lists (webapp,worker) and '*' may stand for either. The role may be left out in a
    cluster with one role. An instance that the group lists and EC2 no longer knows is shown as gone.
    """
    seen = observe_instances(session, reading_roles(session.config, words))
    data = [row for one in seen for row in instance_rows(one)]
    now = session.clock.time()
    rows = [row | {"launch": launch_text(row["launch"]), "age": age(row["launched_at"], now)} for row in data]
    missing = [one.role for one in seen if one.group is None]
    if missing and len(missing) == len(seen):
        raise Absent(_absent(missing))
    notes = [_absent([role]) for role in missing]
    notes += [f"group {one.role.group_name} is empty" for one in seen if one.group and not one.group.members]
    return Result(data, COLUMNS, rows, notes=notes)


def _absent(roles: Sequence[Role]) -> str:
    return "; ".join(f"group {role.group_name} of {role.label} does not exist" for role in roles)
