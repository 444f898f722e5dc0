"""Reads groups and what EC2 tells of their members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from udo.model import Instance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udo.config import Role
    from udo.model import AutoScalingGroup
    from udo.session import Session


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
