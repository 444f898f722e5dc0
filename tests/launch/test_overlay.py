"""Keys laid over launch data, and launch data compared: volumes by name, nothing beside what takes its place."""

from __future__ import annotations

from typing import Any

import pytest

from udo.launch.copying import comparable, laid_over, removed, satisfies
from udo.launch.overlay import template_keys

EBS = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3", "Iops": 4000, "Throughput": 200}}


@pytest.mark.parametrize(
    ("base", "given_over", "laid"),
    [
        ({**EBS}, {"Ebs": {"VolumeSize": 20}}, {"Ebs": {**EBS["Ebs"], "VolumeSize": 20}}),  # type: ignore[dict-item]
        ({**EBS}, {"NoDevice": True}, {"NoDevice": True}),
        ({**EBS}, {"VirtualName": "ephemeral0"}, {"VirtualName": "ephemeral0"}),
        ({"DeviceName": "/dev/xvda", "NoDevice": True}, {"Ebs": {"VolumeSize": 20}}, {"Ebs": {"VolumeSize": 20}}),
        ({**EBS}, {"Ebs": {"VolumeType": "gp2"}}, {"Ebs": {"VolumeSize": 8, "VolumeType": "gp2"}}),
        ({**EBS}, {"Ebs": {"VolumeType": "io2"}}, {"Ebs": {"VolumeSize": 8, "VolumeType": "io2", "Iops": 4000}}),
    ],
    ids=["size", "left-out", "instance-store", "no-longer-left-out", "type-without-speed", "type-with-iops"],
)
def test_a_device_given_anew_is_what_is_given(base: Any, given_over: Any, laid: Any) -> None:
    over = {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", **given_over}]}
    result = laid_over({"BlockDeviceMappings": [base]}, over)
    assert result == {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", **laid}]}


@pytest.mark.parametrize(
    ("base", "keys", "content"),
    [
        (
            {"IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/old"}},
            {"iam_profile": "new"},
            {"IamInstanceProfile": {"Name": "new"}},
        ),
        (
            {"SecurityGroupIds": ["sg-1"]},
            {"associate_public_ip_address": True},
            {"NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-1"], "AssociatePublicIpAddress": True}]},
        ),
        (
            {"SecurityGroups": ["default"]},
            {"security_groups": ["sg-1"]},
            {"SecurityGroupIds": ["sg-1"]},
        ),
        (
            {"InstanceRequirements": {"VCpuCount": {"Min": 2}}},
            {"instance_type": "t3.small"},
            {"InstanceType": "t3.small"},
        ),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 1, "Groups": ["sg-9"]}, {"DeviceIndex": 0, "Groups": ["sg-1"]}]},
            {"security_groups": ["sg-2"]},
            {"NetworkInterfaces": [{"DeviceIndex": 1, "Groups": ["sg-9"]}, {"DeviceIndex": 0, "Groups": ["sg-2"]}]},
        ),
        (
            {},
            {"block_device_mappings": [{"DeviceName": "/dev/sdb", "NoDevice": True}]},
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "NoDevice": ""}]},
        ),
    ],
    ids=["profile", "public-address", "groups-by-name", "requirements", "primary-interface", "no-device"],
)
def test_nothing_stands_beside_what_takes_its_place(base: Any, keys: Any, content: Any) -> None:
    assert laid_over(base, template_keys(keys, base)) == content


def test_what_a_version_would_inherit_against_our_will_is_named() -> None:
    base = {"SecurityGroupIds": ["sg-1"], "IamInstanceProfile": {"Arn": "a"}, "ImageId": "ami-1"}
    assert removed(base, {**base, "ImageId": "ami-2"}) == ()
    content = laid_over(base, template_keys({"iam_profile": "new", "associate_public_ip_address": False}, base))
    assert set(removed(base, content)) == {"SecurityGroupIds", "IamInstanceProfile.Arn"}


WANTED = {"ImageId": "ami-1", "BlockDeviceMappings": [EBS], "MetadataOptions": {"HttpEndpoint": "enabled"}}


@pytest.mark.parametrize(
    ("candidate", "same"),
    [
        (WANTED, True),
        ({**WANTED, "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "optional"}}, True),
        ({**WANTED, "MetadataOptions": {"HttpEndpoint": "enabled", "HttpTokens": "required"}}, False),
        ({**WANTED, "MetadataOptions": {}}, False),
        ({**WANTED, "KeyName": "shop"}, False),
        ({**WANTED, "BlockDeviceMappings": [EBS, {"DeviceName": "/dev/xvdb", "NoDevice": True}]}, False),
        ({**WANTED, "BlockDeviceMappings": [{**EBS, "Ebs": {**EBS["Ebs"], "Encrypted": False}}]}, True),  # type: ignore[dict-item]
        ({**WANTED, "BlockDeviceMappings": [{**EBS, "Ebs": {**EBS["Ebs"], "Encrypted": True}}]}, False),  # type: ignore[dict-item]
        ({**WANTED, "BlockDeviceMappings": [{**EBS, "Ebs": {**EBS["Ebs"], "DeleteOnTermination": True}}]}, True),  # type: ignore[dict-item]
        ({**WANTED, "BlockDeviceMappings": [{**EBS, "Ebs": {**EBS["Ebs"], "DeleteOnTermination": False}}]}, False),  # type: ignore[dict-item]
    ],
)
def test_a_twin_has_what_is_wanted_and_nothing_more_but_defaults(candidate: Any, same: bool) -> None:
    assert satisfies(candidate, WANTED) is same


def test_a_twin_without_public_addresses_is_none_of_one_that_leaves_them_to_the_subnet() -> None:
    assert not satisfies({"NetworkInterfaces": [{"AssociatePublicIpAddress": False}]}, {"NetworkInterfaces": [{}]})


def test_what_has_no_order_is_compared_without_one() -> None:
    one = {
        "SecurityGroupIds": ["sg-2", "sg-1"],
        "NetworkInterfaces": [{"Groups": ["sg-2", "sg-1"]}],
        "BlockDeviceMappings": [{"DeviceName": "/dev/sdb"}, {"DeviceName": "/dev/sda"}],
    }
    other = {
        "SecurityGroupIds": ["sg-1", "sg-2"],
        "NetworkInterfaces": [{"Groups": ["sg-1", "sg-2"]}],
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda"}, {"DeviceName": "/dev/sdb"}],
    }
    assert comparable(one) == comparable(other) != one
