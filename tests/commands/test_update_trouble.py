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
