"""What is said of a deployment while it is watched: each instance as it moves, and no more requests than needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from deploy_worlds import SHA, config, deployments, writes

from udo.change.events import Notice
from udo.change.plan import Read, Wait
from udo.deploy.watch import Deployment
from udo.errors import AwsError, LostAnswer, NotSent, PermissionDenied
from udo.model.deployments import DeploymentTarget, LifecycleEvent
from udo.sandbox.faults import Fault
from udo.sandbox.strict import delays

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
WAIT = Wait("wait", Read("codedeploy", "GetDeployment", {"deploymentId": "d-1"}, "x"), ("Succeeded",))


class Targets:
    """The instances of a deployment, `states` by id, and which of them were asked for in each request."""

    def __init__(self, count: int) -> None:
        self.states = {f"i-{number:02}": "Pending" for number in range(count)}
        self.asked: list[list[str]] = []
        self.failure: AwsError | PermissionDenied | None = None

    def target_ids(self, _deployment_id: str, /) -> tuple[str, ...]:
        return tuple(self.states)

    def targets(self, _deployment_id: str, ids: Iterable[str], /) -> Iterator[DeploymentTarget]:
        self.asked.append(list(ids))
        if self.failure:
            raise self.failure
        for one in self.asked[-1]:
            yield DeploymentTarget(one, self.states[one], (LifecycleEvent("Install", self.states[one]),))


def watching(targets: Targets) -> Deployment:
    aws: Any = SimpleNamespace(codedeploy=targets, read=lambda _read: "InProgress")
    return Deployment(aws, WAIT)


def lines(watched: Deployment) -> list[str]:
    """What one poll has to say, but for the progress."""
    return [event.says.strip() for event in watched.poll().events if isinstance(event, Notice)]


def test_a_large_deployment_is_gone_round_until_whoever_is_at_work_is_found() -> None:
    targets = Targets(60)
    watched = watching(targets)
    for _ in range(3):
        lines(watched)
    assert {one for asked in targets.asked for one in asked} == set(targets.states)
    assert max(map(len, targets.asked)) == 25
    targets.states["i-59"] = "InProgress"
    found = [line for _ in range(3) for line in lines(watched)]
    assert found == ["i-59  Install  InProgress"]
    lines(watched)
    assert targets.asked[-1][0] == "i-59", "whoever is at work is asked for first, at every poll"


def test_an_instance_that_waits_for_its_turn_has_no_line() -> None:
    targets = Targets(3)
    watched = watching(targets)
    assert lines(watched) == ["deployment d-1"]
    targets.states["i-01"] = "InProgress"
    assert lines(watched) == ["i-01  Install  InProgress"]
    assert lines(watched) == []


@pytest.mark.parametrize("hiccup", [NotSent("throttled"), LostAnswer("the connection was cut")], ids=repr)
def test_after_a_hiccup_of_the_network_it_is_told_again_how_instances_stand(hiccup: AwsError) -> None:
    targets = Targets(2)
    watched = watching(targets)
    targets.failure = hiccup
    assert [line for _ in range(3) for line in lines(watched)] == [
        "deployment d-1",
        f"the state of each instance is unknown: {hiccup.message}",
    ]
    targets.failure = None
    targets.states["i-01"] = "Succeeded"
    assert lines(watched) == ["i-01  Succeeded"]


@pytest.mark.parametrize("refusal", [PermissionDenied("denied"), AwsError("no such operation")], ids=repr)
def test_what_is_refused_is_not_asked_again(refusal: AwsError | PermissionDenied) -> None:
    targets = Targets(2)
    watched = watching(targets)
    targets.failure = refusal
    for _ in range(3):
        lines(watched)
    assert len(targets.asked) == 1


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("", None),
        (", on_failure: stop", {"enabled": False}),
        (", on_failure: rollback", {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}),
    ],
)
def test_what_happens_after_a_failure_is_sent_where_udo_yml_says_it(
    world: Any, udo: Udo, seeded: Seeded, key: str, sent: Any
) -> None:
    seeded(config(f"deploy: {{config: CodeDeployDefault.AllAtOnce{key}}}"))
    plan = udo("deploy", "prod", "webapp", SHA, "-n", "-o", "json").json["data"]["plan"]
    assert plan["steps"][0]["params"].get("autoRollbackConfiguration") == sent
    assert udo("deploy", "prod", "webapp", SHA).exit == 0
    assert deployments(world)[0].get("autoRollbackConfiguration") == sent


def test_a_group_that_is_being_deleted_is_left_alone(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    delays.terminate = 30.0
    world.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="prod-webapp", ForceDelete=True)
    world.log.clear()
    done = udo("deploy", "prod", "webapp", SHA)
    assert (done.exit, writes(world)) == (4, [])
    assert "group prod-webapp is being deleted (Delete in progress)" in done.stderr
    assert deployments(world) == []


def test_a_targets_answer_that_is_cut_once_costs_a_warning_and_no_instance(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    world.faults.add(Fault("drop", "BatchGetDeploymentTargets", times=8))
    done = udo("deploy", "prod", "webapp", SHA)
    assert done.exit == 0
    assert done.stderr.count("  Succeeded\n") == 3
