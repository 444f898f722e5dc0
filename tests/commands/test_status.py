"""status and instances: tables and JSON, what is absent, empty or gone, and how little is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from launch_worlds import CONFIG, ZONES, configuration_world, group, template_world, write_config

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


def test_a_group_that_follows_the_latest_version_has_an_unknown_number_of_outdated_members(
    world: Any, udo: Udo
) -> None:
    template_world(world)
    reference = {"LaunchTemplateName": "prod-webapp", "Version": "$Latest"}
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", LaunchTemplate=reference)
    write_config()
    told = udo("status")
    assert told.stdout.splitlines()[1].split()[6] == "?"
    assert "?: prod-webapp follows $Latest" in told.stderr


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
