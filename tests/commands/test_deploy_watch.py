"""What is said of a deployment while it is watched: each instance as it moves, and no more requests than needed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from math import ceil
from types import SimpleNamespace
from typing import Any

import pytest
from deploy_worlds import SHA, config, deployments, writes

from udo.change.events import Notice, Progress
from udo.change.plan import Read, Wait
from udo.deploy.watch import Deployment
from udo.errors import AwsError, LostAnswer, NotSent, PermissionDenied
from udo.model.deployments import Deployment as DeploymentOfModel
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
        self.listed = 0
        self.overview: dict[str, int] | None = None
        self.failure: AwsError | PermissionDenied | None = None

    def deployment(self, deployment_id: str, /) -> Any:
        overview = self.overview if self.overview is not None else Counter(self.states.values())
        return DeploymentOfModel(deployment_id, "InProgress", "shop", "prod-webapp", {}, overview=overview)

    def target_ids(self, _deployment_id: str, /) -> tuple[str, ...]:
        self.listed += 1
        return tuple(self.states)

    def targets(self, _deployment_id: str, ids: Iterable[str], /) -> Iterator[DeploymentTarget]:
        self.asked.append(list(ids))
        if self.failure:
            raise self.failure
        for one in self.asked[-1]:
            yield DeploymentTarget(one, self.states[one], (LifecycleEvent("Install", self.states[one]),))


def watching(targets: Targets) -> Deployment:
    aws: Any = SimpleNamespace(codedeploy=targets)
    return Deployment(aws, WAIT)


def lines(watched: Deployment) -> list[str]:
    """What one poll has to say, but for the progress."""
    return [event.says.strip() for event in watched.poll().events if isinstance(event, Notice)]


def requests(targets: Targets, watched: Deployment) -> int:
    """How many requests one poll costs, with the one that tells the status."""
    targets.asked.clear()
    listed = targets.listed
    watched.poll()
    assert max(map(len, targets.asked), default=0) <= 25
    return 1 + len(targets.asked) + targets.listed - listed


def test_of_a_large_deployment_whoever_has_begun_is_found_in_the_same_poll() -> None:
    targets = Targets(60)
    watched = watching(targets)
    assert lines(watched) == ["deployment d-1"]
    targets.states["i-59"] = "InProgress"
    assert lines(watched) == ["i-59  Install  InProgress"]
    targets.states |= {"i-59": "Succeeded", "i-02": "InProgress"}
    assert sorted(lines(watched)) == ["i-02  Install  InProgress", "i-59  Succeeded"]
    assert targets.asked[-1][0] == "i-59", "whoever is at work is asked for first"


@pytest.mark.whole
def test_a_poll_costs_at_most_a_request_and_one_for_every_25_unfinished() -> None:
    targets = Targets(500)
    watched = watching(targets)
    ids = list(targets.states)
    random.Random(7).shuffle(ids)
    assert requests(targets, watched) == 1 + 500 // 25 + 1, "the list of targets comes once"
    for number in range(0, 500, 10):
        unfinished = 500 - number
        begun = ids[number : number + 10]
        targets.states |= dict.fromkeys(begun, "InProgress")
        assert requests(targets, watched) <= 1 + ceil(unfinished / 25)
        assert requests(targets, watched) == 2, "nobody else has begun: only who is at work is asked for"
        targets.states |= dict.fromkeys(begun, "Succeeded")
        assert requests(targets, watched) == 2
    assert requests(targets, watched) == 1
    assert targets.listed == 1


def test_targets_are_listed_again_only_where_their_number_has_changed() -> None:
    targets = Targets(2)
    watched = watching(targets)
    lines(watched)
    targets.states["i-new"] = "InProgress"
    assert lines(watched) == ["i-new  Install  InProgress"]
    lines(watched)
    assert targets.listed == 2
    # A count that never agrees with the list is no reason to list at every poll.
    targets.overview = {"Pending": 5}
    for _ in range(3):
        lines(watched)
    assert targets.listed == 3


def test_without_a_count_of_codedeploys_everybody_unfinished_is_asked_for() -> None:
    targets = Targets(60)
    targets.overview = {}
    watched = watching(targets)
    lines(watched)
    targets.states |= {"i-59": "InProgress", "i-00": "Succeeded"}
    assert sorted(lines(watched)) == ["i-00  Succeeded", "i-59  Install  InProgress"]
    targets.asked.clear()
    assert [event.says for event in watched.poll().events if isinstance(event, Progress)] == [
        "InProgress  1 done, 1 in progress, 58 not begun of 60"
    ]
    assert sorted(one for asked in targets.asked for one in asked) == sorted(set(targets.states) - {"i-00"})


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
