"""What is to go wrong with launches of groups in the sandbox: in one zone or in all, for one of AWS's reasons, or with
the instances that are launched."""

from __future__ import annotations

from dataclasses import dataclass, field

# What AWS says; {type} and {zone} are those of the launch.
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-capacity.html and ts-as-instancelaunchfailure.html; EC2
# error codes (VcpuLimitExceeded, MaxSpotInstanceCountExceeded).
REASONS = {
    "capacity": (
        "We currently do not have sufficient {type} capacity in the Availability Zone you requested ({zone}). Our "
        "system will be working on provisioning additional capacity"
    ),
    "type": "Your requested instance type ({type}) is not supported in your requested Availability Zone ({zone})",
    "spot": "There is no Spot capacity available that matches your request",
    "quota": (
        "You have requested more vCPU capacity than your current vCPU limit allows for the instance bucket that the "
        "specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an "
        "adjustment to this limit"
    ),
}


# In place of a reason: the launch succeeds, and the new instance fails its status checks and those of its targets.
UNHEALTHY = "unhealthy"


@dataclass
class LaunchFault:
    """Launches that fail: those into a `zone` (any where it is empty), of a `group` (any), for a reason of REASONS, or
    whose instances are UNHEALTHY; `times` None means until it is taken back, and then the instances are healthy."""

    zone: str = ""
    error: str = "capacity"
    group: str = ""
    times: int | None = None
    hit: int = field(default=0)
    born: set[str] = field(default_factory=set)

    def says(self, group: str, zone: str, instance_type: str) -> str:
        """Why a launch fails; empty where this is not about it."""
        if self.error == UNHEALTHY or not self._hits(group, zone):
            return ""
        return REASONS[self.error].format(type=instance_type, zone=zone)

    def bears(self, group: str, zone: str, instance_id: str) -> bool:
        """Whether a new instance is one of those that are born unhealthy; it is then kept in mind."""
        if self.error != UNHEALTHY or not self._hits(group, zone):
            return False
        self.born.add(instance_id)
        return True

    def _hits(self, group: str, zone: str) -> bool:
        used_up = self.times is not None and self.hit >= self.times
        if used_up or self.zone not in ("", zone) or self.group not in ("", group):
            return False
        self.hit += 1
        return True


class LaunchFaults:
    """The failures to come, in the order they were set."""

    def __init__(self) -> None:
        self._set: list[LaunchFault] = []

    def add(self, fault: LaunchFault) -> None:
        """Sets one."""
        self._set.append(fault)

    def all(self) -> list[LaunchFault]:
        """Those that are set."""
        return list(self._set)

    def clear(self) -> None:
        """Takes all of them back."""
        self._set.clear()

    def says(self, group: str, zone: str, instance_type: str) -> str:
        """Why a launch fails; empty where it does not."""
        return next(filter(None, (one.says(group, zone, instance_type) for one in self._set)), "")

    def bear(self, group: str, zone: str, instance_id: str) -> None:
        """Lets a new instance be unhealthy where it is to be."""
        any(one.bears(group, zone, instance_id) for one in self._set)

    def sick(self, instance_id: str) -> bool:
        """Whether an instance was born unhealthy."""
        return any(instance_id in one.born for one in self._set)


launch_faults = LaunchFaults()
