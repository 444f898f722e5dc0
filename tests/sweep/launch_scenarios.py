"""The launch changes that are swept: for each a world with look-alikes, a command line, and how it must end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from arena import Arena
from launch_check import launch_check
from launch_worlds import (
    CONFIG,
    NEW_IMAGE,
    OLD_IMAGE,
    ZONES,
    configuration,
    configuration_world,
    mixed_world,
    neighbours,
    overrides_world,
    register_images,
    template,
    template_world,
)
from scenario import Scenario, after, cut_off, plain
from state import OURS

OLD, NEW = (OLD_IMAGE, "t3.small"), (NEW_IMAGE, "m7g.large")
KEEP_TWO = CONFIG.replace("m7g.large}", "m7g.large, launch: {keep: 2}}")
UPDATE = ("updatelc", "prod", "webapp")
CONVERT = (*UPDATE, "--to-template")
ROLLBACK = ("rollback", "prod", "webapp")
PRUNE = ("prune", "prod", "webapp")
SWAP = "UpdateAutoScalingGroup"


def _launch(
    words: tuple[str, ...],
    build: Callable[[Arena], None],
    launches: str,
    kept: str,
    data: tuple[str, str] = NEW,
    config: str = CONFIG,
) -> Scenario:
    return Scenario(words, build, launch_check(launches, kept, data), config)


def _many_configurations(arena: Arena) -> None:
    """Ours lives on the first of nine: its instances on 6, the one before on 4, a colleague's group on 3.

    Another group is named like 5, which thereby is not ours, though nobody uses it.
    """
    world = arena.world
    register_images(world)
    neighbours(world)
    for number in range(2, 10):
        configuration(world, f"{OURS}-v{number}")
    configuration(world, OURS)
    _group(world, OURS, LaunchConfigurationName=f"{OURS}-v6", MinSize=1, MaxSize=3, DesiredCapacity=2)
    _group(world, "prod-other", LaunchConfigurationName=f"{OURS}-v3")
    _group(world, f"{OURS}-v5", LaunchConfigurationName="prod-web")
    client = world.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName=OURS, LaunchConfigurationName=OURS)
    _remember(world, OURS, f"{OURS}-v4")


def _many_versions(arena: Arena) -> None:
    """Ours lives on version 6 of ten: its instances on 3, the one before on 2, colleagues' groups on 4 and 5."""
    world = arena.world
    register_images(world)
    neighbours(world)
    template_id = template(world)
    ec2 = world.client("ec2")
    for _ in range(2, 11):
        ec2.create_launch_template_version(
            LaunchTemplateId=template_id, SourceVersion="1", VersionDescription="one more", LaunchTemplateData={}
        )
    version = {"LaunchTemplateId": template_id, "Version": "3"}
    _group(world, OURS, LaunchTemplate=version, MinSize=1, MaxSize=3, DesiredCapacity=2)
    _group(world, "prod-other", LaunchTemplate=version | {"Version": "4"})
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": version | {"Version": "5"}}}
    _group(world, "prod-mixed", MixedInstancesPolicy=policy)
    client = world.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName=OURS, LaunchTemplate=version | {"Version": "6"})
    _remember(world, f"{template_id}:6", f"{template_id}:2")


def _following(arena: Arena) -> None:
    """Ours follows $Latest of a template of three versions."""
    world = arena.world
    register_images(world)
    neighbours(world)
    template_id = template(world)
    ec2 = world.client("ec2")
    for _ in range(2, 4):
        ec2.create_launch_template_version(LaunchTemplateId=template_id, SourceVersion="1", LaunchTemplateData={})
    version = {"LaunchTemplateId": template_id, "Version": "$Latest"}
    _group(world, OURS, LaunchTemplate=version, MinSize=1, MaxSize=3, DesiredCapacity=2)


def _by_hand(arena: Arena) -> None:
    """Ours lives on a configuration that somebody named as he liked; a foreign one has the next name of the family."""
    world = arena.world
    register_images(world)
    neighbours(world)
    configuration(world, "by-hand")
    configuration(world, f"{OURS}-v12", InstanceType="t3.nano")
    _group(world, OURS, LaunchConfigurationName="by-hand", MinSize=1, MaxSize=3, DesiredCapacity=2)


def _crowded(arena: Arena) -> None:
    """Ours stands behind a page of configurations and a page of groups, and so does who uses its old ones."""
    _many_configurations(arena)
    for number in range(101):
        configuration(arena.world, f"a-crowd-{number:03}")
        _group(arena.world, f"a-crowd-{number:03}", LaunchConfigurationName=f"a-crowd-{number:03}")


def _group(world: Any, name: str, **settings: Any) -> None:
    sizes = {"MinSize": 0, "MaxSize": 1}
    world.client("autoscaling").create_auto_scaling_group(AutoScalingGroupName=name, **sizes | ZONES | settings)


def _remember(world: Any, now: str, before: str) -> None:
    tag = {"ResourceId": OURS, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    text = json.dumps({"now": now, "before": before})
    world.client("autoscaling").create_or_update_tags(Tags=[tag | {"Key": "udo:launch", "Value": text}])


CORE = {
    "updatelc-configuration": _launch(UPDATE, plain(configuration_world), f"{OURS}-v2", "1 2"),
    "updatelc-template": _launch(UPDATE, plain(template_world), f"{OURS}:2", "1 2"),
    # The types of the overrides win, so that of udo.yml is left out.
    "updatelc-mixed": _launch(UPDATE, plain(mixed_world), f"{OURS}:2", "1 2", (NEW_IMAGE, OLD[1])),
    "updatelc-tidying-configuration": _launch(
        UPDATE, _many_configurations, f"{OURS}-v10", "1 3 6 9 10", config=KEEP_TWO
    ),
    "to-template": _launch(CONVERT, plain(configuration_world), f"{OURS}:1", "1"),
    "rollback-configuration": _launch(ROLLBACK, after(plain(configuration_world), *UPDATE), OURS, "1 2", OLD),
    "rollback-template": _launch(ROLLBACK, after(plain(template_world), *UPDATE), f"{OURS}:1", "1 2", OLD),
    "rollback-mixed": _launch(ROLLBACK, after(plain(mixed_world), *UPDATE), f"{OURS}:1", "1 2", OLD),
    "rollback-from-template": _launch(ROLLBACK, after(plain(configuration_world), *CONVERT), OURS, "1", OLD),
    "prune-configuration": _launch((*PRUNE, "--keep", "2"), _many_configurations, OURS, "1 3 4 6 8 9", OLD),
    "prune-template": _launch((*PRUNE, "--keep", "2"), _many_versions, f"{OURS}:6", "1 2 3 4 5 6 9 10", OLD),
}
MORE = {
    "updatelc-overrides": _launch(
        (*UPDATE, "--overrides", "--set", "keypair_name=ops"),
        plain(overrides_world),
        f"{OURS}:2",
        "1 2",
        (NEW_IMAGE, OLD[1]),
    ),
    "updatelc-tidying-template": _launch(UPDATE, _many_versions, f"{OURS}:11", "1 3 4 5 6 10 11", config=KEEP_TWO),
    "updatelc-twin-configuration": _launch(
        UPDATE, cut_off(plain(configuration_world), SWAP, *UPDATE), f"{OURS}-v2", "1 2"
    ),
    "updatelc-twin-template": _launch(UPDATE, cut_off(plain(template_world), SWAP, *UPDATE), f"{OURS}:2", "1 2"),
    "updatelc-following": _launch(UPDATE, _following, f"{OURS}:4", "1 2 3 4"),
    "updatelc-by-hand": _launch(UPDATE, _by_hand, f"{OURS}-v13", "12 13"),
    "to-template-twin": _launch(CONVERT, cut_off(plain(configuration_world), SWAP, *CONVERT), f"{OURS}:1", "1"),
    "rollback-to-number": _launch((*ROLLBACK, "--to", "7"), _many_configurations, f"{OURS}-v7", "1 2 3 4 6 7 8 9", OLD),
    "rollback-overrides": _launch(
        ROLLBACK,
        after(plain(overrides_world), *UPDATE, "--overrides", "--set", "keypair_name=ops"),
        f"{OURS}:1",
        "1 2",
        OLD,
    ),
    "prune-crowded": _launch((*PRUNE, "--keep", "2"), _crowded, OURS, "1 3 4 6 8 9", OLD),
}
