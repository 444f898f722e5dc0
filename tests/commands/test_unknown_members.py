"""What this botocore does not know of a mixed instances policy is never lost when the policy is sent back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from deploy_worlds import writes
from launch_worlds import NEW_IMAGE, group, launched_from, mixed_world, overrides_world, write_config

Udo = Callable[..., Any]
UNKNOWN = "LaunchTemplate.Overrides.Shimmer"
LOST = f"{UNKNOWN} in the mixed instances policy of prod-webapp would be lost"


class Newer:
    """An AWS whose overrides have a member that no botocore knows, while it is `there`."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self._answer = answer
        self.there = True

    def answer(self, environ: Any) -> Any:
        """What the sandbox says, and the member in it."""
        told = self._answer(environ)
        known = b"<InstanceType>t3a.small</InstanceType>"
        body = told.body.replace(known, known + b"<Shimmer>3</Shimmer>") if self.there else told.body
        headers = [
            (name, str(len(body)) if name.lower() == "content-length" else value) for name, value in told.headers
        ]
        return replace(told, body=body, headers=tuple(headers))


@pytest.fixture
def newer(world: Any, monkeypatch: pytest.MonkeyPatch) -> Newer:
    """The mixed world, answered by a newer AWS."""
    mixed_world(world)
    made = Newer(world.answer)
    monkeypatch.setattr(world, "answer", made.answer)
    world.log.clear()
    write_config()
    return made


def test_updatelc_refuses_to_send_back_a_policy_it_does_not_know_whole(
    world: Any, udo: Udo, newer: type[Newer]
) -> None:
    told = udo("updatelc", "prod", "webapp")
    assert (told.exit, writes(world), newer.there) == (7, [], True)
    assert LOST in told.stderr
    assert udo("updatelc", "prod", "webapp", "--anyway").exit == 0
    assert launched_from(world) == "2"


def test_rollback_refuses_it_too(world: Any, udo: Udo, newer: Newer) -> None:
    newer.there = False
    assert udo("updatelc", "prod", "webapp").exit == 0
    newer.there = True
    world.log.clear()
    told = udo("rollback", "prod", "webapp")
    assert (told.exit, writes(world)) == (7, [])
    assert LOST in told.stderr
    assert udo("rollback", "prod", "webapp", "--anyway").exit == 0
    assert launched_from(world) == "1"


def test_a_group_that_is_only_pinned_loses_nothing_either(world: Any, udo: Udo, newer: Newer) -> None:
    newer.there = False
    assert udo("updatelc", "prod", "webapp").exit == 0
    policy = {"LaunchTemplateSpecification": {"LaunchTemplateName": "prod-webapp", "Version": "$Latest"}}
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", MixedInstancesPolicy={"LaunchTemplate": policy}
    )
    newer.there = True
    told = udo("updatelc", "prod", "webapp")
    assert (told.exit, launched_from(world)) == (7, "$Latest")
    assert LOST in told.stderr


def test_a_saved_plan_is_not_carried_out_once_there_is_more_of_the_policy(
    world: Any, udo: Udo, newer: type[Newer]
) -> None:
    newer.there = False
    assert udo("plan", "--save", "one.plan").exit == 0
    newer.there = True
    told = udo("apply", "one.plan")
    assert (told.exit, launched_from(world)) == (4, "1")
    assert f"what this botocore does not know of the mixed instances policy of prod-webapp: [] -> ['{UNKNOWN}']" in (
        told.stderr
    )


def test_what_is_sent_back_is_all_there_was(world: Any, udo: Udo) -> None:
    overrides_world(world)
    requirements = {"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 4096}, "AcceleratorTypes": ["gpu"]}
    policy = group(world)["MixedInstancesPolicy"]
    rows = policy["LaunchTemplate"]["Overrides"]
    rows[-1]["LaunchTemplateSpecification"].pop("LaunchTemplateName")
    rows = [*rows, {"InstanceRequirements": requirements, "WeightedCapacity": "4"}]
    segments = [{"TargetCapacityTypes": ["on-demand"]}]
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp",
        MixedInstancesPolicy={
            "LaunchTemplate": {"Overrides": rows},
            "InstancesDistribution": {"DistributionSegments": segments, "SpotMaxPrice": "0.1"},
        },
    )
    before = group(world)["MixedInstancesPolicy"]
    write_config()
    assert udo("updatelc", "prod", "webapp", "--ami", NEW_IMAGE).exit == 0
    after = group(world)["MixedInstancesPolicy"]
    assert after["LaunchTemplate"].pop("LaunchTemplateSpecification")["Version"] == "2"
    assert before["LaunchTemplate"].pop("LaunchTemplateSpecification")["Version"] == "1"
    assert after == before
    assert before["LaunchTemplate"]["Overrides"][-1]["InstanceRequirements"] == requirements
