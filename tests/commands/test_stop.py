"""Stopping a deployment, whoever started it, and what the run that follows it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, at, begin, config, deployments, end, members, writes

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
STOP = ("stop", "prod", "webapp")


def test_nothing_active_is_nothing_to_do(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo(*STOP)
    assert (done.exit, done.stdout) == (0, "no deployment is active\n")
    assert writes(world) == []


def test_an_active_deployment_is_stopped_and_waited_for_whoever_started_it(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    one = begin(world)
    world.clock.step(4)
    done = udo(*STOP)
    assert done.exit == 0, done.stderr
    assert deployments(world)[0]["status"] == "Stopped"
    assert f"deployment {one} of example/shop {SHA} is stopped: " in done.stdout
    assert writes(world) == ["CreateOrUpdateTags", "StopDeployment"]
    assert udo(*STOP).stdout == "no deployment is active\n"


def test_a_dry_run_stops_nothing(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    one = begin(world)
    done = udo(*STOP, "-n")
    assert done.exit == 0, done.stderr
    assert f"stop deployment {one}" in done.stdout
    assert writes(world) == []


def test_the_run_that_follows_it_ends_with_1_and_says_by_whom(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    at(world, "GetDeployment", lambda: _stopped(udo), nth=3)
    done = udo("deploy", "prod", "webapp", SHA)
    assert done.exit == 1
    assert "stopped by arn:aws:" in done.stderr, done.stderr
    assert "somebody" not in done.stderr


def _stopped(udo: Udo) -> None:
    assert udo(*STOP).exit == 0


def test_one_that_also_goes_to_other_groups_asks(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    names = {"applicationName": "shop", "currentDeploymentGroupName": "prod-webapp"}
    world.client("codedeploy").update_deployment_group(**names, autoScalingGroups=["prod-webapp", "prod-web"])
    begin(world)
    done = udo(*STOP)
    assert done.exit == 7
    assert "it also deploys to prod-web. Stop it?" in done.stderr
    assert "StopDeployment" not in writes(world)
    assert udo(*STOP, "--yes").exit == 0


def test_with_rollback_codedeploy_deploys_the_last_good_revision_and_that_is_waited_for(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    assert udo("deploy", "prod", "webapp", SHA).exit == 0
    begin(world, OTHER)
    world.clock.step(4)
    done = udo(*STOP, "--rollback")
    assert done.exit == 0, done.stderr
    newest, stopped, _ = deployments(world)
    assert (newest["status"], newest["creator"]) == ("Succeeded", "codeDeployRollback")
    assert newest["revision"]["gitHubLocation"]["commitId"] == SHA
    assert f"rolled back with {newest['deploymentId']}" in done.stdout
    assert stopped["status"] == "Stopped"


@pytest.mark.parametrize("call", ["CreateOrUpdateTags", "StopDeployment"])
def test_one_that_ended_meanwhile_is_no_conflict_of_anybodys(world: Any, udo: Udo, seeded: Seeded, call: str) -> None:
    seeded(config())
    begin(world)
    at(world, call, lambda: end(world))
    done = udo(*STOP)
    assert done.exit == 0, done.stderr
    assert "had ended before it could be stopped: Succeeded" in done.stdout


def test_a_lost_answer_is_settled_by_looking(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world)
    world.faults.add(Fault("drop", "codedeploy:StopDeployment", after=True))
    done = udo(*STOP)
    assert done.exit == 0, done.stderr
    assert deployments(world)[0]["status"] == "Stopped"


def test_newcomers_deployments_are_left_alone(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert udo("deploy", "prod", "webapp", SHA).exit == 0
    world.client("autoscaling").set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=4)
    world.clock.step(1)
    before = len(members(world))
    done = udo(*STOP)
    assert done.exit == 0, done.stderr
    assert "no deployment is active" in done.stdout
    assert len(members(world)) == before
