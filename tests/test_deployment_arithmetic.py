"""What the forecast says of a deployment configuration, held against deployments of the sandbox that go that way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole import examples

from udo.deploy.arithmetic import AWS_OWN, ONE_AT_A_TIME, arithmetic
from udo.model.deployments import DeploymentConfig, Minimum, Zonal
from udo.sandbox import strict
from udo.sandbox.strict.codedeploy import configs
from udo.sandbox.strict.codedeploy.faults import DeploymentFault
from udo.sandbox.strict.codedeploy.lifecycle import Target
from udo.sandbox.strict.codedeploy.run import Run, World, move

minimums = st.one_of(
    st.builds(Minimum, st.just("HOST_COUNT"), st.integers(0, 12)),
    st.builds(Minimum, st.just("FLEET_PERCENT"), st.integers(0, 99)),
)
own = st.sampled_from(list(AWS_OWN.values()))
made = st.builds(DeploymentConfig, st.just("Own"), minimums)
zonal = st.builds(DeploymentConfig, st.just("Own"), minimums, st.builds(Zonal, minimums))
counts = st.integers(1, 12)


@pytest.fixture(autouse=True, scope="module")
def _delays() -> Iterator[None]:
    before = dict(strict.delays.__dict__)
    strict.delays.deployment_start, strict.delays.deployment_event = 0.0, 1.0
    yield
    strict.delays.__dict__.update(before)


def sandbox(
    config: DeploymentConfig, zones: list[str], fails: Callable[[int], bool], stopped: frozenset[int] = frozenset()
) -> tuple[str, int]:
    """How the sandbox ends such a deployment, and how many instances it is at, at most."""

    def fault(target: Target, event: str) -> DeploymentFault | None:
        return DeploymentFault(event=event) if fails(target.place) else None

    its_zonal = config.zonal and configs.Zonal(config.zonal.minimum.kind, config.zonal.minimum.value)
    known = configs.Config(config.name, config.minimum.kind, config.minimum.value, "", 0.0, its_zonal)
    world = World(
        members=lambda: [str(place) for place in range(1, len(zones) + 1)],
        alive=lambda host: int(host) not in stopped,
        revision_there=lambda: True,
        fault=fault,
        zone=lambda host: zones[int(host) - 1],
    )
    run = Run(known, ("Install",), created=0.0)
    busiest = 0
    for second in range(1000):
        move(run, float(second), world)
        busiest = max(busiest, run.count("InProgress"))
        if run.ended:
            return run.status, busiest
    raise AssertionError("it does not end")


def failures(says: str, running: int) -> tuple[int, bool]:
    """How many failures fail it, as a line says, and whether they do so at the very end too."""
    if "cannot succeed" in says:
        return 0, True
    if "only if all fail" in says:
        return running, True
    if "any failure but the last instance's fails it" in says:
        return 1, False
    if "any failure fails it" in says:
        return 1, True
    found = re.search(r"(\d+) failures fail it while others wait", says)
    assert found, says
    return int(found[1]), False


def at_once(says: str, running: int) -> int:
    """How many are deployed to at a time, as a line says."""
    found = re.search(r"(\d+) at a time", says)
    return int(found[1]) if found else 1 if "one at a time" in says or says.startswith("OneAtATime") else running


@settings(max_examples=examples(400), deadline=None)
@given(st.one_of(own, made), counts, st.data())
def test_a_line_says_how_a_deployment_ends_in_the_sandbox(
    config: DeploymentConfig, count: int, data: st.DataObject
) -> None:
    stopped = frozenset(data.draw(st.sets(st.integers(1, count), max_size=2)))
    up = [place for place in range(1, count + 1) if place not in stopped]
    says = arithmetic(config, {"a": count}, {"a": len(stopped)}).says
    needed, even_last = failures(says, len(up))
    number = data.draw(st.integers(0, len(up)))
    first, last = frozenset(up[:number]), frozenset(up[len(up) - number :])
    status, busiest = sandbox(config, ["a"] * count, first.__contains__, stopped)
    assert (status == "Failed") == (number >= needed), (says, number)
    if not number:
        assert needed == 0 or busiest == at_once(says, len(up)), says
    if number <= needed and not even_last:
        assert sandbox(config, ["a"] * count, last.__contains__, stopped)[0] == "Succeeded", (says, number)


@settings(max_examples=examples(300), deadline=None)
@given(zonal, st.lists(st.integers(1, 5), min_size=1, max_size=4), st.data())
def test_a_line_says_how_a_deployment_from_zone_to_zone_ends(
    config: DeploymentConfig, sizes: list[int], data: st.DataObject
) -> None:
    names = ["abcd"[number] for number, size in enumerate(sizes) for _ in range(size)]
    found = arithmetic(config, dict(zip("abcd", sizes, strict=False)))
    status, busiest = sandbox(config, names, lambda _place: False)
    assert (status == "Failed") == ("cannot succeed" in found.says), found.says
    if status == "Failed":
        return
    assert busiest == at_once(found.says, len(names)), found.says
    # The first of one zone fail.
    zone = data.draw(st.sampled_from("abcd"[: len(sizes)]))
    number = data.draw(st.integers(1, sizes["abcd".index(zone)]))
    start = names.index(zone) + 1
    status, _ = sandbox(config, names, lambda place: start <= place < start + number)
    needed, even_last = failures(found.says, len(names))
    theirs = found.zones[zone]
    whole_zone, last_zone = number == theirs.count, names[-1] == zone
    ends_fleet = number >= needed and not (whole_zone and last_zone and not even_last and number == needed)
    ends_zone = number >= theirs.spare and not (whole_zone and number == theirs.spare)
    assert (status == "Failed") == (ends_fleet or ends_zone), (found, number, zone)


@pytest.mark.parametrize(
    ("name", "count", "says"),
    [
        ("OneAtATime", 1, "OneAtATime on 1 instance: any failure fails it"),
        ("OneAtATime", 3, "OneAtATime on 3 instances: any failure but the last instance's fails it"),
        (
            "HalfAtATime",
            5,
            "HalfAtATime on 5 instances: 2 at a time; 2 failures fail it while others wait",
        ),
        ("HalfAtATime", 1, "HalfAtATime on 1 instance: any failure fails it"),
        ("AllAtOnce", 5, "AllAtOnce on 5 instances: all at once; it fails only if all fail"),
    ],
)
def test_aws_own_configurations_in_words(name: str, count: int, says: str) -> None:
    assert arithmetic(AWS_OWN[f"CodeDeployDefault.{name}"], {"a": count}).says == says


def test_a_minimum_that_cannot_be_kept_is_named_with_what_lacks() -> None:
    much = DeploymentConfig("Most", Minimum("FLEET_PERCENT", 95))
    assert arithmetic(much, {"a": 10}).says == "Most on 10 instances cannot succeed: 10 of 10 must stay healthy"
    half = DeploymentConfig("Half", Minimum("HOST_COUNT", 2))
    says = arithmetic(half, {"a": 4}, {"a": 2}).says
    assert says == "Half on 4 instances cannot succeed: 2 of 4 must stay healthy, 2 are stopped"


def test_zones_are_named_with_their_sizes_minimum_and_waits() -> None:
    config = DeploymentConfig("Zones", Minimum("HOST_COUNT", 2), Zonal(Minimum("FLEET_PERCENT", 50), 600, 90))
    found = arithmetic(config, {"us-west-2b": 2, "us-west-2a": 3})
    assert found.says == ("Zones on 5 instances: 1 at a time; 3 failures fail it while others wait")
    assert found.zones_say == (
        "zone by zone: us-west-2a (3), us-west-2b (2); 50 % of each must stay healthy; "
        "10m after the first, 90s after each other"
    )
    assert arithmetic(AWS_OWN[ONE_AT_A_TIME], {"a": 2}).zones_say == ""
