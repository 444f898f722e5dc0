"""A group whose launch template, or the version it launches, was deleted: told everywhere, mended by one verb."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import writes
from launch_worlds import (
    ARM,
    CONFIG,
    NEW_IMAGE,
    OLD_IMAGE,
    WORLDS,
    group,
    launch_data,
    launched_from,
    mixed_world,
    overrides_world,
    template_world,
    write_config,
)
from whole import some

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
WEBAPP = ("prod", "webapp")
# The way out, as every verb names it.
OUT = "use 'udo updatelc prod webapp', or 'udo rollback prod webapp' where an older version is left"
OTHER = CONFIG.replace("instance_type: m7g.large", "metadata_options: {HttpPutResponseHopLimit: 3}")


def version_gone(world: Any, udo: Udo, kind: str = "template") -> None:
    """Version 2 is what the group launches, and was deleted; version 1 is left."""
    WORLDS[kind](world)
    write_config()
    assert udo("updatelc", *WEBAPP).exit == 0
    assert launched_from(world) == "2"
    world.client("ec2").delete_launch_template_versions(LaunchTemplateName="prod-webapp", Versions=["2"])
    world.log.clear()


def template_gone(world: Any, kind: str = "template") -> None:
    """The whole template was deleted."""
    WORLDS[kind](world)
    write_config()
    world.client("ec2").delete_launch_template(LaunchTemplateName="prod-webapp")
    world.log.clear()


@pytest.mark.parametrize("kind", some(["template", "mixed"], "template"))
def test_updatelc_copies_the_version_before_one_that_was_deleted(world: Any, udo: Udo, kind: str) -> None:
    version_gone(world, udo, kind)
    shown = udo("updatelc", *WEBAPP, "--dry-run")
    assert f"{OLD_IMAGE} (of today) -> {NEW_IMAGE} (of today)" in shown.stdout
    done = udo("updatelc", *WEBAPP)
    assert (done.exit, done.stdout) == (
        0,
        "prod-webapp launches from launch template prod-webapp version 3 (was 2)\n",
    ), done.stderr
    assert "launch template prod-webapp version 2 was deleted: what only it said is lost" in done.stderr
    live = launch_data(world)
    assert (live["ImageId"], live["MetadataOptions"]["HttpPutResponseHopLimit"]) == (NEW_IMAGE, 2), "nothing is lost"
    assert writes(world) == ["CreateLaunchTemplateVersion", "CreateOrUpdateTags", "UpdateAutoScalingGroup"]
    assert udo("updatelc", *WEBAPP).stdout.startswith("nothing to change")
    assert udo("rollback", *WEBAPP).exit == 0
    assert launched_from(world) == "1", "what was before is what is left"


def test_updatelc_reuses_a_version_that_is_as_udo_yml_says(world: Any, udo: Udo) -> None:
    version_gone(world, udo)
    write_config(CONFIG.replace(NEW_IMAGE, OLD_IMAGE).replace("m7g.large", "t3.small"))
    done = udo("updatelc", *WEBAPP)
    assert (done.exit, launched_from(world), writes(world)) == (0, "1", ["UpdateAutoScalingGroup"]), done.stderr
    assert "version 1 is as udo.yml says: it is reused" in done.stderr


def test_updatelc_copies_what_udo_set_last_where_the_group_was_put_on_another_that_was_deleted(
    world: Any, udo: Udo
) -> None:
    version_gone(world, udo)
    assert udo("updatelc", *WEBAPP).exit == 0
    ec2 = world.client("ec2")
    for _ in "ab":
        ec2.create_launch_template_version(
            LaunchTemplateName="prod-webapp", SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.large"}
        )
    template = {"LaunchTemplateName": "prod-webapp", "Version": "5"}
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", LaunchTemplate=template)
    ec2.delete_launch_template_versions(LaunchTemplateName="prod-webapp", Versions=["5"])
    shown = udo("rollback", *WEBAPP, "--dry-run")
    assert "version  5 (deleted) -> 3" in shown.stdout, "not the newest, which Udo has not set"


@pytest.mark.parametrize("kind", some(["template", "mixed"], "mixed"))
def test_updatelc_makes_a_template_from_udo_yml_where_all_of_it_was_deleted(world: Any, udo: Udo, kind: str) -> None:
    template_gone(world, kind)
    before = group(world)
    done = udo("updatelc", *WEBAPP)
    assert (done.exit, done.stdout) == (
        0,
        "prod-webapp launches from launch template prod-webapp version 1 (was 1, deleted)\n",
    ), done.stderr
    assert writes(world) == ["CreateLaunchTemplate", "CreateOrUpdateTags", "UpdateAutoScalingGroup"]
    assert launch_data(world) == {"ImageId": NEW_IMAGE, "InstanceType": "m7g.large"}
    now = group(world)
    if kind == "mixed":
        for policy in (before["MixedInstancesPolicy"], now["MixedInstancesPolicy"]):
            del policy["LaunchTemplate"]["LaunchTemplateSpecification"]
        assert now["MixedInstancesPolicy"] == before["MixedInstancesPolicy"]
    assert udo("updatelc", *WEBAPP).stdout.startswith("nothing to change")
    back = udo("rollback", *WEBAPP)
    assert (back.exit, "is gone: choose another with --to" in back.stderr) == (1, True)


def test_updatelc_says_what_udo_yml_lacks_for_a_new_template(world: Any, udo: Udo) -> None:
    template_gone(world)
    write_config(OTHER)
    done = udo("updatelc", *WEBAPP)
    assert (done.exit, writes(world)) == (4, [])
    assert "was deleted, and udo.yml does not say instance_type: set it there" in done.stderr
    assert udo("updatelc", *WEBAPP, "--set", "instance_type=t3.large").exit == 0
    assert launch_data(world)["InstanceType"] == "t3.large"


def test_a_new_template_that_a_killed_run_has_made_is_reused(world: Any, udo: Udo) -> None:
    template_gone(world)
    world.faults.add(Fault("kill", operation="CreateOrUpdateTags"))
    with pytest.raises(Killed):
        udo("updatelc", *WEBAPP)
    world.faults.clear()
    world.log.clear()
    done = udo("updatelc", *WEBAPP)
    assert (done.exit, writes(world)) == (0, ["CreateOrUpdateTags", "UpdateAutoScalingGroup"]), done.stderr
    assert "version 1 of launch template prod-webapp has this content already: it is reused" in done.stderr


def test_a_new_version_of_a_template_that_others_follow_is_refused(world: Any, udo: Udo) -> None:
    template_gone(world)
    data = {"ImageId": OLD_IMAGE, "InstanceType": "t3.small"}
    world.client("ec2").create_launch_template(LaunchTemplateName="prod-webapp", LaunchTemplateData=data)
    latest = {"LaunchTemplateName": "prod-webapp", "Version": "$Latest"}
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-web", LaunchTemplate=latest)
    world.log.clear()
    done = udo("updatelc", *WEBAPP)
    assert (done.exit, writes(world)) == (7, [])
    assert "would change prod-web (on $Latest of it)" in done.stderr


@pytest.mark.parametrize("kind", some(["template", "mixed"], "mixed"))
def test_rollback_goes_back_to_the_version_that_is_left(world: Any, udo: Udo, kind: str) -> None:
    version_gone(world, udo, kind)
    shown = udo("rollback", *WEBAPP, "--dry-run")
    assert "version  2 (deleted) -> 1" in shown.stdout
    done = udo("rollback", *WEBAPP)
    assert (done.exit, launched_from(world), writes(world)) == (0, "1", ["UpdateAutoScalingGroup"]), done.stderr
    assert udo("rollback", *WEBAPP).stdout.startswith("nothing to do")


def test_rollback_says_where_nothing_is_left(world: Any, udo: Udo) -> None:
    template_gone(world)
    done = udo("rollback", *WEBAPP)
    assert (done.exit, writes(world)) == (4, [])
    assert "nothing is left to go back to: 'udo updatelc' makes a template as udo.yml says" in done.stderr


def test_rollback_goes_back_to_a_launch_configuration_where_the_template_after_it_was_deleted(
    world: Any, udo: Udo
) -> None:
    WORLDS["configuration"](world)
    write_config()
    assert udo("updatelc", *WEBAPP, "--to-template").exit == 0
    world.client("ec2").delete_launch_template(LaunchTemplateName="prod-webapp")
    assert udo("rollback", *WEBAPP).exit == 0
    assert launched_from(world) == "prod-webapp"


@pytest.mark.parametrize("whole", [False, True])
def test_every_verb_names_the_way_out(world: Any, udo: Udo, whole: bool) -> None:
    if whole:
        template_gone(world)
    else:
        version_gone(world, udo)
    told = udo("status", *WEBAPP)
    assert (told.exit, OUT in told.stderr) == (0, True)
    assert f"launch template prod-webapp version {1 if whole else 2} (deleted)" in told.stdout
    (row,) = json.loads(udo("status", *WEBAPP, "-o", "json").stdout)["data"]
    assert row["launch_deleted"] is True
    told = udo("versions", *WEBAPP)
    assert (told.exit, OUT in told.stderr, "before" in told.stdout) == (0, True, not whole)
    told = udo("check", "--online")
    assert (told.exit, OUT in told.stdout + told.stderr) == (1, True)
    for words in (("create",), ("refresh", "--yes"), ("prune",), ("scale", "3"), ("updatelc", "--refresh", "--yes")):
        verb, *more = words
        told = udo(verb, *WEBAPP, *more)
        assert (told.exit, OUT in told.stderr) == (4, True), (words, told.stderr)
    assert writes(world) == [], "nothing was changed"
    assert udo("scale", *WEBAPP, "1").exit == 0, "to fewer it goes"


def test_plan_shows_the_way_out_and_apply_takes_it(world: Any, udo: Udo) -> None:
    version_gone(world, udo)
    told = udo("plan", "--exit-code", "--save", "gone.plan")
    assert (told.exit, "new version of launch template prod-webapp, copied from 1" in told.stdout) == (5, True)
    assert udo("apply", "gone.plan").exit == 0
    assert launched_from(world) == "3"


def test_an_override_whose_own_template_was_deleted_is_named_where_it_is_asked_for(world: Any, udo: Udo) -> None:
    overrides_world(world)
    write_config()
    world.client("ec2").delete_launch_template(LaunchTemplateName=ARM)
    told = udo("updatelc", *WEBAPP, "--overrides")
    assert told.exit == 4
    assert f"launch template {ARM} version 1 of overrides of group prod-webapp was deleted" in told.stderr


def test_a_launch_that_fails_for_a_template_that_was_deleted_is_explained(world: Any, udo: Udo) -> None:
    for build in (template_world, mixed_world):
        world.reset()
        build(world)
        write_config()
        world.client("ec2").delete_launch_template(LaunchTemplateName="prod-webapp")
        asg = world.client("autoscaling")
        asg.set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
        told = udo("why", *WEBAPP)
        assert "-> udo updatelc gives it what udo.yml says" in told.stdout
