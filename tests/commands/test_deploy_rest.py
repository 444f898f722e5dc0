"""After a success: every member in service has the revision, also who came up meanwhile; or those without are named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, at, begin, config, deployments, hook, members

from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp")


@pytest.fixture
def grown(world: Any, udo: Udo, seeded: Seeded) -> Callable[..., Any]:
    """A group that runs SHA, and gets one more member while OTHER is deployed to it; the run that does it."""

    def deploy(role: str = "", *words: str, left_out: bool = True, fails: bool = False) -> Any:
        seeded(config(role))
        assert udo(*DEPLOY, SHA).exit == 0
        if left_out:
            # Neither the hook of a launch nor CodeDeploy's own updates bring it up.
            client = world.client("autoscaling")
            for one in client.describe_lifecycle_hooks(AutoScalingGroupName="prod-webapp")["LifecycleHooks"]:
                name = one["LifecycleHookName"]
                client.delete_lifecycle_hook(AutoScalingGroupName="prod-webapp", LifecycleHookName=name)
            names = {"applicationName": "shop", "currentDeploymentGroupName": "prod-webapp"}
            world.client("codedeploy").update_deployment_group(**names, outdatedInstancesStrategy="IGNORE")
        client = world.client("autoscaling")
        at(
            world,
            "GetDeployment",
            lambda: client.set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=4),
            nth=2,
        )
        if fails:
            at(world, "CreateDeployment", lambda: deployment_faults.add(DeploymentFault(event="Install")), nth=2)
        return udo(*DEPLOY, OTHER, *words)

    return deploy


def commits(world: Any) -> list[str]:
    """The commits of all deployments, newest first."""
    return [one["revision"]["gitHubLocation"]["commitId"] for one in deployments(world)]


def test_a_member_that_was_left_out_is_brought_up(world: Any, udo: Udo, grown: Callable[..., Any]) -> None:
    done = grown("", "-o", "json")
    assert done.exit == 0, done.stderr
    newest, first, _ = deployments(world)
    assert newest["updateOutdatedInstancesOnly"]
    assert [one["revision"]["gitHubLocation"]["commitId"] for one in (newest, first)] == [OTHER, OTHER]
    data = done.json["data"]
    assert data["further_deployments"] == [newest["deploymentId"]]
    assert data["deployment_id"] == first["deploymentId"]
    assert {row["instance_id"] for row in data["targets"] if row["status"] == "Succeeded"} == set(members(world))
    assert "no deployment" not in done.stderr
    again = udo(*DEPLOY, OTHER)
    assert (again.exit, len(deployments(world))) == (0, 3)


@pytest.mark.whole
def test_the_hook_comes_after_everybody_has_it(world: Any, grown: Callable[..., Any]) -> None:
    done = grown(hook())
    assert done.exit == 0, done.stderr
    lines = done.stderr.splitlines()
    last_wait = max(number for number, line in enumerate(lines) if "wait for the deployment" in line)
    assert next(number for number, line in enumerate(lines) if "post_deploy_hook" in line) > last_wait
    assert Path("hook.json").exists()


def test_one_that_cannot_be_brought_up_is_named_and_the_same_command_goes_on_from_there(
    world: Any, udo: Udo, grown: Callable[..., Any]
) -> None:
    done = grown(fails=True)
    assert done.exit == 3, done.stderr
    assert "Failed" in done.stderr
    deployment_faults.clear()
    assert udo(*DEPLOY, OTHER).exit == 0
    assert udo(*DEPLOY, OTHER).exit == 0


def test_a_newcomer_that_codedeploy_serves_is_awaited(world: Any, udo: Udo, grown: Callable[..., Any]) -> None:
    done = grown(left_out=False)
    assert done.exit == 0, done.stderr
    assert {one["status"] for one in deployments(world)} == {"Succeeded"}
    assert len(members(world)) == 4
    again = udo(*DEPLOY, OTHER)
    assert "every instance of prod webapp has" in again.stdout, again.stdout


def test_who_failed_in_the_deployment_is_not_tried_again_by_itself(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {config: CodeDeployDefault.AllAtOnce}"))
    deployment_faults.add(DeploymentFault(event="Install", instance=2))
    assert udo(*DEPLOY, SHA).exit == 3
    assert len(deployments(world)) == 1


def test_where_it_cannot_be_looked_up_that_is_no_failure_of_the_deployment(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    at(world, "CreateDeployment", lambda: world.faults.add(Fault("deny", "codedeploy:ListDeployments", times=None)))
    done = udo(*DEPLOY, SHA)
    assert done.exit == 0, done.stderr
    assert "succeeded on 3 instances" in done.stdout


def test_another_deployment_that_has_begun_since_is_not_waited_for(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    third = "2" * 40
    # After the last look at it: the next reading of the deployment group is that for the rest.
    at(world, "GetDeploymentGroup", lambda: begin(world, third), nth=3)
    done = udo(*DEPLOY, SHA)
    assert done.exit == 0, done.stderr
    assert commits(world)[0] == third
    assert f"of example/shop {third}" not in done.stderr


def test_who_only_follows_deploys_to_nobody(world: Any, udo: Udo, grown: Callable[..., Any]) -> None:
    assert grown().exit == 0
    count = len(deployments(world))
    begin(world, SHA)
    client = world.client("autoscaling")
    at(
        world,
        "GetDeployment",
        lambda: client.set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=5),
        nth=2,
    )
    assert udo(*DEPLOY, "--follow").exit in (0, 3)
    assert len(deployments(world)) == count + 1
