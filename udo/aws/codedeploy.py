"""Reads of CodeDeploy: deployment groups, deployments and their targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.aws.autoscaling import batched
from udo.aws.members import whole
from udo.aws.times import rfc3339
from udo.errors import Absent, AwsError, LostAnswer
from udo.model.deployments import (
    Deployment,
    DeploymentConfig,
    DeploymentGroup,
    DeploymentTarget,
    LifecycleEvent,
    Minimum,
    Zonal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from udo.aws.connection import Connection

# Source: API_BatchGetDeploymentGroups: at most 100 names; API_BatchGetDeployments and API_BatchGetDeploymentTargets:
# at most 25 ids.
_GROUP_NAMES = 100
_IDS = 25
_MISSING = ("ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException")


@whole
class CodeDeploy:
    """What CodeDeploy holds in one account and region."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def deployment_groups(self, application: str, names: Iterable[str]) -> dict[str, DeploymentGroup]:
        """The deployment groups of these exact names that exist, by name.

        Raises: UdoError.
        """
        found = {}
        for batch in batched(names, _GROUP_NAMES):
            asked = {"applicationName": application, "deploymentGroupNames": batch}
            answer = self._connection.ask("codedeploy", "BatchGetDeploymentGroups", asked)
            for row in answer.get("deploymentGroupsInfo", ()):
                found[row["deploymentGroupName"]] = deployment_group_from(row)
        return found

    def deployment_group_names(self, application: str) -> tuple[str, ...]:
        """The names of all deployment groups of an application; none where there is no such application.

        Raises: UdoError.
        """
        try:
            pages = list(self._connection.pages("codedeploy", "ListDeploymentGroups", {"applicationName": application}))
        except AwsError as error:
            if error.aws_code != _MISSING[0]:
                raise
            return ()
        return tuple(name for page in pages for name in page.get("deploymentGroups", ()))

    def deployment_group(self, application: str, name: str) -> DeploymentGroup:
        """The deployment group of this exact name.

        Raises: Absent for the group or its application; another UdoError.
        """
        asked = {"applicationName": application, "deploymentGroupName": name}
        try:
            answer = self._connection.ask("codedeploy", "GetDeploymentGroup", asked)
        except AwsError as error:
            if error.aws_code not in _MISSING:
                raise
            what = f"application {application!r}"
            if error.aws_code == _MISSING[1]:
                what = f"deployment group {name!r} of application {application!r}"
            raise Absent(f"CodeDeploy {what} does not exist in {self._connection.region}") from error
        return deployment_group_from(_held(answer, "deploymentGroupInfo", "GetDeploymentGroup"))

    def deployment_config(self, name: str) -> DeploymentConfig:
        """The deployment configuration of this exact name.

        Raises: UdoError.
        """
        answer = self._connection.ask("codedeploy", "GetDeploymentConfig", {"deploymentConfigName": name})
        row = _held(answer, "deploymentConfigInfo", "GetDeploymentConfig")
        zonal = row.get("zonalConfig")
        return DeploymentConfig(name, _minimum(row.get("minimumHealthyHosts")), _zonal(zonal) if zonal else None)

    def deployment(self, deployment_id: str) -> Deployment:
        """The deployment of this id.

        Raises: UdoError.
        """
        answer = self._connection.ask("codedeploy", "GetDeployment", {"deploymentId": deployment_id})
        return deployment_from(_held(answer, "deploymentInfo", "GetDeployment"))

    def named(self, ids: Iterable[str]) -> dict[str, Deployment]:
        """The deployments of these ids that exist, by id, one request for every 25.

        Raises: UdoError.
        """
        rows = (row for batch in batched(ids, _IDS) for row in self._rows(batch))
        return {row["deploymentId"]: deployment_from(row) for row in rows}

    def deployments(self, application: str, group: str, statuses: Sequence[str] = ()) -> Iterator[Deployment]:
        """The deployments of a deployment group, newest first, in these statuses (all where none is given).

        They are read in batches as they are used, so a caller that needs only the newest may stop early.

        Raises: UdoError.
        """
        asked: dict[str, Any] = {"applicationName": application, "deploymentGroupName": group}
        if statuses:
            asked["includeOnlyStatuses"] = list(statuses)
        pages = self._connection.pages("codedeploy", "ListDeployments", asked)
        ids = [deployment_id for page in pages for deployment_id in page.get("deployments", ())]
        batches = map(self._rows, batched(ids, _IDS))
        first = next(batches, [])
        times = [row["createTime"] for row in first]
        if times != sorted(times, reverse=True):
            # AWS lists the newest first, but promises no order.
            rest = [row for batch in batches for row in batch]
            first = sorted([*first, *rest], key=lambda row: row["createTime"], reverse=True)
        yield from map(deployment_from, first)
        for batch in batches:
            yield from map(deployment_from, batch)

    def target_ids(self, deployment_id: str, statuses: Sequence[str] = ()) -> tuple[str, ...]:
        """The ids of the instances of a deployment in these statuses (all where none is given).

        There are none where it has not started. Raises: UdoError.
        """
        asked: dict[str, Any] = {"deploymentId": deployment_id}
        if statuses:
            asked["targetFilters"] = {"TargetStatus": list(statuses)}
        pages = self._connection.pages("codedeploy", "ListDeploymentTargets", asked)
        try:
            return tuple(target for page in pages for target in page.get("targetIds", ()))
        except AwsError as error:
            if error.aws_code == "DeploymentNotStartedException":
                return ()
            raise

    def targets(self, deployment_id: str, ids: Iterable[str]) -> Iterator[DeploymentTarget]:
        """A deployment's state on these instances, one request for every 25.

        Raises: UdoError.
        """
        for batch in batched(ids, _IDS):
            asked = {"deploymentId": deployment_id, "targetIds": batch}
            answer = self._connection.ask("codedeploy", "BatchGetDeploymentTargets", asked)
            for row in answer.get("deploymentTargets", ()):
                if "instanceTarget" in row:
                    yield _target(row["instanceTarget"])

    def _rows(self, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        """The rows of BatchGetDeployments in the order of the ids, which its answer need not have."""
        answer = self._connection.ask("codedeploy", "BatchGetDeployments", {"deploymentIds": ids})
        rows = {row["deploymentId"]: row for row in answer.get("deploymentsInfo", ())}
        return [rows[one] for one in ids if one in rows]


def deployment_group_from(row: Mapping[str, Any]) -> DeploymentGroup:
    """The deployment group in one row of BatchGetDeploymentGroups or GetDeploymentGroup."""
    attempted = row.get("lastAttemptedDeployment") or {}
    successful = row.get("lastSuccessfulDeployment") or {}
    groups = row.get("autoScalingGroups", ())
    return DeploymentGroup(
        application=row["applicationName"],
        name=row["deploymentGroupName"],
        auto_scaling_groups=tuple(group["name"] for group in groups if group.get("name")),
        last_attempted=attempted.get("deploymentId"),
        last_status=attempted.get("status", ""),
        last_successful=successful.get("deploymentId"),
        unnamed_groups=sum(not group.get("name") for group in groups),
        revision=row.get("targetRevision") or {},
        suspends=_suspends(row),
        config=row.get("deploymentConfigName", ""),
        **_settings(row),
    )


def _settings(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a deployment group says of how its deployments go."""
    alarms, rollback = (row.get(f"{name}Configuration") or {} for name in ("alarm", "autoRollback"))
    style = row.get("deploymentStyle") or {}
    return {
        "alarms": tuple(one.get("name", "") for one in alarms.get("alarms") or () if alarms.get("enabled")),
        "alarms_may_be_unknown": bool(alarms.get("ignorePollAlarmFailure")),
        "rollback_on": tuple(rollback.get("events") or ()) if rollback.get("enabled") else (),
        "has_tags": any(row.get(name) for name in ("ec2TagFilters", "ec2TagSet", "onPremisesInstanceTagFilters")),
        "is_blue_green": style.get("deploymentType") == "BLUE_GREEN",
    }


def _minimum(row: Mapping[str, Any] | None) -> Minimum:
    # Source: botocore codedeploy ZonalConfig: a minimum that is left out is 0 %.
    return Minimum(row.get("type", ""), int(row.get("value") or 0)) if row else Minimum("FLEET_PERCENT", 0)


def _zonal(row: Mapping[str, Any]) -> Zonal:
    wait = int(row.get("monitorDurationInSeconds") or 0)
    first = row.get("firstZoneMonitorDurationInSeconds")
    return Zonal(_minimum(row.get("minimumHealthyHostsPerZone")), wait if first is None else int(first), wait)


def deployment_from(row: Mapping[str, Any]) -> Deployment:
    """The deployment in GetDeployment's answer, or in one row of BatchGetDeployments."""
    error = row.get("errorInformation") or {}
    return Deployment(
        deployment_id=row["deploymentId"],
        status=row["status"],
        application=row.get("applicationName", ""),
        deployment_group=row.get("deploymentGroupName", ""),
        revision=row.get("revision") or {},
        creator=row.get("creator", ""),
        description=row.get("description", ""),
        created_at=rfc3339(row.get("createTime")),
        completed_at=rfc3339(row.get("completeTime")),
        error_code=error.get("code", ""),
        error_message=error.get("message", ""),
        overview=row.get("deploymentOverview") or {},
        rollback_id=(row.get("rollbackInfo") or {}).get("rollbackDeploymentId", ""),
        previous=row.get("previousRevision") or {},
        outdated_only=bool(row.get("updateOutdatedInstancesOnly")),
        suspends=_suspends(row),
        config=row.get("deploymentConfigName", ""),
    )


def _suspends(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple((row.get("ec2DeploymentOptions") or {}).get("autoScalingGroupProcessesToSuspend") or ())


def _held(answer: Mapping[str, Any], name: str, operation: str) -> Mapping[str, Any]:
    # botocore reads a page that is no answer of CodeDeploy's as an empty one.
    if not answer.get(name):
        raise LostAnswer(f"codedeploy:{operation}: the answer cannot be read (it holds no {name})")
    found: Mapping[str, Any] = answer[name]
    return found


def _target(row: Mapping[str, Any]) -> DeploymentTarget:
    return DeploymentTarget(
        instance_id=row["targetId"],
        status=row.get("status", "Unknown"),
        events=tuple(map(_event, row.get("lifecycleEvents", ()))),
        label=row.get("instanceLabel", ""),
    )


def _event(row: Mapping[str, Any]) -> LifecycleEvent:
    told = row.get("diagnostics") or {}
    return LifecycleEvent(
        name=row.get("lifecycleEventName", ""),
        status=row.get("status", "Unknown"),
        error_code=told.get("errorCode", ""),
        script=told.get("scriptName", ""),
        message=told.get("message", ""),
        log_tail=told.get("logTail", ""),
        began=_seconds(row.get("startTime")),
        ended=_seconds(row.get("endTime")),
    )


def _seconds(when: Any) -> float | None:
    return when.timestamp() if when else None
