"""status and instances: tables and JSON, what is absent, empty or gone, and how little is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import (
    CONFIG,
    NEW_IMAGE,
    ZONES,
    configuration_world,
    group,
    mixed_world,
    template_world,
    write_config,
)

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]


def test_status_counts_sizes_and_members(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    told = udo("status", "prod", "webapp", "-o", "json")
    row = told.json["data"][0]
    assert (row["min_size"], row["desired_capacity"], row["max_size"]) == (1, 2, 3)
    assert (row["members"], row["in_service"], row["outdated"]) == (2, 2, 0)
    assert row["launch"] == {"kind": "launch_configuration", "name": "prod-webapp"}
    assert "2/2 (1-3)" in udo("status").stdout


def test_members_launched_from_something_older_are_outdated(world: Any, udo: Udo) -> None:
    for build in (configuration_world, template_world):
        world.reset()
        build(world)
        write_config()
        assert udo("updatelc", "prod", "webapp").exit == 0
        assert udo("status", "-o", "json").json["data"][0]["outdated"] == 2


def test_a_group_that_is_not_there_is_a_row_absent(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG + "      worker: {}\n")
    told = udo("status")
    assert told.exit == 0
    assert [line.split()[:4] for line in told.stdout.splitlines()[1:]][1] == ["prod", "worker", "prod-worker", "absent"]
    assert udo("status", "-o", "json").json["data"][1]["state"] == "absent"


@pytest.mark.whole
def test_status_of_many_groups_asks_in_hundreds(world: Any, udo: Udo) -> None:
    configuration_world(world)
    client = world.client("autoscaling")
    for number in range(230):
        client.create_auto_scaling_group(
            AutoScalingGroupName=f"prod-r{number}", LaunchConfigurationName="prod-webapp", MinSize=0, MaxSize=1, **ZONES
        )
    write_config(CONFIG + "".join(f"      r{number}: {{}}\n" for number in range(230)))
    assert udo("status").exit == 0
    assert sorted(asked.operation for asked in world.log) == ["DescribeAutoScalingGroups"] * 3 + ["GetParametersByPath"]


def test_a_service_that_does_not_answer_is_a_question_mark_and_a_footnote(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace("webapp: {", "webapp: {deployment_group: g, deploy: {application: shop}, "))
    world.faults.add(Fault("deny", "BatchGetDeploymentGroups", times=None))
    told = udo("status")
    assert told.exit == 0
    assert " ? " in told.stdout
    assert told.stderr.startswith("?: codedeploy:BatchGetDeploymentGroups")


def test_instances_tell_state_addresses_and_launch(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    row = udo("instances", "prod", "webapp", "-o", "json").json["data"][0]
    assert row["lifecycle_state"] == "InService"
    assert row["private_address"].startswith("127.")
    assert row["launch"]["name"] == "prod-webapp"
    assert row["instance_id"] in udo("instances", "prod").stdout


def test_what_ec2_may_not_tell_of_instances_is_a_question_mark_and_one_footnote(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    world.faults.add(Fault("deny", "DescribeInstances", times=None))
    told = udo("instances", "prod", "webapp")
    assert told.exit == 0
    assert [line.split()[3:] for line in told.stdout.splitlines()[1:]] == [
        [*("InService", "Healthy", "t3.small", "us-west-2a"), *"????", "launch", "configuration", "prod-webapp", *"-?"]
    ] * 2
    assert (told.stderr.count("\n"), told.stderr.startswith("?: ec2:DescribeInstances")) == (1, True)
    row = udo("instances", "prod", "webapp", "-o", "json").json["data"][0]
    assert (row["lifecycle_state"], row["state"], row["private_address"]) == ("InService", None, None)


def test_a_group_that_is_not_there_is_a_row_absent_among_the_instances_of_others(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG + "      worker: {}\n")
    told = udo("instances", "prod", "*")
    assert (told.exit, told.stderr) == (0, "")
    assert told.stdout.splitlines()[-1].split() == ["prod", "worker", "absent"]


@pytest.mark.parametrize("version", ["$Latest", "$Default"])
def test_of_a_group_that_follows_its_template_the_outdated_members_are_known_by_one_request(
    world: Any, udo: Udo, version: str
) -> None:
    template_world(world)
    follow(world, version)
    write_config()
    world.log.clear()
    row = udo("status", "-o", "json").json["data"][0]
    assert (row["outdated"], row["launch"]["version"]) == (0, version)
    assert [one.operation for one in world.log].count("DescribeLaunchTemplates") == 1
    new_version(world)
    assert udo("status", "-o", "json").json["data"][0]["outdated"] == (2 if version == "$Latest" else 0)
    page = udo("status", "prod", "webapp", "-o", "json").json["data"][0]
    assert [one["outdated"] for one in page["instances"]] == [version == "$Latest"] * 2


def test_a_group_that_is_pinned_asks_for_no_templates(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    world.log.clear()
    assert udo("status").exit == 0
    assert "DescribeLaunchTemplates" not in [one.operation for one in world.log]


def test_where_templates_may_not_be_listed_the_number_of_outdated_members_is_unknown(world: Any, udo: Udo) -> None:
    template_world(world)
    follow(world, "$Latest")
    write_config()
    world.faults.add(Fault("deny", "DescribeLaunchTemplates", times=None))
    told = udo("status")
    assert (told.exit, told.stdout.splitlines()[1].split()[6]) == (0, "?")
    assert "?: prod-webapp follows $Latest" in told.stderr
    assert "what $Latest and $Default mean is unknown" in told.stderr


def follow(world: Any, version: str) -> None:
    reference = {"LaunchTemplateName": "prod-webapp", "Version": version}
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", LaunchTemplate=reference)


def new_version(world: Any) -> None:
    world.client("ec2").create_launch_template_version(
        LaunchTemplateName="prod-webapp", SourceVersion="1", LaunchTemplateData={"InstanceType": "m7g.large"}
    )


@pytest.mark.parametrize("build", [configuration_world, template_world])
def test_another_type_than_that_of_udo_yml_is_told_by_members_of_now_and_the_image_on_the_page_of_one(
    world: Any, udo: Udo, build: Callable[[Any], None]
) -> None:
    build(world)
    write_config()
    told = udo("status")
    assert "instance_type of prod webapp: differs from udo.yml, udo updatelc prod webapp applies it" in told.stderr
    assert udo("status", "-o", "json").json["data"][0]["not_launched"] == ["instance_type"]
    page = udo("status", "prod", "webapp")
    assert "instance_type, ami (udo updatelc prod webapp applies it)" in page.stdout
    # Members of before tell nothing of what is launched now.
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert udo("status", "-o", "json").json["data"][0]["not_launched"] == []
    write_config(CONFIG.replace("m7g.large", "t3.small").replace(NEW_IMAGE, "ssm:/image"))
    assert udo("status", "prod", "webapp", "-o", "json").json["data"][0]["not_launched"] == []


def test_where_overrides_decide_no_type_is_compared(world: Any, udo: Udo) -> None:
    mixed_world(world)
    write_config()
    assert udo("status", "prod", "webapp", "-o", "json").json["data"][0]["not_launched"] == []


def test_sizes_of_a_group_whose_members_have_weights_are_units(world: Any, udo: Udo) -> None:
    mixed_world(world)
    write_config()
    row = udo("status", "-o", "json").json["data"][0]
    assert row["unit"] == "units"
    assert row["capacity"] == sum(weights(world))
    told = udo("status").stdout.splitlines()[1]
    assert f"{row['capacity']}/{row['desired_capacity']} units (1-3)" in told
    facts = udo("status", "prod", "webapp").stdout
    assert f"{row['capacity']} of {row['desired_capacity']} units wanted (1 to 3), {row['in_service']} member" in facts


def weights(world: Any) -> list[int]:
    asked = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["prod-webapp"])
    return [int(one.get("WeightedCapacity") or 1) for one in asked["AutoScalingGroups"][0]["Instances"]]


def test_an_empty_group_is_said_to_be_empty_and_no_id_list_is_sent(world: Any, udo: Udo) -> None:
    configuration_world(world)
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", MinSize=0, DesiredCapacity=0
    )
    write_config()
    told = udo("instances", "prod", "webapp")
    assert told.exit == 0
    assert "prod-webapp is empty" in told.stderr
    assert [asked.service for asked in world.log] == ["autoscaling"]


def test_an_instance_gone_between_listing_and_describing_is_reported_gone(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    first = group(world)["Instances"][0]["InstanceId"]
    forget = lambda _asked: _forget(world, first)  # noqa: E731
    world.faults.add(Fault("hook", "DescribeInstances", hook=forget))
    told = udo("instances", "prod", "webapp", "-o", "json")
    assert told.exit == 0
    states = {row["instance_id"]: row["lifecycle_state"] for row in told.json["data"]}
    assert states[first] == "gone"
    assert sorted(states.values()) == ["InService", "gone"]


def test_instances_of_a_group_that_does_not_exist_is_exit_1(world: Any, udo: Udo) -> None:
    write_config()
    told = udo("instances", "prod", "webapp")
    assert told.exit == 1
    assert "prod-webapp of prod webapp does not exist" in told.stderr


def test_the_role_may_be_left_out_only_where_there_is_one(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG + "      worker: {}\n")
    told = udo("instances", "prod")
    assert told.exit == 2
    assert "webapp, worker" in told.stderr
    assert udo("instances", "prod", "*").exit == 0


def _forget(world: Any, instance_id: str) -> None:
    """EC2 forgets an instance at once, as it does some time after it is terminated."""
    from moto.ec2.models import ec2_backends

    for reservation in ec2_backends[world.account]["us-west-2"].reservations.values():
        reservation.instances[:] = [one for one in reservation.instances if one.id != instance_id]
