"""Says of instances whether their agents can be reached through Systems Manager, and otherwise why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.model.commands import ONLINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udo.aws import Aws

NEVER = "Systems Manager does not list it: no agent has registered, or has a role that lets it"


def not_online(aws: Aws, instance_ids: Sequence[str]) -> dict[str, str]:
    """Why each of those that are not online is not, by instance id.

    Raises: UdoError.
    """
    known = aws.run_command.agents(instance_ids)
    lost = {}
    for one in instance_ids:
        agent = known.get(one)
        if agent is None:
            lost[one] = NEVER
        elif agent.ping != ONLINE:
            lost[one] = f"its agent was lost: last heard of at {agent.heard_at}"
    return lost
