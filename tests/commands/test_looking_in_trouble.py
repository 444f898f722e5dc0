"""What looks at deployments, and what stops one, while AWS answers badly: a clear line, never a bug of Udo's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, begin, config, deployments, end
from whole import some

from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
VERBS = (("why", "prod", "webapp"), ("deployments", "prod", "webapp"), ("stop", "prod", "webapp"))
ASKED = (
    *("codedeploy:ListDeployments", "codedeploy:BatchGetDeployments", "codedeploy:ListDeploymentTargets"),
    *("codedeploy:BatchGetDeploymentTargets", "codedeploy:GetDeployment", "codedeploy:GetDeploymentGroup"),
    *("codedeploy:StopDeployment", "autoscaling:DescribeAutoScalingGroups", "autoscaling:CreateOrUpdateTags"),
)


@pytest.mark.parametrize("kind", some(["throttle", "fail", "drop", "deny", "garbage", "expire"], "deny"))
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.whole
def test_whatever_is_not_answered_it_is_told_and_a_second_look_is_whole(
    world: Any, udo: Udo, seeded: Seeded, asked: str, kind: Any
) -> None:
    seeded(config())
    deployment_faults.add(DeploymentFault(event="Install", times=1, instance=None))
    begin(world, SHA)
    end(world)
    deployment_faults.clear()
    for verb in VERBS:
        begin(world, OTHER)
        world.faults.add(Fault(kind, asked, times=None))
        done = udo(*verb)
        assert done.exit in (0, 1, 4, 6, 124), (verb, done.stderr)
        assert len([line for line in done.stderr.splitlines() if line.startswith("udo: ")]) <= 1, done.stderr
        assert done.exit == 0 or done.stderr.rstrip().rpartition("\n")[2].startswith("udo: "), done.stderr
        world.faults.clear()
        assert udo(*verb).exit == 0
        if verb[0] == "stop":
            # What was tried again for minutes may have ended by itself.
            assert deployments(world)[0]["status"] in ("Stopped", "Succeeded")
        end(world)
