"""The volumes instances are launched with: those of the image, overlaid with the ones their launch data names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses.instances import InstanceResponse

from udo.sandbox.strict.rules import replaces, rule

_WITH_IOPS = ("gp3", "io1", "io2")
_KINDS = ("standard", "io1", "io2", "gp2", "sc1", "st1", "gp3")
_run_instances: Any = InstanceBackend.run_instances


@replaces(InstanceResponse, "_parse_block_device_mapping")
def named_mappings(response: Any) -> list[dict[str, Any]]:
    """The mappings a request names, all of each."""
    return list(response._get_param("BlockDeviceMappings", []))


@replaces(InstanceBackend, "run_instances")
def run_instances(backend: Any, image_id: str, *given: Any, **words: Any) -> Any:
    """Launches instances with their volumes, or none of them."""
    named = words.pop("block_device_mappings", None)
    if named is None and words.get("launch_template"):
        named = backend._get_template_from_args(words["launch_template"]).data.get("BlockDeviceMappings")
    root, size = _root(backend, image_id)
    devices = instances_have_the_volumes_they_name(root, named or ())
    if root in devices and not devices[root].get("SnapshotId"):
        devices[root].setdefault("VolumeSize", size)
    for device, volume in devices.items():
        impossible_volumes_are_refused(backend, device, volume)
    before = set(backend.reservations)
    try:
        reservation = _run_instances(backend, image_id, *given, block_device_mappings=[], **words)
        for instance in reservation.instances:
            for device, volume in devices.items():
                _attach(backend, instance, device, volume, (words.get("tags") or {}).get("volume") or {})
    except Exception:
        failed_launches_leave_nothing(backend, before)
        raise
    return reservation


@rule("ec2", "RunInstances", moto="launches without a root volume wherever mappings are named, and drops their speed")
def instances_have_the_volumes_they_name(root: str, named: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """An instance has its image's root volume, overlaid with the mappings by their device names, Iops and Throughput
    included; NoDevice takes a device away.

    Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html.
    """
    devices: dict[str, dict[str, Any]] = {root: {"DeleteOnTermination": True}}
    for mapping in named:
        device = mapping.get("DeviceName") or root
        if mapping.get("NoDevice") is not None and mapping.get("NoDevice") is not False:
            devices.pop(device, None)
        elif mapping.get("Ebs"):
            devices[device] = {**devices.get(device, {}), **mapping["Ebs"]}
    return devices


@rule("ec2", "RunInstances", moto="leaves the instance behind, half made")
def impossible_volumes_are_refused(backend: Any, device: str, volume: Mapping[str, Any]) -> None:
    """A volume whose type does not exist, whose speed does not fit its type, whose snapshot does not exist or that has
    neither size nor snapshot (but for the root volume, which has its image's size) is refused.

    Source: botocore ec2 shape EbsBlockDevice; docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    (InvalidSnapshot.NotFound, MissingParameter, InvalidParameterCombination).
    """
    kind, snapshot = volume.get("VolumeType") or "gp2", volume.get("SnapshotId")
    wrong = (
        (kind not in _KINDS, "InvalidParameterValue", f"Value ({kind}) for parameter volumeType is invalid."),
        (
            kind in ("io1", "io2") and not volume.get("Iops"),
            "MissingParameter",
            f"The parameter iops must be specified for {kind} volumes.",
        ),
        (
            volume.get("Iops") and kind not in _WITH_IOPS,
            "InvalidParameterCombination",
            f"The parameter iops is not supported for {kind} volumes.",
        ),
        (
            volume.get("Throughput") and kind != "gp3",
            "InvalidParameterCombination",
            f"The parameter throughput is not supported for {kind} volumes.",
        ),
        (
            volume.get("KmsKeyId") and not volume.get("Encrypted"),
            "InvalidParameterDependency",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        ),
        (
            snapshot and snapshot not in backend.snapshots,
            "InvalidSnapshot.NotFound",
            f"The snapshot '{snapshot}' does not exist.",
        ),
        (
            not snapshot and not volume.get("VolumeSize"),
            "MissingParameter",
            f"The request must contain the parameter size or snapshotId ({device})",
        ),
    )
    if why := next(((code, text) for is_wrong, code, text in wrong if is_wrong), None):
        raise EC2ClientError(*why)


@rule("ec2", "RunInstances", moto="keeps the instances it had begun to make, running and without an address")
def failed_launches_leave_nothing(backend: Any, before: set[str]) -> None:
    """A request that fails has launched nothing: no reservation, no instance, no volume of its own.

    Source: docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html (between MinCount and MaxCount, else
    none).
    """
    for key in set(backend.reservations) - before:
        for instance in backend.reservations.pop(key).instances:
            for card in instance.nics.values():
                backend.enis.pop(card.id, None)
            for _, volume in instance.get_block_device_mapping:
                backend.volumes.pop(volume.volume_id, None)


def _root(backend: Any, image_id: str) -> tuple[str, int]:
    """The name of an image's root device, and its size in GiB."""
    if image_id not in backend.amis:
        return "/dev/sda1", 8
    (mapping, *_) = backend.amis[image_id].block_device_mappings
    return mapping["DeviceName"], mapping["Ebs"]["VolumeSize"]


def _attach(backend: Any, instance: Any, device: str, volume: Mapping[str, Any], tags: dict[str, str]) -> None:
    size, kind = volume.get("VolumeSize"), volume.get("VolumeType") or "gp2"
    made = backend.create_volume(
        size=size and int(size),
        zone_name=instance.placement.zone,
        snapshot_id=volume.get("SnapshotId"),
        encrypted=bool(volume.get("Encrypted")),
        kms_key_id=volume.get("KmsKeyId"),
        volume_type=kind,
        iops=volume.get("Iops") or (3000 if kind == "gp3" else None),
        throughput=volume.get("Throughput") or (125 if kind == "gp3" else None),
    )
    if tags:
        made.add_tags(tags)
    # "Default: true" where the volume comes with the launch.
    stays = volume.get("DeleteOnTermination") in (False, "false")
    backend.attach_volume(made.id, instance.id, device, not stays)
