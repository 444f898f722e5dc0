"""How many instances a deployment takes at once: AWS's own examples, worked through on the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from udo.sandbox import strict
from udo.sandbox.strict.codedeploy.configs import Config, Zonal
from udo.sandbox.strict.codedeploy.faults import DeploymentFault
from udo.sandbox.strict.codedeploy.lifecycle import Target
from udo.sandbox.strict.codedeploy.run import Run, World, move

# Seconds of one event, and of a deployment to one instance, which has a single event here.
EVENT = 1.0
HALF = Config("CodeDeployDefault.HalfAtATime", "FLEET_PERCENT", 50, "", 0)
ONE = Config("CodeDeployDefault.OneAtATime", "MOST_CONCURRENCY", 1, "", 0)
ALL = Config("CodeDeployDefault.AllAtOnce", "FLEET_PERCENT", 0, "", 0)


@pytest.fixture(autouse=True)
def _delays() -> Iterator[None]:
    before = dict(strict.delays.__dict__)
    strict.delays.deployment_start, strict.delays.deployment_event = 0.0, EVENT
    yield
    strict.delays.__dict__.update(before)


def count(value: int, zonal: Zonal | None = None) -> Config:
    return Config("own", "HOST_COUNT", value, "", 0, zonal)


def percent(value: int, zonal: Zonal | None = None) -> Config:
    return Config("own", "FLEET_PERCENT", value, "", 0, zonal)


def rollout(
    config: Config,
    hosts: int,
    fails: Callable[[int], bool] = lambda _place: False,
    zones: int = 1,
    stopped: frozenset[int] = frozenset(),
) -> tuple[list[int], Run]:
    """How many hosts are in progress after each second, and the deployment when it has ended.

    `fails` tells by its place whether a host fails, `stopped` holds the places of those that are stopped.
    """

    def fault(target: Target, event: str) -> DeploymentFault | None:
        return DeploymentFault(event=event) if fails(target.place) else None

    world = World(
        members=lambda: [str(place) for place in range(1, hosts + 1)],
        alive=lambda host: int(host) not in stopped,
        revision_there=lambda: True,
        fault=fault,
        zone=lambda host: f"z{(int(host) - 1) * zones // hosts}",
    )
    run = Run(config, ("Install",), created=0.0)
    seen = []
    for second in range(20_000):
        move(run, float(second), world)
        if run.ended:
            break
        seen.append(run.count("InProgress"))
    return seen, run


@pytest.mark.parametrize(
    ("config", "hosts", "batches"),
    [
        (ONE, 1, [1]),
        (ONE, 3, [1, 1, 1]),
        (HALF, 1, [1]),
        (HALF, 9, [4, 4, 1]),
        (ALL, 9, [9]),
        (percent(40), 9, [5, 4]),
        (count(6), 9, [3, 3, 3]),
        (count(9), 10, [1] * 10),
        (count(3), 10, [7, 3]),
        (count(0), 10, [10]),
    ],
)
def test_a_batch_is_all_less_the_minimum(config: Config, hosts: int, batches: list[int]) -> None:
    seen, run = rollout(config, hosts)
    assert (seen, run.status) == (batches, "Succeeded")


@pytest.mark.parametrize(("config", "hosts"), [(percent(95), 10), (count(10), 10), (count(12), 10), (percent(50), 1)])
def test_a_minimum_of_all_hosts_fails_at_once(config: Config, hosts: int) -> None:
    seen, run = rollout(config, hosts)
    assert (seen, run.status, run.count("Skipped")) == ([], "Failed", hosts)
    assert run.error
    assert run.error[0] == "HEALTH_CONSTRAINTS_INVALID"


@pytest.mark.parametrize(
    ("config", "hosts", "failing", "status", "tried"),
    [
        (count(9), 10, {1}, "Failed", 1),
        (count(9), 10, {10}, "Succeeded", 10),
        (count(8), 10, {3}, "Succeeded", 10),
        (count(8), 10, {3, 4}, "Failed", 4),
        (count(8), 10, {3, 10}, "Succeeded", 10),
        (HALF, 9, {1, 2, 3}, "Succeeded", 9),
        (HALF, 9, {1, 2, 3, 4}, "Failed", 4),
        (HALF, 9, {1, 2, 3, 9}, "Succeeded", 9),
        (ONE, 1, {1}, "Failed", 1),
        (ALL, 3, {1, 2}, "Succeeded", 3),
        (ALL, 3, {1, 2, 3}, "Failed", 3),
        (count(0), 3, {1, 2, 3}, "Failed", 3),
    ],
)
def test_failures_end_a_deployment_where_they_use_up_what_may_be_missing(
    config: Config, hosts: int, failing: set[int], status: str, tried: int
) -> None:
    _, run = rollout(config, hosts, lambda place: place in failing)
    assert (run.status, run.count("Succeeded", "Failed")) == (status, tried)


def test_a_stopped_host_counts_as_one_that_failed() -> None:
    _, run = rollout(count(8), 10, stopped=frozenset({5}))
    assert (run.status, run.count("Failed"), run.count("Succeeded")) == ("Succeeded", 1, 9)
    seen, run = rollout(count(8), 10, stopped=frozenset({5, 6}))
    assert (seen, run.status, run.count("Skipped")) == ([], "Failed", 8)


def test_a_zone_is_taken_after_the_other_in_the_lesser_of_both_allowances() -> None:
    seen, run = rollout(count(160, Zonal("HOST_COUNT", 50)), 200, zones=2)
    assert (seen, run.status) == ([40, 40, 20, 40, 40, 20], "Succeeded")
    seen, run = rollout(count(100, Zonal("HOST_COUNT", 90)), 200, zones=2)
    assert (max(seen), run.status) == (10, "Succeeded")


def test_the_minimum_of_a_zone_is_nothing_unless_it_is_named() -> None:
    seen, run = rollout(count(1, Zonal()), 9, zones=3)
    assert (seen, run.status) == ([3, 3, 3], "Succeeded")


def test_zones_are_monitored_before_the_next_and_the_first_for_its_own_time() -> None:
    seen, run = rollout(count(1, Zonal(first_wait=10, wait=4)), 6, zones=3)
    assert (seen, run.status) == ([2, *[0] * 10, 2, *[0] * 4, 2], "Succeeded")


def test_a_zone_below_its_minimum_fails_the_deployment_everywhere() -> None:
    _, run = rollout(count(1, Zonal("FLEET_PERCENT", 50)), 12, lambda place: place <= 2, zones=3)
    assert (run.status, run.count("Failed"), run.count("Skipped")) == ("Failed", 2, 10)
    seen, run = rollout(count(1, Zonal("FLEET_PERCENT", 50)), 12, zones=3, stopped=frozenset({5, 6, 7}))
    assert (seen, run.status, run.count("Skipped")) == ([], "Failed", 9)


def test_a_deployment_that_lasts_over_twelve_hours_has_timed_out() -> None:
    strict.delays.deployment_event = 3_500.0
    world = World(lambda: list("abcdefghijklmn"), lambda _host: True, lambda: True, lambda _target, _event: None)
    run = Run(ONE, ("Install",), created=0.0)
    move(run, 43_199.0, world)
    assert run.status == "InProgress"
    move(run, 90_000.0, world)
    assert (run.status, run.error and run.error[0]) == ("Failed", "TIMEOUT")
    assert not run.count("InProgress")
