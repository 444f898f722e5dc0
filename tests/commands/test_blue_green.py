"""Deployment groups that replace their group by a copy: read and followed under the new name, and never started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, at, begin, config, deployments, end, members, writes

from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults
from udo.sandbox.strict.delays import delays

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
ROLE = ("prod", "webapp")
WHERE = "udo.yml:12"


@pytest.fixture
def group(world: Any, seeded: Seeded) -> Callable[..., None]:
    """Makes the deployment group of prod webapp blue/green; one that continues by itself and keeps the original."""

    def make(*, ready: str = "CONTINUE_DEPLOYMENT", wait: int = 0, ends: str = "KEEP_ALIVE", minutes: int = 0) -> None:
        seeded(config())
        option = {"actionOnTimeout": ready} | ({"waitTimeInMinutes": wait} if wait else {})
        original = {"action": ends} | ({"terminationWaitTimeInMinutes": minutes} if minutes else {})
        world.client("codedeploy").update_deployment_group(
            applicationName="shop",
            currentDeploymentGroupName="prod-webapp",
            autoScalingGroups=["prod-webapp"],
            deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            loadBalancerInfo={"targetGroupInfoList": [{"name": "front"}]},
            blueGreenDeploymentConfiguration={
                "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"},
                "deploymentReadyOption": option,
                "terminateBlueInstancesOnDeploymentSuccess": original,
            },
        )

    return make


def succeeded(world: Any) -> str:
    """A deployment that has replaced the group; its id."""
    made = begin(world, OTHER)
    end(world)
    assert deployments(world)[0]["status"] == "Succeeded"
    return made


def moved(made: str) -> str:
    name = f"CodeDeploy_prod-webapp_{made}"
    return f"prod webapp is served by {name} now (blue/green): set group_name to it ({WHERE})"


@pytest.mark.whole
def test_udo_starts_none_and_says_what_does(world: Any, udo: Udo, group: Callable[..., None]) -> None:
    group()
    for words in ((), ("-n",), ("--again",)):
        refused = udo("deploy", *ROLE, SHA, *words)
        assert refused.exit == 7
        assert refused.stderr.splitlines()[-1] == (
            f"udo: deployment group prod-webapp of shop ({WHERE}) is blue/green, which Udo does not start: "
            "nothing was deployed; start it in the console or with 'aws deploy create-deployment', then: "
            "udo deploy prod webapp --follow"
        )
    assert deployments(world) == []
    begin(world, OTHER)
    for words in ((), ("--queue",), ("--supersede", "--yes")):
        assert udo("deploy", *ROLE, SHA, *words).exit == 7, "nor after another one, or in its place"
    assert len(deployments(world)) == 1
    end(world)
    made = succeeded(world)
    assert moved(made) in udo("deploy", *ROLE, SHA).stderr


@pytest.mark.whole
@pytest.mark.parametrize("ends", ["KEEP_ALIVE", "TERMINATE"])
def test_one_is_followed_with_its_traffic_to_the_name_that_the_group_has_then(
    world: Any, udo: Udo, group: Callable[..., None], ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than the time from poll to poll, so that each event is seen.
    monkeypatch.setattr(delays, "deployment_event", 30.0)
    group(ends=ends)
    before = members(world)
    made = begin(world, OTHER)
    done = udo("deploy", *ROLE, "--follow")
    assert done.exit == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"deployment {made} of example/shop {OTHER} to prod webapp succeeded on 3 instances in place of 3",
        moved(made),
    ]
    lines = {line.strip() for line in done.stderr.splitlines()}
    for event in ("BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"):
        assert {f"{one} (blue)  {event}  InProgress" for one in before} <= lines
    after = members(world, f"CodeDeploy_prod-webapp_{made}")
    for event in ("ValidateService", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"):
        assert {f"{one} (green)  {event}  InProgress" for one in after} <= lines
    assert writes(world) == []


def test_the_same_revision_on_its_way_is_followed_too(world: Any, udo: Udo, group: Callable[..., None]) -> None:
    group()
    made = begin(world)
    done = udo("deploy", *ROLE, SHA)
    assert done.exit == 0, done.stderr
    assert f"deployment {made} of this revision is active" in done.stderr
    again = udo("deploy", *ROLE, SHA)
    assert (again.exit, "every instance of prod webapp has" in again.stdout) == (0, True), again.stderr
    assert "--again" not in again.stdout


def test_one_that_waits_for_somebody_says_for_what(world: Any, udo: Udo, group: Callable[..., None]) -> None:
    group(ready="STOP_DEPLOYMENT", wait=60, ends="TERMINATE", minutes=30)
    made = begin(world)
    client = world.client("codedeploy")
    words = f"aws deploy continue-deployment --deployment-id {made} --deployment-wait-type"

    def go_on(kind: str) -> Callable[[], Any]:
        return lambda: client.continue_deployment(deploymentId=made, deploymentWaitType=kind)

    at(world, "GetDeployment", go_on("READY_WAIT"), nth=20)
    done = udo("deploy", *ROLE, "--follow", "--timeout", "10m")
    assert done.exit == 124
    told = [line for line in done.stderr.splitlines() if words in line]
    assert told == [
        f"warning: it waits until somebody lets traffic over: {words} READY_WAIT",
        f"warning: traffic is over; it waits before it ends the original instances, or until: {words} TERMINATION_WAIT",
    ]
    assert told[1].removeprefix("warning: ") in udo("deployments", made).stderr


def test_a_failure_is_told_and_the_original_serves_on(world: Any, udo: Udo, group: Callable[..., None]) -> None:
    group()
    deployment_faults.add(DeploymentFault(event="ValidateService", instance=1, script="bin/check"))
    begin(world)
    failed = udo("deploy", *ROLE, "--follow")
    assert failed.exit == 1
    assert "failed in ValidateService (bin/check, exit 1)" in failed.stdout
    assert "set group_name" not in failed.stdout + failed.stderr
    assert "brings back" not in failed.stderr
    assert "failed in ValidateService (bin/check, exit 1)" in udo("why", *ROLE).stdout


def test_status_reads_the_copy_where_the_original_is_gone_and_where_it_is_kept(
    world: Any, udo: Udo, group: Callable[..., None]
) -> None:
    group(ends="TERMINATE")
    made = succeeded(world)
    told = udo("status", *ROLE)
    assert (told.exit, told.stderr.splitlines()) == (0, [moved(made)]), "nothing of the group that is gone is asked"
    [row] = udo("status", *ROLE, "-o", "json").json["data"]
    assert (row["state"], row["group"], row["in_service"]) == ("present", f"CodeDeploy_prod-webapp_{made}", 3)
    assert row["deployed"] == f"{made} Succeeded"


def test_status_of_groups_that_stay_asks_for_no_copy(world: Any, udo: Udo, group: Callable[..., None]) -> None:
    group()
    world.log.clear()
    told = udo("status", *ROLE)
    assert "set group_name" not in told.stderr
    assert [one.operation for one in world.log].count("DescribeAutoScalingGroups") == 1
    made = succeeded(world)
    [row] = udo("status", *ROLE, "-o", "json").json["data"]
    assert row["group"] == f"CodeDeploy_prod-webapp_{made}", "the original is kept, but serves no more"


def test_deployments_and_why_read_them(world: Any, udo: Udo, group: Callable[..., None]) -> None:
    group(ends="TERMINATE")
    made = succeeded(world)
    assert made in udo("deployments", *ROLE).stdout
    shown = udo("deployments", made)
    assert {line.split()[1] for line in shown.stdout.splitlines()[1:]} == {"Green", "Blue"}
    labels = [row["label"] for row in udo("deployments", made, "-o", "json").json["data"]["targets"]]
    assert sorted(labels) == ["Blue"] * 3 + ["Green"] * 3
    why = udo("why", *ROLE)
    assert why.exit == 0
    assert "nothing has failed on prod webapp" in why.stdout
    assert why.stderr.splitlines() == [moved(made)], "the refreshes and activities of the copy are read"


def test_an_active_one_is_stopped_by_whoever_asks(world: Any, udo: Udo, group: Callable[..., None]) -> None:
    group(ends="TERMINATE")
    succeeded(world)
    begin(world)
    world.clock.step(20)
    world.advance()
    stopped = udo("stop", *ROLE)
    assert (stopped.exit, "is stopped" in stopped.stdout) == (0, True), stopped.stderr
    assert deployments(world)[0]["status"] == "Stopped"


def test_check_online_says_what_group_name_must_become(world: Any, udo: Udo, group: Callable[..., None]) -> None:
    group(ends="TERMINATE")
    made = succeeded(world)
    told = udo("check", "--online", "-o", "json").json["data"]
    assert f"CodeDeploy_prod-webapp_{made}, blue/green: set group_name to it ({WHERE})" in str(told)
