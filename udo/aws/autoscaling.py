"""Reads of Auto Scaling: groups and launch configurations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.aws.members import whole
from udo.aws.refreshes import refresh_from
from udo.aws.times import rfc3339
from udo.aws.unknown import unknown_in
from udo.model.activities import Activity
from udo.model.groups import AutoScalingGroup, Member, Override
from udo.model.launch import LaunchConfiguration, LaunchConfigurationReference, LaunchReference, LaunchTemplateReference
from udo.model.refreshes import ENDED
from udo.model.scaling import LifecycleHook, ScalingPolicy, ScheduledAction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from udo.aws.connection import Connection
    from udo.model.refreshes import Refresh

# Source: botocore's model, DescribeAutoScalingGroups and DescribeLaunchConfigurations: MaxRecords is at most 100, and
# so many names may be given with it (launch configurations: 50 names).
_GROUP_NAMES = 100
_CONFIGURATION_NAMES = 50
# Of a scheduled action.
_TIMES = ("StartTime", "EndTime", "Time")


@whole
class AutoScaling:
    """What Auto Scaling holds in one account and region."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def groups(self, names: Iterable[str] | None = None, whole: bool = False) -> dict[str, AutoScalingGroup]:
        """The groups of these exact names that exist, by name (all groups of the region for None).

        What is sent back to AWS is copied from `whole` ones alone.

        Raises: UdoError.
        """
        if names is None:
            batches: Iterable[Mapping[str, Any]] = ({},)
        else:
            batches = ({"AutoScalingGroupNames": batch} for batch in batched(names, _GROUP_NAMES))
        return {group.name: group for batch in batches for group in self._groups(batch, whole=whole)}

    def tagged(self, key: str, value: str) -> dict[str, AutoScalingGroup]:
        """The groups of the region that have this tag, by name.

        Raises: UdoError.
        """
        asked = {"Filters": [{"Name": f"tag:{key}", "Values": [value]}]}
        return {group.name: group for group in self._groups(asked, whole=False)}

    def launch_configurations(self, names: Iterable[str] | None = None) -> dict[str, LaunchConfiguration]:
        """The launch configurations of these exact names that exist, by name (all of the region for None).

        Raises: UdoError.
        """
        if names is None:
            batches: Iterable[Mapping[str, Any]] = ({"MaxRecords": 100},)
        else:
            batches = ({"LaunchConfigurationNames": batch} for batch in batched(names, _CONFIGURATION_NAMES))
        found = {}
        for batch in batches:
            for page in self._connection.pages("autoscaling", "DescribeLaunchConfigurations", batch):
                for row, unknown in zip(page["LaunchConfigurations"], unknown_in(page), strict=False):
                    name = row["LaunchConfigurationName"]
                    found[name] = LaunchConfiguration(name, row, rfc3339(row.get("CreatedTime")), unknown)
        return found

    def active_refresh(self, group_name: str) -> str:
        """The status of the group's instance refresh that has not ended, empty for none.

        Raises: UdoError.
        """
        return next((one.status for one in self.latest_refreshes(group_name) if one.status not in ENDED), "")

    def latest_refreshes(self, group_name: str) -> list[Refresh]:
        """The last few of the group's instance refreshes, newest first; one that is under way is the first.

        Raises: UdoError.
        """
        asked: dict[str, Any] = {"AutoScalingGroupName": group_name, "MaxRecords": 10}
        answer = self._connection.ask("autoscaling", "DescribeInstanceRefreshes", asked)
        return [refresh_from(row) for row in answer.get("InstanceRefreshes", ())]

    def refresh(self, group_name: str, refresh_id: str) -> Refresh | None:
        """The group's instance refresh of that id, where AWS has it.

        Raises: UdoError.
        """
        asked: dict[str, Any] = {"AutoScalingGroupName": group_name, "InstanceRefreshIds": [refresh_id]}
        answer = self._connection.ask("autoscaling", "DescribeInstanceRefreshes", asked)
        found = (refresh_from(row) for row in answer.get("InstanceRefreshes", ()))
        return next((one for one in found if one.refresh_id == refresh_id), None)

    def refreshes(self, group_name: str) -> list[Refresh]:
        """The group's instance refreshes that AWS keeps, newest first.

        Source: API_DescribeInstanceRefreshes: those of the last six weeks. Raises: UdoError.
        """
        asked = {"AutoScalingGroupName": group_name}
        pages = self._connection.pages("autoscaling", "DescribeInstanceRefreshes", asked)
        return [refresh_from(row) for page in pages for row in page.get("InstanceRefreshes", ())]

    def activities(self, group_name: str) -> Iterator[Activity]:
        """The group's scaling activities, newest first, in pages as they are used.

        Source: API_DescribeScalingActivities: those of the last six weeks. Raises: UdoError.
        """
        asked = {"AutoScalingGroupName": group_name}
        for page in self._connection.pages("autoscaling", "DescribeScalingActivities", asked):
            yield from map(_activity, page["Activities"])

    def last_activity(self, group_name: str) -> Activity | None:
        """The group's newest scaling activity; None for none. Raises: UdoError."""
        asked = {"AutoScalingGroupName": group_name, "MaxRecords": 1}
        pages = self._connection.pages("autoscaling", "DescribeScalingActivities", asked)
        return next((_activity(row) for page in pages for row in page["Activities"]), None)

    def policies(self, group_name: str) -> tuple[ScalingPolicy, ...]:
        """The group's scaling policies, by name.

        Raises: UdoError.
        """
        pages = self._connection.pages("autoscaling", "DescribePolicies", {"AutoScalingGroupName": group_name})
        rows = sorted((row for page in pages for row in page["ScalingPolicies"]), key=lambda row: row["PolicyName"])
        # Source: API_PutScalingPolicy: without a PolicyType it is SimpleScaling; Enabled is true by default.
        return tuple(
            ScalingPolicy(
                row["PolicyName"], row.get("PolicyType", "SimpleScaling"), row.get("Enabled", True), _aim(row), row
            )
            for row in rows
        )

    def hooks(self, group_name: str) -> tuple[LifecycleHook, ...]:
        """The group's lifecycle hooks, by name.

        Raises: UdoError.
        """
        asked = {"AutoScalingGroupName": group_name}
        answer = self._connection.ask("autoscaling", "DescribeLifecycleHooks", asked)
        rows = sorted(answer["LifecycleHooks"], key=lambda row: row["LifecycleHookName"])
        return tuple(map(_hook, rows))

    def warm_pool(self, group_name: str) -> tuple[Member, ...]:
        """The instances of the group's warm pool.

        Raises: UdoError.
        """
        pages = self._connection.pages("autoscaling", "DescribeWarmPool", {"AutoScalingGroupName": group_name})
        return tuple(_member(row) for page in pages for row in page["Instances"])

    def schedules(self, group_name: str) -> tuple[ScheduledAction, ...]:
        """The group's scheduled actions, the next one first.

        Raises: UdoError.
        """
        pages = self._connection.pages("autoscaling", "DescribeScheduledActions", {"AutoScalingGroupName": group_name})
        found = (_schedule(row) for page in pages for row in page["ScheduledUpdateGroupActions"])
        return tuple(sorted(found, key=lambda one: (one.next_at, one.name)))

    def _groups(self, params: Mapping[str, Any], *, whole: bool) -> Iterator[AutoScalingGroup]:
        asked = {**params, "MaxRecords": 100}
        for page in self._connection.pages("autoscaling", "DescribeAutoScalingGroups", asked, whole=whole):
            yield from map(group_from, page["AutoScalingGroups"], unknown_in(page))


def group_from(row: Mapping[str, Any], unknown: tuple[str, ...] = ()) -> AutoScalingGroup:
    """The group in one row of DescribeAutoScalingGroups."""
    return AutoScalingGroup(
        name=row["AutoScalingGroupName"],
        launch=_launch(row),
        min_size=row["MinSize"],
        max_size=row["MaxSize"],
        desired_capacity=row["DesiredCapacity"],
        members=tuple(_member(member) for member in row.get("Instances", ())),
        suspended_processes={
            process["ProcessName"]: process.get("SuspensionReason", "") for process in row.get("SuspendedProcesses", ())
        },
        tags={tag["Key"]: tag.get("Value", "") for tag in row.get("Tags", ())},
        status=row.get("Status", ""),
        overrides=tuple(map(_override, _policy_template(row).get("Overrides", ()))),
        unknown=tuple(unknown),
        raw=row,
    )


def _activity(row: Mapping[str, Any]) -> Activity:
    return Activity(
        status=row["StatusCode"],
        description=row.get("Description", ""),
        started_at=rfc3339(row["StartTime"]),
        message=row.get("StatusMessage", ""),
        cause=row.get("Cause", ""),
        activity_id=row.get("ActivityId", ""),
    )


def _aim(row: Mapping[str, Any]) -> str:
    tracked = row.get("TargetTrackingConfiguration") or {}
    known, own = tracked.get("PredefinedMetricSpecification"), tracked.get("CustomizedMetricSpecification")
    metric = (known or {}).get("PredefinedMetricType") or (own or {}).get("MetricName")
    return f"{metric} {tracked['TargetValue']:g}" if metric else ""


def _hook(row: Mapping[str, Any]) -> LifecycleHook:
    return LifecycleHook(
        name=row["LifecycleHookName"],
        # autoscaling:EC2_INSTANCE_LAUNCHING or autoscaling:EC2_INSTANCE_TERMINATING
        holds=row["LifecycleTransition"].rpartition("_")[2].lower(),
        seconds=row.get("HeartbeatTimeout", 3600),
        default_result=row.get("DefaultResult", "ABANDON"),
        raw=row,
    )


def _schedule(row: Mapping[str, Any]) -> ScheduledAction:
    return ScheduledAction(
        name=row["ScheduledActionName"],
        next_at=rfc3339(row.get("StartTime")),
        recurrence=row.get("Recurrence", ""),
        min_size=row.get("MinSize"),
        max_size=row.get("MaxSize"),
        desired_capacity=row.get("DesiredCapacity"),
        raw={key: rfc3339(value) if key in _TIMES else value for key, value in row.items()},
    )


def _member(row: Mapping[str, Any]) -> Member:
    return Member(
        instance_id=row["InstanceId"],
        lifecycle_state=row.get("LifecycleState", ""),
        health_status=row.get("HealthStatus", ""),
        availability_zone=row.get("AvailabilityZone", ""),
        launch=_launch(row),
        instance_type=row.get("InstanceType", ""),
        image_id=row.get("ImageId", ""),
        protected_from_scale_in=row.get("ProtectedFromScaleIn", False),
        weight=int(row.get("WeightedCapacity") or 1),
    )


def _override(row: Mapping[str, Any]) -> Override:
    own = row.get("LaunchTemplateSpecification")
    launch = _template(own, mixed=True) if own else None
    return Override(row.get("InstanceType", ""), row.get("ImageId", ""), launch)


def _policy_template(row: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = row.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    return found


def _launch(row: Mapping[str, Any]) -> LaunchReference | None:
    mixed = _policy_template(row).get("LaunchTemplateSpecification")
    template = mixed or row.get("LaunchTemplate")
    if template:
        return _template(template, mixed=bool(mixed))
    name = row.get("LaunchConfigurationName")
    return LaunchConfigurationReference(name) if name else None


def _template(row: Mapping[str, Any], *, mixed: bool) -> LaunchTemplateReference:
    # Source: API_LaunchTemplateSpecification: a version left out means $Default.
    version = str(row.get("Version") or "$Default")
    return LaunchTemplateReference(
        row.get("LaunchTemplateId", ""), row.get("LaunchTemplateName", ""), version, mixed=mixed
    )


def batched(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """The names in lists of at most `size`; nothing at all for no names."""
    rest = list(names)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]
