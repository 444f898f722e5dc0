"""When roles were deployed to and refreshed, as CodeDeploy and Auto Scaling list it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from udo.deploy.revision import brief, told
from udo.errors import AwsError, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from udo.aws import Aws
    from udo.config import Role

# A marker as AWS has it: a label and a time.
Marker = dict[str, Any]
# So many of a role, whatever time they are of: the same lists give the same markers tomorrow.
MOST = 10
# Source: botocore codedeploy DeploymentCreator: those that bring the revision to single instances, as they come and go.
_OF_ONE_INSTANCE = ("autoscaling", "autoscalingTermination", "CodeDeployAutoUpdate")
# Among so many of the newest deployments markers are looked for.
_LOOKED_AT = 100
_ENDED = {
    "Failed": "failed",
    "Stopped": "stopped",
    "Cancelled": "cancelled",
    "RollbackSuccessful": "rolled back",
    "RollbackFailed": "failed, and so did the way back",
}


def observe_markers(aws: Aws, role: Role, warn: Callable[[str], None], *, exists: bool) -> tuple[Marker, ...] | None:
    """The newest markers of a role, the oldest first; None where AWS does not tell. A group that `exists` is asked for.

    Raises: UdoError.
    """
    try:
        found = [*_deployments(aws, role), *(_refreshes(aws, role) if exists else ())]
    except (AwsError, PermissionDenied) as error:
        warn(f"continuing without new markers of {role.label}: {error.message}")
        return None
    return tuple(sorted(found, key=_when)[-MOST:])


def _deployments(aws: Aws, role: Role) -> list[Marker]:
    application, name = (role.get(f"deploy.{key}") for key in ("application", "deployment_group"))
    if not (application and name):
        return []
    try:
        newest = islice(aws.codedeploy.deployments(application, name), _LOOKED_AT)
        wanted = list(islice((one for one in newest if one.creator not in _OF_ONE_INSTANCE), MOST))
    except AwsError as error:
        if not error.aws_code.endswith("DoesNotExistException"):
            raise
        return []
    return [_marker(f"deploy {brief(told(one.revision))}", one.status, one.created_at) for one in wanted]


def _refreshes(aws: Aws, role: Role) -> list[Marker]:
    started = (one for one in aws.autoscaling.latest_refreshes(role.group_name) if one.started_at)
    return [_marker("refresh", one.status, one.started_at) for one in started]


def _when(marker: Mapping[str, Any]) -> tuple[str, str]:
    return marker["value"], marker["label"]


def _marker(what: str, status: str, when: str) -> Marker:
    return {"label": f"{what} {_ENDED[status]}" if status in _ENDED else what, "value": when}
