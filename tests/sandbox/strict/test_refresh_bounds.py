"""A refresh of any group keeps what it promised, ends, and leaves nobody out; Udo forecasts no more than happens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from account import Account
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from moto.autoscaling.models import autoscaling_backends
from whole import examples

from udo.model.refreshes import Preferences
from udo.refresh.arithmetic import bounds
from udo.sandbox.clock import Clock
from udo.sandbox.strict import launch_faults
from udo.sandbox.strict.autoscaling.refresh_arithmetic import healthy_percentages_bound_a_refresh
from udo.sandbox.strict.autoscaling.refresh_moments import due

OWN = {"AutoScalingGroupName": "web"}


@dataclass(frozen=True)
class Case:
    """A group and how it is refreshed: `already` of its members match before, so many launches are `failing`, and so
    many new members `sick`."""

    size: int
    already: int
    least: int
    most: int | None
    warmup: int
    boot: int
    terminate: int
    checkpoints: tuple[int, ...]
    delay: int
    bake: int
    skips: bool
    failing: int = 0
    sick: int = 0

    def preferences(self) -> dict[str, Any]:
        more: dict[str, Any] = {"InstanceWarmup": self.warmup, "BakeTime": self.bake, "SkipMatching": self.skips}
        if self.most is not None:
            more["MaxHealthyPercentage"] = self.most
        if self.checkpoints:
            more |= {"CheckpointPercentages": list(self.checkpoints), "CheckpointDelay": self.delay}
        return {"MinHealthyPercentage": self.least, **more}


@st.composite
def cases(draw: Any) -> Case:
    size = draw(st.integers(1, 60))
    least = draw(st.integers(0, 100))
    return Case(
        size=size,
        already=draw(st.integers(0, size)),
        least=least,
        most=draw(st.none() | st.integers(100, 100 + least)),
        warmup=draw(st.sampled_from([0, 30, 300])),
        boot=draw(st.sampled_from([0, 45])),
        terminate=draw(st.sampled_from([0, 20, 200])),
        checkpoints=tuple(sorted(draw(st.sets(st.integers(1, 100), max_size=4)))),
        delay=draw(st.sampled_from([0, 600])),
        bake=draw(st.sampled_from([0, 60])),
        skips=draw(st.booleans()),
        failing=draw(st.sampled_from([0, 0, 1, 5])),
        sick=draw(st.sampled_from([0, 0, 1, 5])),
    )


def built(world: Any, case: Case) -> Any:
    """The group of a case as moto holds it, its refresh begun."""
    world.reset()
    world.clock = Clock.by_hand()
    account = Account(world.client, world)
    account.template()
    data = {"ImageId": account.image, "InstanceType": "t3.large"}
    account.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=data)
    one, two = ({"LaunchTemplateName": "web", "Version": version} for version in "12")
    account.group(size=case.size - case.already, MinSize=0, MaxSize=60, LaunchTemplate=one)
    account.update(LaunchTemplate=two, DesiredCapacity=case.size)
    account.update(LaunchTemplate=one)
    account.delay(boot=float(case.boot), terminate=float(case.terminate))
    if case.failing:
        account.launch_fault(times=case.failing)
    if case.sick:
        account.launch_fault(times=case.sick, error="unhealthy")
    account.autoscaling.start_instance_refresh(
        **OWN, DesiredConfiguration={"LaunchTemplate": two}, Preferences=case.preferences()
    )
    return autoscaling_backends[world.account][world.region].autoscaling_groups["web"]


def keeps_its_promise(world: Any, case: Case) -> None:
    group = built(world, case)
    old = {member.instance_id for member in group.instance_states}
    promised = bounds(case.size, Preferences(case.least, case.most))
    while (when := due(group)) is not None:
        world.clock.step(when - world.clock.now())
        world.advance()
        states = [(one, one.lifecycle_state) for one in group.instance_states]
        there = [one for one, state in states if state in ("Pending", "InService")]
        warm = [
            one
            for one, state in states
            if state == "InService"
            and not launch_faults.sick(one.instance_id)
            and (one.instance_id in old or world.clock.now() >= one.udo_in_service_at + case.warmup)
        ]
        assert len(warm) >= promised.least
        assert len(there) <= promised.most
    shown = world.client("autoscaling").describe_instance_refreshes(**OWN)["InstanceRefreshes"][0]
    assert shown["Status"] == "Successful"
    assert group.launch_template_version == "2"
    members = [one for one in group.instance_states if one.lifecycle_state == "InService"]
    assert len(members) == case.size
    done = sum(1 for one in members if one.udo_birth.version == "2" and (case.skips or one.instance_id not in old))
    if not case.checkpoints or case.checkpoints[-1] == 100:
        assert done == case.size
        assert (shown["PercentageComplete"], shown["InstancesToUpdate"]) == (100, 0)
    else:
        total = case.size - case.already if case.skips else case.size
        assert done - (case.size - total) == math.ceil(total * case.checkpoints[-1] / 100)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(Case(1, 0, 0, None, warmup=0, boot=0, terminate=0, checkpoints=(), delay=0, bake=0, skips=False, sick=5))
@example(Case(10, 0, 80, None, warmup=300, boot=45, terminate=20, checkpoints=(), delay=0, bake=0, skips=False))
@example(Case(10, 3, 100, 120, warmup=300, boot=45, terminate=200, checkpoints=(), delay=0, bake=60, skips=True))
@example(Case(10, 0, 50, 150, warmup=30, boot=45, terminate=0, checkpoints=(15, 50), delay=0, bake=0, skips=False))
@example(Case(1, 0, 0, None, 0, boot=0, terminate=0, checkpoints=(), delay=0, bake=0, skips=False, failing=1))
@given(case=cases())
def test_a_refresh_stays_within_its_bounds_and_ends(world: Any, case: Case) -> None:
    keeps_its_promise(world, case)


@given(size=st.integers(0, 60), least=st.integers(0, 100), more=st.none() | st.integers(0, 100))
def test_udo_forecasts_no_more_in_service_than_the_sandbox_keeps(size: int, least: int, more: int | None) -> None:
    most = None if more is None else 100 + min(more, least)
    real, forecast = healthy_percentages_bound_a_refresh(size, least, most), bounds(size, Preferences(least, most))
    assert forecast.least <= real.minimum
    assert forecast.most >= real.maximum
