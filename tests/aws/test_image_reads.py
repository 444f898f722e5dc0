"""Images and security groups are read in batches, and what is gone drops out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from launch_worlds import NEW_IMAGE, register_images

from udo.aws import Aws
from udo.launch.images import latest, pattern
from udo.model.launch import Image


def test_images_that_are_gone_drop_out_and_none_asks_nothing(world: Any) -> None:
    register_images(world)
    aws = Aws(region="us-west-2", prepare=world.prepare)
    assert aws.ec2.images([]) == {}
    assert aws.ec2.security_groups([]) == {}
    assert list(world.log) == []
    missing = [f"ami-{number:017x}" for number in range(250)]
    made = register(world, "webapp-7", "2026-11-20T00:00:00.000Z")
    found = aws.ec2.images([*missing, made])
    image = Image(made, "webapp-7", world.account, "x86_64", "2026-11-20T00:00:00.000Z", "/dev/sda1")
    assert found == {made: image}
    assert len(world.log) == 2
    assert NEW_IMAGE not in found


def test_security_groups_are_read_by_id_with_their_names(world: Any) -> None:
    client = world.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = client.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    found = Aws(region="us-west-2", prepare=world.prepare).ec2.security_groups([made, "sg-0123456789abcdef0"])
    assert [(group.group_id, group.name, group.vpc_id) for group in found.values()] == [(made, "web", vpc)]


def test_the_newest_build_is_found_by_the_name_of_the_live_one(world: Any) -> None:
    one = register(world, "webapp-1", "2026-11-18T00:00:00.000Z")
    two = register(world, "webapp-2", "2026-11-19T00:00:00.000Z")
    register(world, "webapp-test-3", "2026-11-20T00:00:00.000Z")
    register(world, "other-9", "2026-11-20T00:00:00.000Z")
    ec2 = Aws(region="us-west-2", prepare=world.prepare).ec2
    live = ec2.images([one])[one]
    found = ec2.images_like(live, pattern(live))
    assert {image.name for image in found} == {"webapp-1", "webapp-2", "webapp-test-3"}
    assert latest(live, found).image_id == two


def register(world: Any, name: str, created: str) -> str:
    from moto.ec2.models import ec2_backends

    made = str(world.client("ec2").register_image(Name=name)["ImageId"])
    image = ec2_backends[world.account]["us-west-2"].amis[made]
    image.creation_date, image.architecture = datetime.fromisoformat(created), "x86_64"
    return made
