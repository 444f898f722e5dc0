"""Processes that are suspended around a deployment: recorded first, and put back however the run ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, at, attach, begin, config, deployments, end, hook, writes
from suspend_worlds import (
    BOTH,
    DEPLOY,
    OURS,
    PLAIN,
    RECOVER,
    SUSPENDING,
    TAG,
    THIRD,
    clean,
    resume,
    seen_at,
    suspend,
    suspended,
    tags,
)

from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]


def test_they_are_recorded_then_suspended_and_after_the_deployment_resumed_and_forgotten(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(BOTH)
    before = seen_at(world, "SuspendProcesses")
    meanwhile = seen_at(world, "BatchGetDeploymentTargets")
    afterwards = seen_at(world, "DeleteTags")
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert before == [([], ["AlarmNotification"])]
    assert meanwhile == [(["AZRebalance", "AlarmNotification"], ["AlarmNotification"])]
    assert afterwards == [([], ["AlarmNotification"])]
    clean(world)
    assert writes(world) == SUSPENDING
    assert "suspend AlarmNotification of prod-webapp" in done.stderr
    assert "resume AlarmNotification of prod-webapp" in done.stderr


def test_the_record_names_the_run_and_no_instance_gets_it(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    found: list[Any] = []
    at(world, "CreateDeployment", lambda: found.append(tags(world)[TAG]))
    done = udo(*DEPLOY, "-o", "json")
    assert found[0]["Value"] == f"{done.json['data']['run']} AlarmNotification HealthCheck"
    assert found[0]["PropagateAtLaunch"] is False


def test_codedeploy_is_told_of_its_own_beside_those_of_its_deployment_group(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config("deploy: {suspend: [AZRebalance]}"))
    options = {"autoScalingGroupProcessesToSuspend": ["Terminate"]}
    named = {"applicationName": "shop", "currentDeploymentGroupName": "prod-webapp"}
    world.client("codedeploy").update_deployment_group(**named, ec2DeploymentOptions=options)
    world.log.clear()
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert "Terminate, AZRebalance suspended meanwhile" in done.stderr
    told = deployments(world)[0]["ec2DeploymentOptions"]["autoScalingGroupProcessesToSuspend"]
    assert told == ["Terminate", "AZRebalance"]
    assert writes(world) == ["CreateDeployment"]
    clean(world)


def test_without_the_key_nothing_is_suspended_and_nothing_sent(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(PLAIN)
    assert udo(*DEPLOY).exit == 0
    assert writes(world) == ["CreateDeployment"]
    assert "ec2DeploymentOptions" not in deployments(world)[0]


def test_a_dry_run_shows_what_is_suspended_and_resumed_and_sends_nothing(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(BOTH)
    done = udo(*DEPLOY, "-n")
    assert "suspend AlarmNotification of prod-webapp" in done.stdout
    assert "AZRebalance suspended meanwhile" in done.stdout
    assert "however it ends: resume AlarmNotification of prod-webapp" in done.stdout
    assert writes(world) == []


@pytest.mark.parametrize(
    "names", [("AlarmNotification",), ("AlarmNotification", "HealthCheck", "AZRebalance", "Launch")]
)
def test_what_somebody_else_has_suspended_before_stays_so_and_is_said(
    world: Any, udo: Udo, seeded: Seeded, names: tuple[str, ...]
) -> None:
    seeded(config("deploy: {suspend: [AZRebalance, AlarmNotification, HealthCheck]}"))
    suspend(world, *names)
    world.log.clear()
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    clean(world, *names)
    assert "suspended by somebody else: left like this" in done.stderr


def test_what_somebody_resumes_meanwhile_is_not_suspended_again(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    at(world, "BatchGetDeploymentTargets", lambda: resume(world, "HealthCheck"))
    left = seen_at(world, "ResumeProcesses")
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert left == [(["AlarmNotification"], ["AlarmNotification HealthCheck"])]
    clean(world)
    assert writes(world).count("SuspendProcesses") == 1


@pytest.mark.parametrize("nth", [1, 2])
def test_whoever_suspends_the_same_just_before_us_keeps_it_and_nothing_is_deployed(
    world: Any, udo: Udo, seeded: Seeded, nth: int
) -> None:
    seeded(OURS)
    # The first reading is that of the plan; the others come before each write.
    at(world, "DescribeAutoScalingGroups", lambda: suspend(world, "HealthCheck"), nth=nth + 1)
    done = udo(*DEPLOY)
    assert done.exit == 4, done.stderr
    clean(world, "HealthCheck")
    assert deployments(world) == []


def test_after_a_failed_deployment_they_are_resumed_and_the_exit_code_is_its_own(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(BOTH)
    deployment_faults.add(DeploymentFault(event="Install"))
    done = udo(*DEPLOY)
    assert done.exit == 1, done.stderr
    clean(world)


def test_a_deployment_that_is_refused_leaves_nothing_suspended(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    world.faults.add(Fault("deny", "CreateDeployment"))
    done = udo(*DEPLOY)
    assert done.exit == 6, done.stderr
    assert deployments(world) == []
    clean(world)


def test_somebody_who_deploys_faster_is_followed_without_suspension(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    at(world, "CreateDeployment", lambda: begin(world))
    state = seen_at(world, "BatchGetDeploymentTargets")
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert state == [([], [])]
    clean(world)


def test_where_time_is_over_they_are_resumed_and_the_deployment_goes_on(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(BOTH)
    done = udo(*DEPLOY, "--timeout", "5s")
    assert done.exit == 124, done.stderr
    assert "continues in AWS" in done.stderr
    assert suspended(world) == ["AZRebalance"]
    assert tags(world) == {}
    end(world)
    clean(world)


def test_ctrl_c_resumes_them_and_says_so(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(BOTH)
    at(world, "BatchGetDeploymentTargets", lambda: signal.raise_signal(signal.SIGINT))
    done = udo(*DEPLOY)
    assert done.exit == 130, done.stderr
    assert "resume AlarmNotification of prod-webapp" in done.stderr
    assert "continues in AWS" in done.stderr
    assert tags(world) == {}
    end(world)
    clean(world)


def test_while_it_queues_nothing_is_suspended(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    begin(world, OTHER)
    queued = seen_at(world, "GetDeployment")
    done = udo(*DEPLOY, "--queue")
    assert done.exit == 0, done.stderr
    assert queued == [([], [])]
    clean(world)
    assert writes(world) == SUSPENDING


def test_they_stay_suspended_until_the_hook_that_follows_has_ended(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config(f"{hook(1)}, deploy: {{suspend: [AlarmNotification]}}"))
    done = udo(*DEPLOY)
    assert done.exit == 3
    assert done.stderr.index("post_deploy_hook") < done.stderr.index("resume AlarmNotification")
    clean(world)


def test_a_failing_pre_deploy_hook_has_nothing_suspended(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("pre_deploy_hook: ['false'], deploy: {suspend: [AlarmNotification]}"))
    assert udo(*DEPLOY).exit == 7
    assert writes(world) == []


def test_no_wait_goes_with_codedeploys_own_alone(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(BOTH)
    done = udo(*DEPLOY, "--no-wait")
    assert done.exit == 2
    assert "--no-wait does not go with deploy.suspend of AlarmNotification (udo.yml:" in done.stderr
    assert list(world.log) == []
    text = Path("udo.yml").read_text(encoding="utf-8")
    Path("udo.yml").write_text(text.replace(", AlarmNotification", ""), encoding="utf-8")
    done = udo(*DEPLOY, "--no-wait")
    assert done.exit == 0, done.stderr
    world.clock.step(4)
    world.advance()
    assert suspended(world) == ["AZRebalance"]
    end(world)
    clean(world)


@pytest.mark.parametrize("operation", ["SuspendProcesses", "CreateOrUpdateTags"])
def test_who_may_not_suspend_or_record_deploys_nothing(world: Any, udo: Udo, seeded: Seeded, operation: str) -> None:
    seeded(OURS)
    world.faults.add(Fault("deny", operation))
    done = udo(*DEPLOY)
    assert done.exit == 6, done.stderr
    assert f"autoscaling:{operation}" in done.stderr
    assert deployments(world) == []
    clean(world)


def test_what_cannot_be_resumed_is_told_with_the_command_that_does_and_stays_recorded(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(OURS)
    world.faults.add(Fault("deny", "ResumeProcesses"))
    done = udo(*DEPLOY)
    assert done.exit == 3, done.stderr
    assert "'udo resume prod webapp --recover' does it" in done.stderr
    assert "the same command again puts that right" in done.stderr
    assert suspended(world) == ["AlarmNotification", "HealthCheck"]
    assert list(tags(world)) == [TAG]
    assert udo(*RECOVER).exit == 0
    clean(world)


def test_what_codedeploy_cannot_resume_udo_does_after_its_end(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {suspend: [AZRebalance, Terminate]}"))
    suspend(world, "Terminate")
    deployment_faults.add(DeploymentFault(event="ResumeProcesses"))
    done = udo(*DEPLOY)
    assert done.exit == 1
    assert "resume AZRebalance of prod-webapp where CodeDeploy has not" in done.stderr
    clean(world, "Terminate")


@pytest.mark.parametrize("name", ["Launch", "Terminate", "AddToLoadBalancer"])
def test_of_a_process_that_instances_depend_on_there_is_a_warning(
    world: Any, udo: Udo, seeded: Seeded, name: str
) -> None:
    seeded(config(f"deploy: {{suspend: [{name}]}}"))
    assert f"warning: while {name} is suspended" in udo(*DEPLOY, "-n").stderr


def test_they_stay_suspended_while_whoever_was_left_out_is_brought_up(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    names = {"applicationName": "shop", "currentDeploymentGroupName": "prod-webapp"}
    # Otherwise CodeDeploy brings it up by itself.
    world.client("codedeploy").update_deployment_group(**names, outdatedInstancesStrategy="IGNORE")
    at(world, "BatchGetDeploymentTargets", lambda: attach(world))
    rest = seen_at(world, "CreateDeployment", nth=2)
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert len(deployments(world)) == 2
    assert rest == [(["AlarmNotification", "HealthCheck"], ["AlarmNotification HealthCheck"])]
    clean(world)
    assert [writes(world).count(name) for name in ("SuspendProcesses", "ResumeProcesses")] == [1, 1]


def test_they_stay_suspended_while_codedeploy_rolls_back(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {suspend: [AlarmNotification], on_failure: rollback}"))
    assert udo("deploy", "prod", "webapp", THIRD).exit == 0
    deployment_faults.add(DeploymentFault(event="Install", times=1))
    rolled: list[str] = []
    at(world, "ResumeProcesses", lambda: rolled.extend(one["status"] for one in deployments(world)))
    done = udo(*DEPLOY)
    assert done.exit == 1, done.stderr
    assert rolled == ["Succeeded", "Failed", "Succeeded"]
    clean(world)


@pytest.mark.parametrize(("value", "says"), [("rubbish", "is 'rubbish' now, which no run wrote"), (None, "is gone")])
def test_where_somebody_spoils_the_record_meanwhile_what_stays_suspended_is_told(
    world: Any, udo: Udo, seeded: Seeded, value: str | None, says: str
) -> None:
    seeded(OURS)
    one = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": TAG}

    def spoil() -> None:
        client = world.client("autoscaling")
        if value is None:
            client.delete_tags(Tags=[one])
        else:
            client.create_or_update_tags(Tags=[{**one, "Value": value, "PropagateAtLaunch": False}])

    at(world, "GetDeployment", spoil, nth=3)
    done = udo(*DEPLOY)
    told = f"resume AlarmNotification, HealthCheck of prod-webapp: not done, tag {TAG} of prod-webapp {says}"
    assert (told in done.stderr, suspended(world)) == (True, ["AlarmNotification", "HealthCheck"]), done.stderr
