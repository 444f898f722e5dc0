"""apply of a saved plan with launch data and settings: in one write, exactly, again after a kill, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import at, writes
from launch_worlds import (
    CONFIG,
    WORLDS,
    configuration_world,
    group,
    launch_data,
    launched_from,
    mixed_world,
    overrides_world,
    template_world,
    type_now,
    write_config,
)
from refresh_worlds import under_way
from test_plan_command import EQUAL, second_group
from test_plan_settings import BOTH, said
from update_worlds import asg, hooks, metrics, policies, schedules, tags
from whole import some

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
MIXED = (
    "mixed_instances: {InstancesDistribution: {OnDemandBaseCapacity: 2}, "
    "Overrides: [{InstanceType: t3.small}, {InstanceType: m7g.large, WeightedCapacity: '4'}]}"
)


def saved(udo: Udo, text: str, *words: str) -> None:
    write_config(text)
    told = udo("plan", "prod", "webapp", *words, "--save", "plan")
    assert told.exit == 0, told.stderr


def check_settings(world: Any) -> None:
    row = group(world)
    assert (row["MaxSize"], row["HealthCheckGracePeriod"], row["DesiredCapacity"]) == (5, 120, 2)
    assert (tags(world)["team"], metrics(world)) == ("payments", {"GroupMinSize"})
    assert ([*hooks(world)], [*policies(world)], [*schedules(world)]) == (["drain"], ["cpu"], ["night"])


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_both_are_done_with_one_write_of_the_group_and_a_second_time_nothing(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    saved(udo, BOTH)
    world.log.clear()
    done = udo("apply", "plan")
    assert done.exit == 0, done.stderr
    assert done.stdout.endswith("its settings are as udo.yml says\n")
    assert writes(world).count("UpdateAutoScalingGroup") == 1
    assert launch_data(world)["InstanceType"] == type_now(kind)
    assert launched_from(world) == ("prod-webapp-v2" if kind == "configuration" else "2")
    check_settings(world)
    world.log.clear()
    again = udo("apply", "plan")
    assert (again.exit, again.stdout.partition(":")[0]) == (0, "nothing to do, this is done already")
    assert writes(world) == []
    assert udo("plan", "--exit-code").exit == 0


WRITTEN = (
    *("Create", "CreateOrUpdateTags", "PutLifecycleHook", "UpdateAutoScalingGroup", "PutScalingPolicy"),
    *("PutScheduledUpdateGroupAction", "EnableMetricsCollection"),
)


@pytest.mark.parametrize("operation", some(WRITTEN, *WRITTEN[::3]))
@pytest.mark.parametrize("after", some([False, True], True))
@pytest.mark.whole
def test_killed_at_any_write_the_same_command_again_ends_it(world: Any, udo: Udo, operation: str, after: bool) -> None:
    template_world(world)
    saved(udo, BOTH)
    name = "CreateLaunchTemplateVersion" if operation == "Create" else operation
    world.faults.add(Fault("kill", name, after=after))
    with pytest.raises(Killed):
        udo("apply", "plan")
    world.faults.clear()
    again = udo("apply", "plan")
    assert again.exit == 0, again.stderr
    assert launched_from(world) == "2"
    check_settings(world)
    assert "done already" in udo("apply", "plan").stdout


def test_a_tag_that_was_left_out_does_not_keep_the_rest_from_being_done_later(world: Any, udo: Udo) -> None:
    configuration_world(world)
    saved(udo, BOTH.replace("tags: {team: payments}, ", ""))
    world.faults.add(Fault("deny", "CreateOrUpdateTags"))
    world.faults.add(Fault("kill", "PutScalingPolicy"))
    with pytest.raises(Killed):
        udo("apply", "plan")
    world.faults.clear()
    again = udo("apply", "plan")
    assert again.exit == 0, again.stderr
    assert (launched_from(world), [*policies(world)]) == ("prod-webapp-v2", ["cpu"])


@pytest.mark.parametrize(
    "moved",
    [
        {"HealthCheckGracePeriod": 33},
        {"MaxSize": 9},
        {"DesiredCapacity": 3, "MaxSize": 3},
        {"DefaultCooldown": 17},
    ],
    ids=str,
)
def test_where_a_setting_moved_meanwhile_nothing_is_written(world: Any, udo: Udo, moved: dict[str, Any]) -> None:
    template_world(world)
    saved(udo, BOTH.replace("max_size: 5", "max_size: 2"))
    asg(world).update_auto_scaling_group(AutoScalingGroupName="prod-webapp", **moved)
    world.log.clear()
    refused = udo("apply", "plan")
    assert (refused.exit, writes(world)) == (4, []), refused.stderr
    assert "is not what it was when this was planned" in refused.stderr


def test_a_desired_capacity_that_moved_within_the_new_bounds_is_no_reason_to_refuse(world: Any, udo: Udo) -> None:
    template_world(world)
    saved(udo, BOTH)
    asg(world).set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
    assert udo("apply", "plan").exit == 0
    assert (group(world)["DesiredCapacity"], group(world)["MaxSize"]) == (3, 5)


def test_a_policy_that_somebody_made_meanwhile_is_not_overwritten(world: Any, udo: Udo) -> None:
    template_world(world)
    saved(udo, BOTH)
    theirs = {"PolicyName": "cpu", "AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 7}
    asg(world).put_scaling_policy(AutoScalingGroupName="prod-webapp", **theirs)
    world.log.clear()
    assert udo("apply", "plan").exit == 4
    assert (policies(world)["cpu"]["ScalingAdjustment"], writes(world)) == (7, [])


def specification(world: Any) -> dict[str, Any]:
    return dict(group(world)["MixedInstancesPolicy"]["LaunchTemplate"])


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["mixed", "template"])
def test_a_mixed_instances_policy_and_what_it_launches_are_changed_by_one_write(
    world: Any, udo: Udo, kind: str
) -> None:
    WORLDS[kind](world)
    saved(udo, said(MIXED, text=CONFIG))
    asked = udo("apply", "plan")
    assert (asked.exit, "AWS replaces running instances of prod-webapp for mixed_instances" in asked.stderr) == (
        7,
        True,
    )
    world.log.clear()
    done = udo("apply", "plan", "--yes")
    assert done.exit == 0, done.stderr
    assert writes(world).count("UpdateAutoScalingGroup") == 1
    policy = specification(world)
    assert policy["LaunchTemplateSpecification"]["Version"] == "2"
    assert [one["InstanceType"] for one in policy["Overrides"]] == ["t3.small", "m7g.large"]
    distribution = group(world)["MixedInstancesPolicy"]["InstancesDistribution"]
    assert distribution["OnDemandBaseCapacity"] == 2
    if kind == "mixed":
        # What udo.yml does not say of it stays.
        assert distribution["SpotAllocationStrategy"] == "price-capacity-optimized"
    world.log.clear()
    assert "done already" in udo("apply", "plan").stdout
    assert udo("plan", "--exit-code").exit == 0
    assert writes(world) == []


def test_a_policy_that_somebody_changed_meanwhile_is_not_overwritten(world: Any, udo: Udo) -> None:
    mixed_world(world)
    saved(udo, said(MIXED, text=CONFIG))
    asg(world).update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", MixedInstancesPolicy={"InstancesDistribution": {"SpotMaxPrice": "0.07"}}
    )
    world.log.clear()
    assert udo("apply", "plan", "--yes").exit == 4
    assert writes(world) == []


def test_settings_alone_are_not_sent_over_what_somebody_launches_meanwhile(world: Any, udo: Udo) -> None:
    mixed_world(world)
    saved(udo, said(MIXED, text=EQUAL))
    world.client("ec2").create_launch_template_version(
        LaunchTemplateName="prod-webapp", SourceVersion="1", LaunchTemplateData={}
    )

    def change() -> None:
        template = {"LaunchTemplateName": "prod-webapp", "Version": "2"}
        policy = {"LaunchTemplate": {"LaunchTemplateSpecification": template}}
        asg(world).update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MixedInstancesPolicy=policy)

    at(world, "ssm:PutParameter", change)
    told = udo("apply", "plan", "--yes")
    assert (told.exit, specification(world)["LaunchTemplateSpecification"]["Version"]) == (4, "2"), told.stderr


def test_a_group_that_is_moved_to_a_template_gets_its_policy_with_it(world: Any, udo: Udo) -> None:
    configuration_world(world)
    saved(udo, said(MIXED, text=EQUAL), "--to-template")
    assert udo("apply", "plan", "--yes").exit == 0
    row = group(world)
    assert "LaunchConfigurationName" not in row
    template = row["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    assert (template["LaunchTemplateName"], template["Version"]) == ("prod-webapp", "1")
    assert "done already" in udo("apply", "plan").stdout


@pytest.mark.whole
def test_the_images_and_templates_of_overrides_are_changed_with_the_policy(world: Any, udo: Udo) -> None:
    template_id = overrides_world(world)
    three = "Overrides: [{InstanceType: t3.small}, {InstanceType: t4g.small}, {InstanceType: m7g.large}]"
    saved(udo, said(f"mixed_instances: {{{three}}}", "keypair_name: ops", text=CONFIG), "--overrides")
    done = udo("apply", "plan", "--yes")
    assert done.exit == 0, done.stderr
    rows = specification(world)["Overrides"]
    assert [row["InstanceType"] for row in rows] == ["t3.small", "t4g.small", "m7g.large"]
    assert rows[1]["LaunchTemplateSpecification"]["Version"] == "2"
    assert rows[1]["LaunchTemplateSpecification"]["LaunchTemplateId"] == template_id
    assert specification(world)["LaunchTemplateSpecification"]["Version"] == "2"
    assert "done already" in udo("apply", "plan").stdout


@pytest.mark.whole
def test_the_version_that_udo_yml_says_of_an_override_stands_whatever_overrides_would_bring(
    world: Any, udo: Udo
) -> None:
    own = f"LaunchTemplateSpecification: {{LaunchTemplateId: {overrides_world(world)}, Version: '1'}}"
    two = f"Overrides: [{{InstanceType: t3.small}}, {{InstanceType: t4g.small, {own}}}]"
    saved(udo, said(f"mixed_instances: {{{two}}}", "keypair_name: ops", text=CONFIG), "--overrides")
    done = udo("apply", "plan", "--yes")
    assert done.exit == 0, done.stderr
    policy = specification(world)
    versions = [one["LaunchTemplateSpecification"]["Version"] for one in (policy, policy["Overrides"][1])]
    assert versions == ["2", "1"]
    assert "done already" in udo("apply", "plan").stdout


def test_a_secret_among_the_settings_is_masked_and_never_saved(world: Any, udo: Udo) -> None:
    configuration_world(world)
    world.client("ssm").put_parameter(Name="/shop/word", Value="open-sesame", Type="SecureString")
    write_config(said("tags: {word: '${ssm:/shop/word}'}"))
    told = udo("plan", "prod", "webapp")
    assert (told.exit, "tags.word" in told.stdout, "open-sesame" in told.stdout + told.stderr) == (0, True, False)
    refused = udo("plan", "--save", "plan")
    assert (refused.exit, Path("plan").exists()) == (7, False)
    assert "udo update prod webapp" in refused.stderr


def test_a_group_that_follows_its_template_is_pinned_and_set(world: Any, udo: Udo) -> None:
    mixed_world(world)
    reference = {"LaunchTemplateName": "prod-webapp", "Version": "$Latest"}
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": reference}}
    asg(world).update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MixedInstancesPolicy=policy)
    saved(udo, said(MIXED, text=CONFIG))
    assert udo("apply", "plan", "--yes").exit == 0
    assert specification(world)["LaunchTemplateSpecification"]["Version"] == "2"
    assert "done already" in udo("apply", "plan").stdout


@pytest.mark.whole
def test_several_roles_are_asked_about_once(world: Any, udo: Udo) -> None:
    configuration_world(world)
    second_group(world)
    write_config(said("health_check: {grace: 2m}") + "      worker: {max_instance_lifetime: 30d}\n")
    assert udo("plan", "--save", "plan").exit == 0
    asked = udo("apply", "plan")
    assert (asked.exit, asked.stderr.count("Continue?")) == (7, 1)
    assert udo("apply", "plan", "--yes").exit == 0
    assert group(world)["HealthCheckGracePeriod"] == 120
    assert group(world, "prod-worker")["MaxInstanceLifetime"] == 30 * 86400


def test_an_instance_refresh_does_not_stop_settings_alone_as_it_does_not_stop_update(world: Any, udo: Udo) -> None:
    configuration_world(world)
    saved(udo, said("health_check: {grace: 2m}"))
    under_way(world)
    assert udo("apply", "plan").exit == 0


def test_a_plan_that_an_earlier_udo_saved_of_launch_data_alone_is_carried_out(world: Any, udo: Udo) -> None:
    configuration_world(world)
    saved(udo, CONFIG)
    assert json.loads(Path("plan").read_text())["udo_saved_plan"] == 1
    write_config(BOTH)
    assert udo("apply", "plan").exit == 0
    assert (launched_from(world), [*policies(world)]) == ("prod-webapp-v2", [])
