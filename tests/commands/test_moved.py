"""A saved plan that no longer fits says what the group launches from by now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import configuration_world, launched_from, template, write_config

Udo = Callable[..., Any]


@pytest.mark.parametrize("mixed", [False, True])
def test_a_group_that_moved_to_a_template_meanwhile_is_told_with_its_template(
    world: Any, udo: Udo, mixed: bool
) -> None:
    configuration_world(world)
    write_config()
    assert udo("plan", "--save", "one.plan").exit == 0
    template(world)
    specification = {"LaunchTemplateName": "prod-webapp", "Version": "1"}
    policy = {"MixedInstancesPolicy": {"LaunchTemplate": {"LaunchTemplateSpecification": specification}}}
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", **(policy if mixed else {"LaunchTemplate": specification})
    )
    told = udo("apply", "one.plan")
    assert (told.exit, launched_from(world)) == (4, "1")
    assert "prod-webapp launches from: prod-webapp -> launch template prod-webapp version 1" in told.stderr
