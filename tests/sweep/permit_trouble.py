"""Worlds in which something stalls, goes off or is not as it should be, for actions that are asked for then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from alarm_worlds import TOPIC, put
from arena import Arena
from deploy_worlds import config, end
from guard_scenarios import ALARM
from guard_worlds import rings_at
from permit_worlds import WEBAPP, rich, seeded
from scenario import after
from state import OURS


def unversioned(arena: Arena) -> None:
    """The same from a bucket that keeps no versions."""
    seeded(arena)
    s3, deploys = arena.world.client("s3"), arena.world.client("codedeploy")
    for key in ("one", "two"):
        tag = s3.put_object(Bucket="releases", Key=f"{key}.zip", Body=key.encode())["ETag"].strip('"')
        place = {"bucket": "releases", "key": f"{key}.zip", "bundleType": "zip", "eTag": tag}
        deploys.create_deployment(
            applicationName="shop",
            deploymentGroupName=OURS,
            revision={"revisionType": "S3", "s3Location": place},
        )
        end(arena.world)
        arena.world.advance()


TARGETS = config("target_groups: [web]")
# More alarms than an instance refresh takes: Udo alone watches them.
GUARDED = config(more=f"guards: {{alarms: [{ALARM}, {', '.join(f'a{number}' for number in range(10))}]}}")


def outdated(arena: Arena) -> None:
    """A group in a target group, whose members were launched from what it launched before."""
    after(seeded, "updatelc", *WEBAPP, "--set", "instance_type=t3.large")(arena)


def held(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """The world with a hook that holds each newcomer for some minutes."""

    def built(arena: Arena) -> None:
        build(arena)
        arena.world.client("autoscaling").put_lifecycle_hook(
            AutoScalingGroupName=OURS,
            LifecycleHookName="warm",
            LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
            HeartbeatTimeout=400,
            DefaultResult="CONTINUE",
        )

    return built


def brought(arena: Arena) -> None:
    """A refresh is under way that brings what the group is to launch."""
    words = ("--set", "instance_type=t3.large", "--refresh", "--no-wait", "--yes")
    after(held(seeded), "updatelc", *WEBAPP, *words)(arena)
    arena.world.clock.step(5)
    arena.world.advance()


def rings(world: Any) -> None:
    """The alarm that Udo alone watches goes off while a refresh runs."""
    rings_at(world, "a9", "DescribeInstanceRefreshes", nth=4)


def told_of(arena: Arena) -> None:
    """A group with an alarm that tells a topic nobody listens to, a hook that notifies nobody, and an image that is
    looked up at each launch.
    """
    arena.world.client("ssm").put_parameter(Name="/shop/base", Value="ami-0aaaaaaaaaaaaaaaa", Type="String")
    rich(arena)
    put(arena.world, f"{OURS}-told", AlarmActions=[TOPIC], Dimensions=[{"Name": "AutoScalingGroupName", "Value": OURS}])
    group, client = {"AutoScalingGroupName": OURS}, arena.world.client("autoscaling")
    holds = {"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "HeartbeatTimeout": 900}
    client.put_lifecycle_hook(**group, LifecycleHookName="open", **holds)
    data = {"ImageId": "resolve:ssm:/shop/base"}
    made = arena.world.client("ec2").create_launch_template_version(
        LaunchTemplateName=OURS, SourceVersion="1", LaunchTemplateData=data
    )
    number = str(made["LaunchTemplateVersion"]["VersionNumber"])
    client.update_auto_scaling_group(**group, LaunchTemplate={"LaunchTemplateName": OURS, "Version": number})
