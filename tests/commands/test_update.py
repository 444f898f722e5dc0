"""update: the settings of a group as udo.yml says them, difference first, and nothing else of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import writes
from launch_worlds import configuration_world, mixed_world, overrides_world
from test_scale import group, sizes
from update_worlds import METRIC, TRACKING, UPDATE, asg, config, hooks, metrics, policies, schedules, tags, write

Udo = Callable[..., Any]
Seeded = Callable[..., Any]


@pytest.fixture
def shop(world: Any, seeded: Seeded) -> Any:
    seeded(config())
    return world


SETTINGS = [
    ("health_check: {type: ELB}", "health_check: {type: [EBS, ELB]}", "HealthCheckType", "ELB", "EBS,ELB"),
    ("health_check: {grace: 2m}", "health_check: {grace: 90}", "HealthCheckGracePeriod", 120, 90),
    ("default_instance_warmup: 2m", "default_instance_warmup: 0", "DefaultInstanceWarmup", 120, 0),
    ("default_instance_warmup: 1m", "default_instance_warmup: none", "DefaultInstanceWarmup", 60, None),
    ("max_instance_lifetime: 30d", "max_instance_lifetime: 0", "MaxInstanceLifetime", 2592000, None),
    (
        "termination_policies: [OldestInstance, Default]",
        "termination_policies: [Default]",
        "TerminationPolicies",
        ["OldestInstance", "Default"],
        ["Default"],
    ),
    ("capacity_rebalance: true", "capacity_rebalance: false", "CapacityRebalance", True, False),
    ("placement_group: one", "placement_group: other", "PlacementGroup", "one", "other"),
    ("placement_group: two", "placement_group: none", "PlacementGroup", "two", None),
    (
        "protect_from_scale_in: true",
        "protect_from_scale_in: false",
        "NewInstancesProtectedFromScaleIn",
        True,
        False,
    ),
    (
        "deletion_protection: prevent-all-deletion",
        "deletion_protection: none",
        "DeletionProtection",
        "prevent-all-deletion",
        "none",
    ),
    (
        "instance_maintenance_policy: {MinHealthyPercentage: 90, MaxHealthyPercentage: 120}",
        "instance_maintenance_policy: {MinHealthyPercentage: -1, MaxHealthyPercentage: -1}",
        "InstanceMaintenancePolicy",
        {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 120},
        None,
    ),
    (
        "availability_zone_distribution: {CapacityDistributionStrategy: balanced-only}",
        "availability_zone_distribution: {CapacityDistributionStrategy: balanced-best-effort}",
        "AvailabilityZoneDistribution",
        {"CapacityDistributionStrategy": "balanced-only"},
        {"CapacityDistributionStrategy": "balanced-best-effort"},
    ),
    (
        "capacity_reservation: {CapacityReservationPreference: capacity-reservations-only}",
        "capacity_reservation: {CapacityReservationPreference: default}",
        "CapacityReservationSpecification",
        {"CapacityReservationPreference": "capacity-reservations-only"},
        {"CapacityReservationPreference": "default"},
    ),
    (
        "instance_lifecycle_policy: {RetentionTriggers: {TerminateHookAbandon: retain}}",
        "instance_lifecycle_policy: {RetentionTriggers: {TerminateHookAbandon: terminate}}",
        "InstanceLifecyclePolicy",
        {"RetentionTriggers": {"TerminateHookAbandon": "retain"}},
        {"RetentionTriggers": {"TerminateHookAbandon": "terminate"}},
    ),
]


@pytest.mark.parametrize(("one", "other", "member", "set_to", "back"), SETTINGS, ids=[row[1] for row in SETTINGS])
def test_a_setting_goes_there_and_back_in_one_call_and_a_third_run_writes_nothing(
    shop: Any, udo: Udo, one: str, other: str, member: str, set_to: Any, back: Any
) -> None:
    for line, value in ((one, set_to), (other, back)):
        write(line)
        shop.log.clear()
        done = udo(*UPDATE, "--yes")
        assert done.exit == 0, done.stderr
        assert group(shop).get(member) == value
        assert writes(shop) == ["UpdateAutoScalingGroup"]
        done = udo(*UPDATE)
        assert (done.exit, done.stdout) == (0, "prod-webapp is as udo.yml says\n")
    assert writes(shop) == ["UpdateAutoScalingGroup"]
    assert sizes(shop) == (1, 2, 4)


def test_several_settings_are_one_call_and_the_differences_are_told_first(shop: Any, udo: Udo) -> None:
    write("health_check: {type: ELB, grace: 2m}", "tags: {team: payments}", "default_instance_warmup: 1m")
    told = udo(*UPDATE, "--dry-run")
    assert told.exit == 0
    for row in ("health_check.type", "health_check.grace", "tags.team", "default_instance_warmup"):
        assert row in told.stdout
    assert writes(shop) == []
    assert udo(*UPDATE).exit == 0
    assert writes(shop) == ["CreateOrUpdateTags", "UpdateAutoScalingGroup"]
    assert (tags(shop)["team"], group(shop)["HealthCheckType"]) == ("payments", "ELB")


def test_keys_that_udo_yml_does_not_have_are_left(shop: Any, udo: Udo) -> None:
    asg(shop).update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", DefaultInstanceWarmup=77, TerminationPolicies=["NewestInstance"]
    )
    asg(shop).put_scaling_policy(
        AutoScalingGroupName="prod-webapp",
        PolicyName="up",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
    )
    shop.log.clear()
    write("health_check: {grace: 2m}")
    assert udo(*UPDATE, "--delete-extras").exit == 0
    assert writes(shop) == ["UpdateAutoScalingGroup"]
    assert (group(shop)["DefaultInstanceWarmup"], [*policies(shop)]) == (77, ["up"])


def test_policies_schedules_and_hooks_are_made_changed_and_settled(shop: Any, udo: Udo) -> None:
    write(
        f"scaling_policies: {{cpu: {TRACKING}{METRIC}}}}}}}",
        'scheduled_actions: {night: {Recurrence: "0 22 * * *", TimeZone: Europe/Berlin, MinSize: 0}}',
        "lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}}",
    )
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    assert writes(shop) == ["PutLifecycleHook", "PutScalingPolicy", "PutScheduledUpdateGroupAction"]
    assert policies(shop)["cpu"]["TargetTrackingConfiguration"]["TargetValue"] == 50
    assert schedules(shop)["night"]["MinSize"] == 0
    assert hooks(shop)["drain"]["HeartbeatTimeout"] == 60
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"
    write(
        f"scaling_policies: {{cpu: {TRACKING.replace('50', '62.5')}{METRIC}}}}}}}",
        'scheduled_actions: {night: {Recurrence: "0 21 * * *", TimeZone: Europe/Berlin, MinSize: 1}}',
        "lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 90}}",
    )
    told = udo(*UPDATE, "--dry-run").stdout
    assert "scaling_policies.cpu.TargetTrackingConfiguration.TargetValue" in told
    assert "scheduled_actions.night.Recurrence" in told
    shop.log.clear()
    assert udo(*UPDATE).exit == 0
    assert len(writes(shop)) == 3
    assert policies(shop)["cpu"]["TargetTrackingConfiguration"]["TargetValue"] == 62.5
    assert (schedules(shop)["night"]["MinSize"], hooks(shop)["drain"]["HeartbeatTimeout"]) == (1, 90)
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"
    assert len(writes(shop)) == 3
    assert (policies(shop, "prod-web"), schedules(shop, "prod-web"), hooks(shop, "prod-web")) == ({}, {}, {})


@pytest.mark.parametrize("said", ["2099-01-01T00:00:00Z", "2099-01-01T01:00+01:00", "2099-01-01 00:00:00"])
def test_a_time_is_the_same_however_it_is_written(shop: Any, udo: Udo, said: str) -> None:
    write(f'scheduled_actions: {{once: {{StartTime: "{said}", MaxSize: 5}}}}')
    assert udo(*UPDATE).exit == 0
    assert schedules(shop)["once"]["StartTime"].isoformat() == "2099-01-01T00:00:00+00:00"
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"


def test_a_scheduled_action_whose_time_is_over_is_named_and_not_made_again(shop: Any, udo: Udo) -> None:
    write('scheduled_actions: {once: {StartTime: "2020-01-01T00:00:00Z", MaxSize: 5}}')
    done = udo(*UPDATE)
    assert (done.exit, "scheduled_actions.once: its time is over" in done.stderr, writes(shop)) == (0, True, [])


def test_a_member_that_aws_does_not_know_is_a_usage_error_before_the_first_write(shop: Any, udo: Udo) -> None:
    write(f"scaling_policies: {{cpu: {TRACKING}Target: 5, {METRIC}}}}}}}", "tags: {team: payments}")
    done = udo(*UPDATE)
    assert (done.exit, "Target" in done.stderr, writes(shop)) == (2, True, [])


def test_extras_are_named_and_left_and_deleted_where_that_is_asked(shop: Any, udo: Udo) -> None:
    client, name = asg(shop), {"AutoScalingGroupName": "prod-webapp"}
    client.put_scaling_policy(**name, PolicyName="up", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
    client.put_scheduled_update_group_action(
        **name, ScheduledActionName="day", Recurrence="0 6 * * *", DesiredCapacity=3
    )
    launching = {"LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "HeartbeatTimeout": 60}
    for hook in ("old", "CodeDeploy-managed-automatic-launch-deployment-hook-x", "ecs-managed-draining"):
        client.put_lifecycle_hook(**name, LifecycleHookName=hook, **launching)
    client.enable_metrics_collection(**name, Granularity="1Minute", Metrics=["GroupMinSize", "GroupMaxSize"])
    write(
        "scaling_policies: {}",
        "scheduled_actions: {}",
        "lifecycle_hooks: {}",
        "metrics: [GroupMaxSize]",
        "tags: {team: payments}",
    )
    done = udo(*UPDATE)
    assert done.exit == 0, done.stderr
    assert "not in udo.yml, and left: scaling_policies.up, scheduled_actions.day, lifecycle_hooks.old" in done.stderr
    assert ([*policies(shop)], [*schedules(shop)], len(hooks(shop))) == (["up"], ["day"], 3)
    asked = udo(*UPDATE, "--delete-extras")
    assert (asked.exit, "Delete scaling_policies.up" in asked.stderr) == (7, True)
    done = udo(*UPDATE, "--delete-extras", "--yes")
    assert done.exit == 0, done.stderr
    assert (policies(shop), schedules(shop), metrics(shop)) == ({}, {}, {"GroupMaxSize"})
    assert {*hooks(shop)} == {"CodeDeploy-managed-automatic-launch-deployment-hook-x", "ecs-managed-draining"}
    done = udo(*UPDATE, "--delete-extras")
    assert (done.exit, done.stdout) == (0, "prod-webapp is as udo.yml says\n")


def test_tags_of_others_and_of_udo_are_no_extras(shop: Any, udo: Udo) -> None:
    for key in ("udo:launch", "eks:nodegroup-name", "cluster", "mine", "old"):
        tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": key, "Value": "x"}
        asg(shop).create_or_update_tags(Tags=[{**tag, "PropagateAtLaunch": False}])
    write("tags: {mine: y}")
    assert udo(*UPDATE, "--delete-extras", "--yes").exit == 0
    assert tags(shop) == {"udo:launch": "x", "eks:nodegroup-name": "x", "cluster": "x", "mine": "y"} | {
        "Name": "prod-webapp"
    }
    # Instances that come get no more tags than before.
    assert [one["PropagateAtLaunch"] for one in group(shop)["Tags"] if one["Key"] == "mine"] == [False]


def test_all_metrics_are_collected_and_settled(shop: Any, udo: Udo) -> None:
    write("metrics: all")
    assert udo(*UPDATE).exit == 0
    assert len(metrics(shop)) == 20
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"
    assert writes(shop) == ["EnableMetricsCollection"]


def test_load_balancers_and_target_groups_are_attached_by_name_and_detached_as_extras(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config("target_groups: [one, other]"))
    arns = {arn.split("/")[1]: arn for arn in group(world)["TargetGroupARNs"]}
    asg(world).detach_traffic_sources(
        AutoScalingGroupName="prod-webapp", TrafficSources=[{"Identifier": arns["other"], "Type": "elbv2"}]
    )
    world.log.clear()
    assert udo(*UPDATE).exit == 0
    assert writes(world) == ["AttachTrafficSources"]
    assert {*group(world)["TargetGroupARNs"]} == {*arns.values()}
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"
    write("target_groups: [one]")
    left = udo(*UPDATE)
    assert (left.exit, f"traffic {arns['other']}" in left.stderr) == (0, True)
    assert udo(*UPDATE, "--delete-extras", "--yes").exit == 0
    assert group(world)["TargetGroupARNs"] == [arns["one"]]
    write("target_groups: [another]")
    assert udo(*UPDATE).exit == 1


def test_the_desired_capacity_is_no_drift_and_bounds_that_would_move_it_are_refused(shop: Any, udo: Udo) -> None:
    asg(shop).set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
    assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"
    for low, high, word in ((1, 2, "3: AWS would move it"), (4, 9, "udo scale prod webapp 4 --min 4")):
        text = config().replace("{min_size: 1, max_size: 4, desired: 2}", f"{{min_size: {low}, max_size: {high}}}", 1)
        Path("udo.yml").write_text(text)
        done = udo(*UPDATE)
        assert (done.exit, word in done.stderr) == (7, True)
    text = config().replace("{min_size: 1, max_size: 4, desired: 2}", "{min_size: 0, max_size: 9}", 1)
    Path("udo.yml").write_text(text)
    assert udo(*UPDATE).exit == 0
    assert (sizes(shop), sizes(shop, "prod-web")) == ((0, 3, 9), (1, 2, 4))


def test_a_group_that_sleeps_keeps_its_sizes(shop: Any, udo: Udo) -> None:
    assert udo("sleep", "prod", "webapp", "--yes").exit == 0
    write("health_check: {grace: 2m}")
    done = udo(*UPDATE)
    assert (done.exit, "its sizes stay as they are until 'udo wake prod webapp'" in done.stderr) == (0, True)
    assert (sizes(shop), group(shop)["HealthCheckGracePeriod"]) == ((0, 0, 4), 120)


def test_what_makes_aws_replace_instances_asks(shop: Any, udo: Udo) -> None:
    write("availability_zone_distribution: {CapacityDistributionStrategy: balanced-only}")
    asked = udo(*UPDATE)
    assert asked.exit == 7
    assert "AWS replaces running instances of prod-webapp for availability_zone_distribution. Continue?" in asked.stderr
    assert writes(shop) == []


MIXED = """
region: us-west-2
clusters:
  prod:
    roles:
      webapp:
        mixed_instances:
          InstancesDistribution: {OnDemandBaseCapacity: %d}
          Overrides: [{InstanceType: t3.small}, {InstanceType: m7g.large, WeightedCapacity: 4}]
"""


def test_a_mixed_instances_policy_changes_where_it_is_said_and_goes_on_launching_the_same(world: Any, udo: Udo) -> None:
    mixed_world(world)
    before = group(world)["MixedInstancesPolicy"]
    for number in (2, 0):
        Path("udo.yml").write_text(MIXED % number)
        assert udo(*UPDATE).exit == 7
        world.log.clear()
        done = udo(*UPDATE, "--yes")
        assert done.exit == 0, done.stderr
        assert writes(world) == ["UpdateAutoScalingGroup"]
        now = group(world)["MixedInstancesPolicy"]
        assert now["InstancesDistribution"] == {**before["InstancesDistribution"], "OnDemandBaseCapacity": number}
        template = "LaunchTemplateSpecification"
        assert now["LaunchTemplate"][template] == before["LaunchTemplate"][template]
        assert now["LaunchTemplate"]["Overrides"] == [
            {"InstanceType": "t3.small"},
            {"InstanceType": "m7g.large", "WeightedCapacity": "4"},
        ]
        assert udo(*UPDATE).stdout == "prod-webapp is as udo.yml says\n"


def test_an_override_keeps_the_template_of_its_own(world: Any, udo: Udo) -> None:
    overrides_world(world)
    own = group(world)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"][-1]["LaunchTemplateSpecification"]
    text = (MIXED % 1).replace("{InstanceType: m7g.large, WeightedCapacity: 4}", "{InstanceType: t4g.small}")
    Path("udo.yml").write_text(text)
    assert udo(*UPDATE, "--yes").exit == 0
    rows = group(world)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert [row["InstanceType"] for row in rows] == ["t3.small", "t4g.small"]
    assert rows[1]["LaunchTemplateSpecification"] == own


def test_a_group_on_a_launch_configuration_takes_no_mixed_instances(world: Any, udo: Udo) -> None:
    configuration_world(world)
    Path("udo.yml").write_text(MIXED % 1)
    done = udo(*UPDATE, "--yes")
    assert (done.exit, "needs a launch template" in done.stderr) == (7, True)


def test_a_group_of_a_stack_is_left_alone(shop: Any, udo: Udo) -> None:
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}
    asg(shop).create_or_update_tags(Tags=[{**tag, "Key": "aws:cloudformation:stack-name", "Value": "shop"}])
    shop.log.clear()
    write("health_check: {grace: 2m}")
    done = udo(*UPDATE)
    assert (done.exit, "belongs to the CloudFormation stack shop" in done.stderr, writes(shop)) == (7, True, [])
