"""What deploy plans from what it observed, without any AWS."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, config, revision

from udo.aws import Aws
from udo.change.codec import plan_from_json, plan_to_json
from udo.change.plan import Call, LocalCommand, Plan, Ref, Wait
from udo.change.runner import resolve
from udo.config import Role, load
from udo.deploy.observe import Observed
from udo.deploy.plan import Wanted, plan_deploy, plan_hooks
from udo.errors import Conflict, Refused
from udo.model.deployments import Deployment, DeploymentGroup
from udo.model.groups import AutoScalingGroup, Member

RUN = "20261120T131501Z-0a1b2c"


def role(more: str = "") -> Role:
    path = Path("udo.yml")
    path.write_text(config(more))
    return load(path, os.environ).role("prod", "webapp")


def deployment(status: str, commit: str = SHA, creator: str = "user", **more: Any) -> Deployment:
    times = {"created_at": "2026-01-05T09:00:00Z"}
    return Deployment("d-1", status, "shop", "prod-webapp", revision(commit), creator, **(times | more))


def observed(
    *active: Deployment, last: Deployment | None = None, groups: Any = ("prod-webapp",), unnamed: int = 0
) -> Observed:
    member = Member("i-1", "InService", "Healthy", "us-west-2a", None)
    held = DeploymentGroup("shop", "prod-webapp", tuple(groups), unnamed_groups=unnamed, revision=revision(OTHER))
    return Observed(AutoScalingGroup("prod-webapp", None, 0, 1, 1, (member,)), held, active, last)


def plan(seen: Observed, more: str = "", **wanted: Any) -> Plan:
    return plan_deploy(role(more), seen, Wanted(revision(), RUN, **wanted))


def test_a_deployment_carries_the_run_and_the_reason_and_is_waited_for() -> None:
    call, wait = plan(observed(), reason="fixes the cart").steps
    assert isinstance(call, Call)
    assert call.params == {
        "applicationName": "shop",
        "deploymentGroupName": "prod-webapp",
        "revision": revision(),
        "description": f"udo:{RUN} fixes the cart",
    }
    assert isinstance(wait, Wait)
    assert (wait.success, wait.failure, wait.timeout) == (("Succeeded",), ("Failed", "Stopped"), 3600.0)
    assert wait.read.params == {"deploymentId": Ref("deployment_id")}
    assert wait.detached.endswith(f"udo deploy prod webapp {SHA}")


def test_every_read_and_write_is_one_that_aws_knows() -> None:
    aws = Aws(region="us-west-2")
    made = plan(observed(last=deployment("Failed")), "post_deploy_hook: true, deploy: {on_failure: rollback}")
    known = {"deployment_id": "d-1", "newest_ids": ["d-1"]}
    for call in made.writes:
        aws.check(call.service, call.operation, resolve(call.params, known))
        for pair in (*call.expect, *call.proof):
            aws.check(pair.read.service, pair.read.operation, resolve(pair.read.params, known))


def test_the_plan_survives_being_saved() -> None:
    made = plan(observed(last=deployment("Failed")), "post_deploy_hook: 'a b'")
    assert plan_from_json(json.loads(json.dumps(plan_to_json(made)))) == made


def test_what_is_there_now_is_told() -> None:
    [difference] = plan(observed()).differences
    assert (difference.old, difference.new) == (f"example/shop {OTHER}", f"example/shop {SHA}")


def test_without_waiting_nothing_follows_the_call() -> None:
    made = plan(observed(), "post_deploy_hook: a", wait=False)
    assert [type(step) for step in made.steps] == [Call]
    assert made.goal


def test_hooks_follow_the_wait_in_their_order() -> None:
    made = plan_hooks(role("post_deploy_hook: ['a b', [c, 'd e']]"), Wanted(revision(), RUN), "shop", "d-1")
    assert [step.argv for step in made.steps if isinstance(step, LocalCommand)] == [("a", "b"), ("c", "d e")]


@pytest.mark.parametrize("again", [False, True])
def test_the_same_revision_on_its_way_is_only_waited_for(again: bool) -> None:
    made = plan(observed(deployment("InProgress")), again=again)
    assert [type(step) for step in made.steps] == [Wait]
    assert not made.writes
    assert plan(observed(deployment("InProgress")), wait=False).steps == ()


@pytest.mark.parametrize(
    "other",
    [
        deployment("Created", OTHER),
        deployment("Queued", creator="codeDeployRollback"),
        deployment("InProgress", creator="CloudFormation"),
        deployment("Ready", creator="CodeDeployAutoUpdate"),
    ],
    ids=lambda one: one.creator,
)
def test_anything_else_on_its_way_is_a_conflict(other: Deployment) -> None:
    with pytest.raises(Conflict, match=f"deployment d-1 of .* by {other.creator} is active since 2026-01-05T09:00:00Z"):
        plan(observed(other))


@pytest.mark.parametrize("commit", [SHA, OTHER])
def test_a_new_instance_being_brought_up_stands_in_nobodys_way(commit: str) -> None:
    made = plan(observed(deployment("InProgress", commit, "autoscaling")))
    assert [type(step) for step in made.steps] == [Call, Wait]


@pytest.mark.parametrize(
    ("last", "steps"),
    [
        (None, 2),
        (deployment("Succeeded"), 0),
        (deployment("Failed"), 2),
        (deployment("Stopped"), 2),
        (deployment("Succeeded", OTHER), 2),
    ],
)
def test_only_a_last_success_of_the_revision_leaves_nothing_to_do(last: Deployment | None, steps: int) -> None:
    assert len(plan(observed(last=last)).steps) == steps
    assert len(plan(observed(last=last), again=True).steps) == 2


@pytest.mark.parametrize("groups", [("prod-web",), ("prod-webapp2", "xprod-webapp"), ("PROD-WEBAPP",), ()])
def test_a_deployment_group_without_ours_is_refused(groups: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="not prod-webapp"):
        plan(observed(groups=groups))


def test_a_deployment_group_that_names_others_is_refused_whatever_else_it_holds() -> None:
    with pytest.raises(Refused):
        plan(observed(groups=("prod-web",), unnamed=1))


def test_groups_without_names_are_a_warning() -> None:
    made = plan(observed(groups=(), unnamed=1))
    assert made.writes
    assert made.notes[0].startswith("warning: ")
