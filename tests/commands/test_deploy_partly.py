"""A deployment that not every instance got: it is not there until all have it, and everything says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, asked, attach, begin, config, deployments, end, members, revision, targets, writes

from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp")


@pytest.fixture
def partly(world: Any, udo: Udo, seeded: Seeded) -> str:
    """The id of a deployment that succeeded though its last instance of three failed."""
    seeded(config())
    fault = deployment_faults.add(DeploymentFault(event="ValidateService", instance=3, script="bin/check"))
    done = udo(*DEPLOY, SHA)
    deployment_faults.remove(fault)
    assert done.exit == 3
    assert "succeeded on 2 instances, but 1 of 3 failed: i-" in done.stderr
    assert done.stderr.rstrip().endswith("the same command again deploys to the instances without it")
    return str(deployments(world)[0]["deploymentId"])


def test_the_same_command_deploys_to_the_instance_that_failed_and_then_nothing_is_left(
    world: Any, udo: Udo, partly: str
) -> None:
    world.log.clear()
    shown = udo(*DEPLOY, SHA, "-n")
    assert "to shop prod-webapp (only the 1 instance without it)" in shown.stdout
    again = udo(*DEPLOY, SHA)
    assert again.exit == 0, again.stderr
    assert f"1 of 3 instances without example/shop {SHA} after {partly} (Succeeded, 1 of 3 failed): i-" in again.stderr
    second, first = deployments(world)
    assert (second["updateOutdatedInstancesOnly"], first["deploymentId"]) == (True, partly)
    assert targets(world, second["deploymentId"]) == [targets(world, partly)[2]]
    assert writes(world) == ["CreateDeployment"]
    world.log.clear()
    third = udo(*DEPLOY, SHA)
    assert (third.exit, writes(world)) == (0, [])
    ended = f"every instance of prod webapp has example/shop {SHA}: {second['deploymentId']} succeeded at"
    assert ended in third.stdout
    data = udo(*DEPLOY, SHA, "-o", "json").json["data"]
    assert (data["deployment_id"], data["outcome"]) == (second["deploymentId"], "Succeeded")


@pytest.mark.whole
def test_what_still_fails_on_the_instance_is_a_failure_again(world: Any, udo: Udo, partly: str) -> None:
    deployment_faults.add(DeploymentFault(event="ValidateService", script="bin/check"))
    for _ in range(2):
        assert udo(*DEPLOY, SHA).exit == 1
    deployment_faults.clear()
    assert udo(*DEPLOY, SHA).exit == 0
    assert [made["updateOutdatedInstancesOnly"] for made in deployments(world)] == [True, True, True, False]


@pytest.mark.whole
def test_status_history_and_json_say_how_many_failed(world: Any, udo: Udo, partly: str) -> None:
    wanted = "Succeeded, 1 of 3 failed"
    assert f"{partly} {wanted}" in udo("status", "prod", "webapp").stdout
    [row] = udo("status", "prod", "webapp", "-o", "json").json["data"]
    assert row["deployed"] == f"{partly} {wanted}"
    told = [row["outcome"] for row in udo("history", "prod", "webapp", "-o", "json").json["data"] if row["run"]]
    assert told == [wanted]
    deployment_faults.add(DeploymentFault(event="ValidateService", instance=3))
    told = udo(*DEPLOY, OTHER, "-o", "json").json
    assert (told["ok"], told["exit"], told["data"]["outcome"]) == (False, 3, wanted)


def test_status_of_many_groups_asks_for_their_deployments_together(world: Any, udo: Udo, partly: str) -> None:
    begin(world, group="prod-web")
    end(world)
    world.log.clear()
    assert udo("status").exit == 0
    assert asked(world).count("BatchGetDeployments") == 1
    world.faults.add(Fault("deny", "BatchGetDeployments", times=None))
    told = udo("status")
    assert (told.exit, f"{partly} Succeeded" in told.stdout) == (0, True)
    assert "how many instances the last deployments failed on is unknown" in told.stderr


def test_an_instance_launched_since_has_it_from_codedeploy_and_one_attached_is_deployed_to(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    assert udo(*DEPLOY, SHA).exit == 0
    group = {"AutoScalingGroupName": "prod-webapp", "DesiredCapacity": 4}
    world.client("autoscaling").update_auto_scaling_group(**group)
    end(world)
    assert [made["creator"] for made in deployments(world)] == ["autoscaling", "user"]
    assert udo(*DEPLOY, SHA).exit == 0
    assert len(deployments(world)) == 2
    attached = attach(world)
    assert "(only the 1 instance without it)" in udo(*DEPLOY, SHA, "-n").stdout
    assert udo(*DEPLOY, SHA).exit == 0
    assert targets(world, deployments(world)[0]["deploymentId"]) == [attached]


@pytest.mark.parametrize("who", ["autoscaling", "autoscalingTermination", "CodeDeployAutoUpdate"])
def test_another_revision_on_a_newborn_instance_is_not_what_the_group_has(
    world: Any, udo: Udo, seeded: Seeded, who: str
) -> None:
    seeded(config())
    assert udo(*DEPLOY, SHA).exit == 0
    creator(world, begin(world, OTHER), who)
    end(world)
    told = udo(*DEPLOY, SHA)
    assert f"every instance of prod webapp has example/shop {SHA}" in told.stdout
    assert len(deployments(world)) == 2


def test_outdated_instances_that_got_another_revision_count_as_all(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert udo(*DEPLOY, SHA).exit == 0
    begin(world, OTHER, updateOutdatedInstancesOnly=True)
    end(world)
    assert udo(*DEPLOY, SHA).exit == 0
    assert [made["revision"] for made in deployments(world)] == [revision(), revision(OTHER), revision()]
    assert deployments(world)[0]["updateOutdatedInstancesOnly"] is False


def test_again_deploys_to_all_of_them(world: Any, udo: Udo, partly: str) -> None:
    assert udo(*DEPLOY, SHA, "--again").exit == 0
    assert set(targets(world, deployments(world)[0]["deploymentId"])) == set(members(world))


@pytest.mark.whole
def test_who_has_it_that_is_not_told_is_a_warning_and_the_overview_decides(world: Any, udo: Udo, partly: str) -> None:
    world.faults.add(Fault("deny", "ListDeploymentTargets", times=None))
    told = udo(*DEPLOY, SHA, "-n")
    assert "warning: which instances have the revision is unknown" in told.stderr
    assert "(only the 1 instance without it)" in told.stdout
    world.faults.clear()
    assert udo(*DEPLOY, SHA, "--again").exit == 0
    world.faults.add(Fault("deny", "ListDeploymentTargets", times=None))
    assert f"every instance of prod webapp has example/shop {SHA}" in udo(*DEPLOY, SHA).stdout


def test_where_the_overview_is_missing_the_instances_tell(
    world: Any, udo: Udo, seeded: Seeded, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded(config())
    deployment_faults.add(DeploymentFault(event="ValidateService", instance=3))
    monkeypatch.setattr("udo.sandbox.strict.codedeploy.view.overview", lambda _run: None)
    done = udo(*DEPLOY, SHA)
    assert done.exit == 3
    assert "succeeded on 2 instances, but 1 of 3 failed: i-" in done.stderr


def creator(world: Any, deployment_id: str, who: str) -> None:
    """Has the deployment be one that CodeDeploy itself made."""
    from moto.codedeploy.models import codedeploy_backends

    codedeploy_backends[world.account]["us-west-2"].deployments[deployment_id].creator = who
