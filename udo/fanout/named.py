"""Looks whether the instances that were named are members of the groups in question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.errors import Absent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.fanout.which import Whom
    from udo.groups.observe import Seen
    from udo.session import Session


def check_named(session: Session, seen: Sequence[Seen], whom: Whom) -> None:
    """Says which of those that are left out are nobody's. Raises: Absent for one that is meant and nobody's."""
    members = {member.instance_id for one in seen if one.group for member in one.group.members}
    strangers = [one for one in whom.instances if one not in members]
    if strangers and members:
        groups = ", ".join(one.role.group_name for one in seen)
        raise Absent(f"{', '.join(strangers)}: not in group {groups}", hint="'udo instances' lists its members")
    for one in whom.excluded:
        if one not in members:
            session.output.say(f"{one} is in none of these groups: --exclude has no effect on it")
