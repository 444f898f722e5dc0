"""A write is sent once: nothing beneath Udo sends it again, whatever became of its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from launch_worlds import configuration_world, write_config

from udo.sandbox.faults import Fault


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", ["fail", "drop", "garbage", "timeout"])
def test_a_write_whose_answer_is_lost_is_not_sent_again_by_the_sdk(
    world: Any, udo: Callable[..., Any], kind: Any, after: bool
) -> None:
    configuration_world(world)
    write_config()
    world.faults.add(Fault(kind, "UpdateAutoScalingGroup", after=after))
    done = udo("updatelc", "prod", "webapp")
    assert done.exit == (0 if after else 1), done.stderr
    assert sum(one.operation == "UpdateAutoScalingGroup" for one in world.log) == 1
