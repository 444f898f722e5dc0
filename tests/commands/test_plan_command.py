"""plan on the strict sandbox: what is shown for one role and for many, how little is asked, and what is saved."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from launch_worlds import (
    CONFIG,
    IMAGES,
    NEW_IMAGE,
    OLD_IMAGE,
    WORLDS,
    ZONES,
    configuration,
    configuration_world,
    everything,
    group,
    launch_data,
    template_world,
    write_config,
)
from refresh_worlds import under_way
from whole import some

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
EQUAL = CONFIG.replace(NEW_IMAGE, OLD_IMAGE).replace("m7g.large", "t3.small")


def second_group(world: Any, name: str = "prod-worker") -> None:
    configuration(world, name)
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name, LaunchConfigurationName=name, MinSize=0, MaxSize=1, **ZONES
    )


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_it_shows_what_differs_the_steps_and_how_many_instances_and_changes_nothing(
    world: Any, udo: Udo, kind: str
) -> None:
    WORLDS[kind](world)
    write_config()
    before = everything(world)
    told = udo("plan")
    assert told.exit == 0, told.stderr
    head, *lines = told.stdout.splitlines()
    assert head == "prod webapp  prod-webapp  2 of 2 running instances will be outdated"
    assert any(line.split() == ["~", "ami", *IMAGES.split()] for line in lines)
    assert any("prod-webapp launches from" in line for line in lines)
    assert everything(world) == before


def test_exit_code_is_5_only_where_something_is_pending(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    pending = udo("plan", "--exit-code", "-o", "json")
    assert (pending.exit, pending.json["ok"], pending.json["data"][0]["changes"]) == (5, True, True)
    write_config(EQUAL)
    assert udo("plan", "--exit-code").exit == 0


def test_where_nothing_changes_the_instances_of_older_launch_data_are_counted(world: Any, udo: Udo) -> None:
    for build in WORLDS.values():
        world.reset()
        build(world)
        write_config()
        assert udo("updatelc", "prod", "webapp").exit == 0
        told = udo("plan", "prod", "webapp")
        assert told.stdout.startswith(
            "prod webapp  prod-webapp  2 of 2 running instances are outdated\n  nothing to change"
        )
        row = udo("plan", "-o", "json").json["data"][0]
        assert (row["changes"], row["running"], row["outdated"]) == (False, 2, 2)


def test_an_equal_group_that_is_only_pinned_makes_no_instance_differ(world: Any, udo: Udo) -> None:
    template_world(world)
    reference = {"LaunchTemplateName": "prod-webapp", "Version": "$Latest"}
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", LaunchTemplate=reference)
    write_config(EQUAL)
    row = udo("plan", "-o", "json").json["data"][0]
    assert (row["changes"], row["outdated"]) == (True, 0)


def test_an_active_instance_refresh_is_told(world: Any, udo: Udo) -> None:
    configuration_world(world)
    under_way(world)
    write_config()
    assert "an instance refresh is InProgress" in udo("plan").stdout


def test_json_tells_differences_and_steps_in_the_words_of_aws(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    (row,) = udo("plan", "-o", "json").json["data"]
    assert (row["cluster"], row["role"], row["group"], row["error"]) == ("prod", "webapp", "prod-webapp", None)
    told = [(one["key"], one["old"], one["new"]) for one in row["differences"]]
    assert told == [("ami", *IMAGES.split(" -> ")), ("instance_type", "t3.small", "m7g.large")]
    operations = [step["operation"] for step in row["steps"]]
    assert operations[0] == "CreateLaunchConfiguration"
    assert "UpdateAutoScalingGroup" in operations


def test_a_role_that_cannot_be_planned_is_a_line_of_its_own_and_exit_3(world: Any, udo: Udo) -> None:
    configuration_world(world)
    second_group(world)
    second_group(world, "prod-broken")
    write_config(CONFIG + "      broken: {ami: 'ssm:/nothing'}\n      worker: {}\n")
    told = udo("plan", "prod", "--exit-code")
    assert told.exit == 3
    assert [block.splitlines()[0] for block in told.stdout.split("\n\n") if block.startswith("prod")] == [
        "prod webapp  prod-webapp  2 of 2 running instances will be outdated",
        "prod broken  cannot be planned",
    ]
    assert told.stdout.endswith("\n\n1 to change, 1 unchanged, 1 cannot be planned\n")
    assert told.stderr.splitlines()[1:] == ["udo: 1 of 3 roles could not be planned: prod broken"]
    rows = udo("plan", "prod", "*", "-o", "json").json
    assert rows["error"]["code"] == "partial"
    assert [row["error"] and row["error"]["code"] for row in rows["data"]] == [None, "absent", None]


def test_a_refused_plan_does_not_end_the_others(world: Any, udo: Udo) -> None:
    template_world(world)
    second_group(world)
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="other",
        LaunchTemplate={"LaunchTemplateName": "prod-webapp", "Version": "$Latest"},
        MinSize=0,
        MaxSize=1,
        **ZONES,
    )
    write_config(CONFIG + "      worker: {}\n")
    told = udo("plan", "-o", "json")
    assert told.exit == 3
    assert [row["error"] and row["error"]["code"] for row in told.json["data"]] == ["refused", None]


def test_one_role_that_cannot_be_planned_is_its_own_error(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace(NEW_IMAGE, "ssm:/nothing"))
    told = udo("plan", "prod", "webapp")
    assert (told.exit, told.stdout) == (1, "")
    assert "no image found for ami ssm:/nothing" in told.stderr
    assert udo("plan", "-o", "json").json["data"][0]["error"]["code"] == "absent"


def test_where_all_fail_alike_the_exit_is_theirs(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG + "      worker: {}\n")
    world.faults.add(Fault("deny", "DescribeAutoScalingGroups", times=None))
    told = udo("plan")
    assert told.exit == 6
    assert "2 of 2 roles could not be planned" in told.stderr


def test_many_roles_share_every_listing(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for number in range(20):
        second_group(world, f"prod-r{number}")
    write_config(
        CONFIG + "".join(f"      r{number}: {{instance_type: m7g.large, ami: {NEW_IMAGE}}}\n" for number in range(20))
    )
    told = udo("plan", "--exit-code")
    assert (told.exit, told.stdout.splitlines()[-1]) == (5, "21 to change")
    asked = [one.operation for one in world.log]
    assert asked.count("DescribeAutoScalingGroups") == 1
    assert asked.count("DescribeLaunchConfigurations") == 1
    assert asked.count("DescribeImages") == 1, "which names the images of the differences"


def test_roles_that_do_not_change_stand_in_the_last_line_alone(world: Any, udo: Udo) -> None:
    configuration_world(world)
    for name in ("prod-worker", "prod-mailer"):
        second_group(world, name)
    write_config(CONFIG + "      worker: {}\n      mailer: {}\n")
    told = udo("plan")
    assert told.stdout.splitlines()[-1] == "1 to change, 2 unchanged"
    assert "worker" not in told.stdout + told.stderr
    dry = udo("updatelc", "prod", "*", "--dry-run")
    assert dry.stdout.splitlines()[-1] == "1 to change, 2 unchanged"
    assert "worker" not in dry.stdout
    assert udo("updatelc", "prod", "*", "--yes").exit == 0
    told = udo("plan")
    assert told.stdout == "3 unchanged\n"
    assert told.stderr.splitlines()[1:] == ["running instances are outdated: prod webapp 2 of 2"]


@pytest.mark.parametrize("words", [["plan"], ["updatelc", "prod", "webapp", "-n"]], ids=" ".join)
def test_file_account_and_region_stand_before_what_differs(world: Any, udo: Udo, words: list[str]) -> None:
    configuration_world(world)
    write_config()
    told = udo(*words)
    assert re.match(rf"\S+/udo\.yml: (prod webapp, )?account {world.account}, us-west-2\n", told.stderr)


def test_save_writes_a_private_file_with_everything_needed_to_apply_it(world: Any, udo: Udo) -> None:
    configuration_world(world)
    second_group(world)
    write_config(CONFIG + "      worker: {}\n      gone: {}\n")
    told = udo("plan", "--save", "my plan")
    assert told.exit == 0
    assert "udo apply 'my plan'" in told.stderr
    assert stat.S_IMODE(Path("my plan").stat().st_mode) == 0o600
    document = json.loads(Path("my plan").read_text())
    rows = document["plans"]
    assert [(row["role"], row["group"], row["region"]) for row in rows] == [
        ("webapp", "prod-webapp", "us-west-2"),
        ("worker", "prod-worker", "us-west-2"),
    ]
    assert {row["account"] for row in rows} == {world.account}
    assert [bool(row["plan"]["steps"]) for row in rows] == [True, False]
    assert [one.operation for one in world.log].count("GetCallerIdentity") == 1


def test_a_saved_plan_with_nothing_to_do_is_not_offered_to_be_applied(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(EQUAL)
    told = udo("plan", "--save", "file")
    assert (told.exit, told.stderr.splitlines()[1:]) == (0, ["saved in file, but there is nothing to carry out"])
    assert udo("apply", "file").stdout.startswith("nothing to change")


def test_save_never_replaces_a_file_unless_yes_is_said(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    Path("mine").write_text("precious")
    refused = udo("plan", "--save", "mine")
    assert refused.exit == 7
    assert "--yes" in refused.stderr
    assert (Path("mine").read_text(), len(world.log)) == ("precious", 0)
    assert udo("plan", "--save", "mine", "--yes").exit == 0
    assert Path("mine").read_text().startswith("{")


def test_no_pipe_or_device_is_replaced_by_a_file_though_yes_is_said(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    os.mkfifo("pipe")
    Path("link").symlink_to("pipe")
    for name in ("pipe", "link"):
        told = udo("plan", "--save", name, "--yes")
        assert (told.exit, told.stderr.splitlines()[-1]) == (1, f"udo: {name} cannot be written: it is no regular file")
    assert "pipe cannot be written: it is no regular file" in udo("init", "--config", "pipe", "--yes").stderr
    assert (Path("pipe").is_fifo(), Path("link").is_symlink()) == (True, True)


def test_nothing_is_saved_where_nothing_could_be_planned_or_written(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config(CONFIG.replace(NEW_IMAGE, "ssm:/nothing"))
    assert udo("plan", "--save", "file").exit == 1
    assert not Path("file").exists()
    write_config()
    told = udo("plan", "--save", "nowhere/file")
    assert (told.exit, told.stdout) == (1, "")
    assert "nowhere/file cannot be written" in told.stderr


def test_what_is_said_on_the_command_line_is_planned_as_updatelc_would_do_it(world: Any, udo: Udo) -> None:
    configuration_world(world)
    write_config()
    said = ("prod", "webapp", "--ami", OLD_IMAGE, "--set", "instance_type=t3.nano", "--reason", "trying")
    told = udo("plan", *said, "--save", "file")
    assert "  ~ instance_type  t3.small -> t3.nano" in told.stdout.splitlines()
    assert "  ami " not in told.stdout
    planned = udo("plan", *said, "-o", "json").json["data"][0]
    dry = udo("updatelc", *said, "--dry-run", "-o", "json").json["data"]["plan"]
    assert [step["says"] for step in dry["steps"]] == [step["step"] for step in planned["steps"]]
    assert udo("apply", "file").exit == 0
    data = launch_data(world)
    assert (data["ImageId"], data["InstanceType"]) == (OLD_IMAGE, "t3.nano")


@pytest.mark.parametrize("flag", ["--to-template", "--from-config"])
def test_other_choices_of_updatelc_can_be_planned_and_saved_too(world: Any, udo: Udo, flag: str) -> None:
    configuration_world(world)
    write_config()
    assert udo("plan", "prod", "webapp", flag, "--save", "file").exit == 0
    assert udo("apply", "file").exit == 0
    assert bool(group(world).get("LaunchTemplate")) == (flag == "--to-template")
    assert bool(launch_data(world).get("UserData")) == (flag == "--to-template")


@pytest.mark.parametrize("words", [(), ("prod",), ("*", "webapp")])
def test_what_is_said_by_hand_is_never_meant_for_all(world: Any, udo: Udo, words: tuple[str, ...]) -> None:
    write_config()
    assert udo("plan", *words, "--set", "instance_type=t3.nano").exit == 2
    assert list(world.log) == []


@pytest.mark.parametrize("verb", ["plan", "updatelc"])
def test_a_setting_that_is_wrong_is_told_before_anything_is_asked(world: Any, udo: Udo, verb: str) -> None:
    configuration_world(world)
    write_config()
    asked = len(world.log)
    told = udo(verb, "prod", "webapp", "--set", "instnce_type=x", "-o", "json")
    assert (told.exit, told.json["error"]["code"]) == (2, "usage")
    assert "instance_type" in told.json["error"]["message"] + str(told.json["error"]["hint"])
    assert len(world.log) == asked
