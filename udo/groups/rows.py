"""Members of groups as rows of tables and documents."""

from __future__ import annotations

from typing import Any

from udo.groups.observe import Seen
from udo.model.groups import Member
from udo.model.instances import Instance


def instance_rows(seen: Seen) -> list[dict[str, Any]]:
    """One row a member, in the order the group lists them; one EC2 no longer knows is `gone`."""
    return [instance_row(seen, member) for member in (seen.group.members if seen.group else ())]


def instance_row(seen: Seen, member: Member) -> dict[str, Any]:
    """One member as AWS tells of it."""
    instance = seen.instances.get(member.instance_id)
    known = instance or Instance(member.instance_id, "gone" if seen.is_known else "", member.instance_type)
    return {
        "cluster": seen.role.cluster,
        "role": seen.role.name,
        "group": seen.role.group_name,
        "instance_id": member.instance_id,
        "lifecycle_state": member.lifecycle_state if instance or not seen.is_known else "gone",
        "health_status": member.health_status,
        "state": known.state or None,
        "instance_type": known.instance_type or member.instance_type,
        "image_id": known.image_id or None,
        "availability_zone": member.availability_zone,
        "private_address": known.private_address,
        "public_address": known.public_address,
        "ipv6_address": known.ipv6_address,
        "launch": member.launch.row() if member.launch else None,
        "launched_at": known.launched_at or None,
        "protected_from_scale_in": member.protected_from_scale_in,
    }
