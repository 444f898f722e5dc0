"""Images that AWS looks up at each launch, and what of launch data fits some families of instance types only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from launch_worlds import (
    CONFIG,
    NEW_IMAGE,
    OLD_IMAGE,
    configuration_world,
    everything,
    group,
    launch_data,
    mixed_world,
    register_image,
    set_overrides,
    template_world,
    write_config,
)

from udo.sandbox.images import image_id

Udo = Callable[..., Any]
UPDATE = ("updatelc", "prod", "webapp")
LEFT = CONFIG.replace(NEW_IMAGE, "'resolve:ssm:/image'")


def parameter(world: Any, value: str) -> None:
    world.client("ssm").put_parameter(Name="/image", Value=value, Type="String", Overwrite=True)


def version(world: Any, **data: Any) -> None:
    """One more version of the template, with the group pinned to it."""
    made = world.client("ec2").create_launch_template_version(
        LaunchTemplateName="prod-webapp", SourceVersion="1", LaunchTemplateData=data
    )
    number = str(made["LaunchTemplateVersion"]["VersionNumber"])
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchTemplate={"LaunchTemplateName": "prod-webapp", "Version": number}
    )


@pytest.mark.parametrize("text", ["resolve:ssm:/image", "resolve:ssm:/image:1"])
def test_an_image_left_to_aws_stands_in_the_template_as_it_is_written(world: Any, udo: Udo, text: str) -> None:
    template_world(world)
    parameter(world, NEW_IMAGE)
    write_config(CONFIG.replace(NEW_IMAGE, f"'{text}'"))
    assert udo(*UPDATE).exit == 0
    assert launch_data(world)["ImageId"] == text
    assert udo(*UPDATE).stdout.startswith("nothing to change")


def test_a_parameter_that_is_not_there_or_holds_no_image_is_refused_before_the_first_write(
    world: Any, udo: Udo
) -> None:
    template_world(world)
    write_config(LEFT)
    before = everything(world)
    missing = udo(*UPDATE)
    assert (missing.exit, "resolve:ssm:/image: no such parameter" in missing.stderr) == (7, True)
    parameter(world, "ami-0dddddddddddddddd")
    gone = udo(*UPDATE)
    assert (gone.exit, "resolve:ssm:/image: no such image" in gone.stderr) == (7, True)
    assert everything(world) == before


def test_a_launch_configuration_takes_an_image_by_its_id_only(world: Any, udo: Udo) -> None:
    configuration_world(world)
    parameter(world, NEW_IMAGE)
    write_config(LEFT)
    told = udo(*UPDATE)
    assert (told.exit, "write ssm:/image, or move the group with --to-template" in told.stderr) == (7, True)
    assert group(world)["LaunchConfigurationName"] == "prod-webapp"
    assert udo(*UPDATE, "--to-template").exit == 0
    assert launch_data(world)["ImageId"] == "resolve:ssm:/image"


def test_an_override_takes_an_image_by_its_id_only(world: Any, udo: Udo) -> None:
    mixed_world(world)
    set_overrides(world, [{"InstanceType": "t3.small", "ImageId": OLD_IMAGE}])
    parameter(world, NEW_IMAGE)
    write_config(LEFT)
    told = udo(*UPDATE, "--overrides")
    assert (told.exit, "overrides of prod-webapp take an image by its id" in told.stderr) == (7, True)


def test_latest_looks_behind_an_image_that_aws_resolves(world: Any, udo: Udo) -> None:
    template_world(world)
    old, new = "ami-0eeeeeeeeeeeeeeee", "ami-0ffffffffffffffff"
    register_image(world, old, name="web-20250101", creation_date=datetime(2025, 1, 1, tzinfo=UTC))
    register_image(world, new, name="web-20250601", creation_date=datetime(2025, 6, 1, tzinfo=UTC))
    parameter(world, old)
    version(world, ImageId="resolve:ssm:/image")
    write_config(CONFIG.replace(f"ami: {NEW_IMAGE}, instance_type: m7g.large", ""))
    shown = udo(*UPDATE, "--ami", "latest", "-n")
    assert (shown.exit, f"resolve:ssm:/image -> {new}" in shown.stdout) == (0, True)
    # Where the parameter holds the newest already, it stays.
    parameter(world, new)
    assert udo(*UPDATE, "--ami", "latest").stdout.startswith("nothing to change")
    world.client("ssm").delete_parameter(Name="/image")
    told = udo(*UPDATE, "--ami", "latest")
    assert (told.exit, "there is no parameter for the live image resolve:ssm:/image" in told.stderr) == (1, True)


@pytest.mark.parametrize(("kind", "named"), [("m7g.large", True), ("t3.large", False)])
def test_what_fits_one_family_of_types_is_named_where_it_is_carried_to_another(
    world: Any, udo: Udo, kind: str, named: bool
) -> None:
    template_world(world)
    options = {"CoreCount": 1, "ThreadsPerCore": 2}
    version(world, CreditSpecification={"CpuCredits": "unlimited"}, CpuOptions=options)
    write_config()
    carried = (
        f"warning: carried over from t3.small to {kind}, which may not take it: "
        "CreditSpecification.CpuCredits unlimited, CpuOptions.CoreCount 1, CpuOptions.ThreadsPerCore 2"
    )
    for words in (("plan", *UPDATE[1:]), (*UPDATE, "-n"), UPDATE):
        told = udo(*words, "--set", f"instance_type={kind}")
        assert (told.exit, carried in told.stdout + told.stderr) == (0, named)


def test_what_udo_yml_alone_leaves_out_is_not_told_as_carried_over(world: Any, udo: Udo) -> None:
    template_world(world)
    version(world, CreditSpecification={"CpuCredits": "unlimited"})
    write_config()
    told = udo(*UPDATE, "--from-config", "-n")
    assert (told.exit, "carried over" in told.stdout + told.stderr) == (0, False)


def test_the_sandbox_makes_the_parameter_that_an_image_is_left_to(world: Any) -> None:
    made = image_id(world, "us-west-2", "resolve:ssm:/image", "t3.small")
    held = world.client("ssm").get_parameter(Name="/image")["Parameter"]["Value"]
    assert made == held
    shown = world.client("ec2").describe_images(ImageIds=[made])["Images"]
    assert [one["ImageId"] for one in shown] == [made]
