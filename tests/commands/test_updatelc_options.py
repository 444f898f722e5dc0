"""What the command line says of launch data, against udo.yml and what is live."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from launch_worlds import (
    CONFIG,
    NEW_IMAGE,
    OLD_IMAGE,
    WORLDS,
    configuration,
    configuration_world,
    launch_data,
    write_config,
)
from whole import some

from udo.aws import Aws
from udo.commands.updatelc import Choices, observe_plan
from udo.config import load
from udo.errors import Refused
from udo.launch.observe import observe_updatelc
from udo.launch.states import ConfigurationState

Udo = Callable[..., Any]


def test_ami_on_the_command_line_beats_udo_yml(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("updatelc", "prod.webapp", "--ami", OLD_IMAGE).exit == 0
    data = launch_data(world)
    assert (data["ImageId"], data["InstanceType"]) == (OLD_IMAGE, "m7g.large")


def test_an_image_by_parameter_is_resolved_and_pinned(world: Any, udo: Udo) -> None:
    configuration_world(world)
    world.client("ssm").put_parameter(Name="/image", Value=NEW_IMAGE, Type="String")
    write_config(CONFIG.replace(NEW_IMAGE, "ssm:/image"))
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert launch_data(world)["ImageId"] == NEW_IMAGE
    missing = udo("updatelc", "prod", "webapp", "--ami", "ssm:/nowhere")
    assert missing.exit == 1
    assert "/nowhere" in missing.stderr


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
@pytest.mark.parametrize("words", [("--ami", "ssm:/image"), ("--set", "ami=ssm:/image")])
def test_what_a_parameter_holds_is_launched_only_if_it_is_an_image(
    world: Any, udo: Udo, kind: str, words: tuple[str, ...]
) -> None:
    WORLDS[kind](world)
    ssm = world.client("ssm")
    ssm.put_parameter(Name="/image", Value=f"{NEW_IMAGE},{OLD_IMAGE}", Type="String")
    write_config(CONFIG.replace("ami: " + NEW_IMAGE + ", ", ""))
    told = udo("updatelc", "prod", "webapp", *words)
    assert told.exit == 7
    assert "ssm:/image" in told.stderr
    assert launch_data(world)["InstanceType"] == "t3.small"
    ssm.put_parameter(Name="/image", Value=NEW_IMAGE, Type="String", Overwrite=True)
    assert udo("updatelc", "prod", "webapp", *words).exit == 0
    assert launch_data(world)["ImageId"] == NEW_IMAGE


@pytest.mark.parametrize("word", ["", "webapp", "LATEST", "ssm:", "resolve:ssm:", f"{NEW_IMAGE} "])
def test_what_is_no_image_is_refused_before_anything_is_asked(world: Any, udo: Udo, word: str) -> None:
    write_config()
    told = udo("updatelc", "prod", "webapp", "--ami", word)
    assert (told.exit, list(world.log)) == (2, [])
    assert "ssm:/path or latest" in told.stderr


def test_set_on_the_command_line_beats_udo_yml(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    words = ("--set", "instance_type=t3.nano", "--set", "metadata_options.HttpTokens=required")
    assert udo("updatelc", "prod", "webapp", *words).exit == 0
    data = launch_data(world)
    assert (data["InstanceType"], data["MetadataOptions"]["HttpTokens"]) == ("t3.nano", "required")
    told = udo("updatelc", "prod", "webapp", "--set", "instnce_type=x")
    assert told.exit == 2
    assert "instance_type" in told.stderr


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_what_the_command_line_says_is_not_told_to_be_as_udo_yml_says(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    write_config(CONFIG.replace(", instance_type: m7g.large", ""))
    assert udo("updatelc", "prod", "webapp").exit == 0
    live = ("--ami", OLD_IMAGE), ("--set", "instance_monitoring=false"), ("--set", f"ami={OLD_IMAGE}")
    for words in live:
        assert udo("updatelc", "prod", "webapp", *words).exit == 0
        again = udo("updatelc", "prod", "webapp", *words)
        assert (again.exit, again.stdout.partition(":")[0]) == (0, "nothing to change")
        assert "as udo.yml says" not in again.stdout
        assert udo("updatelc", "prod", "webapp").exit == 0
    assert udo("updatelc", "prod", "webapp").stdout.endswith("as udo.yml says\n")


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_a_spot_price_stands_in_no_template_of_a_mixed_policy(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    write_config()
    told = udo("updatelc", "prod", "webapp", "--set", "spot_price=0.1", "--dry-run")
    assert told.exit == (7 if kind == "mixed" else 0), told.stderr


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_from_config_takes_udo_yml_alone_and_shows_what_is_lost(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    write_config()
    shown = udo("updatelc", "prod", "webapp", "--from-config", "--dry-run")
    assert "user_data" in shown.stdout
    assert udo("updatelc", "prod", "webapp", "--from-config").exit == 0
    data = launch_data(world)
    assert not data.get("UserData")
    assert data["ImageId"] == NEW_IMAGE
    again = udo("updatelc", "prod", "webapp", "--from-config")
    assert (again.exit, again.stdout.partition(":")[0]) == (0, "nothing to change")
    write_config(CONFIG.replace(", instance_type: m7g.large", ""))
    told = udo("updatelc", "prod", "webapp", "--from-config")
    # In a mixed instances policy overrides say the type.
    assert told.exit == (0 if kind == "mixed" else 2)
    assert ("instance_type" in told.stderr) == (kind != "mixed")


def test_to_template_from_udo_yml_alone_carries_nothing_else_over(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    words = ("updatelc", "prod", "webapp", "--to-template", "--from-config")
    shown = udo(*words, "--dry-run").stdout
    assert re.search(r"- spot_price +0.05\n", shown)
    assert re.search(r"- instance_monitoring +true\n", shown)
    assert udo(*words).exit == 0
    assert launch_data(world) == {"ImageId": NEW_IMAGE, "InstanceType": "m7g.large"}
    assert udo(*words).stdout.startswith("nothing to change")


def test_latest_is_the_newest_image_of_the_live_family(world: Any, udo: Udo) -> None:
    from moto.ec2.models import ec2_backends

    configuration_world(world)
    made = [
        world.client("ec2").register_image(Name=f"al2023-2026.{n}.0-x86_64", Architecture="x86_64")["ImageId"]
        for n in (1, 2)
    ]
    amis = ec2_backends[world.account]["us-west-2"].amis
    for number, image_id in enumerate(made, 1):
        amis[image_id].creation_date = datetime(2026, number, 1, tzinfo=UTC)
    configuration(world, "prod-webapp-v2", ImageId=made[0])
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchConfigurationName="prod-webapp-v2"
    )
    write_config()
    done = udo("updatelc", "prod", "webapp", "--ami", "latest")
    assert done.exit == 0, done.stderr
    assert launch_data(world)["ImageId"] == made[1]


def on_devices(world: Any, roots: dict[str, str], device: str) -> None:
    """The live launch configuration maps a device, and these images have these roots."""
    from moto.ec2.models import ec2_backends

    amis = ec2_backends[world.account]["us-west-2"].amis
    for image_id, root in roots.items():
        amis[image_id] = copy(amis[image_id])
        amis[image_id].id = image_id
        amis[image_id].root_device_name = root
    volumes = [{"DeviceName": device, "Ebs": {"VolumeSize": 100}}, {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 9}}]
    configuration(world, "prod-webapp-v2", BlockDeviceMappings=volumes)
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchConfigurationName="prod-webapp-v2"
    )


@pytest.mark.parametrize("verb", [("updatelc", "--dry-run"), ("updatelc", "--dry-run", "--to-template"), ("plan",)])
@pytest.mark.parametrize(
    ("old", "new", "device", "warned"),
    [
        ("/dev/xvda", "/dev/sda1", "/dev/xvda", True),
        ("/dev/xvda", "/dev/xvda", "/dev/xvda", False),
        ("/dev/xvda", "/dev/sda1", "/dev/sda1", False),
        ("/dev/xvda", "/dev/sda1", "/dev/sdg", False),
    ],
)
def test_volumes_meant_for_a_root_that_the_new_image_calls_otherwise_are_told(
    world: Any, udo: Udo, verb: tuple[str, ...], old: str, new: str, device: str, warned: bool
) -> None:
    configuration_world(world)
    on_devices(world, {OLD_IMAGE: old, NEW_IMAGE: new}, device)
    write_config()
    told = udo(verb[0], "prod", "webapp", *verb[1:])
    assert told.exit == 0, told.stderr
    says = f"warning: the root device of {NEW_IMAGE} is {new}, and block_device_mappings sets {device}"
    assert (says in told.stdout + told.stderr) == warned


def test_where_the_old_image_is_gone_a_usual_name_of_a_root_is_taken_for_it(world: Any, udo: Udo) -> None:
    from moto.ec2.models import ec2_backends

    configuration_world(world)
    on_devices(world, {OLD_IMAGE: "/dev/xvda", NEW_IMAGE: "/dev/sda1"}, "/dev/xvda")
    del ec2_backends[world.account]["us-west-2"].amis[OLD_IMAGE]
    write_config()
    assert "is /dev/sda1, and block_device_mappings sets /dev/xvda" in udo("plan").stdout


@pytest.mark.parametrize(
    ("kind", "unknown", "words", "exit_code"),
    [
        ("configuration", "CpuCredits", {}, 7),
        ("configuration", "CpuCredits", {"anyway": True}, 0),
        ("configuration", "CpuCredits", {"to_template": True}, 7),
        ("configuration", "CpuCredits", {"to_template": True, "anyway": True}, 0),
        ("template", "NetworkInterfaces.shimmer", {}, 7),
        # A new version inherits it from its source version, unless it is made from udo.yml alone.
        ("template", "sparkle", {}, 0),
        ("template", "sparkle", {"from_config": True}, 7),
        ("mixed", "NetworkInterfaces.shimmer", {"anyway": True}, 0),
    ],
)
def test_what_this_botocore_does_not_know_is_lost_only_anyway(
    world: Any, kind: str, unknown: str, words: Any, exit_code: int
) -> None:
    WORLDS[kind](world)
    write_config()
    role = load(Path("udo.yml"), {}).role("prod", "webapp")
    aws = Aws(region="us-west-2", prepare=world.prepare)
    state = observe_updatelc(aws, role)
    if isinstance(state, ConfigurationState):
        live = replace(state.configurations[state.live.name], unknown=(unknown,))
        state = replace(state, configurations={state.live.name: live})
    else:
        state = replace(state, versions=[replace(one, unknown=(unknown,)) for one in state.versions])
    if exit_code:
        with pytest.raises(Refused, match=f"{unknown} of the live launch data would be lost"):
            observe_plan(_Run(), aws, role, state, Choices(**words))  # type: ignore[arg-type]
    else:
        assert observe_plan(_Run(), aws, role, state, Choices(**words)).steps  # type: ignore[arg-type]


class _Run:
    """As much of a session as planning asks for."""

    run_id = "20260101T000000Z-abcdef"
    clock = time
