"""Auto Scaling groups and their members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from udo.frozen import frozen
from udo.model.launch import LaunchReference, LaunchTemplateReference

# The tag by which groups name their application.
APP_TAG = "udo:app"
# Source: API_Instance (Auto Scaling), LifecycleState.
_WARMED = (
    *("Pending", "Pending:Wait", "Pending:Proceed", "Pending:Retained", "Stopped", "Running", "Hibernated"),
    *("Terminating", "Terminating:Wait", "Terminating:Proceed", "Terminating:Retained", "Terminated"),
)
LIFECYCLE_STATES = (
    *("InService", "Pending", "Pending:Wait", "Pending:Proceed", "Quarantined", "EnteringStandby", "Standby"),
    *("Terminating", "Terminating:Wait", "Terminating:Proceed", "Terminating:Retained", "Terminated"),
    *("Detaching", "Detached", "ReplacingRootVolume", "ReplacingRootVolume:Wait", "ReplacingRootVolume:Proceed"),
    *("RootVolumeReplaced", *(f"Warmed:{state}" for state in _WARMED)),
)


@frozen
class Override:
    """One override of a mixed instances policy: what it says comes before what the policy's template says.

    `instance_type` is empty where requirements choose; `launch` is a launch template of its own.
    """

    instance_type: str = ""
    image_id: str = ""
    launch: LaunchTemplateReference | None = None

    def __str__(self) -> str:
        return self.instance_type or "instance requirements"


@frozen
class Member:
    """An instance as its Auto Scaling group lists it; `image_id` is that of the override it was launched with.

    `weight` is how much it counts towards the desired capacity.
    """

    instance_id: str
    lifecycle_state: str
    health_status: str
    availability_zone: str
    launch: LaunchReference | None
    instance_type: str = ""
    image_id: str = ""
    protected_from_scale_in: bool = False
    weight: int = 1

    @property
    def in_service(self) -> bool:
        """Whether it takes part in the work of the group."""
        return self.lifecycle_state == "InService"

    @property
    def is_aside(self) -> bool:
        """Whether it is in Standby or on its way there, and so no part of the capacity.

        Source: docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html.
        """
        return self.lifecycle_state in ("EnteringStandby", "Standby")

    @property
    def is_healthy(self) -> bool:
        """Whether the group holds it for healthy."""
        return self.health_status.lower() == "healthy"


@frozen
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
    def subnets(self) -> tuple[str, ...]:
        """The ids of the subnets it lives in."""
        named = str(self.raw.get("VPCZoneIdentifier") or "").split(",")
        return tuple(name.strip() for name in named if name.strip())

    @property
    def references(self) -> tuple[LaunchReference, ...]:
        """Everything the group and its members launch or were launched from."""
        own = (self.launch, *(member.launch for member in self.members))
        return (*(one for one in own if one is not None), *self.own_templates)

    @property
    def unit(self) -> str:
        """What its sizes count: instances, or units of capacity (of AWS's own names where those are of a kind).

        Source: API_CreateAutoScalingGroup, DesiredCapacityType; API_LaunchTemplateOverrides, WeightedCapacity.
        """
        kind = str(self.raw.get("DesiredCapacityType") or "units")
        policy = (self.raw.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
        said = any("WeightedCapacity" in one for one in policy.get("Overrides") or ())
        weighted = said or any(member.weight != 1 for member in self.members)
        return kind if weighted or kind != "units" else "instances"

    @property
    def capacity(self) -> int:
        """How much of its desired capacity its members in service are, in its unit."""
        return sum(member.weight for member in self.members if member.in_service)
