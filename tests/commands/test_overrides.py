"""updatelc --overrides: the templates that overrides of a mixed instances policy name for themselves change along."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import writes
from launch_worlds import (
    ARM,
    NEW_IMAGE,
    OLD_IMAGE,
    group,
    launched_from,
    mixed_world,
    overrides_world,
    set_overrides,
    write_config,
)

Udo = Callable[..., Any]
UPDATE = ("updatelc", "prod", "webapp", "--overrides")


def arm_version(world: Any) -> str:
    """The version that the override names."""
    rows = group(world)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    own = (row.get("LaunchTemplateSpecification") for row in rows)
    return next(str(one["Version"]) for one in own if one and one["LaunchTemplateName"] == ARM)


def arm_data(world: Any) -> Any:
    """The launch data behind the override."""
    asked = world.client("ec2").describe_launch_template_versions(LaunchTemplateName=ARM, Versions=[arm_version(world)])
    return asked["LaunchTemplateVersions"][0]["LaunchTemplateData"]


def test_an_overrides_own_template_stays_and_is_named_unless_asked_for(world: Any, udo: Udo) -> None:
    overrides_world(world)
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 0
    assert f"overrides with a template of their own stay: launch template {ARM} version 1" in told.stderr
    assert arm_version(world) == "1"


def test_asked_for_it_gets_the_keys_but_keeps_its_image_and_type(world: Any, udo: Udo) -> None:
    overrides_world(world)
    write_config()
    before = group(world)["MixedInstancesPolicy"]
    world.log.clear()
    shown = udo(*UPDATE, "--set", "keypair_name=ops", "-n")
    assert f"{ARM}: keypair_name" in shown.stdout
    assert "stay:" not in shown.stdout
    told = udo(*UPDATE, "--set", "keypair_name=ops")
    assert told.exit == 0, told.stderr
    assert launched_from(world) == "2"
    data = arm_data(world)
    assert (data["ImageId"], data["InstanceType"], data["KeyName"]) == (OLD_IMAGE, "t4g.small", "ops")
    after = group(world)["MixedInstancesPolicy"]
    assert after["InstancesDistribution"] == before["InstancesDistribution"]
    assert after["LaunchTemplate"]["Overrides"][:2] == before["LaunchTemplate"]["Overrides"][:2]
    assert writes(world) == [
        "CreateLaunchTemplateVersion",
        "CreateLaunchTemplateVersion",
        "CreateOrUpdateTags",
        "UpdateAutoScalingGroup",
    ]
    world.log.clear()
    again = udo(*UPDATE, "--set", "keypair_name=ops")
    assert (again.exit, writes(world)) == (0, [])


@pytest.mark.whole
def test_where_only_the_overrides_template_differs_the_groups_own_number_stays(world: Any, udo: Udo) -> None:
    overrides_world(world)
    write_config()
    assert udo("updatelc", "prod", "webapp", "--set", "keypair_name=ops").exit == 0
    assert udo(*UPDATE, "--set", "keypair_name=ops").exit == 0
    assert (launched_from(world), arm_version(world)) == ("2", "2")


def test_rollback_takes_the_overrides_back_too(world: Any, udo: Udo) -> None:
    overrides_world(world)
    write_config()
    assert udo(*UPDATE, "--set", "keypair_name=ops").exit == 0
    told = udo("rollback", "prod", "webapp")
    assert told.exit == 0, told.stderr
    assert (launched_from(world), arm_version(world)) == ("1", "1")
    world.log.clear()
    assert "nothing to do" in udo("rollback", "prod", "webapp").stdout
    assert writes(world) == []


@pytest.mark.whole
def test_rollback_takes_overrides_back_where_nothing_else_was_changed(world: Any, udo: Udo) -> None:
    overrides_world(world)
    write_config()
    assert udo("updatelc", "prod", "webapp", "--set", "keypair_name=ops").exit == 0
    assert udo(*UPDATE, "--set", "keypair_name=ops").exit == 0
    assert udo("rollback", "prod", "webapp").exit == 0
    assert (launched_from(world), arm_version(world)) == ("2", "1")


def test_an_override_that_follows_latest_is_pinned_before_a_version_is_made(world: Any, udo: Udo) -> None:
    overrides_world(world, "$Latest")
    write_config()
    world.log.clear()
    told = udo(*UPDATE, "--set", "keypair_name=ops")
    assert told.exit == 0, told.stderr
    assert writes(world)[0] == "UpdateAutoScalingGroup"
    assert arm_version(world) == "2"


@pytest.mark.parametrize("kind", ["group", "override"])
def test_a_version_that_would_change_another_groups_overrides_is_refused(world: Any, udo: Udo, kind: str) -> None:
    template_id = overrides_world(world)
    follows = {"LaunchTemplateId": template_id, "Version": "$Latest"}
    specification = follows if kind == "group" else {**follows, "Version": "1"}
    rows = [] if kind == "group" else [{"InstanceType": "t4g.large", "LaunchTemplateSpecification": follows}]
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="theirs",
        MinSize=0,
        MaxSize=0,
        AvailabilityZones=["us-west-2a"],
        MixedInstancesPolicy={"LaunchTemplate": {"LaunchTemplateSpecification": specification, "Overrides": rows}},
    )
    write_config()
    world.log.clear()
    told = udo(*UPDATE, "--set", "keypair_name=ops")
    assert (told.exit, writes(world)) == (7, [])
    assert "theirs (on $Latest of it)" in told.stderr


def test_an_override_that_follows_the_groups_own_template_is_not_changed_by_the_way(world: Any, udo: Udo) -> None:
    mixed_world(world)
    own = {"LaunchTemplateName": "prod-webapp", "Version": "$Latest"}
    set_overrides(
        world, [{"InstanceType": "t3.large", "LaunchTemplateSpecification": own}, {"InstanceType": "t3.nano"}]
    )
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 7
    assert "overrides of prod-webapp (on $Latest of it)" in told.stderr


@pytest.mark.whole
def test_cut_off_before_the_swap_the_same_command_takes_up_both_versions(world: Any, udo: Udo) -> None:
    from udo.sandbox.faults import Fault

    template_id = overrides_world(world)
    write_config()
    world.faults.add(Fault("fail", "UpdateAutoScalingGroup", times=None))
    assert udo(*UPDATE, "--set", "keypair_name=ops").exit == 1
    assert (launched_from(world), arm_version(world)) == ("1", "1")
    world.faults.clear()
    assert udo(*UPDATE, "--set", "keypair_name=ops").exit == 0
    assert (launched_from(world), arm_version(world)) == ("2", "2")
    versions = world.client("ec2").describe_launch_template_versions(LaunchTemplateId=template_id)
    assert len(versions["LaunchTemplateVersions"]) == 2


@pytest.mark.whole
def test_a_plan_with_overrides_can_be_saved_and_carried_out(world: Any, udo: Udo) -> None:
    overrides_world(world)
    write_config()
    line = ("--overrides", "--set", "keypair_name=ops")
    saved = udo("plan", "prod", "webapp", *line, "--save", "one.plan", "-o", "json")
    assert saved.exit == 0, saved.stderr
    [row] = json.loads(saved.stdout)["data"]
    assert f"{ARM}: keypair_name" in [one["key"] for one in row["differences"]]
    assert udo("apply", "one.plan").exit == 0
    assert (launched_from(world), arm_version(world)) == ("2", "2")
    assert arm_data(world)["ImageId"] != NEW_IMAGE


def test_overrides_changed_meanwhile_are_not_put_back(world: Any, udo: Udo) -> None:
    from udo.sandbox.faults import Fault

    mixed_world(world)

    def meanwhile(_asked: Any) -> None:
        policy = group(world)["MixedInstancesPolicy"]
        policy["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
        policy["LaunchTemplate"]["Overrides"] = [{"InstanceType": "m7g.medium"}]
        world.client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName="prod-webapp", MixedInstancesPolicy=policy
        )

    world.faults.add(Fault("hook", "CreateLaunchTemplateVersion", hook=meanwhile))
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 4
    assert "mixed instances policy of prod-webapp" in told.stderr
    assert group(world)["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"] == [{"InstanceType": "m7g.medium"}]
