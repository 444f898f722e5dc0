"""update in a moving world: cut off, answers lost, and others who change the same group."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import at, writes
from launch_worlds import mixed_world
from test_scale import group, sizes
from test_update import MIXED
from update_worlds import METRIC, TRACKING, UPDATE, asg, config, hooks, metrics, policies, schedules, tags, write
from whole import some

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
Seeded = Callable[..., Any]


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(config())
    return world


def test_what_moved_since_it_was_seen_is_not_overwritten(shop: Any, udo: Udo) -> None:
    write("health_check: {grace: 2m}")

    def meanwhile() -> None:
        asg(shop).update_auto_scaling_group(AutoScalingGroupName="prod-webapp", HealthCheckGracePeriod=33)

    at(shop, "ssm:PutParameter", meanwhile)
    assert udo(*UPDATE).exit == 4
    assert group(shop)["HealthCheckGracePeriod"] == 33


@pytest.mark.parametrize("meanwhile", ["version", "overrides"])
def test_a_policy_is_not_sent_back_over_what_somebody_else_launches_meanwhile(
    world: Any, udo: Udo, meanwhile: str
) -> None:
    mixed_world(world)
    Path("udo.yml").write_text(MIXED % 2)
    world.client("ec2").create_launch_template_version(
        LaunchTemplateName="prod-webapp", SourceVersion="1", LaunchTemplateData={}
    )

    def change() -> None:
        policy = group(world)["MixedInstancesPolicy"]
        if meanwhile == "version":
            policy["LaunchTemplate"]["LaunchTemplateSpecification"] |= {"Version": "2"}
            del policy["LaunchTemplate"]["LaunchTemplateSpecification"]["LaunchTemplateName"]
        else:
            policy = {"LaunchTemplate": {"Overrides": [{"InstanceType": "t3.nano"}]}}
        asg(world).update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MixedInstancesPolicy=policy)

    at(world, "ssm:PutParameter", change)
    told = udo(*UPDATE, "--yes")
    assert (told.exit, "nothing was overwritten" in told.stderr) == (4, True), told.stderr
    specification = group(world)["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    assert specification["Version"] == ("2" if meanwhile == "version" else "1")


def test_bounds_are_not_set_where_the_desired_capacity_moved_meanwhile(shop: Any, udo: Udo) -> None:
    Path("udo.yml").write_text(config().replace("max_size: 4, desired: 2", "max_size: 2", 1))

    def meanwhile() -> None:
        asg(shop).set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)

    at(shop, "ssm:PutParameter", meanwhile)
    assert udo(*UPDATE).exit == 4
    assert sizes(shop) == (1, 3, 4)


ALL = (
    "tags: {team: payments}",
    "health_check: {grace: 2m}",
    "lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}}",
    f"scaling_policies: {{cpu: {TRACKING}{METRIC}}}}}}}",
    'scheduled_actions: {night: {Recurrence: "0 22 * * *", MinSize: 0}}',
    "metrics: [GroupMinSize]",
)


@pytest.mark.parametrize("kind", some(["drop", "kill"], "kill"))
@pytest.mark.parametrize("nth", range(6))
@pytest.mark.whole
def test_whatever_cuts_it_off_the_same_command_ends_it(shop: Any, udo: Udo, kind: str, nth: int) -> None:
    operations = (
        *("CreateOrUpdateTags", "PutLifecycleHook", "UpdateAutoScalingGroup", "PutScalingPolicy"),
        *("PutScheduledUpdateGroupAction", "EnableMetricsCollection"),
    )
    write(*ALL)
    shop.faults.add(Fault(kind, operations[nth], after=True))
    if kind == "kill":
        with pytest.raises(Killed):
            udo(*UPDATE)
        shop.faults.clear()
        assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    assert (tags(shop)["team"], group(shop)["HealthCheckGracePeriod"], metrics(shop)) == (
        "payments",
        120,
        {"GroupMinSize"},
    )
    assert ([*hooks(shop)], [*policies(shop)], [*schedules(shop)]) == (["drain"], ["cpu"], ["night"])
    shop.log.clear()
    assert udo(*UPDATE).exit == 0
    assert writes(shop) == []


def test_the_whole_cluster_is_updated_asked_once_and_a_protected_role_asks(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    text = config("protected: true", "health_check: {grace: 2m}")
    Path("udo.yml").write_text(text.replace("desired: 2}}", "desired: 2}, default_instance_warmup: 1m}"))
    asked = udo("update", "prod")
    assert (asked.exit, "prod webapp is protected" in asked.stderr, writes(world)) == (7, True, [])
    assert udo("update", "prod", "--yes").exit == 0
    assert group(world)["HealthCheckGracePeriod"] == 120
    assert group(world, "prod-web")["DefaultInstanceWarmup"] == 60


def test_a_group_that_a_service_of_aws_keeps_is_refused_before_anything_is_sent(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    client = asg(world)
    client.delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    other = client.describe_auto_scaling_groups(AutoScalingGroupNames=["prod-web"])["AutoScalingGroups"][0]
    template = {"LaunchTemplateId": other["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"}
    client.create_auto_scaling_group(
        AutoScalingGroupName="prod-webapp",
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        AvailabilityZones=["us-west-2a"],
        LaunchTemplate=template,
        Operator={"Principal": "eks.amazonaws.com"},
    )
    world.log.clear()
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"
    write("health_check: {grace: 2m}", "lifecycle_hooks: {}")
    done = udo(*UPDATE, "--delete-extras", "--yes")
    assert (done.exit, done.stderr.count("\n"), writes(world)) == (7, 1, [])
    assert "prod-webapp is kept by eks.amazonaws.com: nothing was changed; change it there" in done.stderr


EXTRAS = ("DeletePolicy", "DeleteScheduledAction", "DeleteLifecycleHook", "DisableMetricsCollection", "DeleteTags")


@pytest.mark.parametrize("kind", some(["drop", "kill", "deny"], "kill"))
@pytest.mark.parametrize("operation", EXTRAS)
def test_extras_that_are_cut_off_or_refused_go_with_the_next_run_and_what_services_keep_stays(
    shop: Any, udo: Udo, kind: str, operation: str
) -> None:
    client, name = asg(shop), {"AutoScalingGroupName": "prod-webapp"}
    client.put_scaling_policy(**name, PolicyName="up", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
    for policy in ("up", "ECSManagedAutoScalingPolicy-1"):
        client.put_scaling_policy(**name, PolicyName=policy, AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
    client.put_scheduled_update_group_action(**name, ScheduledActionName="day", Recurrence="0 6 * * *", MinSize=1)
    kept = "CodeDeploy-managed-automatic-launch-deployment-hook-x"
    launching = {"LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "HeartbeatTimeout": 60}
    for hook in ("old", kept):
        client.put_lifecycle_hook(**name, LifecycleHookName=hook, **launching)
    client.enable_metrics_collection(**name, Granularity="1Minute", Metrics=["GroupMinSize", "GroupMaxSize"])
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Value": "x", "PropagateAtLaunch": True}
    client.create_or_update_tags(Tags=[{**tag, "Key": key} for key in ("old", "eks:cluster")])
    write(
        *("scaling_policies: {}", "scheduled_actions: {}", "lifecycle_hooks: {}", "metrics: [GroupMaxSize]"),
        "tags: {team: payments}",
    )
    deleting = (*UPDATE, "--delete-extras", "--yes")
    shop.faults.add(Fault(kind, operation, after=kind != "deny"))
    if kind == "kill":
        with pytest.raises(Killed):
            udo(*deleting)
        shop.faults.clear()
        assert udo("unlock", "prod", "webapp", "--yes").exit == 0
    elif kind == "deny":
        assert udo(*deleting).exit == 6
    shop.faults.clear()
    assert udo(*deleting).exit == 0
    assert ([*policies(shop)], schedules(shop), [*hooks(shop)]) == (["ECSManagedAutoScalingPolicy-1"], {}, [kept])
    assert (metrics(shop), {*tags(shop)} & {"old", "eks:cluster", "team"}) == (
        {"GroupMaxSize"},
        {"eks:cluster", "team"},
    )
    assert udo(*UPDATE, "--delete-extras").stdout == "prod-webapp is as udo.yml says\n"
