"""CodeDeploy's deployments and what they bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from udo.frozen import frozen


@frozen
class DeploymentGroup:
    """A CodeDeploy deployment group and the Auto Scaling groups it deploys to.

    `unnamed_groups` counts those that an endpoint lists without their names; `revision` is the one it last took on,
    `suspends` the processes that CodeDeploy suspends while it deploys.
    `alarms` are those that stop its deployments, `rollback_on` the events that roll them back; one that `has_tags` goes
    to further instances.
    """

    application: str
    name: str
    auto_scaling_groups: tuple[str, ...]
    last_attempted: str | None = None
    last_status: str = ""
    last_successful: str | None = None
    unnamed_groups: int = 0
    revision: Mapping[str, Any] = field(default_factory=dict)
    suspends: tuple[str, ...] = ()
    config: str = ""
    alarms: tuple[str, ...] = ()
    alarms_may_be_unknown: bool = False
    rollback_on: tuple[str, ...] = ()
    has_tags: bool = False
    is_blue_green: bool = False


@frozen
class Minimum:
    """How many instances must stay healthy: `kind` is HOST_COUNT, FLEET_PERCENT or AWS's own MOST_CONCURRENCY."""

    kind: str
    value: int


@frozen
class Zonal:
    """How a deployment goes from zone to zone: the minimum in each, and the waits after the first and the others."""

    minimum: Minimum
    first_wait: int = 0
    wait: int = 0


@frozen
class DeploymentConfig:
    """A deployment configuration."""

    name: str
    minimum: Minimum
    zonal: Zonal | None = None


@frozen
class Deployment:
    """A CodeDeploy deployment; `overview` counts targets by state; `revision` is AWS's own mapping.

    One that is `outdated_only` reaches the instances that have another revision, and no others; `previous` is the
    revision before it; `suspends` are the processes that CodeDeploy suspends for it, `config` is how it deploys.
    """

    deployment_id: str
    status: str
    application: str
    deployment_group: str
    revision: Mapping[str, Any]
    creator: str = ""
    description: str = ""
    created_at: str = ""
    completed_at: str = ""
    error_code: str = ""
    error_message: str = ""
    overview: Mapping[str, int] = field(default_factory=dict)
    rollback_id: str = ""
    outdated_only: bool = False
    previous: Mapping[str, Any] = field(default_factory=dict)
    suspends: tuple[str, ...] = ()
    config: str = ""

    @property
    def outcome(self) -> str:
        """The status, and where instances failed how many of how many: also a success may leave some of them out."""
        failed = self.overview.get("Failed", 0)
        return f"{self.status}, {failed} of {sum(self.overview.values())} failed" if failed else self.status

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.status not in ("Succeeded", "Failed", "Stopped")


@frozen
class LifecycleEvent:
    """One lifecycle event of a deployment on one instance, with what its script said; times in seconds since 1970."""

    name: str
    status: str
    error_code: str = ""
    script: str = ""
    message: str = ""
    log_tail: str = ""
    began: float | None = None
    ended: float | None = None


@frozen
class DeploymentTarget:
    """A deployment on one instance; `label` is Blue or Green where one kind replaces the other."""

    instance_id: str
    status: str
    events: tuple[LifecycleEvent, ...] = ()
    label: str = ""


@frozen
class StoredObject:
    """An object in S3; `version` is None where its bucket keeps no versions, `marks` is its metadata."""

    bucket: str
    key: str
    version: str | None
    etag: str
    size: int = 0
    marks: Mapping[str, str] = field(default_factory=dict)


@frozen
class UnfinishedUpload:
    """A multipart upload that was begun, and neither completed nor thrown away."""

    upload_id: str
    begun_at: str
