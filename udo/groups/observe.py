"""Reads groups and what EC2 tells of their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import Absent, AwsError, Conflict, PermissionDenied
from udo.frozen import frozen
from udo.model.instances import Instance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup
    from udo.session import Session


@frozen
class Seen:
    """A role's group (None where it does not exist) and what EC2 tells of its members, where it does (`is_known`)."""

    role: Role
    group: AutoScalingGroup | None
    instances: Mapping[str, Instance]
    is_known: bool = True


def existing_group(
    groups: Mapping[str, AutoScalingGroup], role: Role, region: str | None, name: str = ""
) -> AutoScalingGroup:
    """The role's group among those that were read, or the one of that name which serves in its place.

    Raises: Absent where it does not exist; Conflict where it is being deleted.
    """
    name = name or role.group_name
    group = groups.get(name)
    if group is None:
        make = f"; 'udo create {role.cluster} {role.name}' makes it" if name == role.group_name else ""
        raise Absent(f"group {name} of {role.label} does not exist", hint=f"looked in {region}{make}")
    if group.status:
        raise Conflict(f"group {group.name} is being deleted ({group.status})", hint="nothing was changed")
    return group


def observe_group(aws: Aws, role: Role) -> AutoScalingGroup:
    """The role's group.

    Raises: Absent where it does not exist; Conflict where it is being deleted; another UdoError.
    """
    return existing_group(aws.autoscaling.groups([role.group_name]), role, aws.region)


def absent_text(role: Role) -> str:
    """That the role's group does not exist, in one line."""
    return f"group {role.group_name} of {role.label} does not exist"


def observe_instances(
    session: Session, roles: Sequence[Role], *, footnotes: list[str] | None = None
) -> tuple[Seen, ...]:
    """The groups of the roles and their members, in batches per account and region.

    With `footnotes` it continues where EC2 does not tell of the members, and says there why.

    Raises: UdoError.
    """
    seen = []
    for aws, together in session.by_aws(roles):
        groups = aws.autoscaling.groups(role.group_name for role in together)
        ids = [member.instance_id for group in groups.values() for member in group.members]
        instances, is_known = {}, True
        try:
            instances = aws.ec2.instances(ids)
        except (AwsError, PermissionDenied) as error:
            if footnotes is None:
                raise
            footnotes.append(f"?: {error.message}")
            is_known = False
        seen += [Seen(role, groups.get(role.group_name), instances, is_known) for role in together]
    order = {role.label: number for number, role in enumerate(roles)}
    return tuple(sorted(seen, key=lambda one: order[one.role.label]))
