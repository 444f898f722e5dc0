"""What a run that was killed or superseded has left suspended, and who puts it back when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, at, begin, config, deployments, end, writes
from suspend_worlds import (
    BOTH,
    DEPLOY,
    OURS,
    PLAIN,
    RECOVER,
    TAG,
    THIRD,
    clean,
    killed,
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


def test_what_a_killed_run_has_left_is_put_back_by_the_command_once_its_deployment_has_ended(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(BOTH)
    suspend(world, "HealthCheck")
    killed(world, udo)
    assert tags(world)[TAG]["Value"].endswith(" AlarmNotification")
    early = udo(*RECOVER)
    (one,) = deployments(world)
    assert early.exit == 4, early.stderr
    assert f"deployment {one['deploymentId']} of run {tags(world)[TAG]['Value'][:23]} is active" in early.stderr
    assert "AlarmNotification" in suspended(world)
    end(world)
    world.log.clear()
    dry = udo(*RECOVER, "-n")
    assert (dry.exit, writes(world)) == (0, [])
    assert "1. resume AlarmNotification of prod-webapp, left by run" in dry.stdout
    done = udo(*RECOVER)
    assert done.exit == 0, done.stderr
    assert writes(world) == ["ResumeProcesses", "DeleteTags"]
    clean(world, "HealthCheck")
    again = udo(*RECOVER)
    assert (again.exit, again.stdout) == (0, "no run has left a process of prod-webapp suspended\n")


def test_the_next_deploy_follows_what_a_killed_run_began_and_puts_back_what_it_left(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(BOTH)
    killed(world, udo)
    meanwhile = seen_at(world, "BatchGetDeploymentTargets")
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert meanwhile == [(["AZRebalance", "AlarmNotification"], ["AlarmNotification"])]
    assert "AlarmNotification suspended by run" in done.stderr
    clean(world)
    assert len(deployments(world)) == 1


def test_also_where_what_the_killed_run_began_fails(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    deployment_faults.add(DeploymentFault(event="Install"))
    killed(world, udo)
    assert udo(*DEPLOY).exit == 1
    clean(world)


def test_what_whoever_follows_cannot_resume_stays_recorded(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    killed(world, udo)
    world.faults.add(Fault("deny", "ResumeProcesses"))
    assert udo(*DEPLOY).exit == 3
    assert [*tags(world)] == [TAG]
    assert udo(*RECOVER).exit == 0
    clean(world)


def test_where_there_is_nothing_to_deploy_what_was_left_is_put_back(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    killed(world, udo, "ResumeProcesses")
    world.log.clear()
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert writes(world) == ["ResumeProcesses", "DeleteTags"]
    assert "left suspended by run" in done.stdout
    clean(world)


@pytest.mark.parametrize("text", [OURS, PLAIN], ids=["suspends", "suspends no more"])
@pytest.mark.parametrize("operation", ["SuspendProcesses", "CreateDeployment"])
def test_what_was_left_before_a_deployment_was_made_is_taken_over_by_the_next(
    world: Any, udo: Udo, seeded: Seeded, operation: str, text: str
) -> None:
    seeded(OURS)
    suspend(world, "AZRebalance")
    killed(world, udo, operation)
    Path("udo.yml").write_text(text, encoding="utf-8")
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    clean(world, "AZRebalance")


def test_a_run_that_cannot_take_over_what_was_left_tells_who_resumes_it(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    killed(world, udo, "CreateDeployment")
    left = tags(world)[TAG]["Value"]
    world.faults.add(Fault("deny", "autoscaling:CreateOrUpdateTags"))
    done = udo(*DEPLOY)
    assert (done.exit, tags(world)[TAG]["Value"]) == (6, left), done.stderr
    assert f"AlarmNotification, HealthCheck suspended by run {left[:23]}: taken over by this one" in done.stderr
    assert "where that fails 'udo resume prod webapp --recover' resumes it" in done.stderr
    assert udo(*RECOVER).exit == 0
    clean(world)


def test_a_run_that_takes_over_resumes_all_of_it_though_its_deployment_fails(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(OURS)
    killed(world, udo)
    resume(world, "HealthCheck")
    end(world)
    Path("udo.yml").write_text(config("deploy: {suspend: [AlarmNotification, ReplaceUnhealthy]}"), encoding="utf-8")
    deployment_faults.add(DeploymentFault(event="Install"))
    meanwhile = seen_at(world, "CreateDeployment")
    done = udo("deploy", "prod", "webapp", OTHER)
    assert done.exit == 1, done.stderr
    both = ["AlarmNotification", "ReplaceUnhealthy"]
    assert meanwhile == [(both, [" ".join(both)])]
    assert "taken over from run" in done.stderr
    clean(world)


def test_a_run_that_is_superseded_and_lives_leaves_the_suspension_to_the_other(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(OURS)
    inner: list[Any] = []
    supersede = ("deploy", "prod", "webapp", OTHER, "--supersede", "--yes")
    at(world, "BatchGetDeploymentTargets", lambda: inner.append(udo(*supersede)))
    done = udo(*DEPLOY)
    assert [one.exit for one in inner] == [0], inner[0].stderr
    assert "(taken over from run" in inner[0].stderr
    assert done.exit == 1
    assert "resume" not in done.stderr
    clean(world)


def test_a_run_that_has_resumed_before_it_is_taken_over_is_not_in_the_way(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    killed(world, udo)

    def by_itself() -> None:
        resume(world, "AlarmNotification", "HealthCheck")
        world.client("autoscaling").delete_tags(
            Tags=[{"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": TAG}]
        )

    at(world, "CreateOrUpdateTags", by_itself, nth=2)
    meanwhile = seen_at(world, "CreateDeployment")
    done = udo("deploy", "prod", "webapp", OTHER, "--supersede", "--yes")
    assert done.exit == 0, done.stderr
    assert meanwhile == [(["AlarmNotification", "HealthCheck"], ["AlarmNotification HealthCheck"])]
    clean(world)


def test_a_record_that_another_run_writes_first_is_not_overwritten(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": TAG, "PropagateAtLaunch": False}
    theirs = {**tag, "Value": "20261129T000000Z-abcdef HealthCheck"}
    at(
        world,
        "DescribeAutoScalingGroups",
        lambda: world.client("autoscaling").create_or_update_tags(Tags=[theirs]),
        nth=2,
    )
    done = udo(*DEPLOY)
    assert done.exit == 4, done.stderr
    assert tags(world)[TAG]["Value"] == theirs["Value"]
    assert deployments(world) == []
    assert suspended(world) == []


def test_while_another_run_holds_the_lock_nothing_is_put_back(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    killed(world, udo, "ResumeProcesses")
    ssm = world.client("ssm")
    holder = '{"run": "r", "holder": "somebody", "host": "elsewhere", "since": "now", "pid": 1, "started": "1"}'
    ssm.put_parameter(Name="/udo/lock/prod-webapp", Value=holder, Type="String", Overwrite=True)
    done = udo(*RECOVER)
    assert done.exit == 4
    assert "prod-webapp is locked by somebody on elsewhere" in done.stderr
    assert suspended(world) == ["AlarmNotification", "HealthCheck"]


def test_a_tag_that_udo_does_not_write_is_not_believed(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    suspend(world, "Launch")
    tag = {"ResourceId": "prod-webapp", "ResourceType": "auto-scaling-group", "Key": TAG, "PropagateAtLaunch": False}
    for value in ("Launch", "20261129T000000Z-abcdef Lunch", "20261129T000000Z-abcdef"):
        world.client("autoscaling").create_or_update_tags(Tags=[{**tag, "Value": value}])
        for words in (RECOVER, DEPLOY):
            done = udo(*words)
            assert done.exit == 7
            assert f"holds '{value}', which Udo does not write" in done.stderr
    assert suspended(world) == ["Launch"]


def test_status_names_what_a_run_has_left_and_the_remedy(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    killed(world, udo)
    told = udo("status", "prod").stderr
    assert "AlarmNotification, HealthCheck suspended by run" in told
    assert "'udo resume prod webapp --recover' resumes it" in told


def test_a_rollback_that_codedeploy_makes_of_it_is_awaited(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {suspend: [AlarmNotification], on_failure: rollback}"))
    assert udo("deploy", "prod", "webapp", THIRD).exit == 0
    deployment_faults.add(DeploymentFault(event="Install", times=1))
    killed(world, udo)
    while deployments(world)[0]["creator"] != "codeDeployRollback":
        world.clock.step(1)
        world.advance()
    assert udo(*RECOVER).exit == 4
    end(world)
    assert udo(*RECOVER).exit == 0
    clean(world)


def test_what_codedeploy_suspends_for_a_deployment_that_is_superseded_it_suspends_for_the_next(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config("deploy: {suspend: [AZRebalance, ScheduledActions]}"))
    suspend(world, "ScheduledActions")
    options = {"autoScalingGroupProcessesToSuspend": ["AZRebalance"]}
    begin(world, OTHER, ec2DeploymentOptions=options)
    world.clock.step(4)
    world.advance()
    assert suspended(world) == ["AZRebalance", "ScheduledActions"]
    done = udo(*DEPLOY, "--supersede", "--yes")
    assert done.exit == 0, done.stderr
    assert "ScheduledActions of prod-webapp is suspended by somebody else" in done.stderr
    assert deployments(world)[0]["ec2DeploymentOptions"] == options
    clean(world, "ScheduledActions")
