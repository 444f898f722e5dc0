"""instances: which members are listed, as what, and which revision each has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deploy_worlds import OTHER, SHA, asked, begin, config, end, members, revision
from launch_worlds import template_world, write_config

from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault, deployment_faults

Udo = Callable[..., Any]
WEBAPP = ("instances", "prod", "webapp")


def ids(told: Any) -> list[str]:
    """The ids that were printed, one a line."""
    assert told.exit == 0, told.stderr
    return list(told.stdout.splitlines())


def test_ids_are_printed_alone_one_a_line(world: Any, udo: Udo, seeded: Callable[[str], Any]) -> None:
    seeded(config())
    told = udo("instances", "prod", "*", "-o", "ids")
    assert (ids(told), told.stderr) == ([*members(world), *members(world, "prod-web")], "")
    told = udo("instances", "stage2", "*", "-o", "ids")
    assert ids(told) == members(world, "stage2-web_app-x")
    assert told.stderr == "group stage2-empty is empty\n"
    told = udo("instances", "stage2", "empty", "-o", "ids")
    assert (told.exit, told.stdout) == (0, "")


def test_an_instance_that_ec2_no_longer_knows_is_no_id_to_work_with(
    world: Any, udo: Udo, seeded: Callable[[str], Any]
) -> None:
    from test_status import _forget

    seeded(config())
    first, *others = members(world)
    world.faults.add(Fault("hook", "DescribeInstances", hook=lambda _asked: _forget(world, first)))
    assert ids(udo(*WEBAPP, "-o", "ids")) == others


def test_the_selectors_of_ssh_choose_among_all_members_whatever_their_state(
    world: Any, udo: Udo, seeded: Callable[[str], Any]
) -> None:
    seeded(config())
    first, second, third = members(world)
    world.client("autoscaling").enter_standby(
        AutoScalingGroupName="prod-webapp", InstanceIds=[first], ShouldDecrementDesiredCapacity=True
    )
    listed = lambda *words: ids(udo(*WEBAPP, "-o", "ids", *words))  # noqa: E731
    assert listed() == [first, second, third]
    assert listed("--state", "Standby") == [first]
    assert listed("--state", "InService,Standby", "--exclude", second) == [first, third]
    assert listed("--instance", second) == [second]
    assert listed("--az", "us-west-2a") == [first, second, third]
    assert len(listed("--newest", "2")) == len(listed("--pick", "2")) == 2
    assert udo(*WEBAPP, "--newest", "1", "--pick", "1").exit == 2


def test_where_nobody_is_meant_a_note_says_why(world: Any, udo: Udo, seeded: Callable[[str], Any]) -> None:
    seeded(config())
    told = udo(*WEBAPP, "--az", "us-west-2b")
    assert (told.exit, told.stdout) == (0, "")
    assert told.stderr == "group prod-webapp has no instance in us-west-2b: (3 InService)\n"
    told = udo(*WEBAPP, "--instance", "i-0123456789abcdef0")
    assert (told.exit, "not in group prod-webapp" in told.stderr) == (1, True)


def test_outdated_ones_are_found_where_the_group_follows_the_latest_version_too(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    assert ids(udo(*WEBAPP, "--outdated", "-o", "ids")) == []
    data = {"ImageId": "ami-0bbbbbbbbbbbbbbbb", "InstanceType": "t3.small"}
    reference = {"LaunchTemplateName": "prod-webapp", "Version": "$Latest"}
    world.client("ec2").create_launch_template_version(LaunchTemplateName="prod-webapp", LaunchTemplateData=data)
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", LaunchTemplate=reference)
    assert ids(udo(*WEBAPP, "--outdated", "-o", "ids")) == members(world)


def test_the_revision_of_each_is_asked_once_a_deployment_until_all_are_known(
    world: Any, udo: Udo, seeded: Callable[[str], Any]
) -> None:
    seeded(config())
    for number in range(3):
        begin(world, str(number) * 40)
        end(world)
    one = begin(world)
    end(world)
    deployment_faults.add(DeploymentFault(event="ValidateService", instance=3))
    begin(world, OTHER)
    end(world)
    world.log.clear()
    told = udo("instances", "prod", "webapp", "--revision", "-o", "json").json["data"]
    assert [row["revision"] for row in told].count(revision(OTHER)) == 2
    assert [(row["revision"], row["deployment_id"]) for row in told].count((revision(), one)) == 1
    assert asked(world).count("ListDeploymentTargets") == 2
    text = udo("instances", "prod", "*", "--revision").stdout.splitlines()
    assert [sum(commit in line for line in text) for commit in (OTHER, SHA)] == [2, 1]
    assert text[-1].split()[-2] == "-"
    assert "revision" not in udo(*WEBAPP, "-o", "json").json["data"][0]


def test_a_revision_that_codedeploy_does_not_tell_is_a_question_mark_and_a_footnote(
    world: Any, udo: Udo, seeded: Callable[[str], Any]
) -> None:
    seeded(config())
    world.faults.add(Fault("deny", "ListDeployments", times=None))
    told = udo(*WEBAPP, "--revision")
    assert (told.exit, told.stderr.count("\n")) == (0, 1)
    assert told.stderr.startswith("?: codedeploy:ListDeployments")
    assert [line.split()[-2] for line in told.stdout.splitlines()[1:]] == ["?"] * 3
    assert {row["revision"] for row in udo(*WEBAPP, "--revision", "-o", "json").json["data"]} == {"?"}


def test_every_column_is_there_where_it_is_asked_for(world: Any, udo: Udo, seeded: Callable[[str], Any]) -> None:
    seeded(config())
    heading = udo(*WEBAPP, "--wide").stdout.splitlines()[0]
    assert {"ZONE", "PUBLIC", "IPV6", "IMAGE", "PROTECTED"} <= set(heading.split())
