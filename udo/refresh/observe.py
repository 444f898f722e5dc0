"""What a refresh rests on: the group, who differs from what it launches now, the last refreshes; what it meets."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from udo.errors import AwsError, Conflict, PermissionDenied
from udo.frozen import frozen
from udo.groups.observe import observe_group
from udo.groups.outdated import observe_outdated
from udo.refresh.words import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.groups import AutoScalingGroup, Member
    from udo.model.refreshes import Refresh
    from udo.model.scaling import LifecycleHook


@frozen
class Observed:
    """The group, the ids of members that it would launch otherwise now, and its last refreshes, newest first."""

    group: AutoScalingGroup
    outdated: frozenset[str]
    refreshes: tuple[Refresh, ...] = ()

    @property
    def active(self) -> Refresh | None:
        """The refresh that runs."""
        return next((one for one in self.refreshes if one.is_active), None)

    @property
    def staying(self) -> tuple[Member, ...]:
        """The members that are not on their way out."""
        return tuple(one for one in self.group.members if not one.lifecycle_state.startswith(("Terminat", "Detach")))


@frozen
class Outlook:
    """What a refresh meets, as far as AWS tells; what it does not is in `unknown`, a line each.

    `free` are the addresses that the subnets of the group have left, by id; `alarms` those that guard it and are OK.
    """

    hooks: tuple[LifecycleHook, ...] = ()
    free: Mapping[str, int] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


def observe_refresh(aws: Aws, role: Role) -> Observed:
    """The role's group with what a refresh of it rests on.

    Raises: Absent, Conflict or another UdoError.
    """
    group = observe_group(aws, role)
    return Observed(group, observe_outdated(aws, group), tuple(aws.autoscaling.latest_refreshes(group.name)))


def check_launch_data(aws: Aws, role: Role) -> None:
    """Sees to it that what the role's group launches can be changed.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html: not while a refresh runs that
    brings a configuration. Raises: Conflict where one does.
    """
    active = next((one for one in aws.autoscaling.latest_refreshes(role.group_name) if one.is_active), None)
    if active and active.is_desired:
        words = f"{role.cluster} {role.name}"
        raise Conflict(
            f"{named(active)} of {role.group_name} brings a configuration of its own: until its end AWS changes "
            "nothing of what the group launches",
            hint=f"nothing was changed; wait for it, or take it back with: udo refresh {words} --rollback",
        )


def observe_outlook(aws: Aws, group: AutoScalingGroup, *, alarms: Sequence[str] = ()) -> Outlook:
    """The outlook of a refresh of the group, which these alarms guard; what AWS does not tell keeps nothing from being
    done.
    """
    found: dict[str, Any] = {}
    unknown = []
    for name, what, ask in _reads(aws, group, alarms):
        try:
            found[name] = ask()
        except (AwsError, PermissionDenied) as error:
            unknown.append(f"{what} unknown: {error.message}")
    return Outlook(**found, unknown=tuple(unknown))


def _reads(aws: Aws, group: AutoScalingGroup, alarms: Sequence[str]) -> Iterator[tuple[str, str, Callable[[], Any]]]:
    yield "hooks", "its lifecycle hooks are", lambda: aws.autoscaling.hooks(group.name)
    if group.subnets:
        yield "free", "how many addresses its subnets have left is", lambda: _free(aws, group)

    if alarms:
        yield "alarms", "which of its alarms are OK is", lambda: _quiet(aws, alarms)


def _quiet(aws: Aws, alarms: Sequence[str]) -> tuple[str, ...]:
    states = aws.cloudwatch.alarm_states(alarms)
    return tuple(name for name in alarms if states.get(name) == "OK")


def _free(aws: Aws, group: AutoScalingGroup) -> dict[str, int]:
    return {one.subnet_id: one.free for one in aws.named.subnets(group.subnets) if one.free is not None}


def is_attribute_based(group: AutoScalingGroup) -> bool:
    """Whether requirements choose the instance types of the group."""
    policy = group.raw.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    return any("InstanceRequirements" in row for row in policy.get("Overrides", ()))
