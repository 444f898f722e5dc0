"""The ends of groups that are swept."""

from __future__ import annotations

from arena import Arena
from deploy_worlds import config
from end_check import end_check
from launch_worlds import configuration
from scenario import Scenario
from state import OURS

DESTROY = ("destroy", "prod", "webapp", "--confirm", OURS)
PLAIN = config()
_STRAYS = (f"{OURS}-v2-keep", f"{OURS}2-v3", "prod-web-v2", f"x{OURS}-v9")


def _on_template(arena: Arena) -> None:
    """A group of three on a launch template, its configurations of before, and others named almost like all that."""
    arena.world.seed(arena.config())
    arena.world.client("autoscaling").suspend_processes(AutoScalingGroupName=OURS, ScalingProcesses=["AZRebalance"])
    for name in (OURS, f"{OURS}-v3", *_STRAYS):
        configuration(arena.world, name)


def _on_configuration(arena: Arena) -> None:
    """The same group on a launch configuration, with another group in its deployment group."""
    _on_template(arena)
    asked = {"applicationName": "shop", "currentDeploymentGroupName": OURS}
    arena.world.client("codedeploy").update_deployment_group(**asked, autoScalingGroups=["prod-web", OURS])
    client = arena.world.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName=OURS, LaunchConfigurationName=f"{OURS}-v3")


def _empty(arena: Arena) -> None:
    """The same group with nobody in it."""
    _on_template(arena)
    client = arena.world.client("autoscaling")
    client.update_auto_scaling_group(AutoScalingGroupName=OURS, MinSize=0, DesiredCapacity=0)


CORE = {"destroy": Scenario(DESTROY, _on_template, end_check(), PLAIN)}
MORE = {
    "destroy-configuration": Scenario(DESTROY, _on_configuration, end_check(), PLAIN),
    "destroy-empty": Scenario(DESTROY, _empty, end_check(), PLAIN),
}
