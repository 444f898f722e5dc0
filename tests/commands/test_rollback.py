"""rollback, versions and prune: back to what was, what there is, and what may go."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import (
    NEIGHBOURS,
    NEW_IMAGE,
    OLD_IMAGE,
    STRAYS,
    WORLDS,
    configuration,
    configuration_world,
    everything,
    launched_from,
    numbered_config,
    template_world,
    write_config,
)
from whole import some

from udo.files import state_folder
from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]


def writes(world: Any) -> list[str]:
    """The writes asked for so far, locks left out."""
    wrote = (asked for asked in world.log if not asked.operation.startswith(("Describe", "Get")))
    return [asked.operation for asked in wrote if asked.service != "ssm"]


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_rollback_goes_back_without_a_copy_and_a_second_has_nothing_to_do(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    write_config()
    first = launched_from(world)
    assert udo("updatelc", "prod", "webapp").exit == 0
    second = launched_from(world)
    before = everything(world)
    shown = udo("rollback", "prod", "webapp", "--dry-run")
    assert f"{NEW_IMAGE} (of today) -> {OLD_IMAGE}" in shown.stdout
    assert ("m7g.large -> t3.small" in shown.stdout) == (kind != "mixed")
    assert udo("rollback", "prod", "webapp").exit == 0
    assert launched_from(world) == first
    again = udo("rollback", "prod", "webapp")
    assert (again.exit, again.stdout.startswith("nothing to do")) == (0, True)
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert launched_from(world) == second
    assert udo("rollback", "prod", "webapp").exit == 0
    assert launched_from(world) == first
    after = everything(world)
    assert (set(after["configurations"]), set(after["versions"])) == (
        set(before["configurations"]),
        set(before["versions"]),
    )


@pytest.mark.whole
def test_rollback_to_an_image_that_is_gone_is_refused_before_anything_is_written(world: Any, udo: Udo) -> None:
    from moto.ec2.models import ec2_backends

    for kind, build in WORLDS.items():
        world.reset()
        build(world)
        write_config()
        assert udo("updatelc", "prod", "webapp").exit == 0
        images = ec2_backends[world.account]["us-west-2"].amis
        images[NEW_IMAGE].name = "second"
        before = everything(world)
        shown = udo("rollback", "prod", "webapp", "--dry-run")
        assert f"{NEW_IMAGE} (second, of today)" in shown.stdout
        del images[OLD_IMAGE]
        for words in ((), ("--dry-run",)):
            told = udo("rollback", "prod", "webapp", *words)
            assert (told.exit, f"image {OLD_IMAGE}: no such image" in told.stderr) == (7, True), kind
        assert everything(world) == before


def test_rollback_to_a_number(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(world, "prod-webapp-v7", InstanceType="t3.micro")
    write_config()
    assert udo("rollback", "prod", "webapp", "--to", "7").exit == 0
    assert launched_from(world) == "prod-webapp-v7"
    again = udo("rollback", "prod", "webapp", "--to", "7")
    assert (again.exit, again.stdout.startswith("nothing to do")) == (0, True)


@pytest.mark.parametrize(
    ("kind", "what"), [("configuration", ""), ("template", "launch template "), ("mixed", "launch template ")]
)
def test_a_version_that_never_was_is_told_with_the_newest_there_is(world: Any, udo: Udo, kind: str, what: str) -> None:
    WORLDS[kind](world)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    missing = udo("rollback", "prod", "webapp", "--to", "99")
    newest = f"udo: there is no version 99 of {what}prod-webapp, the newest is 2: see 'udo versions'"
    assert (missing.exit, missing.stderr.strip()) == (1, newest)


def test_a_version_that_was_deleted_is_told_to_be(world: Any, udo: Udo) -> None:
    configuration_world(world)
    configuration(world, "prod-webapp-v7")
    write_config()
    told = udo("rollback", "prod", "webapp", "--to", "6")
    assert (told.exit, "version 6 of prod-webapp was deleted, the newest is 7" in told.stderr) == (1, True)


def test_rollback_without_a_record_asks_for_a_number(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    told = udo("rollback", "prod", "webapp")
    assert told.exit == 2
    assert "--to N" in told.stderr


def test_rollback_of_what_udo_did_not_set_asks_for_a_number(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    configuration(world, "by-hand")
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", LaunchConfigurationName="by-hand"
    )
    told = udo("rollback", "prod", "webapp")
    assert told.exit == 2
    assert "by-hand, which Udo did not set" in told.stderr
    assert launched_from(world) == "by-hand"


def test_rollback_after_a_crash_before_the_swap_is_nothing_to_do(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    world.faults.add(Fault("kill", "UpdateAutoScalingGroup"))
    with pytest.raises(Killed):
        udo("updatelc", "prod", "webapp")
    world.faults.clear()
    told = udo("rollback", "prod", "webapp")
    assert (told.exit, told.stdout.startswith("nothing to do")) == (0, True)
    assert launched_from(world) == "prod-webapp"


def test_rollback_to_what_is_gone_is_told(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    world.client("autoscaling").delete_launch_configuration(LaunchConfigurationName="prod-webapp")
    told = udo("rollback", "prod", "webapp")
    assert told.exit == 1
    assert "launch configuration prod-webapp is gone" in told.stderr


def test_versions_tell_what_changed_and_which_is_current(world: Any, udo: Udo) -> None:
    for build in (configuration_world, template_world):
        world.reset()
        build(world)
        write_config()
        assert udo("updatelc", "prod", "webapp").exit == 0
        rows = udo("versions", "prod", "webapp", "-o", "json").json["data"]
        assert [(row["number"], row["state"], row["instances"]) for row in rows] == [
            (2, "current", 0),
            (1, "before", 2),
        ]
        assert {"key": "instance_type", "old": "t3.small", "new": "m7g.large"}.items() <= rows[0]["differences"][
            1
        ].items()
        assert "instance_type t3.small -> m7g.large" in udo("versions", "prod", "webapp").stdout


def test_prune_keeps_the_newest_what_is_used_and_every_neighbour(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for number in range(2, 10):
        configuration(world, f"prod-webapp-v{number}")
    write_config()
    shown = udo("prune", "prod", "webapp", "--keep", "2", "--dry-run")
    assert shown.stdout.count("delete launch configuration") == 6
    assert writes(world) == []
    assert udo("prune", "prod", "webapp", "--keep", "2").exit == 0
    left = set(everything(world)["configurations"])
    assert left == {"prod-webapp", "prod-webapp-v8", "prod-webapp-v9", *NEIGHBOURS, *STRAYS}
    again = udo("prune", "prod", "webapp", "--keep", "2")
    assert (again.exit, again.stdout.startswith("nothing to delete")) == (0, True)


def test_prune_leaves_a_configuration_that_bears_the_name_of_another_group(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for number in range(2, 6):
        configuration(world, f"prod-webapp-v{number}")
    # That group has gone on to another one since; its first is what it may be rolled back to.
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="prod-webapp-v2",
        LaunchConfigurationName="prod-web",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["us-west-2a"],
    )
    write_config()
    assert udo("prune", "prod", "webapp", "--keep", "1").exit == 0
    left = set(everything(world)["configurations"])
    assert left - {*NEIGHBOURS, *STRAYS} == {"prod-webapp", "prod-webapp-v2", "prod-webapp-v5"}


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("", "67"),
        ("{}:7 {}:3", "37"),
        # Somebody else has put another one in since; what Udo took note of stays all the same.
        ("{}:6 {}:4", "47"),
        ("{}:7 {}:x", "7"),
    ],
)
@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_prune_keeps_what_the_tag_calls_before_and_without_one_the_next_below(
    world: Any, udo: Udo, kind: str, said: str, left: str
) -> None:
    WORLDS[kind](world)
    write_config()
    client = world.client("autoscaling")
    # The instances launch from the third that is kept for them anyway.
    client.update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MinSize=0, DesiredCapacity=0)
    world.clock.step(3600)
    for number in range(2, 8):
        write_config(numbered_config(number))
        assert udo("updatelc", "prod", "webapp").exit == 0
    versions = everything(world)["versions"]
    family = f"{versions[1]['LaunchTemplateId']}:" if versions else "prod-webapp-v"
    words = said.replace("{}:", family).split()
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": "udo:launch"}
    client.delete_tags(Tags=[tag])
    if words:
        value = json.dumps({"now": words[0], "before": words[1]})
        client.create_or_update_tags(Tags=[tag | {"Value": value, "PropagateAtLaunch": False}])
    assert udo("prune", "prod", "webapp", "--keep", "1").exit == 0
    # The first version of a template is its default.
    expected = {f"prod-webapp-v{number}" for number in left} if not versions else {1, *map(int, left)}
    now = everything(world)["versions" if versions else "configurations"]
    assert {one for one in now if one not in {*NEIGHBOURS, *STRAYS}} == expected


def test_prune_leaves_one_that_a_group_came_to_use_meanwhile(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for number in range(2, 5):
        configuration(world, f"prod-webapp-v{number}")

    def meanwhile(_asked: Any) -> None:
        world.client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName="prod-web", LaunchConfigurationName="prod-webapp-v2"
        )

    world.faults.add(Fault("hook", "GetCallerIdentity", hook=meanwhile))
    write_config()
    told = udo("prune", "prod", "webapp", "--keep", "1")
    assert told.exit == 0
    assert "continuing without it" in told.stderr
    assert "prod-webapp-v2" in everything(world)["configurations"]
    assert "prod-webapp-v3" not in everything(world)["configurations"]


@pytest.mark.parametrize("place", ["group", "policy", "override"])
def test_prune_leaves_versions_that_a_group_came_to_use_meanwhile_wherever_it_names_them(
    world: Any, udo: Udo, place: str
) -> None:
    template_world(world)
    for _ in range(2, 6):
        world.client("ec2").create_launch_template_version(
            LaunchTemplateName="prod-webapp", SourceVersion="1", LaunchTemplateData={}
        )
    own, other = ({"LaunchTemplateName": "prod-webapp", "Version": number} for number in ("2", "5"))
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": own}}
    override = {"InstanceType": "t3.small", "LaunchTemplateSpecification": own}
    launch = {
        "group": {"LaunchTemplate": own},
        "policy": {"MixedInstancesPolicy": policy},
        "override": {
            "MixedInstancesPolicy": {"LaunchTemplate": {"LaunchTemplateSpecification": other, "Overrides": [override]}}
        },
    }

    def meanwhile(_asked: Any) -> None:
        world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-web", **launch[place])

    world.faults.add(Fault("hook", "GetCallerIdentity", hook=meanwhile))
    write_config()
    told = udo("prune", "prod", "webapp", "--keep", "1")
    assert (told.exit, "continuing without it" in told.stderr) == (0, True)
    assert 2 in everything(world)["versions"]


def test_prune_keeps_a_version_that_an_instance_outside_of_groups_was_launched_from(world: Any, udo: Udo) -> None:
    template_world(world)
    ec2 = world.client("ec2")
    for _ in range(2, 6):
        ec2.create_launch_template_version(LaunchTemplateName="prod-webapp", SourceVersion="1", LaunchTemplateData={})
    for number in ("2", "3"):
        started = ec2.run_instances(
            LaunchTemplate={"LaunchTemplateName": "prod-webapp", "Version": number}, MinCount=1, MaxCount=1
        )
    ec2.terminate_instances(InstanceIds=[started["Instances"][0]["InstanceId"]])
    world.clock.step(3600)
    write_config()
    assert udo("prune", "prod", "webapp", "--keep", "1").exit == 0
    assert set(everything(world)["versions"]) == {1, 2, 5}


@pytest.mark.whole
def test_prune_of_a_template_keeps_its_default_and_what_another_group_uses(world: Any, udo: Udo) -> None:
    template_world(world)
    for number in range(2, 8):
        write_config(numbered_config(number))
        assert udo("updatelc", "prod", "webapp").exit == 0
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="other",
        LaunchTemplate={"LaunchTemplateName": "prod-webapp", "Version": "4"},
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=["us-west-2a"],
    )
    assert udo("prune", "prod", "webapp", "--keep", "1").exit == 0
    assert set(everything(world)["versions"]) == {1, 4, 6, 7}


def test_versions_tell_people_when_by_whom_and_why_in_short(world: Any, udo: Udo) -> None:
    template_world(world)
    write_config()
    run = udo("updatelc", "prod", "webapp", "--reason", "more memory", "-o", "json").json["data"]["run"]
    newest = udo("versions", "prod", "webapp", "-o", "json").json["data"][0]
    assert (newest["run"], newest["reason"]) == (run, "more memory")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", newest["created_at"])
    head, line, _ = udo("versions", "prod", "webapp").stdout.splitlines()
    cells = dict(zip(re.split(r"  +", head.strip()), re.split(r"  +", line.strip()), strict=True))
    assert re.fullmatch(r"[\d-]{10} [\d:]{8} [+-]\d{4} \(\d+[smhd]\)", cells["CREATED"])
    assert (cells["RUN"], cells["WHY"], cells["BY"].startswith("arn:")) == (run, "more memory", False)


@pytest.mark.parametrize(
    ("told", "known"),
    [({}, True), ({"time": "2026-01-05T08:00:00Z"}, False), ({"target": "prod web"}, False), ({"made": "x"}, False)],
)
def test_versions_tell_who_made_a_launch_configuration_where_this_machine_knows_it(
    world: Any, udo: Udo, told: dict[str, str], known: bool
) -> None:
    configuration_world(world)
    write_config()
    run, who = "20260105T090000Z-1f00ba", "arn:aws:iam::1:user/ada"
    line = {"time": "2026-01-05T09:00:00Z", "run": run, "operator": who, "target": "prod webapp", "outcome": "done"}
    line |= {"step": "s", "made": "prod-webapp"} | told
    (state_folder() / "journal.jsonl").write_text(json.dumps(line) + "\n")
    (row,) = udo("versions", "prod", "webapp", "-o", "json").json["data"]
    assert (row["run"], row["created_by"]) == ((run, who) if known else (None, None))
