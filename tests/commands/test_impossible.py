"""What AWS would refuse is refused before the first write, and what a broken-off change left is nobody's version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import (
    CONFIG,
    NEW_IMAGE,
    WORLDS,
    ZONES,
    configuration,
    everything,
    launched_from,
    mixed_world,
    register_image,
    set_overrides,
    write_config,
)
from whole import some

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]


@pytest.mark.parametrize("words", [("--ami", "ami-nope"), ("--set", "instance_type=m99.large")])
@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_an_image_or_type_that_is_not_there_is_refused_by_dry_run_plan_and_run_alike(
    world: Any, udo: Udo, kind: str, words: tuple[str, ...]
) -> None:
    WORLDS[kind](world)
    write_config()
    before = everything(world)
    # In a mixed instances policy overrides say the type.
    idle = kind == "mixed" and words[0] == "--set"
    value = words[1].rpartition("=")[2]
    said = f"{value} has no effect" if idle else f" {value}: no such "
    for verb in (("updatelc", "--dry-run"), ("plan",), ("updatelc",)):
        told = udo(verb[0], "prod", "webapp", *words, *verb[1:])
        assert (told.exit, said in told.stdout + told.stderr) == (0 if idle else 7, True)
    assert (everything(world) == before) is not idle


def test_what_may_not_be_looked_up_is_a_warning_and_no_refusal(world: Any, udo: Udo) -> None:
    WORLDS["configuration"](world)
    write_config()
    world.faults.add(Fault("deny", "DescribeInstanceTypes", times=None))
    told = udo("updatelc", "prod", "webapp")
    assert (told.exit, told.stderr.count("not all was looked up before the change")) == (0, 1)
    assert "ec2:DescribeInstanceTypes" in told.stderr


def test_the_overrides_of_a_mixed_policy_decide_which_type_runs_an_image(world: Any, udo: Udo) -> None:
    mixed_world(world)
    register_image(world, "ami-0ccccccccccccccccc", architecture="arm64")
    write_config()
    words = ("updatelc", "prod", "webapp", "--ami", "ami-0ccccccccccccccccc", "--set", "instance_type=t3.large", "-n")
    told = udo(*words)
    assert (told.exit, "t3a.small runs x86_64, the image is arm64" in told.stderr) == (7, True)
    set_overrides(world, [{"InstanceType": "t4g.small"}])
    assert udo(*words).exit == 0


def broken_off(world: Any, udo: Udo) -> None:
    """A change that was refused at its last step."""
    write_config()
    world.faults.add(Fault("deny", "UpdateAutoScalingGroup", times=None))
    assert udo("updatelc", "prod", "webapp").exit == 6
    world.faults.clear()


def versions(world: Any, kind: str) -> set[Any]:
    found = everything(world)
    return set(found["versions"]) or {
        name for name in found["configurations"] if name in ("prod-webapp", "prod-webapp-v2")
    }


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_what_a_broken_off_change_left_is_neither_offered_nor_kept_as_the_newest(
    world: Any, udo: Udo, kind: str
) -> None:
    WORLDS[kind](world)
    broken_off(world, udo)
    assert [row["state"] for row in udo("versions", "prod", "webapp", "-o", "json").json["data"]] == [
        "leftover",
        "current",
    ]
    refused = udo("rollback", "prod", "webapp", "--to", "2")
    assert (refused.exit, "nothing ever launched from version 2" in refused.stderr) == (7, True)
    assert udo("prune", "prod", "webapp", "--keep", "1").exit == 0
    assert versions(world, kind) == ({"prod-webapp"} if kind == "configuration" else {1})


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_the_same_command_again_still_takes_it(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    broken_off(world, udo)
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert launched_from(world) == ("prod-webapp-v2" if kind == "configuration" else "2")
    assert len(versions(world, kind)) == 2


@pytest.mark.parametrize("again", some([False, True], True))
@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_what_was_launched_from_once_stays_a_version_like_others(world: Any, udo: Udo, kind: str, again: bool) -> None:
    WORLDS[kind](world)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert udo("rollback", "prod", "webapp").exit == 0
    if again:
        # Forward again, broken off: that there is a version 2 is older than this.
        broken_off(world, udo)
    states = [row["state"] for row in udo("versions", "prod", "webapp", "-o", "json").json["data"]]
    assert states == [None, "current"]
    assert udo("prune", "prod", "webapp", "--keep", "1").exit == 0
    assert len(versions(world, kind)) == 2
    assert udo("rollback", "prod", "webapp", "--to", "2").exit == 0


@pytest.mark.parametrize(
    ("name", "words", "told"),
    [
        ("Prod Web App+1", ("--to-template",), "'Prod Web App+1' cannot be the name of one"),
        ("x", ("--to-template",), "'x' cannot be the name of one"),
        ("n" * 140, ("--to-template",), "nnnnnn...nnnnnnnnnnnn' cannot be the name of one"),
        ("g" * 255, (), "which has 258 characters"),
    ],
)
def test_names_that_cannot_be_are_refused_when_it_is_planned(
    world: Any, udo: Udo, name: str, words: tuple[str, ...], told: str
) -> None:
    WORLDS["configuration"](world)
    configuration(world, "lc")
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name, LaunchConfigurationName="lc", MinSize=0, MaxSize=1, **ZONES
    )
    write_config(CONFIG.replace("webapp: {", f"webapp: {{group_name: '{name}', "))
    before = everything(world)
    for verb in (("updatelc", "--dry-run"), ("plan",), ("updatelc",)):
        refused = udo(verb[0], "prod", "webapp", *words, *verb[1:])
        assert (refused.exit, told in refused.stderr) == (7, True)
    assert everything(world) == before


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_a_saved_plan_whose_image_is_gone_by_now_is_refused(world: Any, udo: Udo, kind: str) -> None:
    from moto.ec2.models import ec2_backends

    WORLDS[kind](world)
    write_config()
    assert udo("plan", "prod", "webapp", "--save", "file").exit == 0
    del ec2_backends[world.account]["us-west-2"].amis[NEW_IMAGE]
    before = everything(world)
    told = udo("apply", "file")
    assert (told.exit, f"image {NEW_IMAGE}: no such image" in told.stderr) == (7, True)
    assert everything(world) == before
