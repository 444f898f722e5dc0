"""deploy refused, raced and interrupted, beside what the sweep does to it: never a second deployment."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from math import ceil
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, asked, at, begin, config, deployments, end, revision, writes

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp", SHA)


def test_an_answer_to_the_deployment_that_is_garbage_is_survived(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER)
    end(world)
    world.faults.add(Fault("garbage", "CreateDeployment", after=True))
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert [made["revision"] for made in deployments(world)] == [revision(), revision(OTHER)]
    assert deployments(world)[0]["deploymentId"] in done.stdout


def test_a_deployment_somebody_else_made_meanwhile_is_not_taken_for_ours(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    at(world, "CreateDeployment", lambda: begin(world, OTHER))
    world.faults.add(Fault("drop", "CreateDeployment"))
    done = udo(*DEPLOY)
    assert done.exit == 1
    assert "does not show it done" in done.stderr
    assert [made["revision"] for made in deployments(world)] == [revision(OTHER)]


def test_a_race_for_the_same_revision_is_joined(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    at(world, "CreateDeployment", lambda: begin(world))
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    [made] = deployments(world)
    assert f"deployment {made['deploymentId']} of this revision is active" in done.stderr


def test_a_race_lost_to_another_revision_is_a_conflict(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    at(world, "CreateDeployment", lambda: begin(world, OTHER))
    done = udo(*DEPLOY)
    assert done.exit == 4
    assert deployments(world)[0]["deploymentId"] in done.stderr
    assert [made["revision"] for made in deployments(world)] == [revision(OTHER)]


def test_a_deployment_group_that_changed_hands_meanwhile_is_a_conflict(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())

    def move() -> None:
        world.client("codedeploy").update_deployment_group(
            applicationName="shop", currentDeploymentGroupName="prod-webapp", autoScalingGroups=["prod-web"]
        )

    at(world, "GetCallerIdentity", move)
    done = udo(*DEPLOY)
    assert done.exit == 4
    assert "CreateDeployment" not in asked(world)


def test_the_deadline_leaves_it_to_aws_and_says_how_to_look_again(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    done = udo(*DEPLOY, "--timeout", "6s")
    assert done.exit == 124
    [made] = deployments(world)
    assert (
        f"deployment {made['deploymentId']} continues in AWS; look again with: udo deploy prod webapp {SHA}"
        in done.stderr
    )
    assert done.stderr.count("continues in AWS") == 1
    assert made["status"] not in ("Succeeded", "Failed", "Stopped")
    assert udo(*DEPLOY).exit == 0
    assert len(deployments(world)) == 1


def test_the_deadline_in_json_names_the_deployment(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    told = udo(*DEPLOY, "--timeout", "6s", "-o", "json").json
    assert (told["exit"], told["error"]["code"]) == (124, "deadline")
    assert told["data"]["deployment_id"] == deployments(world)[0]["deploymentId"]
    assert told["data"]["revision"] == revision()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
@pytest.mark.parametrize(("operation", "nth"), [("CreateDeployment", 1), ("GetDeployment", 2)])
def test_a_signal_detaches_and_says_how_to_look_again(
    world: Any, udo: Udo, seeded: Seeded, number: int, code: int, operation: str, nth: int
) -> None:
    seeded(config())
    at(world, operation, lambda: os.kill(os.getpid(), number), nth)
    done = udo(*DEPLOY)
    assert done.exit == code
    [made] = deployments(world)
    assert made["status"] not in ("Succeeded", "Failed", "Stopped")
    assert made["deploymentId"] in done.stderr
    assert udo(*DEPLOY).exit == 0
    assert len(deployments(world)) == 1


def test_targets_that_cannot_be_read_cause_one_warning(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    for operation in ("ListDeploymentTargets", "BatchGetDeploymentTargets"):
        world.faults.add(Fault("deny", operation, times=None))
    done = udo(*DEPLOY)
    assert done.exit == 0
    assert done.stderr.count("warning: ") == 1
    assert "warning: the state of each instance is unknown" in done.stderr
    assert asked(world).count("ListDeploymentTargets") == 2, "what is denied is asked for once more at the end"


def test_earlier_deployments_that_cannot_be_read_cause_one_warning(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    world.faults.add(Fault("deny", "ListDeployments", times=None))
    done = udo(*DEPLOY)
    assert done.exit == 0
    assert done.stderr.count("warning: ") == 1


def test_a_deployment_that_may_be_made_but_not_read_is_named(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    world.faults.add(Fault("deny", "GetDeployment", times=None))
    done = udo(*DEPLOY)
    assert done.exit == 6
    assert f"deployment {deployments(world)[0]['deploymentId']} was started and continues in AWS" in done.stderr


def test_a_permission_that_is_missing_is_named(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    world.faults.add(Fault("deny", "CreateDeployment", times=None))
    done = udo(*DEPLOY)
    assert done.exit == 6
    assert "codedeploy:CreateDeployment" in done.stderr
    assert writes(world) == ["CreateDeployment"]


@pytest.mark.whole
def test_a_poll_costs_at_most_a_request_and_one_for_every_25_unfinished_and_the_list_is_read_once(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", MaxSize=60, DesiredCapacity=60
    )
    done = udo(*DEPLOY, "-o", "json")
    assert done.exit == 0, done.stderr
    assert [row["status"] for row in done.json["data"]["targets"]] == ["Succeeded"] * 60
    seen = asked(world)
    polls = " ".join(seen[seen.index("CreateDeployment") :]).split(" GetDeployment")[1:-2]
    assert len(polls) > 10
    assert sum(poll.count("ListDeploymentTargets") for poll in polls) == 1
    assert all(poll.count("BatchGetDeploymentTargets") <= ceil(60 / 25) for poll in polls)
    assert sum(poll.count("BatchGetDeploymentTargets") == 1 for poll in polls) > len(polls) / 2


def test_with_wait_lock_it_waits_until_the_group_is_unlocked(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert udo("lock", "prod", "webapp").exit == 0
    assert udo(*DEPLOY).exit == 4
    release = lambda _asked: world.client("ssm").delete_parameter(Name="/udo/lock/prod-webapp")  # noqa: E731
    world.faults.add(Fault("hook", "PutParameter", nth=2, hook=release))
    told = udo(*DEPLOY, "--wait-lock")
    assert told.exit == 0, told.stderr
    assert len(deployments(world)) == 1


def moment(world: Any, kind: Any, operation: str, times: int) -> list[float]:
    """When a fault begins that strikes so many requests, from the first look at the deployment on, and when it ends."""
    found: list[float] = []

    def begin() -> None:
        found.append(world.clock.now())
        world.faults.add(Fault(kind, operation, times=times))
        at(world, operation, lambda: found.append(world.clock.now()), times + 1)

    at(world, "GetDeployment", begin)
    return found


@pytest.mark.parametrize("kind", ["refuse", "drop", "timeout"])
def test_a_network_that_is_away_for_a_minute_is_waited_out_and_told_once(
    world: Any, udo: Udo, seeded: Seeded, kind: str
) -> None:
    seeded(config())
    away = moment(world, kind, "*", 40)
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert away[1] - away[0] > 60
    assert [made["status"] for made in deployments(world)] == ["Succeeded"]
    assert asked(world).count("CreateDeployment") == 1
    assert done.stderr.count("warning: ") == 1
    assert done.stderr.count("  Succeeded\n") == 3, "once it is back each instance is told"


@pytest.mark.parametrize("operation", ["GetDeployment", "ListDeploymentTargets", "BatchGetDeploymentTargets"])
def test_throttling_throughout_a_deployment_is_waited_out(world: Any, udo: Udo, seeded: Seeded, operation: str) -> None:
    seeded(config())
    at(world, "GetDeployment", lambda: world.faults.add(Fault("throttle", operation, times=60)))
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert asked(world).count("CreateDeployment") == 1
    assert 1 <= done.stderr.count("warning: ") <= 2
    assert "succeeded on 3 instances" in done.stdout
