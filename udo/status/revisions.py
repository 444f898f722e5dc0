"""Tells which revision each member of a group has, as far as CodeDeploy's deployments tell it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from udo.aws import Aws
    from udo.model.deployments import Deployment

# Each costs a request; who has what from before is not looked for.
_MOST = 10


def observe_revisions(
    aws: Aws, application: str, group: str, instance_ids: Iterable[str]
) -> dict[str, Deployment | None]:
    """The last deployment that succeeded on each of the instances, None where there was none.

    One that ten deployments do not tell of is left out. Raises: UdoError.
    """
    left = list(instance_ids)
    found: dict[str, Deployment | None] = {}
    deployments = aws.codedeploy.deployments(application, group)
    for one in islice(deployments, _MOST) if left else ():
        reached = frozenset(aws.codedeploy.target_ids(one.deployment_id, ("Succeeded",)))
        found |= {instance: one for instance in left if instance in reached}
        left = [instance for instance in left if instance not in reached]
        if not left:
            return found
    if next(deployments, None) is None:
        found |= dict.fromkeys(left)
    return found
