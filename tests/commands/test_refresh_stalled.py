"""A refresh that does not move: after two minutes, and at its end, it is said why."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import at
from launch_worlds import template_world
from refresh_worlds import REFRESH, group, outdated, refreshes

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]


@pytest.fixture
def shop(world: Any, udo: Udo) -> Any:
    """Two members on version 1 of a template, of which the group launches version 2."""
    outdated(world, udo, template_world)
    return world


def asg(world: Any, operation: str, **params: Any) -> None:
    """Does something to the group."""
    getattr(world.client("autoscaling"), operation)(AutoScalingGroupName="prod-webapp", **params)


def explained(done: Any) -> list[str]:
    """What is said of why it does not move, each line once."""
    lines = done.stderr.splitlines()
    begun = [number for number, line in enumerate(lines) if line.startswith("warning: no progress for 2m")]
    assert begun, done.stderr
    return [line.strip() for line in lines[begun[0] + 1 : begun[0] + 4]]


@pytest.mark.whole
def test_a_suspended_process_is_named_and_said_again_by_no_poll(shop: Any, udo: Udo) -> None:
    asg(shop, "suspend_processes", ScalingProcesses=["Launch"])
    done = udo(*REFRESH, "--yes", "--timeout", "20m")
    assert done.exit == 124
    assert "warning: Launch is suspended: it makes no progress, and fails after an hour" in done.stderr
    assert "Launch is suspended: nobody is replaced until 'udo resume'" in explained(done)
    assert done.stderr.count("no progress for") == 1


def test_before_two_minutes_nothing_is_said(shop: Any, udo: Udo) -> None:
    asg(shop, "suspend_processes", ScalingProcesses=["Launch"])
    assert "no progress for" not in udo(*REFRESH, "--yes", "--timeout", "110s").stderr


@pytest.mark.whole
def test_a_protected_member_that_is_waited_for_is_named_and_fails_it_after_an_hour(shop: Any, udo: Udo) -> None:
    one, _ = (member["InstanceId"] for member in group(shop)["Instances"])
    asg(shop, "set_instance_protection", InstanceIds=[one], ProtectedFromScaleIn=True)
    done = udo(*REFRESH, "--yes", "--protected", "wait")
    assert done.exit == 1
    assert f"{one} protected from scale-in: it waits until it is not" in explained(done)
    failed = f"instance refresh {refreshes(shop)[0]['InstanceRefreshId']} of prod webapp failed at 50 %"
    assert failed in done.stderr
    assert "-> use --protected refresh or ignore, or take the protection off" in done.stdout
    assert (
        "udo refresh prod webapp continues with those that differ; back goes: udo rollback prod webapp" in done.stderr
    )
    told = udo("why", "prod", "webapp").stdout
    assert "failed at 50 %; what it has replaced stays" in told
    assert "-> use --protected refresh or ignore, or take the protection off" in told


@pytest.mark.whole
def test_a_member_in_standby_that_is_waited_for_is_named(shop: Any, udo: Udo) -> None:
    one, _ = (member["InstanceId"] for member in group(shop)["Instances"])
    asg(shop, "enter_standby", InstanceIds=[one], ShouldDecrementDesiredCapacity=True)
    shop.clock.step(60)
    done = udo(*REFRESH, "--yes", "--standby", "wait", "--timeout", "30m")
    assert f"{one} in Standby: it waits until it is back" in explained(done)


@pytest.mark.whole
def test_a_hook_that_holds_newcomers_is_named_with_how_long_it_may(shop: Any, udo: Udo) -> None:
    asg(
        shop,
        "put_lifecycle_hook",
        LifecycleHookName="warm",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        HeartbeatTimeout=3000,
        DefaultResult="CONTINUE",
    )
    done = udo(*REFRESH, "--yes", "--timeout", "20m")
    assert "hook warm may hold each newcomer for 50m" in done.stderr
    found = [line for line in explained(done) if "in Pending:Wait, held by hook warm (50m, then CONTINUE)" in line]
    assert found, done.stderr


@pytest.mark.whole
def test_what_cannot_be_read_is_one_of_the_lines_and_ends_nothing(shop: Any, udo: Udo) -> None:
    asg(shop, "suspend_processes", ScalingProcesses=["Launch"])
    shop.faults.add(Fault("deny", "autoscaling:DescribeScalingActivities", times=None))
    done = udo(*REFRESH, "--yes", "--timeout", "10m")
    assert done.exit == 124
    assert any(line.startswith("scaling activities unknown:") for line in explained(done))


@pytest.mark.whole
def test_launches_that_fail_are_folded_with_a_remedy(shop: Any, udo: Udo) -> None:
    for version in shop.client("ec2").describe_images()["Images"]:
        shop.client("ec2").deregister_image(ImageId=version["ImageId"])
    done = udo(*REFRESH, "--yes", "--timeout", "20m")
    lines = explained(done)
    assert any("launch" in line and "failed" in line for line in lines), done.stderr
    assert any("choose another image: udo updatelc --ami" in line for line in lines), done.stderr
    early = done.stderr.partition("no progress for")[0]
    assert re.search(r"\n      Launching a new EC2 instance.* Launching EC2 instance failed\. \(Failed\)\n", early), (
        early
    )


@pytest.mark.whole
def test_newcomers_that_warm_up_are_no_stall_and_what_holds_longer_is(shop: Any, udo: Udo) -> None:
    done = udo(*REFRESH, "--yes", "--warmup", "10m")
    assert (done.exit, "no progress for" in done.stderr) == (0, False), done.stderr


@pytest.mark.whole
def test_what_holds_it_up_after_the_warmup_is_told(shop: Any, udo: Udo) -> None:
    at(shop, "DescribeInstanceRefreshes", lambda: asg(shop, "suspend_processes", ScalingProcesses=["Terminate"]), nth=8)
    done = udo(*REFRESH, "--yes", "--warmup", "3m", "--timeout", "30m")
    assert done.exit == 124
    assert "warning: no progress for" in done.stderr
    assert "Terminate is suspended: nobody is replaced until 'udo resume'" in done.stderr
