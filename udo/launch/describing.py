"""Says live launch data in the words of udo.yml: the keys that, merged into it again, change nothing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from typing import Any

from udo import schema
from udo.config.writing import readable
from udo.errors import Refused
from udo.frozen import frozen
from udo.launch.copying import comparable, configuration_copy, copied, laid_over
from udo.launch.overlay import configuration_keys, template_keys

_DEVICES = "block_device_mappings[]"
Named = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@frozen
class Described:
    """Launch keys of udo.yml, and the user data apart; `left` names what only the live data says."""

    keys: Mapping[str, Any]
    user_data: bytes = field(default=b"", repr=False)
    left: tuple[str, ...] = ()


def described_configuration(data: Mapping[str, Any], shape: Mapping[str, Any]) -> Described:
    """What a launch configuration is in udo.yml."""
    base = configuration_copy(data, shape)
    found = {
        "ami": base.get("ImageId"),
        "instance_type": base.get("InstanceType"),
        "keypair_name": base.get("KeyName"),
        "iam_profile": base.get("IamInstanceProfile"),
        "spot_price": base.get("SpotPrice"),
        "tenancy": base.get("PlacementTenancy"),
        "security_groups": base.get("SecurityGroups"),
        "associate_public_ip_address": base.get("AssociatePublicIpAddress"),
        "instance_monitoring": base["InstanceMonitoring"].get("Enabled"),
    }
    return _described(base, found, configuration_keys)


def described_template(data: Mapping[str, Any], shape: Mapping[str, Any], without: Collection[str] = ()) -> Described:
    """What a launch template version is in udo.yml, `without` the keys that have no effect there."""
    base = copied(data, shape)
    profile = base.get("IamInstanceProfile", {})
    interface = _primary(base)
    found = {
        "ami": base.get("ImageId"),
        "instance_type": base.get("InstanceType"),
        "keypair_name": base.get("KeyName"),
        "iam_profile": profile.get("Arn") or profile.get("Name"),
        "spot_price": base.get("InstanceMarketOptions", {}).get("SpotOptions", {}).get("MaxPrice"),
        "tenancy": base.get("Placement", {}).get("Tenancy"),
        "security_groups": interface.get("Groups") or base.get("SecurityGroupIds"),
        "associate_public_ip_address": interface.get("AssociatePublicIpAddress"),
        "instance_monitoring": base.get("Monitoring", {}).get("Enabled"),
    }
    return _described(base, found, lambda keys: template_keys(keys, base), without)


def _described(
    base: Mapping[str, Any], found: Mapping[str, Any], named: Named, without: Collection[str] = ()
) -> Described:
    user_data = _raw(base.get("UserData", ""))
    given = {
        **found,
        "metadata_options": _known(base.get("MetadataOptions", {}), "metadata_options"),
        "block_device_mappings": list(map(_device, base.get("BlockDeviceMappings", ()))),
        "user_data": base64.b64encode(user_data).decode(),
    }
    keys = {key: value for key, value in given.items() if value not in (None, "", [], {}) and key not in without}
    same = {key: value for key, value in keys.items() if _changes_nothing(key, value, base, named)}
    # What is false is so by default.
    left = tuple(sorted({name for name, value in base.items() if value is not False} - set(named(same))))
    return Described(_without_user_data(same), user_data if "user_data" in same else b"", left)


def _changes_nothing(key: str, value: Any, base: Mapping[str, Any], named: Named) -> bool:
    if key != "user_data" and not readable(key, value):
        return False
    try:
        return comparable(laid_over(base, named({key: value}))) == comparable(base)
    except Refused:
        return False


def _without_user_data(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if key != "user_data"}


def _primary(base: Mapping[str, Any]) -> Mapping[str, Any]:
    faces = base.get("NetworkInterfaces", ())
    first: Mapping[str, Any] = next((face for face in faces if face.get("DeviceIndex", 0) == 0), {})
    return first


def _known(value: Mapping[str, Any], path: str) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name in schema.inside(path)}


def _device(device: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in device.items() if f"{_DEVICES}.{key}" in schema.BY_PATH}
    if "Ebs" in found:
        found["Ebs"] = {key: value for key, value in found["Ebs"].items() if f"{_DEVICES}.Ebs.{key}" in schema.BY_PATH}
    # A launch template says NoDevice with an empty text. Source: API_LaunchTemplateBlockDeviceMappingRequest.
    return found | ({"NoDevice": True} if found.get("NoDevice") == "" else {})


def _raw(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return b""
