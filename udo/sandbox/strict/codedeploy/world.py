"""What a running deployment meets: the instances of its group, its bundle, and the failures set for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends

from udo.sandbox.strict.codedeploy.faults import DeploymentFault, deployment_faults
from udo.sandbox.strict.codedeploy.run import ALLOWING, BLOCKING, EVENTS, Target, World
from udo.sandbox.strict.rules import rule


def world_of(backend: Any, deployment: Any) -> World:
    """The surroundings of a deployment, looked up when they are asked for."""

    def fault(target: Target, event: str) -> DeploymentFault | None:
        names = (deployment.application_name, deployment.deployment_group_name)
        return deployment_faults.due(deployment.deployment_id, names, (target.instance_id, target.place), event)

    return World(
        members=lambda: only_outdated_instances(backend, deployment),
        alive=lambda instance_id: _alive(backend, instance_id),
        revision_there=lambda: bundles_must_be_there(backend, deployment.revision or {}),
        fault=fault,
    )


@rule("codedeploy", "CreateDeployment", moto="never starts a deployment")
def only_outdated_instances(backend: Any, deployment: Any) -> list[str]:
    """With updateOutdatedInstancesOnly a deployment leaves out the instances whose last success was of its revision.

    Source: botocore codedeploy CreateDeploymentInput, member updateOutdatedInstancesOnly.
    """
    found = members(backend, deployment.deployment_group)
    if not deployment.update_outdated_instances_only:
        return found
    have: dict[str, Any] = {}
    for one in backend.deployments.values():
        have |= {target.instance_id: one.revision for target in one.udo_run.targets if target.status == "Succeeded"}
    return [instance_id for instance_id in found if have.get(instance_id) != deployment.revision]


def events_of(group: Any) -> tuple[str, ...]:
    """The lifecycle events of an in-place deployment to this group, in order."""
    if (group.deployment_style or {}).get("deploymentOption") == "WITH_TRAFFIC_CONTROL":
        return (*BLOCKING, *EVENTS, *ALLOWING)
    return EVENTS


def members(backend: Any, group: Any) -> list[str]:
    """The instances a deployment goes to: those in service in the Auto Scaling groups, and those the tags match."""
    autoscaling = autoscaling_backends[backend.account_id][backend.region_name]
    found: dict[str, None] = {}
    for name in group_names(group):
        known = autoscaling.autoscaling_groups.get(name)
        for member in known.instance_states if known else ():
            if member.lifecycle_state == "InService":
                found[member.instance_id] = None
    for instance in _tagged(backend, group):
        found[instance.id] = None
    return [instance_id for instance_id in found if _alive(backend, instance_id)]


def group_names(group: Any) -> list[str]:
    """The names of a deployment group's Auto Scaling groups."""
    return [str(name) for name in group.auto_scaling_groups or []]


def _tagged(backend: Any, group: Any) -> list[Any]:
    sets = (group.ec2_tag_set or {}).get("ec2TagSetList") or ([group.ec2_tag_filters] if group.ec2_tag_filters else [])
    if not sets:
        return []
    instances = ec2_backends[backend.account_id][backend.region_name].all_running_instances()
    return [
        instance
        for instance in instances
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


def _alive(backend: Any, instance_id: str) -> bool:
    instance = ec2_backends[backend.account_id][backend.region_name].get_instance_by_id(instance_id)
    return instance is not None and instance.state in ("running", "pending")


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
