"""Where overrides of a mixed instances policy decide, what has no effect is named and never shown as done."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import writes
from launch_worlds import (
    CONFIG,
    NEW_IMAGE,
    OLD_IMAGE,
    group,
    launch_data,
    launched_from,
    mixed_world,
    set_overrides,
    write_config,
)

Udo = Callable[..., Any]
ARM_IMAGE = "ami-0cccccccccccccccc"
UPDATE = ("updatelc", "prod", "webapp")
IMAGE_ONLY = CONFIG.replace(", instance_type: m7g.large", "")


def own_images(world: Any, *images: str, following: bool = False) -> None:
    """The mixed world, an override an image (and one without, where that is said)."""
    from moto.ec2.models import ec2_backends

    mixed_world(world)
    amis = ec2_backends[world.account]["us-west-2"].amis
    for image in (OLD_IMAGE, NEW_IMAGE, ARM_IMAGE):
        amis[image] = copy.copy(amis[OLD_IMAGE])
        amis[image].id = image
    rows: list[dict[str, Any]] = [
        {"InstanceType": kind, "ImageId": image} for kind, image in zip(("t3.small", "t4g.small"), images, strict=False)
    ]
    set_overrides(world, [*rows, {"InstanceType": "t3a.small", "WeightedCapacity": "2"}] if following else rows)
    world.log.clear()


def images(world: Any) -> list[str | None]:
    rows = group(world)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    return [row.get("ImageId") for row in rows]


def test_an_image_that_every_override_replaces_makes_no_version_and_is_named(world: Any, udo: Udo) -> None:
    own_images(world, OLD_IMAGE, ARM_IMAGE)
    write_config(IMAGE_ONLY)
    told = udo(*UPDATE)
    assert (told.exit, writes(world)) == (0, [])
    assert told.stdout == "nothing to change: prod-webapp launches from launch template prod-webapp version 1\n"
    decide = f"overrides of prod-webapp decide: t3.small ({OLD_IMAGE}), t4g.small ({ARM_IMAGE})"
    assert f"ami {NEW_IMAGE} has no effect: {decide}; --overrides changes those with {OLD_IMAGE}" in told.stderr
    row = udo("plan", "-o", "json").json["data"][0]
    assert (row["changes"], row["differences"]) == (False, [])
    assert decide in str(row["notes"])


def test_where_the_overrides_have_the_image_already_nothing_is_to_be_named(world: Any, udo: Udo) -> None:
    own_images(world, NEW_IMAGE)
    write_config(IMAGE_ONLY)
    assert udo(*UPDATE).stdout.endswith("version 1, as udo.yml says\n")


def test_instance_types_are_what_overrides_say_whatever_udo_yml_does(world: Any, udo: Udo) -> None:
    mixed_world(world)
    write_config(CONFIG.replace(NEW_IMAGE, OLD_IMAGE))
    world.log.clear()
    told = udo(*UPDATE)
    assert (told.exit, writes(world)) == (0, [])
    assert "instance_type m7g.large has no effect: overrides of prod-webapp decide: t3.small, t3a.small" in told.stderr
    assert "as udo.yml says" not in told.stdout
    write_config(CONFIG.replace(NEW_IMAGE, OLD_IMAGE).replace("m7g.large", "t3.small"))
    assert udo(*UPDATE).stdout.endswith("as udo.yml says\n")


def test_an_image_that_one_override_takes_is_a_change_and_the_others_are_named(world: Any, udo: Udo) -> None:
    own_images(world, ARM_IMAGE, following=True)
    write_config()
    told = udo(*UPDATE)
    assert (told.exit, launched_from(world), images(world)) == (0, "2", [ARM_IMAGE, None])
    assert (launch_data(world)["ImageId"], launch_data(world)["InstanceType"]) == (NEW_IMAGE, "t3.small")
    assert f"overrides keep an image of their own: t3.small ({ARM_IMAGE})" in told.stderr


def test_asked_for_the_image_from_before_is_replaced_and_another_stays(world: Any, udo: Udo) -> None:
    own_images(world, OLD_IMAGE, ARM_IMAGE, following=True)
    write_config(IMAGE_ONLY)
    shown = udo(*UPDATE, "--overrides", "-n").stdout
    assert re.search(rf"overrides t3.small: ami +{OLD_IMAGE} .*-> {NEW_IMAGE}", shown)
    told = udo(*UPDATE, "--overrides")
    assert (told.exit, images(world), launch_data(world)["ImageId"]) == (0, [NEW_IMAGE, ARM_IMAGE, None], NEW_IMAGE)
    assert f"overrides keep an image of their own: t4g.small ({ARM_IMAGE})" in told.stderr
    [row] = udo("status", "-o", "json").json["data"]
    assert row["outdated"] == 2
    world.log.clear()
    assert (udo(*UPDATE, "--overrides").exit, writes(world)) == (0, [])
    assert udo("rollback", "prod", "webapp").exit == 0
    assert (images(world), launched_from(world)) == ([OLD_IMAGE, ARM_IMAGE, None], "1")
    world.log.clear()
    assert (udo("rollback", "prod", "webapp").exit, writes(world)) == (0, [])


def test_what_all_overrides_launch_is_the_image_from_before_whatever_the_template_says(world: Any, udo: Udo) -> None:
    own_images(world, ARM_IMAGE, ARM_IMAGE)
    write_config(IMAGE_ONLY)
    assert udo(*UPDATE, "--overrides").exit == 0
    assert images(world) == [NEW_IMAGE, NEW_IMAGE]


@pytest.mark.whole
def test_an_override_that_was_left_behind_follows_when_it_is_asked_for(world: Any, udo: Udo) -> None:
    own_images(world, OLD_IMAGE, following=True)
    write_config(IMAGE_ONLY)
    assert udo(*UPDATE).exit == 0
    assert (launched_from(world), images(world)) == ("2", [OLD_IMAGE, None])
    assert udo("plan", "prod", "webapp", "--overrides", "--save", "later.plan").exit == 0
    assert udo("apply", "later.plan").exit == 0
    assert (launched_from(world), images(world)) == ("2", [NEW_IMAGE, None])
    assert udo("rollback", "prod", "webapp").exit == 0
    assert images(world) == [OLD_IMAGE, None]


def test_from_udo_yml_alone_what_overrides_decide_stays_in_the_template(world: Any, udo: Udo) -> None:
    own_images(world, OLD_IMAGE)
    write_config(CONFIG.replace("m7g.large", "m7g.large, keypair_name: ops"))
    world.client("ec2").create_key_pair(KeyName="ops")
    assert udo(*UPDATE, "--from-config").exit == 0
    assert launch_data(world) == {"ImageId": OLD_IMAGE, "InstanceType": "t3.small", "KeyName": "ops"}


def test_where_every_override_has_a_template_of_its_own_no_key_has_an_effect(world: Any, udo: Udo) -> None:
    mixed_world(world)
    own = {"LaunchTemplateName": "prod-webapp", "Version": "1"}
    set_overrides(world, [{"InstanceType": "t3.small", "LaunchTemplateSpecification": own}])
    write_config(IMAGE_ONLY)
    world.log.clear()
    told = udo(*UPDATE, "--set", "metadata_options.HttpTokens=optional")
    assert (told.exit, writes(world)) == (0, [])
    own_ones = "t3.small (launch template prod-webapp version 1)"
    assert f"ami, metadata_options have no effect: overrides of prod-webapp decide: {own_ones}" in told.stderr


def test_rollback_by_number_does_not_show_what_has_no_effect_as_a_change(world: Any, udo: Udo) -> None:
    own_images(world, OLD_IMAGE)
    data = launch_data(world) | {"ImageId": NEW_IMAGE}
    ec2 = world.client("ec2")
    ec2.create_launch_template_version(LaunchTemplateName="prod-webapp", LaunchTemplateData=data)
    write_config(IMAGE_ONLY)
    shown = udo("rollback", "prod", "webapp", "--to", "2", "-n")
    assert f"ami  {OLD_IMAGE}" not in shown.stdout
    assert f"without effect: ami {OLD_IMAGE} -> {NEW_IMAGE}; overrides of prod-webapp decide" in shown.stderr
    told = udo("versions", "prod", "webapp")
    assert f"ami has no effect: overrides of prod-webapp decide: t3.small ({OLD_IMAGE})" in told.stderr


def test_init_leaves_out_what_overrides_decide(world: Any, udo: Udo) -> None:
    own_images(world, OLD_IMAGE)
    told = udo("init", "--from-group", "prod-webapp")
    assert told.exit == 0, told.stderr
    text = Path("udo.yml").read_text()
    assert "\n        ami:" not in text
    assert "\n        instance_type:" not in text
    assert f"Overrides decide ami, instance_type: t3.small ({OLD_IMAGE})." in " ".join(text.replace("#", "").split())
    assert udo("plan", "--exit-code").exit == 0


@pytest.mark.parametrize("following", [False, True])
def test_check_online_has_no_tick_for_what_has_no_effect(world: Any, udo: Udo, following: bool) -> None:
    own_images(world, OLD_IMAGE, following=following)
    write_config()
    told = udo("check", "--online", "-o", "json")
    found = {row["check"]: row for row in told.json["data"]["checks"]}
    assert found["instance type"]["ok"] is None
    assert found["instance type"]["message"].startswith("no effect: overrides of prod-webapp decide: t3.small")
    assert (found["image"]["ok"], found["image"]["message"].startswith("no effect")) == (
        (True, False) if following else (None, True)
    )
    assert json.dumps(found).count("m7g.large runs") == 0
