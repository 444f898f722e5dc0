"""Volumes of instances: one case for each rule, named like it."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Any

from account import ZONE, Account, holds, refused
from botocore.exceptions import ClientError

FAST = {"VolumeType": "gp3", "VolumeSize": 20, "Iops": 4000, "Throughput": 250}


def _run(aws: Account, *mappings: dict[str, Any]) -> Any:
    words = {"MinCount": 1, "MaxCount": 1, "ImageId": aws.image, "BlockDeviceMappings": list(mappings)}
    return aws.ec2.run_instances(**words)


def _volumes(aws: Account, instance_id: str) -> dict[str, dict[str, Any]]:
    """Each device of an instance with its volume."""
    found = aws.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    devices = {one["DeviceName"]: one["Ebs"]["VolumeId"] for one in found["BlockDeviceMappings"]}
    shown = {one["VolumeId"]: one for one in aws.ec2.describe_volumes()["Volumes"]}
    return {device: shown[volume] for device, volume in devices.items()}


def instances_have_the_volumes_they_name(aws: Account) -> None:
    mappings = [{"DeviceName": "/dev/sdf", "Ebs": FAST}, {"DeviceName": "/dev/sda1", "Ebs": {"VolumeType": "gp3"}}]
    first = _run(aws, mappings[0])["Instances"][0]["InstanceId"]
    holds(set(_volumes(aws, first)) == {"/dev/sda1", "/dev/sdf"}, "no root volume")
    aws.configuration("web", BlockDeviceMappings=mappings)
    volumes = _volumes(aws, aws.group(size=1, LaunchConfigurationName="web")[0])
    data = volumes["/dev/sdf"]
    holds({**{key: data[key] for key in FAST if key in data}, "VolumeSize": data["Size"]} == FAST)
    root = volumes["/dev/sda1"]
    image = aws.ec2.describe_images(ImageIds=[aws.image])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]
    holds((root["Size"], root["Iops"]) == (image["VolumeSize"], 3000), "a root volume has not the size of its image's")
    bare = _run(aws, {"DeviceName": "/dev/sdf", "NoDevice": ""})["Instances"][0]["InstanceId"]
    holds([*_volumes(aws, bare)] == ["/dev/sda1"])


def impossible_volumes_are_refused(aws: Account) -> None:
    for volume, code, text in (
        ({"VolumeType": "io2", "VolumeSize": 9}, "MissingParameter", "iops must be specified for io2"),
        ({"VolumeType": "gp2", "VolumeSize": 9, "Iops": 400}, "InvalidParameterCombination", "gp2"),
        ({"VolumeType": "gp2", "VolumeSize": 9, "Throughput": 200}, "InvalidParameterCombination", "throughput"),
        ({"VolumeType": "gp9", "VolumeSize": 9}, "InvalidParameterValue", "gp9"),
        ({"VolumeType": "gp3"}, "MissingParameter", "size or snapshotId"),
    ):
        refused(partial(_run, aws, {"DeviceName": "/dev/sdf", "Ebs": volume}), code, text)


def failed_launches_leave_nothing(aws: Account) -> None:
    lost = {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-00000000000000001"}}
    with suppress(ClientError):
        _run(aws, lost)
    holds(aws.ec2.describe_instances()["Reservations"] == [], "the instance stays")
    holds(aws.ec2.describe_volumes()["Volumes"] == [], "a volume stays")
    aws.configuration("web", BlockDeviceMappings=[lost])
    aws.group(size=1, LaunchConfigurationName="web", AvailabilityZones=[ZONE])
    (failed,) = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    refused(partial(_run, aws, lost), "InvalidSnapshot.NotFound", "snap-00000000000000001")
    holds("snap-00000000000000001" in failed["StatusMessage"])
