"""Copies launch data as it is live, and merges the keys of udo.yml into the copy."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Shape = Mapping[str, Any] | None

# EC2-Classic is gone; AWS returns its members for backward compatibility only and refuses them on create.
_CLASSIC = frozenset({"ClassicLinkVPCId", "ClassicLinkVPCSecurityGroups"})
# What a device is; exactly one may be sent. Source: API_BlockDeviceMapping (Auto Scaling).
_DEVICE_KINDS = ("Ebs", "NoDevice", "VirtualName")
# Members that cannot stand beside a new one. Source: API_RequestLaunchTemplateData and the shapes inside it.
_INSTEAD_OF = {
    "InstanceType": ("InstanceRequirements",),
    "NetworkInterfaces": ("SecurityGroupIds", "SecurityGroups"),
    "SecurityGroupIds": ("SecurityGroups",),
    "Arn": ("Name",),
    "Name": ("Arn",),
}
# What a volume of one type has and another refuses. Source: API_Ebs (Auto Scaling), Iops and Throughput.
_ONLY_OF = {"Iops": ("io1", "io2", "gp3"), "Throughput": ("gp3",)}
# What AWS answers for nested members that were not sent; for those that are not here, false.
_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "AssociatePublicIpAddress": (),
    "DeleteOnTermination": (True,),
    "VolumeType": ("standard", "gp2", "gp3"),
    "HttpTokens": ("optional",),
    "HttpEndpoint": ("enabled",),
    "HttpPutResponseHopLimit": (1,),
    "HttpProtocolIpv6": ("disabled",),
    "InstanceMetadataTags": ("disabled",),
}


def copied(data: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """The launch data that can be sent again: the keys of `shape`, nested, without empty values.

    AWS answers with empty strings and lists for what is not set and refuses them on create. False and 0 are values,
    and so is the empty NoDevice of a template. Times become text.
    Source: API_CreateLaunchConfiguration, minimum lengths; API_LaunchTemplateBlockDeviceMappingRequest.
    """
    rows = {key: _copied(value, (shape or {}).get(key)) for key, value in data.items() if key in (shape or {})}
    told = {key for key, value in rows.items() if not _empty(value) or (key, value) == ("NoDevice", "")}
    return {key: value for key, value in rows.items() if key in told - _CLASSIC}


def configuration_copy(data: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """The copy of a launch configuration, in the words of CreateLaunchConfiguration without its name.

    User data stays base64 here; `sendable` decodes it. Monitoring is always said, because leaving it out means on.
    """
    copy = copied(data, shape)
    copy.pop("LaunchConfigurationName", None)
    copy["InstanceMonitoring"] = dict(data.get("InstanceMonitoring") or {"Enabled": True})
    if "BlockDeviceMappings" in copy:
        copy["BlockDeviceMappings"] = [_one_device(device) for device in copy["BlockDeviceMappings"]]
    return copy


def sendable(copy: Mapping[str, Any]) -> dict[str, Any]:
    """The copy as it is handed to CreateLaunchConfiguration: user data as bytes.

    botocore encodes them (before-parameter-build, autoscaling); text that is base64 already would be encoded twice.
    """
    sent = dict(copy)
    if "UserData" in sent:
        sent["UserData"] = base64.b64decode(sent["UserData"])
    return sent


def laid_over(base: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """The base with the keys merged into it: maps merged, block devices merged by device name, all else replaced.

    Of network interfaces the primary one is merged. What cannot stand beside a new member goes.
    """
    result = dict(base)
    for key, value in keys.items():
        for other in _INSTEAD_OF.get(key, ()):
            result.pop(other, None)
        known = result.get(key)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            result[key] = _volume_over(known, value) if key == "Ebs" else laid_over(known, value)
        elif key == "BlockDeviceMappings":
            result[key] = _devices_over(known or [], value)
        elif key == "NetworkInterfaces" and isinstance(known, list):
            result[key] = _primary_over(known, value[0])
        else:
            result[key] = value
    return result


def removed(base: Mapping[str, Any], content: Mapping[str, Any], path: str = "") -> tuple[str, ...]:
    """The dotted paths of members of the base that the content no longer has; lists count as a whole.

    A version made with SourceVersion would inherit these again.
    """
    gone: list[str] = []
    for key, value in base.items():
        if key not in content:
            gone.append(f"{path}{key}")
        elif isinstance(value, Mapping) and isinstance(content[key], Mapping):
            gone += removed(value, content[key], f"{path}{key}.")
    return tuple(gone)


def satisfies(candidate: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether launch data already is what is wanted; nested members that were not sent may have AWS's defaults."""
    return set(candidate) == set(wanted) and _same(comparable(candidate), comparable(wanted))


def comparable(data: Mapping[str, Any]) -> dict[str, Any]:
    """The launch data in a form in which equal content is equal: security groups and volumes without order."""
    result = dict(data)
    for key in ("SecurityGroups", "SecurityGroupIds", "Groups"):
        if key in result:
            result[key] = sorted(result[key])
    if "BlockDeviceMappings" in result:
        result["BlockDeviceMappings"] = sorted(
            result["BlockDeviceMappings"], key=lambda one: str(one.get("DeviceName"))
        )
    if "NetworkInterfaces" in result:
        result["NetworkInterfaces"] = [comparable(interface) for interface in result["NetworkInterfaces"]]
    return result


def _same(found: Any, wanted: Any) -> bool:
    match found, wanted:
        case Mapping(), Mapping():
            extra = set(found) - set(wanted)
            defaults = all(found[key] in _DEFAULTS.get(key, (False,)) for key in extra)
            return defaults and all(key in found and _same(found[key], value) for key, value in wanted.items())
        case list(), list():
            return len(found) == len(wanted) and all(map(_same, found, wanted))
    return bool(found == wanted)


def _copied(value: Any, shape: Shape) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, list):
        return [item for item in (_copied(item, shape) for item in value) if not _empty(item)]
    if shape is None:
        return value
    return copied(value, shape) if isinstance(value, Mapping) else value


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | Mapping) and not value)


def _one_device(device: Mapping[str, Any]) -> dict[str, Any]:
    # A launch configuration leaves out a device with true (and AWS answers false for others), a template with "".
    if device.get("NoDevice") not in (None, False):
        kind = "NoDevice"
    else:
        kind = "VirtualName" if device.get("VirtualName") else "Ebs"
    return {key: value for key, value in device.items() if key == kind or key not in _DEVICE_KINDS}


def _devices_over(known: list[Any], given: list[Any]) -> list[Any]:
    laid = {device["DeviceName"]: device for device in known}
    for device in given:
        live = laid.get(device["DeviceName"], {})
        # What the device is now is as it is given; an option of it says nothing of that.
        kinds = [kind for kind in _DEVICE_KINDS if device.get(kind) not in (None, False)]
        kept = {key: value for key, value in live.items() if not kinds or key in kinds or key not in _DEVICE_KINDS}
        laid[device["DeviceName"]] = laid_over(kept, device)
    return [_one_device(device) for device in laid.values()]


def _volume_over(known: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    laid = laid_over(known, given)
    kind = laid.get("VolumeType")
    if kind == known.get("VolumeType"):
        return laid
    unfit = {key for key, kinds in _ONLY_OF.items() if kind not in kinds and key not in given}
    return {key: value for key, value in laid.items() if key not in unfit}


def _primary_over(known: list[Any], given: Mapping[str, Any]) -> list[Any]:
    primary = next((number for number, one in enumerate(known) if one.get("DeviceIndex", 0) == 0), 0)
    return [laid_over(one, given) if number == primary else one for number, one in enumerate(known)]
