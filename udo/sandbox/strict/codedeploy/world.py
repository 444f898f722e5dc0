"""What a running deployment meets: the instances of its group, its bundle, and the failures set for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends

from udo.sandbox.strict.codedeploy.agents import agents
from udo.sandbox.strict.codedeploy.alarms import alarms_stop_deployments
from udo.sandbox.strict.codedeploy.errors import APPLICATION_MISSING, DEPLOYMENT_GROUP_MISSING, Why
from udo.sandbox.strict.codedeploy.faults import DeploymentFault, deployment_faults
from udo.sandbox.strict.codedeploy.fleets import fleets_of
from udo.sandbox.strict.codedeploy.history import OF_ONE_INSTANCE, installed, instances_are_taken_in_order, run_of
from udo.sandbox.strict.codedeploy.lifecycle import Target
from udo.sandbox.strict.codedeploy.run import World
from udo.sandbox.strict.codedeploy.suspension import processes_are_resumed_at_the_end, processes_are_suspended_meanwhile
from udo.sandbox.strict.codedeploy.traffic import traffic_is_blocked_meanwhile
from udo.sandbox.strict.rules import rule


def world_of(backend: Any, deployment: Any) -> World:
    """The surroundings of a deployment, looked up when they are asked for."""
    names = (deployment.application_name, deployment.deployment_group_name)
    alone = deployment.creator in OF_ONE_INSTANCE

    def fault(target: Target, event: str) -> DeploymentFault | None:
        return deployment_faults.due(deployment.deployment_id, names, (target.instance_id, target.place), event)

    def bakes() -> bool:
        return deployment_faults.of_deployment(deployment.deployment_id, names, "status") is not None

    def fails() -> Why | None:
        told = deployment_faults.of_deployment(deployment.deployment_id, names, "error")
        if told is not None:
            return told.error, told.message or f"The deployment failed with {told.error}."
        return deployments_need_their_group(backend, deployment)

    return World(
        members=lambda: getattr(deployment, "udo_only", None) or only_outdated_instances(backend, deployment),
        alive=lambda instance_id: _state(backend, instance_id) in ("running", "pending"),
        revision_there=lambda: bundles_must_be_there(backend, deployment.revision or {}),
        fault=fault,
        work=lambda target, event: agents.begin(deployment, target.instance_id, event) if agents.begin else None,
        zone=lambda instance_id: _zone(backend, instance_id),
        missing=fails,
        begins=lambda: None if alone else processes_are_suspended_meanwhile(backend, deployment),
        ends=lambda: None if alone else processes_are_resumed_at_the_end(backend, deployment),
        stops=lambda: None if alone else alarms_stop_deployments(backend, deployment),
        bakes=bakes,
        succeeds=lambda target, event: traffic_is_blocked_meanwhile(backend, deployment, target.instance_id, event),
        fleets=fleets_of(backend, deployment, lambda named: _found(backend, named))
        if run_of(deployment).traffic
        else None,
    )


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def deployments_need_their_group(backend: Any, deployment: Any) -> Why | None:
    """A deployment whose application or deployment group is deleted before it starts fails, and says which is missing.

    Source: botocore codedeploy ErrorInformation, member code (APPLICATION_MISSING, DEPLOYMENT_GROUP_MISSING).
    """
    group = deployment.deployment_group
    application = group.application.application_name
    if backend.applications.get(application) is not group.application:
        return APPLICATION_MISSING
    if backend.deployment_groups.get(application, {}).get(group.deployment_group_name) is not group:
        return DEPLOYMENT_GROUP_MISSING
    return None


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def only_outdated_instances(backend: Any, deployment: Any) -> list[str]:
    """With updateOutdatedInstancesOnly a deployment leaves out the instances whose last success was of its revision.

    Source: botocore codedeploy CreateDeploymentInput, member updateOutdatedInstancesOnly.
    """
    group = deployment.deployment_group
    found = instances_are_taken_in_order(backend, group, members(backend, group))
    if not deployment.update_outdated_instances_only:
        return found
    have = installed(backend, group)
    return [one for one in found if one not in have or have[one].revision != deployment.revision]


def members(backend: Any, group: Any) -> list[str]:
    """The instances a deployment goes to: those in service in the Auto Scaling groups, and those the tags match."""
    return _found(
        backend,
        {
            "autoScalingGroups": group.auto_scaling_groups,
            "tagFilters": group.ec2_tag_filters,
            "ec2TagSet": group.ec2_tag_set,
        },
    )


def _found(backend: Any, named: Any) -> list[str]:
    if not isinstance(named, Mapping):
        return members(backend, named)
    autoscaling = autoscaling_backends[backend.account_id][backend.region_name]
    found: dict[str, None] = {}
    for name in named.get("autoScalingGroups") or []:
        known = autoscaling.autoscaling_groups.get(str(name))
        for member in known.instance_states if known else ():
            if member.lifecycle_state == "InService":
                found[member.instance_id] = None
    for instance in _tagged(backend, named):
        found[instance.id] = None
    return [one for one in found if _state(backend, one) not in ("", "shutting-down", "terminated")]


def _tagged(backend: Any, named: Mapping[str, Any]) -> list[Any]:
    filters = named.get("tagFilters")
    sets = (named.get("ec2TagSet") or {}).get("ec2TagSetList") or ([filters] if filters else [])
    if not sets:
        return []
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    return [
        instance
        for reservation in ec2.reservations.values()
        for instance in reservation.instances
        if all(any(_matches(instance, one) for one in alternatives) for alternatives in sets)
    ]


def _matches(instance: Any, wanted: Mapping[str, str]) -> bool:
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    kind = wanted.get("Type", "KEY_AND_VALUE")
    if kind == "KEY_ONLY":
        return wanted.get("Key") in tags
    if kind == "VALUE_ONLY":
        return wanted.get("Value") in tags.values()
    return wanted.get("Key") in tags and tags[wanted["Key"]] == wanted.get("Value")


def _instance(backend: Any, instance_id: str) -> Any | None:
    return ec2_backends[backend.account_id][backend.region_name].get_instance_by_id(instance_id)


def _state(backend: Any, instance_id: str) -> str:
    instance = _instance(backend, instance_id)
    return "" if instance is None else str(instance.state)


def _zone(backend: Any, instance_id: str) -> str:
    instance = _instance(backend, instance_id)
    return "" if instance is None else str(instance._placement.zone)


@rule("codedeploy", "CreateDeployment", moto="never looks for the bundle")
def bundles_must_be_there(backend: Any, revision: Mapping[str, Any]) -> bool:
    """A deployment of an S3 revision fails with REVISION_MISSING where the object, or that version or eTag of it, is
    not there when it starts.

    Source: botocore codedeploy ErrorCode (REVISION_MISSING) and S3Location.
    """
    location = revision.get("s3Location")
    if not location:
        return True
    # Loaded late: moto's S3 is a third of a second that most worlds never need.
    from moto.s3.exceptions import S3ClientError
    from moto.s3.models import s3_backends

    s3 = s3_backends[backend.account_id]["aws"]
    try:
        found = s3.get_object(location["bucket"], location["key"], version_id=location.get("version"))
    except (S3ClientError, ServiceException):
        return False
    wanted = location.get("eTag")
    return found is not None and (not wanted or wanted.strip('"') == found.etag.strip('"'))
