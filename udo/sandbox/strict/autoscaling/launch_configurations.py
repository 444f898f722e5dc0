"""Launch configurations as AWS keeps them: unique, undeletable while in use, and described as they were asked for."""

from __future__ import annotations

import base64
import binascii
import copy
from typing import Any

from moto.ec2.exceptions import InvalidInstanceIdError
from moto.moto_api._internal import mock_random

from udo.sandbox.strict import limits
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses, rule

# What AWS shows for a launch configuration that did not name them.
_EMPTY: dict[str, Any] = {
    "KeyName": "",
    "SecurityGroups": [],
    "ClassicLinkVPCSecurityGroups": [],
    "UserData": "",
    "KernelId": "",
    "RamdiskId": "",
    "BlockDeviceMappings": [],
    "InstanceMonitoring": {"Enabled": True},
    "EbsOptimized": False,
}
_VOLUMES = ("standard", "io1", "gp2", "st1", "sc1", "gp3")
USER_DATA_LIMIT = 16 * 1024


@refuses("autoscaling", "CreateLaunchConfiguration", moto="silently overwrites it")
def launch_configuration_names_are_unique(request: Request) -> None:
    """Creating a launch configuration under a name that is taken is AlreadyExists.

    Source: botocore autoscaling CreateLaunchConfiguration, error AlreadyExistsFault.
    """
    name = request.params["LaunchConfigurationName"]
    if name in request.backend("autoscaling").launch_configurations:
        raise Refusal(
            "AlreadyExists",
            "Launch Configuration by this name already exists - "
            f"A launch configuration already exists with the name {name}",
        )


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts any length")
def launch_configuration_names_are_short(request: Request) -> None:
    """A launch configuration's name has at most 255 characters.

    Source: botocore autoscaling shape XmlStringMaxLen255.
    """
    limits.at_most_255(request.params["LaunchConfigurationName"], "launchConfigurationName")


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts any size")
def launch_configuration_user_data_fits_16_kb(request: Request) -> None:
    """User data of a launch configuration is base64 and at most 16 KB before encoding.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html; botocore autoscaling shape XmlStringUserData.
    """
    text = request.params.get("UserData") or ""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Refusal("ValidationError", "Invalid BASE64 encoding of user data") from error
    if len(data) > USER_DATA_LIMIT:
        raise Refusal("ValidationError", "User data is limited to 16384 bytes")


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts an entry that has none or several of them")
def block_device_is_one_kind(request: Request) -> None:
    """A block device mapping names exactly one of Ebs, VirtualName and NoDevice.

    Source: botocore autoscaling shape BlockDeviceMapping (`NoDevice`, `VirtualName`, `Ebs`).
    """
    for mapping in request.params.get("BlockDeviceMappings") or []:
        kinds = [kind for kind in ("Ebs", "VirtualName", "NoDevice") if mapping.get(kind)]
        if len(kinds) != 1:
            raise Refusal(
                "ValidationError",
                f"Invalid block device mapping for {mapping.get('DeviceName')}: exactly one of ebs, virtualName "
                "and noDevice must be given",
            )


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts any type of volume, and any speed of any type")
def volumes_are_possible(request: Request) -> None:
    """A volume's type exists; only io1, which needs them, and gp3 take Iops, and only gp3 takes Throughput.

    Source: botocore autoscaling shape Ebs (`VolumeType`, `Iops`, `Throughput`).
    """
    for mapping in request.params.get("BlockDeviceMappings") or []:
        volume = mapping.get("Ebs") or {}
        kind = volume.get("VolumeType") or "gp2"
        wrong = (
            (kind not in _VOLUMES, f"Invalid volume type {kind}: [{', '.join(_VOLUMES)}]"),
            (
                volume.get("Iops") and kind not in ("io1", "gp3"),
                f"The parameter iops is not supported for {kind} volumes",
            ),
            (kind == "io1" and not volume.get("Iops"), "The parameter iops must be specified for io1 volumes"),
            (
                volume.get("Throughput") and kind != "gp3",
                f"The parameter throughput is not supported for {kind} volumes",
            ),
        )
        if why := next((text for is_wrong, text in wrong if is_wrong), None):
            raise Refusal("ValidationError", f"{why} ({mapping.get('DeviceName')})")


@refuses("autoscaling", "CreateLaunchConfiguration", moto="accepts any word, and forgets it")
def tenancy_is_default_or_dedicated(request: Request) -> None:
    """PlacementTenancy of a launch configuration is default or dedicated.

    Source: botocore autoscaling CreateLaunchConfigurationType, member PlacementTenancy.
    """
    tenancy = request.params.get("PlacementTenancy") or "default"
    if tenancy not in ("default", "dedicated"):
        raise Refusal("ValidationError", f"Placement tenancy {tenancy} is not valid: [default, dedicated]")


@refuses("autoscaling", "CreateLaunchConfiguration", moto="has no quota")
def launch_configurations_are_limited(request: Request) -> None:
    """An account holds 200 launch configurations in a region; the next one is LimitExceeded.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html.
    """
    if len(request.backend("autoscaling").launch_configurations) >= limits.quotas.launch_configurations:
        raise Refusal(
            "LimitExceeded",
            "Launch Configuration limit exceeded - You have already reached your quota of launch configurations",
        )


@refuses("autoscaling", "CreateLaunchConfiguration", moto="has no such accounts")
def new_accounts_have_no_launch_configurations(request: Request) -> None:
    """An account made after October 2024 may not create launch configurations (switched on in the sandbox).

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/launch-configurations.html.
    """
    if limits.quotas.launch_configurations_refused:
        raise Refusal(
            "ValidationError",
            "The Launch Configuration creation operation is not available in your account. "
            "Use launch templates to create configuration templates for your Auto Scaling groups.",
        )


@answers("autoscaling", "CreateLaunchConfiguration")
def create_launch_configuration(request: Request) -> None:
    asked = request.params
    if asked.get("InstanceId"):
        asked.update(settings_come_from_the_instance(request))
    request.moto()
    kept = copy.deepcopy({key: value for key, value in asked.items() if key != "InstanceId"})
    made: Any = request.backend("autoscaling").launch_configurations[asked["LaunchConfigurationName"]]
    made.udo_asked = kept
    made.arn = launch_configuration_arns_differ(made)
    made.associate_public_ip_address = kept.get("AssociatePublicIpAddress")
    made.instance_monitoring_enabled = kept.get("InstanceMonitoring", {}).get("Enabled", True)
    made.block_device_mapping_dict = [entry for entry in kept.get("BlockDeviceMappings") or [] if entry.get("Ebs")]


@rule("autoscaling", "CreateLaunchConfiguration", moto="copies nothing from the instance")
def settings_come_from_the_instance(request: Request) -> dict[str, Any]:
    """A launch configuration made from an instance has the instance's settings, where the request does not name them.

    Source: botocore autoscaling CreateLaunchConfigurationType, member InstanceId.
    """
    asked = request.params
    try:
        instance = request.backend("ec2").get_instance(asked["InstanceId"])
    except InvalidInstanceIdError as error:
        raise Refusal("ValidationError", f"Instance {asked['InstanceId']} does not exist") from error
    found = {
        "ImageId": instance.image_id,
        "InstanceType": instance.instance_type,
        "KeyName": instance.key_name,
        "UserData": instance.user_data and str(instance.user_data),
        "SecurityGroups": [group.id for group in instance.security_groups],
    }
    return {key: value for key, value in found.items() if value and key not in asked}


@answers("autoscaling", "DescribeLaunchConfigurations", moto="returns MaxRecords however many, and full pages")
def launch_configurations_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeLaunchConfigurations returns 50 a page by default and 100 at most; unknown names are left out.

    Source: botocore autoscaling LaunchConfigurationNamesType, members MaxRecords and LaunchConfigurationNames.
    """
    params = request.params
    names = params.get("LaunchConfigurationNames") or []
    size = limit(params, "MaxRecords", default=50, maximum=100)
    found = request.backend("autoscaling").describe_launch_configurations(names)
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"LaunchConfigurations": [described_as_asked(one) for one in shown], "NextToken": token}


@rule(
    "autoscaling",
    "DescribeLaunchConfigurations",
    moto="invents AssociatePublicIpAddress and monitoring false, drops PlacementTenancy, NoDevice and VirtualName",
)
def described_as_asked(configuration: Any) -> dict[str, Any] | Any:
    """A launch configuration is described as it was asked for; monitoring is on unless it was switched off.

    Source: botocore autoscaling CreateLaunchConfigurationType (InstanceMonitoring: default is true) and the
    example of DescribeLaunchConfigurations.
    """
    asked = getattr(configuration, "udo_asked", None)
    if asked is None:
        return configuration
    return {
        **copy.deepcopy(_EMPTY),
        **asked,
        "LaunchConfigurationARN": configuration.arn,
        "CreatedTime": configuration.created_time,
    }


@refuses("autoscaling", "DeleteLaunchConfiguration", moto="deletes it under the group's feet, and accepts any name")
def launch_configuration_in_use_stays(request: Request) -> None:
    """Deleting a launch configuration that a group uses is ResourceInUse, an unknown one ValidationError.

    Source: botocore autoscaling DeleteLaunchConfiguration, error ResourceInUseFault.
    """
    name = request.params["LaunchConfigurationName"]
    if name not in request.backend("autoscaling").launch_configurations:
        raise Refusal("ValidationError", f"Launch configuration name not found - Launch configuration {name} not found")
    for group in request.backend("autoscaling").autoscaling_groups.values():
        if getattr(group, "launch_configuration_name", None) == name:
            raise Refusal(
                "ResourceInUse",
                f"Cannot delete launch configuration {name} because it is attached to AutoScalingGroup {group.name}",
            )


@rule("autoscaling", "CreateLaunchConfiguration", moto="gives every launch configuration the same id")
def launch_configuration_arns_differ(configuration: Any) -> str:
    """Every launch configuration's ARN holds an id of its own.

    Source: docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html.
    """
    parts = str(configuration.arn).split(":")
    parts[6] = str(mock_random.uuid4())
    return ":".join(parts)
