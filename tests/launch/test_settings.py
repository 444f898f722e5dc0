"""--set key=value: typed by the schema, launch keys only, the last word for a key wins."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from udo.config import load
from udo.errors import UsageError
from udo.launch.overlay import launch_keys
from udo.launch.settings import settings, with_settings


@pytest.mark.parametrize(
    ("word", "keys"),
    [
        ("instance_type=m7g.large", {"instance_type": "m7g.large"}),
        ("ami=ami-0abc1234", {"ami": "ami-0abc1234"}),
        ("security_groups=sg-1, sg-2", {"security_groups": ["sg-1", "sg-2"]}),
        ("spot_price=0.10", {"spot_price": "0.10"}),
        ("instance_monitoring=false", {"instance_monitoring": False}),
        ("metadata_options.HttpTokens=required", {"metadata_options": {"HttpTokens": "required"}}),
        ("metadata_options.HttpPutResponseHopLimit=2", {"metadata_options": {"HttpPutResponseHopLimit": 2}}),
        (
            "block_device_mappings./dev/xvda.Ebs.VolumeSize=20",
            {"block_device_mappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20}}]},
        ),
        (
            "block_device_mappings./dev/sdb.NoDevice=true",
            {"block_device_mappings": [{"DeviceName": "/dev/sdb", "NoDevice": True}]},
        ),
        ("iam_profile=a=b", {"iam_profile": "a=b"}),
    ],
)
def test_a_word_is_read_as_udo_yml_would_be(word: str, keys: dict[str, Any]) -> None:
    assert settings([word]) == keys


def test_what_is_set_has_the_form_of_what_udo_yml_says(tmp_path: Path) -> None:
    path = tmp_path / "udo.yml"
    path.write_text(
        "clusters: {prod: {roles: {web: {ami: ami-1234, spot_price: 0.5, metadata_options: {HttpTokens: required},"
        " security_groups: [sg-1], associate_public_ip_address: false,"
        " block_device_mappings: [{DeviceName: /dev/xvda, Ebs: {VolumeSize: 20}}]}}}}"
    )
    said = launch_keys(load(path, {}).role("prod", "web"))
    words = [
        "ami=ami-1234",
        "spot_price=0.5",
        "metadata_options.HttpTokens=required",
        "security_groups=sg-1",
        "associate_public_ip_address=false",
        "block_device_mappings./dev/xvda.Ebs.VolumeSize=20",
    ]
    assert settings(words) == said


def test_the_last_word_for_a_key_wins_and_parts_add_up() -> None:
    volume = "block_device_mappings./dev/xvda.Ebs"
    words = [
        "tenancy=dedicated",
        "metadata_options.HttpTokens=optional",
        f"{volume}.VolumeSize=8",
        "tenancy=default",
        "metadata_options.HttpTokens=required",
        "metadata_options.HttpEndpoint=enabled",
        f"{volume}.VolumeSize=20",
        f"{volume}.VolumeType=gp3",
    ]
    assert settings(words) == {
        "tenancy": "default",
        "metadata_options": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        "block_device_mappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3"}}],
    }


def test_a_user_data_file_is_read_from_here_and_encoded() -> None:
    Path("boot.sh").write_bytes(b"#!/bin/sh\n\xff")
    assert base64.b64decode(settings(["user_data.file=boot.sh"])["user_data"]) == b"#!/bin/sh\n\xff"
    Path("long.sh").write_bytes(b"x" * 16385)
    with pytest.raises(UsageError, match="at most 16,384"):
        settings(["user_data.file=long.sh"])
    with pytest.raises(UsageError, match="no such file"):
        settings(["user_data.file=gone.sh"])


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("instance_type", "is not key=value"),
        ("=x", "is not key=value"),
        ("instance_tpye=m7g.large", "unknown launch key: did you mean 'instance_type'?"),
        ("metadata_options.HttpToken=required", "did you mean 'metadata_options.HttpTokens'?"),
        ("packages=vim", "only launch keys can be set here: set packages in udo.yml"),
        ("scale_policy.max_size=9", "only launch keys"),
        ("metadata_options=x", "set metadata_options.HttpEndpoint"),
        ("user_data=x", "set user_data.file"),
        ("ami.owner=amazon", "looked up in udo.yml only"),
        ("block_device_mappings./dev/xvda.Ebs.Size=20", "did you mean 'Ebs.VolumeSize'?"),
        ("block_device_mappings./dev/xvda=20", "no such part of a volume"),
        ("block_device_mappings=x", "a volume is set by its device name: as in --set"),
        ("metadata_options.HttpTokens=maybe", "is one of optional, required"),
        ("metadata_options.HttpPutResponseHopLimit=65", "from 1 to 64"),
        ("instance_monitoring=maybe", "wants true or false"),
        ("instance_type=big", "an instance type like t3.small"),
        ("instance_type=", "has no value"),
        ("security_groups=,", "has no value"),
        ("keypair_name=${env:KEY}", "references work in udo.yml only"),
    ],
)
def test_what_cannot_be_set_is_refused_in_one_line(word: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        settings([word])
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_settings_are_laid_over_the_keys_of_udo_yml() -> None:
    keys = {
        "ami": "ami-1",
        "security_groups": ["sg-1"],
        "metadata_options": {"HttpTokens": "optional", "HttpEndpoint": "enabled"},
        "block_device_mappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3"}}],
    }
    words = [
        "security_groups=sg-2",
        "metadata_options.HttpTokens=required",
        "block_device_mappings./dev/xvda.Ebs.VolumeSize=20",
        "block_device_mappings./dev/sdb.NoDevice=true",
    ]
    assert with_settings(keys, settings(words)) == {
        "ami": "ami-1",
        "security_groups": ["sg-2"],
        "metadata_options": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
        "block_device_mappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3"}},
            {"DeviceName": "/dev/sdb", "NoDevice": True},
        ],
    }
    assert keys["metadata_options"] == {"HttpTokens": "optional", "HttpEndpoint": "enabled"}
