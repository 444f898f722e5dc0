"""The members of a group: born from its launch data as it was, and remembering it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.autoscaling.models import ASG_NAME_TAG, InstanceState
from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import MetadataOptions

from udo.sandbox.strict import moment
from udo.sandbox.strict.autoscaling.activities import difference_cause, finish, record
from udo.sandbox.strict.autoscaling.holding import hooks_hold_members
from udo.sandbox.strict.autoscaling.launch_faults import launch_faults
from udo.sandbox.strict.autoscaling.lifecycle_hooks import LAUNCHING
from udo.sandbox.strict.autoscaling.refresh_state import active
from udo.sandbox.strict.delays import delays
from udo.sandbox.strict.ec2.metadata_defaults import launches_follow_the_accounts_defaults
from udo.sandbox.strict.ec2.references import images_are_looked_up_at_launch, missing_image
from udo.sandbox.strict.rules import Refusal, adds, replaces, rule

log = logging.getLogger("udo.sandbox")
COUNTED = ("Pending", "Pending:Wait", "InService")


@dataclass(frozen=True)
class Birth:
    """What a member was launched from: a launch configuration, or a version of a launch template."""

    configuration: Any = None
    template_id: str = ""
    template_name: str = ""
    version: str = ""


@dataclass(frozen=True)
class LaunchData:
    """What RunInstances needs, whichever source it comes from; `own_image` and `weight` are an override's."""

    birth: Birth
    image_id: str
    instance_type: str
    user_data: Any
    security_groups: list[str]
    key_name: str | None
    instance_profile: str | None
    metadata_options: dict[str, Any] | None
    block_device_mappings: list[dict[str, Any]]
    associate_public_ip: bool | None
    spot: bool
    tenancy: str
    tags: dict[str, str]
    own_image: str = ""
    weight: str = ""


def launch(group: Any, count: int, reason: str) -> None:
    """Starts `count` new members, spread evenly over the group's subnets or zones."""
    waiting, without = _spread(group, count), list[str]()
    while waiting:
        place, number = waiting.pop(0)
        try:
            if why := launch_faults.says(group.name, _zone_of(group, place), launch_data(group).instance_type):
                launch_failures_are_activities(group, reason, why)
                waiting += other_zones_take_what_one_cannot(group, place, number, without)
                continue
            reservation = _run(group, place, number)
        except (EC2ClientError, ServiceException) as error:
            launch_failures_are_activities(group, reason, error.message)
            return
        except StopIteration:
            launch_failures_are_activities(group, reason, "There are not enough free addresses in the subnet")
            return
        except Exception as error:
            log.exception("no launch for %s", group.name)
            launch_failures_are_activities(group, reason, f"Client.InternalError: {error!r}")
            return
        for instance in reservation.instances:
            _join(group, instance, reason)


@rule("autoscaling", "CreateAutoScalingGroup", "UpdateAutoScalingGroup", moto="never fails in a zone")
def other_zones_take_what_one_cannot(group: Any, place: str, count: int, without: list[str]) -> list[tuple[str, int]]:
    """Where a zone launches nothing another one is tried at once, unless the group's distribution is balanced-only.

    Source: botocore autoscaling shape AvailabilityZoneDistribution, member CapacityDistributionStrategy.
    """
    without.append(place)
    said = getattr(group, "availability_zone_distribution", None) or {}
    if said.get("CapacityDistributionStrategy") == "balanced-only":
        return []
    return _spread(group, count, without)


def spare_instances(group: Any, count: int) -> list[Any]:
    """Instances of the group's launch data that are no members of it, spread like these."""
    return [one for place, number in _spread(group, count) for one in _run(group, place, number).instances]


def _zone_of(group: Any, place: str) -> str:
    return str(group.ec2_backend.get_subnet(place).availability_zone) if group.vpc_zone_identifier else place


@rule("autoscaling", "SetDesiredCapacity", "UpdateAutoScalingGroup", moto="lets the request fail instead (HTTP 500)")
def launch_failures_are_activities(group: Any, reason: str, why: str) -> None:
    """A launch that fails is no error of the request: it stands in the scaling activities, and is tried again later.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-verify-scaling-activity.html.
    """
    why = why.rstrip(".")
    record(
        group,
        f"Launching a new EC2 instance.  Status Reason: {why}. Launching EC2 instance failed.",
        reason,
        status="Failed",
        message=f"{why}. Launching EC2 instance failed.",
    )
    group.udo_retry_at = moment.now() + delays.relaunch


@rule("autoscaling", "UpdateAutoScalingGroup", moto="puts all instances of a scaling event into one subnet or zone")
def zones_are_balanced(group: Any, places: list[str], taken: dict[str, int], count: int) -> dict[str, int]:
    """New instances go to the subnet or zone that holds the fewest members.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html (balancing across zones).
    """
    added = dict.fromkeys(places, 0)
    for _ in range(count):
        place = min(places, key=lambda one: taken.get(one, 0) + added[one])
        added[place] += 1
    return {place: number for place, number in added.items() if number}


def _spread(group: Any, count: int, without: Sequence[str] = ()) -> list[tuple[str, int]]:
    """The places that new members go to, each with how many; none of those that are left out."""
    subnets = group.vpc_zone_identifier.split(",") if group.vpc_zone_identifier else []
    places = [subnet.strip() for subnet in subnets] or list(group.availability_zones)
    places = [place for place in places if place not in without]
    if not places:
        return []
    taken: dict[str, int] = {}
    for member in group.instance_states:
        place = member.instance.subnet_id if subnets else member.availability_zone
        taken[place] = taken.get(place, 0) + 1
    return list(zones_are_balanced(group, places, taken, count).items())


def _run(group: Any, place: str, count: int) -> Any:
    data = launch_data(group)
    if why := missing_image(group.ec2_backend, data.image_id):
        raise Refusal("ValidationError", why)
    launches_need_what_they_name(group.ec2_backend, data)
    tags = {**group.get_propagated_tags(), **data.tags, ASG_NAME_TAG: group.name}
    in_subnet = bool(group.vpc_zone_identifier)
    reservation = group.ec2_backend.run_instances(
        data.image_id,
        count,
        data.user_data,
        data.security_groups,
        instance_type=data.instance_type,
        is_instance_type_default=False,
        key_name=data.key_name,
        placement=None if in_subnet else place,
        region_name=group.region,
        subnet_id=place if in_subnet else None,
        associate_public_ip=data.associate_public_ip,
        block_device_mappings=data.block_device_mappings,
        metadata_options=data.metadata_options or {},
        tags={"instance": tags},
    )
    for instance in reservation.instances:
        instances_carry_their_launch_data(instance, data, group)
    return reservation


@rule("autoscaling", "SetDesiredCapacity", "UpdateAutoScalingGroup", moto="launches without them")
def launches_need_what_they_name(ec2: Any, data: LaunchData) -> None:
    """A launch fails where the key pair or a security group of its launch data does not exist any more.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html.
    """
    if data.key_name and data.key_name not in ec2.key_pairs:
        raise Refusal("ValidationError", f"The key pair '{data.key_name}' does not exist")
    for name in data.security_groups:
        if ec2.get_security_group_by_name_or_id(name) is None:
            raise Refusal("ValidationError", f"The security group '{name}' does not exist")


def launch_data(group: Any) -> LaunchData:
    """What the group launches now."""
    source = refreshes_launch_the_desired_configuration(group)
    if source.ec2_launch_template is None:
        return _from_configuration(source.launch_config)
    overrides = ((source.mixed_instances_policy or {}).get("LaunchTemplate") or {}).get("Overrides") or [{}]
    return overrides_come_before_the_template(group, source, overrides[0])


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def refreshes_launch_the_desired_configuration(group: Any) -> Any:
    """While an instance refresh with a desired configuration is active everything the group launches is launched from
    that, scaling out too, though the group still shows what it had.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html (desired configuration).
    """
    refresh = active(group)
    return refresh.source if refresh is not None and refresh.launches_desired else group


@rule("autoscaling", "UpdateAutoScalingGroup", moto="takes nothing but the type from an override")
def overrides_come_before_the_template(group: Any, source: Any, override: Mapping[str, Any]) -> LaunchData:
    """What an override says (type, image, a template of its own) comes before what the policy's template says.

    Source: botocore autoscaling shape LaunchTemplate.
    """
    own = override.get("LaunchTemplateSpecification") or {}
    template = group.ec2_backend.get_launch_template(own.get("LaunchTemplateId") or source.ec2_launch_template.id)
    number = own.get("Version") or "$Default" if own else source.launch_template_version
    return _from_template(group, template.get_version(number), override)


def _from_configuration(configuration: Any) -> LaunchData:
    asked = getattr(configuration, "udo_asked", {})
    return LaunchData(
        birth=Birth(configuration),
        image_id=configuration.image_id,
        instance_type=configuration.instance_type,
        user_data=configuration.user_data,
        security_groups=list(configuration.security_groups),
        key_name=configuration.key_name,
        instance_profile=configuration.iam_instance_profile,
        metadata_options=asked.get("MetadataOptions"),
        block_device_mappings=list(asked.get("BlockDeviceMappings") or []),
        associate_public_ip=configuration.associate_public_ip_address,
        spot=bool(asked.get("SpotPrice")),
        tenancy=asked.get("PlacementTenancy") or "default",
        tags={},
    )


def _from_template(group: Any, version: Any, override: Mapping[str, Any]) -> LaunchData:
    data = version.data
    interfaces = data.get("NetworkInterfaces") or [{}]
    profile = data.get("IamInstanceProfile") or {}
    image = override.get("ImageId") or data.get("ImageId", "")
    groups = [*(data.get("SecurityGroupIds") or []), *(data.get("SecurityGroups") or [])]
    return LaunchData(
        birth=Birth(None, version.template.id, version.template.name, str(version.number)),
        image_id=images_are_looked_up_at_launch(group.ec2_backend, image) or "",
        instance_type=override.get("InstanceType") or data.get("InstanceType") or "m1.small",
        user_data=version.user_data,
        security_groups=groups or list(interfaces[0].get("Groups") or []),
        key_name=data.get("KeyName"),
        instance_profile=profile.get("Name") or profile.get("Arn"),
        metadata_options=data.get("MetadataOptions"),
        block_device_mappings=list(data.get("BlockDeviceMappings") or []),
        associate_public_ip=interfaces[0].get("AssociatePublicIpAddress"),
        spot=(data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot",
        tenancy=(data.get("Placement") or {}).get("Tenancy") or "default",
        tags=dict(version.instance_tags),
        own_image=override.get("ImageId", ""),
        weight=str(override.get("WeightedCapacity") or ""),
    )


@rule(
    "ec2", "DescribeInstances", moto="carries no profile, metadata options, tenancy or spot, the key of templates only"
)
def instances_carry_their_launch_data(instance: Any, data: LaunchData, group: Any) -> None:
    """A member has the key, profile, metadata options, tenancy and purchase option of what it was launched from.

    Source: botocore ec2 shape Instance (`KeyName`, `IamInstanceProfile`, `MetadataOptions`, `Placement`,
    `InstanceLifecycle`).
    """
    instance.lifecycle = "spot" if data.spot else None
    instance._placement.tenancy = data.tenancy
    instance.metadata_options = MetadataOptions(
        launches_follow_the_accounts_defaults(instance.ec2_backend, data.metadata_options or {})
    )
    if data.instance_profile:
        name = data.instance_profile.rpartition("/")[2]
        arn = f"arn:aws:iam::{group.account_id}:instance-profile/{name}"
        instance.iam_instance_profile = {"Arn": arn, "Id": "AIPA" + name.upper()[:17]}
    if data.birth.template_id:
        instance.add_tags(
            {
                "aws:ec2launchtemplate:id": data.birth.template_id,
                "aws:ec2launchtemplate:version": data.birth.version,
            }
        )


def _join(group: Any, instance: Any, reason: str) -> None:
    before = sum(1 for member in group.instance_states if member.lifecycle_state in COUNTED)
    instance.autoscaling_group = group
    member: Any = InstanceState(instance, protected_from_scale_in=group.new_instances_protected_from_scale_in)
    data = launch_data(group)
    member.udo_birth, member.udo_own_image, member.udo_weight = data.birth, data.own_image, data.weight
    member.udo_ready_at = moment.now() + delays.boot
    group.instance_states.append(member)
    launch_faults.bear(group.name, member.availability_zone, instance.id)
    cause = _cause(group, before, reason)
    activity = record(group, f"Launching a new EC2 instance: {instance.id}", cause, status="PreInService")
    activity["Details"] = json.dumps({"Subnet ID": instance.subnet_id, "Availability Zone": member.availability_zone})
    member.udo_activity = activity
    member.lifecycle_state = "Pending"
    instance._state.name, instance._state.code = "pending", 0
    if delays.boot <= 0:
        arrive(group, member)


def _cause(group: Any, before: int, reason: str) -> str:
    if not reason and active(group) is not None:
        return refreshes_are_causes("launched")
    return difference_cause("launch", before, before + 1, reason)


@rule("autoscaling", "StartInstanceRefresh", moto="has no such operation")
def refreshes_are_causes(what: str) -> str:
    """What an instance refresh launches and terminates has it as its cause in the scaling activities.

    Source: messages of Auto Scaling in tests of a public repository ("At 2022-12-24T22:03:59Z an instance was taken
    out of service in response to an instance refresh.").
    """
    return f"At {moment.text()} an instance was {what} in response to an instance refresh."


def arrive(group: Any, member: Any) -> None:
    """Ends a member's boot: it is in service, unless hooks hold it."""
    if member.instance.state_code == 0:
        member.instance._state.name, member.instance._state.code = "running", 16
    if not hooks_hold_members(group, member, LAUNCHING):
        enter_service(member)


def enter_service(member: Any) -> None:
    """Puts a member into service."""
    member.lifecycle_state = "InService"
    member.udo_in_service_at = moment.now()
    finish(member.udo_activity)


@rule("autoscaling", "DescribeAutoScalingGroups", "DescribeAutoScalingInstances", moto="shows what the group has now")
def members_keep_their_launch_configuration(member: Any) -> str | None:
    """A member shows the launch configuration it was launched from, and none once that is deleted.

    Source: botocore autoscaling shape Instance (`LaunchConfigurationName`); Auto Scaling user guide, "Change the
    launch configuration for an Auto Scaling group".
    """
    born = getattr(member, "udo_birth", Birth())
    if born.configuration is None:
        return None
    known = member.auto_scaling_group.autoscaling_backend.launch_configurations
    return born.configuration.name if known.get(born.configuration.name) is born.configuration else None


@rule("autoscaling", "DescribeAutoScalingGroups", "DescribeAutoScalingInstances", moto="shows the default version")
def members_keep_their_template_version(member: Any) -> dict[str, str] | None:
    """A member shows the number of the launch template version it was launched from.

    Source: botocore autoscaling shape Instance (`LaunchTemplate`).
    """
    born = getattr(member, "udo_birth", Birth())
    if not born.template_id:
        return None
    return {
        "LaunchTemplateId": born.template_id,
        "LaunchTemplateName": born.template_name,
        "Version": born.version,
    }


@rule("autoscaling", "DescribeAutoScalingGroups", "DescribeAutoScalingInstances", moto="never shows an image")
def members_show_the_image_of_their_override(member: Any) -> str | None:
    """A member shows an image only where the override that it was launched with has one of its own.

    Source: botocore autoscaling shape Instance (`ImageId`).
    """
    return getattr(member, "udo_own_image", "") or None


adds(InstanceState, "image_id")(property(members_show_the_image_of_their_override))
replaces(InstanceState, "launch_configuration_name")(property(members_keep_their_launch_configuration))
replaces(InstanceState, "launch_template")(property(members_keep_their_template_version))


@rule("autoscaling", "DescribeAutoScalingGroups", "DescribeAutoScalingInstances", moto="never shows a weight")
def members_show_their_weight(member: Any) -> str | None:
    """A member shows how many units of capacity it is where the override that it was launched with says so.

    Source: botocore autoscaling shape Instance (`WeightedCapacity`).
    """
    return getattr(member, "udo_weight", "") or None


adds(InstanceState, "weighted_capacity")(property(members_show_their_weight))
