"""Small worlds for refreshes: a group on a template whose members are of a version before, and what it looks like."""

from __future__ import annotations

from typing import Any

from launch_worlds import CONFIG, write_config

REFRESH = ("refresh", "prod", "webapp")
TEMPLATE = {"LaunchTemplateName": "prod-webapp"}


def outdated(world: Any, udo: Any, build: Any, desired: int = 2, more: str = "") -> None:
    """The world of a kind with so many members, once `updatelc` has changed what it launches."""
    build(world)
    write_config(CONFIG.replace("instance_type: m7g.large", f"instance_type: m7g.large{more}"))
    sized(world, desired)
    done = udo("updatelc", "prod", "webapp", "--yes")
    assert done.exit == 0, done.stderr
    world.log.clear()


def sized(world: Any, desired: int, high: int = 9) -> None:
    """Gives the group so many members in service."""
    client = world.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName="prod-webapp", MaxSize=high, DesiredCapacity=desired)
    world.clock.step(60)
    world.advance()


def group(world: Any) -> dict[str, Any]:
    """The group as AWS has it."""
    told = world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["prod-webapp"])
    found: dict[str, Any] = told["AutoScalingGroups"][0]
    return found


def refreshes(world: Any) -> list[dict[str, Any]]:
    """The refreshes of the group, newest first."""
    told = world.client("autoscaling").describe_instance_refreshes(AutoScalingGroupName="prod-webapp")
    return list(told["InstanceRefreshes"])


def begin(world: Any, **more: Any) -> str:
    """Starts a refresh as somebody else would, and returns its id."""
    return str(
        world.client("autoscaling").start_instance_refresh(AutoScalingGroupName="prod-webapp", **more)[
            "InstanceRefreshId"
        ]
    )


def under_way(world: Any) -> None:
    """Somebody else's refresh is in progress, its first new member not warm for a day."""
    begin(world, Preferences={"InstanceWarmup": 86_400})
    world.clock.step(3)
    world.advance()
    world.log.clear()


def launched(world: Any) -> list[str]:
    """What each member was launched from: a version's number or a configuration's name, sorted."""
    return sorted(
        str(one.get("LaunchConfigurationName") or one["LaunchTemplate"]["Version"]) for one in group(world)["Instances"]
    )


def tag(world: Any, key: str = "udo:launch") -> str | None:
    """A tag of the group."""
    return next((one["Value"] for one in group(world)["Tags"] if one["Key"] == key), None)
