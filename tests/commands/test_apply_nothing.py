"""apply of a plan that changes nothing: what it said is compared with the world as it is by now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import NEW_IMAGE, OLD_IMAGE, WORLDS, configuration_world, write_config
from test_apply import TWO, worker_group, writes
from whole import some

Udo = Callable[..., Any]


@pytest.mark.parametrize("kind", some(WORLDS, "template"))
def test_nothing_to_change_is_not_said_again_of_a_group_that_moved(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    write_config()
    assert udo("updatelc", "prod", "webapp").exit == 0
    assert udo("plan", "--save", "none").exit == 0
    assert udo("apply", "none").stdout.startswith("nothing to change")
    assert udo("rollback", "prod", "webapp").exit == 0
    count = len(writes(world))
    moved = udo("apply", "none")
    assert (moved.exit, moved.stdout) == (4, "")
    assert "is not what it was when this was planned: prod-webapp launches from" in moved.stderr
    assert len(writes(world)) == count


def test_nothing_to_change_is_not_said_of_a_group_that_is_gone(world: Any, udo: Udo) -> None:
    configuration_world(world)
    worker_group(world)
    write_config(TWO.replace(NEW_IMAGE, OLD_IMAGE).replace("m7g.large", "t3.small"))
    assert udo("plan", "--save", "plan").exit == 0
    world.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="prod-worker", ForceDelete=True)
    for _ in range(20):
        world.clock.step(60)
        world.client("autoscaling").describe_auto_scaling_groups()
    gone = udo("apply", "plan")
    assert (gone.exit, gone.stdout) == (1, "")
    assert "group prod-worker of prod worker does not exist" in gone.stderr
