"""The page of all roles: what it says of each, and in how few requests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, end, members, revision
from launch_worlds import CONFIG, ZONES, configuration, configuration_world, register_images, write_config
from whole import some

from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault, deployment_faults

Udo = Callable[..., Any]
# The group of configuration_world launches what it says.
SAME = CONFIG.replace("m7g.large", "t3.small")
ROLE = "arn:aws:iam::123456789012:role/deployer"


def target_group(world: Any, name: str = "front") -> str:
    """A target group that a load balancer forwards to, and its ARN."""
    vpc = world.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    client = world.client("elbv2")
    made = client.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    subnets = [one["SubnetId"] for one in world.client("ec2").describe_subnets()["Subnets"]]
    balancer = client.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    forward = {"Type": "forward", "TargetGroupArn": made["TargetGroupArn"]}
    client.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[forward])
    return str(made["TargetGroupArn"])


def many_groups(world: Any, count: int, *, deployed: int) -> str:
    """The udo.yml of so many groups with two target groups; those that are deployed to have a member each."""
    register_images(world)
    configuration(world, "all")
    arns = [target_group(world, name) for name in ("front", "back")]
    autoscaling, codedeploy = world.client("autoscaling"), world.client("codedeploy")
    codedeploy.create_application(applicationName="shop")
    names = [f"prod-r{number}" for number in range(count)]
    for number, name in enumerate(names):
        sizes = {"MinSize": 0, "MaxSize": 1, "DesiredCapacity": int(number < deployed)}
        words = {"LaunchConfigurationName": "all", "TargetGroupARNs": arns, **sizes, **ZONES}
        autoscaling.create_auto_scaling_group(AutoScalingGroupName=name, **words)
        place = {"applicationName": "shop", "deploymentGroupName": name}
        codedeploy.create_deployment_group(**place, serviceRoleArn=ROLE, autoScalingGroups=[name])
    world._advance(world.clock)
    for name in names[:deployed]:
        codedeploy.create_deployment(applicationName="shop", deploymentGroupName=name, revision=revision())
    roles = "".join(f"      r{number}: {{deployment_group: prod-r{number}}}\n" for number in range(count))
    busy = ", ".join(f"{name}: {{metric: AWS/EC2/CPUUtilization, above: 80}}" for name in ("busy", "hot", "late"))
    said = f"app_name: shop\nregion: us-west-2\ndeploy: {{application: shop}}\nalarms: {{{busy}}}\n"
    return f"{said}clusters:\n  prod:\n    roles:\n{roles}"


@pytest.mark.parametrize("groups", some([1, 50, 500], 1, 50))
def test_the_page_of_all_roles_asks_never_once_a_group_or_an_instance(
    world: Any, udo: Udo, groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = min(groups, 30)
    with monkeypatch.context() as patch:
        # While it is built nothing happens in it, which is most of the time that takes.
        patch.setattr(world, "advance", lambda: None)
        said = many_groups(world, groups, deployed=deployed)
    end(world)
    write_config(said)
    world.log.clear()
    told = udo("status", "-o", "json")
    assert told.exit == 0
    assert len(told.json["data"]) == groups
    assert told.json["data"][0]["last_successful"]["revision"] == revision()
    assert told.json["data"][0]["health"] == {"healthy": 1}
    assert told.json["data"][0]["alarms"] == dict.fromkeys(("busy", "hot", "late"), "absent")
    assert Counter(one.operation for one in world.log) == {
        # And those that are tagged as of the application.
        "DescribeAutoScalingGroups": math.ceil(groups / 100) + 1,
        "BatchGetDeploymentGroups": math.ceil(groups / 100),
        "BatchGetDeployments": math.ceil(deployed / 25),
        "DescribeAlarms": math.ceil(3 * groups / 100),
        "DescribeTargetHealth": 2,
        "GetParametersByPath": 1,
    }


def test_the_last_attempt_stands_beside_the_last_success_where_it_is_another(
    world: Any, udo: Udo, seeded: Callable[[str], Any]
) -> None:
    seeded(config())
    good = begin(world)
    end(world)
    deployment_faults.add(DeploymentFault(event="ValidateService"))
    bad = begin(world, OTHER)
    end(world)
    row = udo("status", "prod", "-o", "json").json["data"][0]
    assert (row["last_successful"]["deployment_id"], row["last_successful"]["outcome"]) == (good, "Succeeded")
    assert (row["last_attempted"]["deployment_id"], row["last_attempted"]["status"]) == (bad, "Failed")
    assert row["last_attempted"]["revision"] == revision(OTHER)
    assert row["last_attempted"]["completed_at"] > row["last_successful"]["completed_at"]
    heading, line = udo("status", "prod").stdout.splitlines()[:2]
    assert "LAST ATTEMPT" in heading
    assert f"{good} Succeeded: example/shop {SHA} (" in line
    assert f"{bad} Failed, " in line
    assert f": example/shop {OTHER} (" in line


def test_what_is_under_way_is_the_deployment_and_the_members_that_come_go_or_stand_by(
    world: Any, udo: Udo, seeded: Callable[[str], Any]
) -> None:
    seeded(config())
    world.client("autoscaling").enter_standby(
        AutoScalingGroupName="prod-webapp", InstanceIds=members(world)[:1], ShouldDecrementDesiredCapacity=True
    )
    one = begin(world)
    row = udo("status", "prod", "-o", "json").json["data"][0]
    assert [work["kind"] for work in row["under_way"]] == ["deployment", "members"]
    assert (row["under_way"][0]["deployment_id"], row["last_successful"]) == (one, None)
    assert row["under_way"][1] == {"kind": "members", "status": "Standby", "count": 1}
    line = udo("status", "prod").stdout.splitlines()[1]
    assert f"deployment {one} {row['under_way'][0]['status']}" in line
    assert "1 Standby" in line


def test_members_are_as_healthy_as_the_worst_that_group_and_target_groups_say(world: Any, udo: Udo) -> None:
    configuration_world(world)
    arn = target_group(world)
    client = world.client("autoscaling")
    client.attach_load_balancer_target_groups(AutoScalingGroupName="prod-webapp", TargetGroupARNs=[arn])
    write_config()
    assert udo("status", "-o", "json").json["data"][0]["health"] == {"healthy": 2}
    assert " 2/2  " in udo("status").stdout.splitlines()[1]
    first = members(world)[0]
    client.suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=["AddToLoadBalancer"])
    world.client("elbv2").deregister_targets(TargetGroupArn=arn, Targets=[{"Id": first}])
    row = udo("status", "-o", "json").json["data"][0]
    assert row["health"] == {"draining": 1, "healthy": 1}
    assert "1/2, 1 draining" in udo("status").stdout


def test_a_target_group_that_does_not_answer_is_a_question_mark_and_one_footnote(world: Any, udo: Udo) -> None:
    configuration_world(world)
    arns = [target_group(world, name) for name in ("front", "back")]
    client = world.client("autoscaling")
    client.attach_load_balancer_target_groups(AutoScalingGroupName="prod-webapp", TargetGroupARNs=arns)
    write_config(SAME)
    world.faults.add(Fault("deny", "DescribeTargetHealth", times=None))
    told = udo("status")
    assert (told.exit, " ? " in told.stdout) == (0, True)
    assert told.stderr.count("\n") == 1
    assert told.stderr.startswith("the health of targets is unknown: elasticloadbalancing:DescribeTargetHealth")
    assert udo("status", "-o", "json").json["data"][0]["health"] == "?"


def test_groups_that_are_tagged_as_of_the_application_and_no_role_is_of_are_noted(world: Any, udo: Udo) -> None:
    configuration_world(world)
    tag = {"ResourceType": "auto-scaling-group", "Key": "udo:app", "PropagateAtLaunch": False}
    rows = [("prod-webapp", "shop"), ("prod-web", "shop"), ("prod-web-v2", "another")]
    world.client("autoscaling").create_or_update_tags(Tags=[tag | {"ResourceId": n, "Value": v} for n, v in rows])
    write_config(f"app_name: shop\n{SAME}")
    told = udo("status")
    assert (told.exit, told.stderr) == (0, "prod-web is tagged udo:app=shop in AWS and not in udo.yml\n")
    world.log.clear()
    # Which roles there are beside those of a cluster is not asked.
    assert (udo("status", "prod").stderr, len(world.log)) == ("", 2)


def test_what_differs_is_marked_in_the_table(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace("webapp: {", "webapp: {tags: {team: web}, "))
    heading, line = udo("status").stdout.splitlines()
    assert (heading.split()[-1], line.split()[-1]) == ("DIFFERS", "tags")


def test_reads_that_do_not_rest_on_each_other_are_on_their_way_at_the_same_time(world: Any, udo: Udo) -> None:
    """The locks are answered only once the groups were asked for, and the groups only once the locks were."""
    import threading

    configuration_world(world)
    write_config()
    both = threading.Barrier(2)
    met: list[str] = []

    def meet(asked: Any) -> None:
        # The world is locked while it answers; a fault comes before that.
        both.wait(20)
        met.append(asked.operation)

    for name in ("DescribeAutoScalingGroups", "GetParametersByPath"):
        world.faults.add(Fault("hook", name, hook=meet))
    assert udo("status").exit == 0
    assert sorted(met) == ["DescribeAutoScalingGroups", "GetParametersByPath"]


def test_an_error_of_a_read_on_another_thread_is_the_error_of_the_command(world: Any, udo: Udo) -> None:
    write_config(CONFIG + "".join(f"      r{number}: {{}}\n" for number in range(230)))
    world.faults.add(Fault("deny", "DescribeAutoScalingGroups", nth=3, times=None))
    told = udo("status")
    assert (told.exit, told.stdout) == (6, "")
    assert "autoscaling:DescribeAutoScalingGroups" in told.stderr
