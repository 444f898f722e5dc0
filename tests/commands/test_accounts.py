"""Clusters that live elsewhere: each is reached by its own role, in its own region, and one command spans them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from launch_worlds import NEW_IMAGE, configuration_world, write_config
from test_ssh import GROUPS

Udo = Callable[..., Any]
TWO = f"""
clusters:
  prod:
    region: us-west-2
    assume_role: arn:aws:iam::123456789012:role/deployer
    roles:
      webapp: {{ami: {NEW_IMAGE}}}
  stage:
    region: eu-west-1
    roles:
      webapp: {{ami: {NEW_IMAGE}}}
"""
LAST = "  test:\n    region: us-west-2\n    roles: {webapp: {}}\n"


def test_one_command_spans_clusters_with_their_own_role_and_region(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(TWO)
    told = udo("status", "-o", "json")
    assert told.exit == 0, told.stderr
    assert [(row["cluster"], row["state"]) for row in told.json["data"]] == [("prod", "present"), ("stage", "absent")]
    assumed = [asked for asked in world.log if asked.operation == "AssumeRole"]
    asked = {one.region: one.access_key for one in world.log if one.operation == "DescribeAutoScalingGroups"}
    assert [one.params["RoleArn"] for one in assumed] == ["arn:aws:iam::123456789012:role/deployer"]
    assert set(asked) == {"us-west-2", "eu-west-1"}
    assert asked["us-west-2"] != asked["eu-west-1"] == assumed[0].access_key


def test_a_change_is_made_with_the_assumed_role_and_refused_in_a_foreign_account(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(TWO)
    assert udo("updatelc", "prod", "webapp").exit == 0
    own = next(one.access_key for one in world.log if one.operation == "AssumeRole")
    assert {one.access_key for one in world.log if one.operation.startswith(("Create", "Update"))} & {own} == set()
    write_config(TWO.replace("    region: us-west-2\n", '    region: us-west-2\n    account: "999999999999"\n'))
    before = len(world.log)
    assert udo("updatelc", "prod", "webapp", "--set", "instance_type=t3.nano").exit == 7
    assert not [one for one in list(world.log)[before:] if one.operation.startswith(("Create", "Update", "Put"))]


def test_nothing_is_said_to_be_done_or_planned_in_a_foreign_account(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(TWO)
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert udo("updatelc", "prod", "webapp").stdout.startswith("nothing to change")
    write_config(TWO.replace("    region: us-west-2\n", '    region: us-west-2\n    account: "999999999999"\n'))
    for words in ((), ("--dry-run",), ("--set", "instance_type=t3.nano", "--dry-run")):
        told = udo("updatelc", "prod", "webapp", *words)
        assert (told.exit, told.stdout) == (7, ""), words
        assert "prod webapp is in 999999999999 (udo.yml:5)" in told.stderr
    assert udo("unlock", "prod", "webapp").exit == 7


def test_instances_are_listed_in_the_order_of_the_file_wherever_they_live(world: Any, udo: Udo) -> None:
    write_config(TWO.replace("    assume_role: arn:aws:iam::123456789012:role/deployer\n", "") + LAST)
    for region, name in (("us-west-2", "prod-webapp"), ("eu-west-1", "stage-webapp"), ("us-west-2", "test-webapp")):
        client = world.client("autoscaling", region)
        image = world.client("ec2", region).register_image(Name=name, Architecture="x86_64")["ImageId"]
        client.create_launch_configuration(LaunchConfigurationName=name, ImageId=image, InstanceType="t3.small")
        client.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchConfigurationName=name,
            MinSize=1,
            MaxSize=1,
            AvailabilityZones=[f"{region}a"],
        )
    told = udo("instances", "*", "webapp", "-o", "json")
    assert [row["group"] for row in told.json["data"]] == ["prod-webapp", "stage-webapp", "test-webapp"]


def test_ssh_compares_the_account_of_every_role_and_not_of_the_first_alone(
    world: Any, ssh: Any, seeded: Any, udo: Udo
) -> None:
    seeded(ssh.settings + GROUPS)
    path = Path("udo.yml")
    path.write_text(path.read_text().replace("worker: {", 'worker: {account: "999999999999", '))
    told = udo("ssh", "stage", "webapp,worker", "true", "-o", "json")
    outcomes = {(row["role"], row["outcome"]) for row in told.json["data"]["hosts"]}
    assert (told.exit, outcomes) == (255, {("webapp", "ok"), ("worker", "refused")})
