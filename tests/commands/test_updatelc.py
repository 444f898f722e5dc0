"""updatelc on the strict sandbox: the copy, the swap, what is left alone, and what is said."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import (
    CONFIG,
    IMAGES,
    NEIGHBOURS,
    NEW_IMAGE,
    OLD_IMAGE,
    SCRIPT,
    STRAYS,
    WORLDS,
    configuration,
    configuration_world,
    everything,
    group,
    launch_data,
    launched_from,
    mixed_world,
    numbered_config,
    template_world,
    type_now,
    write_config,
)
from whole import some

Udo = Callable[..., Any]


def writes(world: Any) -> list[str]:
    """The writes asked for so far, locks left out."""
    wrote = (asked for asked in world.log if not asked.operation.startswith(("Describe", "Get")))
    return [asked.operation for asked in wrote if asked.service != "ssm"]


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_the_copy_is_swapped_in_and_a_second_run_writes_nothing(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    write_config()
    members = [row["InstanceId"] for row in group(world)["Instances"]]
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == 0, done.stderr
    assert launched_from(world) == ("prod-webapp-v2" if kind == "configuration" else "2")
    data = launch_data(world)
    assert (data["ImageId"], data["InstanceType"]) == (NEW_IMAGE, type_now(kind))
    assert base64.b64decode(data["UserData"]) == SCRIPT.encode()
    assert [row["InstanceId"] for row in group(world)["Instances"]] == members
    assert len(writes(world)) == 3
    again = udo("updatelc", "prod", "webapp")
    assert again.exit == 0
    assert again.stdout.startswith("nothing to change")
    assert len(writes(world)) == 3


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_a_dry_run_shows_what_differs_and_each_step_and_writes_nothing(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    write_config()
    before = everything(world)
    shown = udo("updatelc", "prod", "webapp", "--dry-run")
    assert shown.exit == 0
    assert IMAGES in shown.stdout
    assert ("instance_type  t3.small -> m7g.large" in shown.stdout) == (kind != "mixed")
    assert "  2. tag udo:launch of prod-webapp" in shown.stdout
    assert "  3. prod-webapp launches from" in shown.stdout
    assert everything(world) == before
    assert writes(world) == []


def test_what_udo_yml_does_not_name_stays_as_it_is_live(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(
        world,
        "prod-webapp-v4",
        AssociatePublicIpAddress=False,
        InstanceMonitoring={"Enabled": False},
        EbsOptimized=True,
        BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3", "Encrypted": True}},
            {"DeviceName": "/dev/sdb", "NoDevice": True},
        ],
    )
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchConfigurationName="prod-webapp-v4"
    )
    before = launch_data(world)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    after = launch_data(world)
    assert after["LaunchConfigurationName"] == "prod-webapp-v5"
    own = {"LaunchConfigurationName", "LaunchConfigurationARN", "CreatedTime", "ImageId", "InstanceType"}
    assert {k: v for k, v in after.items() if k not in own} == {k: v for k, v in before.items() if k not in own}


def test_public_addresses_stay_the_subnets_choice_where_nothing_is_said(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert "AssociatePublicIpAddress" not in launch_data(world)


def test_user_data_that_is_no_text_is_copied_byte_for_byte(world: Any, udo: Udo) -> None:
    raw = b"\x1f\x8b\x08\x00\xff\xfe\x00zipped"
    configuration_world(world)
    configuration(world, "prod-webapp-v2", UserData=raw)
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchConfigurationName="prod-webapp-v2"
    )
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert base64.b64decode(launch_data(world)["UserData"]) == raw


def test_neighbours_named_almost_alike_are_neither_read_as_ours_nor_changed(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    before = everything(world)
    assert udo("updatelc", "prod", "webapp").exit == 0
    after = everything(world)
    assert set(after["configurations"]) - set(before["configurations"]) == {"prod-webapp-v2"}
    for name, row in before["groups"].items():
        if name != "prod-webapp":
            assert after["groups"][name] == row


def test_the_number_after_the_highest_is_taken_even_on_the_third_page(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for number in range(105):
        configuration(world, f"aaa-{number:03}")
    configuration(world, "prod-webapp-v12", InstanceType="t3.micro")
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert launched_from(world) == "prod-webapp-v13"


def test_a_name_that_is_another_groups_is_never_taken(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(world, "prod-webapp-v2")
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="prod-webapp-v2",
        LaunchConfigurationName="prod-webapp-v2",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["us-west-2a"],
    )
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert launched_from(world) == "prod-webapp-v3"


def test_a_half_done_twin_is_taken_up_and_an_older_equal_one_is_not(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(world, "prod-webapp-v3", ImageId=NEW_IMAGE, InstanceType="m7g.large")
    write_config()
    taken = udo("updatelc", "prod", "webapp")
    assert launched_from(world) == "prod-webapp-v3"
    assert "reused" in taken.stderr
    assert writes(world) == ["CreateOrUpdateTags", "UpdateAutoScalingGroup"]
    # Now v3 is current; the older v2 of equal content is what a rollback goes back to, not a twin.
    configuration(world, "prod-webapp-v2", ImageId=OLD_IMAGE, InstanceType="t3.small")
    write_config(CONFIG.replace(NEW_IMAGE, OLD_IMAGE).replace("m7g.large", "t3.small"))
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert launched_from(world) == "prod-webapp-v4"


def test_a_twin_that_somebody_uses_is_left_to_them(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(world, "prod-webapp-v3", ImageId=NEW_IMAGE, InstanceType="m7g.large")
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="other",
        LaunchConfigurationName="prod-webapp-v3",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["us-west-2a"],
    )
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert launched_from(world) == "prod-webapp-v4"


def test_the_mixed_policy_keeps_its_overrides_and_distribution(world: Any, udo: Udo) -> None:
    mixed_world(world)
    before = group(world)["MixedInstancesPolicy"]
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    after = group(world)["MixedInstancesPolicy"]
    assert after["LaunchTemplate"]["LaunchTemplateSpecification"]["Version"] == "2"
    assert after["LaunchTemplate"]["Overrides"] == before["LaunchTemplate"]["Overrides"]
    assert after["InstancesDistribution"] == before["InstancesDistribution"]


@pytest.mark.parametrize("follows", ["$Latest", "$Default"])
def test_a_group_that_follows_a_template_is_pinned_before_a_version_is_made(world: Any, udo: Udo, follows: str) -> None:
    template_world(world)
    reference = {"LaunchTemplateName": "prod-webapp", "Version": follows}
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", LaunchTemplate=reference)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    swap = "UpdateAutoScalingGroup"
    assert writes(world) == [swap, "CreateLaunchTemplateVersion", "CreateOrUpdateTags", swap]
    assert launched_from(world) == "2"


def test_an_equal_group_that_follows_a_template_is_only_pinned(world: Any, udo: Udo) -> None:
    template_world(world)
    reference = {"LaunchTemplateName": "prod-webapp", "Version": "$Latest"}
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", LaunchTemplate=reference)
    write_config(CONFIG.replace(NEW_IMAGE, OLD_IMAGE).replace("m7g.large", "t3.small"))
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert writes(world) == ["UpdateAutoScalingGroup"]
    assert launched_from(world) == "1"


def test_a_version_that_would_change_another_group_is_refused(world: Any, udo: Udo) -> None:
    template_world(world)
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="other",
        LaunchTemplate={"LaunchTemplateName": "prod-webapp", "Version": "$Latest"},
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["us-west-2a"],
    )
    write_config()
    refused = udo("updatelc", "prod", "webapp")
    assert refused.exit == 7
    assert "other" in refused.stderr
    assert writes(world) == []


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_versions_beyond_keep_go_but_never_the_previous_nor_one_in_use(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    members = {"prod-webapp"} if kind == "configuration" else {1}
    for number in range(2, 8):
        write_config(numbered_config(number).replace("webapp: {", "webapp: {launch: {keep: 3}, "))
        assert udo("updatelc", "prod", "webapp").exit == 0
    left = everything(world)["configurations" if kind == "configuration" else "versions"]
    ours = {"prod-webapp-v5", "prod-webapp-v6", "prod-webapp-v7"} if kind == "configuration" else {5, 6, 7}
    strays = {*NEIGHBOURS, *STRAYS} if kind == "configuration" else set()
    assert set(left) == ours | members | strays


def test_nothing_is_deleted_where_udo_never_changed_the_group(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for number in range(2, 12):
        configuration(world, f"prod-webapp-v{number}", InstanceType="t3.micro")
    write_config(CONFIG.replace(NEW_IMAGE, OLD_IMAGE).replace("m7g.large", "t3.small"))
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert writes(world) == []


def test_a_tag_longer_than_aws_takes_is_left_out(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(world, "x" * 240)
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchConfigurationName="x" * 240
    )
    write_config()
    world.log.clear()
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert writes(world) == ["CreateLaunchConfiguration", "UpdateAutoScalingGroup"]


def test_a_tag_that_may_not_be_written_is_a_warning(world: Any, udo: Udo) -> None:
    from udo.sandbox.faults import Fault

    configuration_world(world)
    world.faults.add(Fault("deny", "CreateOrUpdateTags", times=None))
    write_config()
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == 0
    assert "warning: tag udo:launch" in done.stderr
    assert launched_from(world) == "prod-webapp-v2"


def test_the_generated_boot_script_replaces_the_live_user_data(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace("instance_type: m7g.large", "packages: [nginx]"))
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == 0
    assert "user_data" in done.stderr
    assert b"nginx" in base64.b64decode(launch_data(world)["UserData"])


def test_a_change_made_after_we_looked_is_not_overwritten(world: Any, udo: Udo) -> None:
    from udo.sandbox.faults import Fault

    configuration_world(world)
    configuration(world, "somebody-elses")

    def meanwhile(_asked: Any) -> None:
        world.client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName="prod-webapp", LaunchConfigurationName="somebody-elses"
        )

    world.faults.add(Fault("hook", "CreateLaunchConfiguration", hook=meanwhile))
    write_config()
    stopped = udo("updatelc", "prod", "webapp")
    assert stopped.exit == 4
    assert "somebody-elses" in stopped.stderr
    assert launched_from(world) == "somebody-elses"


@pytest.mark.parametrize("foreign", [{"InstanceType": "t3.nano"}, {"PlacementTenancy": "dedicated"}])
def test_a_foreign_configuration_of_our_name_is_a_conflict(world: Any, udo: Udo, foreign: dict[str, str]) -> None:
    from udo.sandbox.faults import Fault

    configuration_world(world)
    wanted = {"ImageId": NEW_IMAGE, "InstanceType": "m7g.large"}
    hook = lambda _asked: configuration(world, "prod-webapp-v2", **(wanted | foreign))  # noqa: E731
    world.faults.add(Fault("hook", "CreateLaunchConfiguration", hook=hook))
    write_config()
    stopped = udo("updatelc", "prod", "webapp")
    assert stopped.exit == 4
    assert "nothing was overwritten" in stopped.stderr
    assert launched_from(world) == "prod-webapp"


def test_what_else_moved_meanwhile_is_named(world: Any, udo: Udo) -> None:
    from udo.sandbox.faults import Fault

    configuration_world(world)

    def meanwhile(_asked: Any) -> None:
        world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MaxSize=7)

    world.faults.add(Fault("hook", "UpdateAutoScalingGroup", hook=meanwhile))
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 4
    assert "MaxSize 3 -> 7" in told.stderr
    assert launched_from(world) == "prod-webapp-v2"


def test_json_tells_steps_and_differences(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    told = udo("updatelc", "prod", "webapp", "-o", "json").json
    assert told["ok"]
    assert told["command"] == "updatelc"
    assert told["data"]["saved"] == {"version": "2"}
    assert [step["outcome"] for step in told["data"]["steps"]] == ["done", "done", "done"]
    old, new = IMAGES.split(" -> ")
    assert {"key": "ami", "old": old, "new": new} in told["data"]["differences"]


def test_a_group_that_does_not_exist_is_named(world: Any, udo: Udo) -> None:
    write_config()
    told = udo("updatelc", "prod", "webapp")
    assert told.exit == 1
    make = "'udo create prod webapp' makes it"
    assert told.stderr == f"udo: group prod-webapp of prod webapp does not exist: looked in us-west-2; {make}\n"


def test_the_wrong_account_is_refused_before_the_first_write(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace("region:", "account: 999999999999\nregion:"))
    refused = udo("updatelc", "prod", "webapp")
    assert refused.exit == 7
    assert "999999999999" in refused.stderr
    assert writes(world) == []


def test_a_protected_role_is_refused_without_a_terminal_unless_yes_is_said(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace("webapp: {", "webapp: {protected: true, "))
    refused = udo("updatelc", "prod", "webapp")
    assert refused.exit == 7
    assert "--yes" in refused.stderr
    assert writes(world) == []
    assert udo("updatelc", "prod", "webapp", "--yes").exit == 0


def test_a_missing_permission_names_the_action(world: Any, udo: Udo) -> None:
    from udo.sandbox.faults import Fault

    configuration_world(world)
    world.faults.add(Fault("deny", "CreateLaunchConfiguration", times=None))
    write_config()
    denied = udo("updatelc", "prod", "webapp")
    assert denied.exit == 6
    assert "autoscaling:CreateLaunchConfiguration is missing" in denied.stderr
    assert len(denied.stderr.strip().splitlines()[-1]) < 500
