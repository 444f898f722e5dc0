"""What an instance refresh sees of its group: who is to be replaced, who is new, who serves and who is waited for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import EC2ClientError

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.launch_faults import launch_faults
from udo.sandbox.strict.autoscaling.members import (
    COUNTED,
    LaunchData,
    launch_data,
    refreshes_launch_the_desired_configuration,
)
from udo.sandbox.strict.autoscaling.refresh_state import Refresh
from udo.sandbox.strict.elbv2.targets import fails, targets_begin_as_initial
from udo.sandbox.strict.rules import rule


@dataclass
class Fleet:
    """The members of a group as a refresh counts them.

    `old` are to be replaced, `held` those of them that cannot be now; `standby` are old ones in Standby; `skipped` is
    how many are left as they are; `ready` are the ids of all that serve, old ones too.
    """

    old: list[Any] = field(default_factory=list)
    new: list[Any] = field(default_factory=list)
    held: list[Any] = field(default_factory=list)
    standby: list[Any] = field(default_factory=list)
    skipped: int = 0
    ready: set[str] = field(default_factory=set)

    @property
    def left(self) -> int:
        """How many are to be replaced yet."""
        return len(self.old) + len(self.standby)

    @property
    def late(self) -> list[Any]:
        """The new ones that do not serve yet."""
        return [member for member in self.new if member.instance_id not in self.ready]

    @property
    def done(self) -> int:
        """How many new ones serve."""
        return sum(1 for member in self.new if member.instance_id in self.ready)


def look(group: Any, refresh: Refresh) -> Fleet:
    """The members of a group as they are at this moment."""
    fleet, stale = Fleet(), stale_ids(group, refresh)
    for member in group.instance_states:
        is_stale = member.instance_id in stale
        if member.lifecycle_state == "Standby":
            if is_stale and standby_is_ignored_terminated_or_waited_for(refresh) != "Ignore":
                fleet.standby.append(member)
            continue
        if member.lifecycle_state not in COUNTED:
            continue
        if serves(group, refresh, member):
            fleet.ready.add(member.instance_id)
        if is_stale:
            _add_stale(fleet, member, protection_is_ignored_waited_for_or_overridden(refresh))
        elif member.instance_id in refresh.found:
            fleet.skipped += 1
        else:
            fleet.new.append(member)
    return fleet


def _add_stale(fleet: Fleet, member: Any, protection: str) -> None:
    if member.protected_from_scale_in and protection == "Ignore":
        fleet.skipped += 1
        return
    fleet.old.append(member)
    if member.protected_from_scale_in and protection == "Wait":
        fleet.held.append(member)


def stale_ids(group: Any, refresh: Refresh) -> set[str]:
    """The ids of the members that are to be replaced."""
    if refresh.preferences.get("SkipMatching") and refresh.rollback is None:
        try:
            return matching_instances_are_skipped(group, group.instance_states)
        except (EC2ClientError, ServiceException):
            # What it launches is gone: nobody matches it, and nothing can be launched.
            return refresh.todo
    return refresh.todo


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def matching_instances_are_skipped(group: Any, members: Iterable[Any]) -> set[str]:
    """With SkipMatching only instances of another template version, type or image than is launched now are replaced;
    $Latest and $Default are looked up again all the while.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-refresh-skip-matching.html.
    """
    wanted, types = launch_data(group), _types(group)
    return {member.instance_id for member in members if not _matches(member, wanted, types)}


def _matches(member: Any, wanted: LaunchData, types: set[str]) -> bool:
    birth = getattr(member, "udo_birth", None)
    if (birth, getattr(member, "udo_own_image", "")) != (wanted.birth, wanted.own_image):
        return False
    return member.instance.instance_type in (types or {wanted.instance_type})


def _types(group: Any) -> set[str]:
    """The types of the overrides, any of which matches."""
    policy = refreshes_launch_the_desired_configuration(group).mixed_instances_policy or {}
    overrides = (policy.get("LaunchTemplate") or {}).get("Overrides") or []
    return {one["InstanceType"] for one in overrides if one.get("InstanceType")}


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def standby_is_ignored_terminated_or_waited_for(refresh: Refresh) -> str:
    """Instances in Standby are left alone (Ignore), terminated (Terminate), or waited for (Wait, the default).

    Source: botocore autoscaling RefreshPreferences, member StandbyInstances.
    """
    return str(refresh.preferences["StandbyInstances"])


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def protection_is_ignored_waited_for_or_overridden(refresh: Refresh) -> str:
    """Instances protected from scale-in are left alone (Ignore), replaced (Refresh), or waited for (Wait, the default).

    Source: botocore autoscaling RefreshPreferences, member ScaleInProtectedInstances.
    """
    return str(refresh.preferences["ScaleInProtectedInstances"])


def serves(group: Any, refresh: Refresh, member: Any) -> bool:
    """Whether a member counts as in service, healthy and ready to use."""
    if member.lifecycle_state != "InService" or not healthy(group, member):
        return False
    return member.instance_id in refresh.found or moment.now() >= warm_at(refresh, member)


def healthy(group: Any, member: Any) -> bool:
    """Whether the checks that a group goes by call a member healthy."""
    return not (sick(group, member) or targets_that_are_checked_must_be_healthy(group, member))


def sick(group: Any, member: Any) -> bool:
    """Whether a check that a group goes by has failed on a member."""
    if member.health_status != "Healthy" or member.instance.state != "running":
        return True
    return launch_faults.sick(member.instance_id) or any(fails(one, member.instance_id) for one in _checked(group))


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def targets_that_are_checked_must_be_healthy(group: Any, member: Any) -> bool:
    """In a group whose health check type is ELB an instance does not serve while its target groups still check it for
    the first time.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html (health check grace period);
    health-checks-overview.html.
    """
    instance_id = member.instance_id
    return any(instance_id in one.targets and targets_begin_as_initial(one, instance_id) for one in _checked(group))


def _checked(group: Any) -> list[Any]:
    """The target groups whose checks a group goes by."""
    if not group.target_group_arns or "ELB" not in str(group.health_check_type):
        return []
    known = group.autoscaling_backend.elbv2_backend.target_groups
    return [known[arn] for arn in group.target_group_arns if arn in known]


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def new_instances_warm_up(group: Any, preferences: dict[str, Any]) -> float:
    """A new instance serves when InstanceWarmup is over since it went into service; by default that is the group's
    DefaultInstanceWarmup, or its health check grace period.

    Source: botocore autoscaling RefreshPreferences, member InstanceWarmup.
    """
    for asked in (preferences.get("InstanceWarmup"), getattr(group, "default_instance_warmup", None)):
        if asked is not None and int(asked) >= 0:
            return float(asked)
    return float(getattr(group, "health_check_grace_period", 0) or 0)


def warm_at(refresh: Refresh, member: Any) -> float:
    """When a member that is in service has warmed up."""
    return float(getattr(member, "udo_in_service_at", 0.0)) + refresh.warmup
