"""The launch keys of udo.yml in the words of a launch configuration and of launch template data."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from udo.errors import Refused
from udo.launch.user_data import boot_script
from udo.schema.launch import LAUNCH_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.config import Role


# Every key that launch data rests on: those above and what the boot script is made of.
BASIS = (*LAUNCH_KEYS, "packages", "repo", "repo_url")

_CONFIGURATION_NAMES = {
    "ami": "ImageId",
    "instance_type": "InstanceType",
    "keypair_name": "KeyName",
    "security_groups": "SecurityGroups",
    "iam_profile": "IamInstanceProfile",
    "spot_price": "SpotPrice",
    "tenancy": "PlacementTenancy",
    "associate_public_ip_address": "AssociatePublicIpAddress",
    "metadata_options": "MetadataOptions",
    "block_device_mappings": "BlockDeviceMappings",
    "user_data": "UserData",
}
_TEMPLATE_NAMES = {
    "ami": "ImageId",
    "instance_type": "InstanceType",
    "keypair_name": "KeyName",
    "metadata_options": "MetadataOptions",
    "block_device_mappings": "BlockDeviceMappings",
    "user_data": "UserData",
}


def launch_keys(role: Role, *, ami: str | None = None) -> dict[str, Any]:
    """The launch keys that udo.yml defines for the role, user data base64; `ami` takes the place of the role's.

    Raises: ConfigError where the user data is larger than AWS takes.
    """
    keys = {key: role.get(key) for key in LAUNCH_KEYS if key != "user_data" and role.get(key) is not None}
    if ami:
        keys["ami"] = ami
    script = boot_script(role)
    if script is not None:
        keys["user_data"] = base64.b64encode(script).decode()
    return keys


def configuration_keys(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Launch keys in the words of CreateLaunchConfiguration, user data base64.

    Raises: Refused for an image that AWS would look up at each launch, which is for launch templates only.
    Source: botocore ec2 RequestLaunchTemplateData and autoscaling CreateLaunchConfigurationType, member ImageId.
    """
    if str(keys.get("ami", "")).startswith("resolve:"):
        hint = (
            f"write {keys['ami'].removeprefix('resolve:')}, or move the group with --to-template; nothing was changed"
        )
        raise Refused(f"a launch configuration takes an image by its id, not {keys['ami']}", hint=hint)
    named = {_CONFIGURATION_NAMES[key]: value for key, value in keys.items() if key in _CONFIGURATION_NAMES}
    if "instance_monitoring" in keys:
        named["InstanceMonitoring"] = {"Enabled": keys["instance_monitoring"]}
    return named


def template_keys(keys: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Launch keys in the words of RequestLaunchTemplateData.

    Where the base has network interfaces, security groups belong inside the primary one.
    Source: API_RequestLaunchTemplateData, SecurityGroupIds.

    Raises: Refused for a security group by name: AWS takes them only outside a VPC, and tells so at the next launch.
    """
    named: dict[str, Any] = {_TEMPLATE_NAMES[key]: value for key, value in keys.items() if key in _TEMPLATE_NAMES}
    if "block_device_mappings" in keys:
        named["BlockDeviceMappings"] = [_template_device(device) for device in keys["block_device_mappings"]]
    if "iam_profile" in keys:
        profile = keys["iam_profile"]
        named["IamInstanceProfile"] = {"Arn" if profile.startswith("arn:") else "Name": profile}
    if "spot_price" in keys:
        named["InstanceMarketOptions"] = {"MarketType": "spot", "SpotOptions": {"MaxPrice": keys["spot_price"]}}
    if "tenancy" in keys:
        named["Placement"] = {"Tenancy": keys["tenancy"]}
    if "instance_monitoring" in keys:
        named["Monitoring"] = {"Enabled": keys["instance_monitoring"]}
    return named | _network(keys, base)


def key_of(path: str) -> str:
    """The key of udo.yml for the dotted path of an AWS launch value; AWS's names where udo.yml has none."""
    if path in _KEYS:
        return _KEYS[path]
    name, dot, rest = path.partition(".")
    return f"{_KEYS.get(name, name)}{dot}{rest}"


_KEYS = {aws: key for key, aws in (_CONFIGURATION_NAMES | _TEMPLATE_NAMES).items()} | {
    "SecurityGroupIds": "security_groups",
    "InstanceMarketOptions.SpotOptions.MaxPrice": "spot_price",
    "Placement.Tenancy": "tenancy",
    "Monitoring.Enabled": "instance_monitoring",
    "InstanceMonitoring.Enabled": "instance_monitoring",
    "IamInstanceProfile.Name": "iam_profile",
    "IamInstanceProfile.Arn": "iam_profile",
    "NetworkInterfaces.0.Groups": "security_groups",
    "NetworkInterfaces.0.AssociatePublicIpAddress": "associate_public_ip_address",
}


def _template_device(device: Mapping[str, Any]) -> dict[str, Any]:
    # A launch template says NoDevice with an empty text. Source: API_LaunchTemplateBlockDeviceMappingRequest.
    told = {key: value for key, value in device.items() if key != "NoDevice"}
    return told | {"NoDevice": ""} if device.get("NoDevice") else told


def _network(keys: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    groups, public = keys.get("security_groups"), keys.get("associate_public_ip_address")
    if names := [group for group in groups or () if not group.startswith("sg-")]:
        told = f"a launch template takes security groups by id, not by name: {', '.join(names)}"
        raise Refused(told, hint="put the ids in udo.yml; nothing was changed")
    if not base.get("NetworkInterfaces") and public is None:
        return {"SecurityGroupIds": groups} if groups else {}
    interface: dict[str, Any] = {} if base.get("NetworkInterfaces") else {"DeviceIndex": 0}
    if groups or base.get("SecurityGroupIds"):
        interface["Groups"] = groups or base["SecurityGroupIds"]
    if public is not None:
        interface["AssociatePublicIpAddress"] = public
    return {"NetworkInterfaces": [interface]} if interface else {}
