"""What AWS holds, as frozen values without behaviour that reaches out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LaunchConfigurationReference:
    """A group or an instance launches from a launch configuration."""

    name: str

    def __str__(self) -> str:
        return f"launch configuration {self.name}"

    def row(self) -> dict[str, str]:
        """The reference for scripts."""
        return {"kind": "launch_configuration", "name": self.name}


@dataclass(frozen=True)
class LaunchTemplateReference:
    """A group or an instance launches from a launch template; `version` is a number, $Latest or $Default."""

    id: str
    name: str
    version: str
    mixed: bool = False

    def __str__(self) -> str:
        return f"launch template {self.name or self.id} version {self.version}"

    def row(self) -> dict[str, str]:
        """The reference for scripts."""
        return {"kind": "launch_template", "name": self.name, "id": self.id, "version": self.version}


LaunchReference = LaunchConfigurationReference | LaunchTemplateReference


@dataclass(frozen=True)
class Override:
    """One override of a mixed instances policy: what it says comes before what the policy's template says.

    `instance_type` is empty where requirements choose; `launch` is a launch template of its own.
    """

    instance_type: str = ""
    image_id: str = ""
    launch: LaunchTemplateReference | None = None

    def __str__(self) -> str:
        return self.instance_type or "instance requirements"


@dataclass(frozen=True)
class Member:
    """An instance as its Auto Scaling group lists it; `image_id` is that of the override it was launched with."""

    instance_id: str
    lifecycle_state: str
    health_status: str
    availability_zone: str
    launch: LaunchReference | None
    instance_type: str = ""
    image_id: str = ""
    protected_from_scale_in: bool = False

    @property
    def in_service(self) -> bool:
        """Whether it takes part in the work of the group."""
        return self.lifecycle_state == "InService"


@dataclass(frozen=True)
class AutoScalingGroup:
    """An Auto Scaling group; `raw` is AWS's whole answer for it.

    `unknown` names the elements of its mixed instances policy that this botocore does not know and cannot send back.
    """

    name: str
    launch: LaunchReference | None
    min_size: int
    max_size: int
    desired_capacity: int
    members: tuple[Member, ...] = ()
    suspended_processes: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = ""
    overrides: tuple[Override, ...] = ()
    unknown: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def own_templates(self) -> tuple[LaunchTemplateReference, ...]:
        """The launch templates that overrides name for themselves, one an override."""
        return tuple(override.launch for override in self.overrides if override.launch)

    @property
    def references(self) -> tuple[LaunchReference, ...]:
        """Everything the group and its members launch or were launched from."""
        own = (self.launch, *(member.launch for member in self.members))
        return (*(one for one in own if one is not None), *self.own_templates)


@dataclass(frozen=True)
class Instance:
    """An EC2 instance; addresses are None where it has none; `launched_at` is RFC 3339 UTC."""

    instance_id: str
    state: str
    instance_type: str = ""
    image_id: str = ""
    availability_zone: str = ""
    private_address: str | None = None
    public_address: str | None = None
    ipv6_address: str | None = None
    launched_at: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LaunchConfiguration:
    """A launch configuration; `data` is AWS's answer for it, user data base64 as AWS gives it.

    `unknown` names the elements of AWS's answer that this botocore does not know, and that no copy can carry.
    """

    name: str
    data: Mapping[str, Any] = field(repr=False)
    created_at: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class LaunchTemplateVersion:
    """One version of a launch template; `data` is its LaunchTemplateData, user data base64.

    `unknown` names the elements of AWS's answer that this botocore does not know, and that only AWS itself can carry.
    """

    template_id: str
    template_name: str
    number: int
    is_default: bool
    data: Mapping[str, Any] = field(repr=False)
    description: str = ""
    created_at: str = ""
    created_by: str = ""
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """A machine image; `created_at` is RFC 3339 UTC as AWS writes it."""

    image_id: str
    name: str = ""
    owner: str = ""
    architecture: str = ""
    created_at: str = ""
    root_device_name: str = ""
    state: str = "available"


@dataclass(frozen=True)
class SecurityGroup:
    """A security group of a VPC."""

    group_id: str
    name: str
    vpc_id: str = ""


@dataclass(frozen=True)
class DeploymentGroup:
    """A CodeDeploy deployment group and the Auto Scaling groups it deploys to.

    `unnamed_groups` counts those that an endpoint lists without their names; `revision` is the one it last took on.
    """

    application: str
    name: str
    auto_scaling_groups: tuple[str, ...]
    last_attempted: str | None = None
    last_status: str = ""
    last_successful: str | None = None
    unnamed_groups: int = 0
    revision: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployment:
    """A CodeDeploy deployment; `overview` counts targets by state; `revision` is AWS's own mapping.

    One that is `outdated_only` reaches the instances that have another revision, and no others; `previous` is the
    revision before it.
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

    @property
    def outcome(self) -> str:
        """The status, and where instances failed how many of how many: also a success may leave some of them out."""
        failed = self.overview.get("Failed", 0)
        return f"{self.status}, {failed} of {sum(self.overview.values())} failed" if failed else self.status

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.status not in ("Succeeded", "Failed", "Stopped")


@dataclass(frozen=True)
class LifecycleEvent:
    """One lifecycle event of a deployment on one instance, with what its script said."""

    name: str
    status: str
    error_code: str = ""
    script: str = ""
    message: str = ""
    log_tail: str = ""


@dataclass(frozen=True)
class DeploymentTarget:
    """A deployment on one instance."""

    instance_id: str
    status: str
    events: tuple[LifecycleEvent, ...] = ()


@dataclass(frozen=True)
class StoredObject:
    """An object in S3; `version` is None where its bucket keeps no versions."""

    bucket: str
    key: str
    version: str | None
    etag: str


@dataclass(frozen=True)
class Subnet:
    """A subnet of a VPC; `ipv6_cidrs` are its IPv6 blocks."""

    subnet_id: str
    vpc_id: str
    cidr: str
    ipv6_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parameter:
    """A parameter of Systems Manager; `modified_at` is RFC 3339 UTC."""

    name: str
    value: str
    modified_at: str = ""
