"""Processes that are suspended around a deployment: recorded first, and put back however the run ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, at, begin, config, deployments, end, hook, writes

from udo.sandbox.faults import Fault, Killed
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp", SHA)
RECOVER = ("resume", "prod", "webapp", "--recover")
TAG = "udo:suspended-by-run"
BOTH = config("deploy: {suspend: [AZRebalance, AlarmNotification]}")
OURS = config("deploy: {suspend: [AlarmNotification, HealthCheck]}")
PLAIN = config()
THIRD = "2222222222222222222222222222222222222222"
SUSPENDING = ["CreateOrUpdateTags", "SuspendProcesses", "CreateDeployment", "ResumeProcesses", "DeleteTags"]


def described(world: Any, name: str = "prod-webapp") -> Any:
    return world.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][
        0
    ]


def suspended(world: Any) -> list[str]:
    """The suspended processes of the group, sorted."""
    return sorted(one["ProcessName"] for one in described(world)["SuspendedProcesses"])


def tags(world: Any) -> dict[str, Any]:
    """The record on the group, where there is one."""
    return {one["Key"]: one for one in described(world)["Tags"] if one["Key"] == TAG}


def suspend(world: Any, *names: str) -> None:
    """Suspends as somebody else would."""
    world.client("autoscaling").suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=list(names))


def resume(world: Any, *names: str) -> None:
    """Resumes as somebody else would."""
    world.client("autoscaling").resume_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=list(names))


def seen_at(world: Any, operation: str, nth: int = 1) -> list[Any]:
    """What is suspended and recorded just before AWS sees a request, once there was one."""
    found: list[Any] = []
    at(
        world,
        operation,
        lambda: found.append((suspended(world), [one["Value"][24:] for one in tags(world).values()])),
        nth,
    )
    return found


def killed(world: Any, udo: Udo, operation: str = "GetDeployment", nth: int = 1, after: bool = False) -> None:
    """A run of deploy that dies at a request."""
    world.faults.add(Fault("kill", operation, nth=nth, after=after))
    with pytest.raises(Killed):
        udo(*DEPLOY)
    world.faults.clear()


def clean(world: Any, *left: str) -> None:
    """Nothing is left of Udo's, and this is suspended by others."""
    assert (suspended(world), tags(world)) == (sorted(left), {})


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
    assert "resume AZRebalance of prod-webapp, which CodeDeploy left suspended" in done.stderr
    clean(world, "Terminate")


@pytest.mark.parametrize("name", ["Launch", "Terminate", "AddToLoadBalancer"])
def test_of_a_process_that_instances_depend_on_there_is_a_warning(
    world: Any, udo: Udo, seeded: Seeded, name: str
) -> None:
    seeded(config(f"deploy: {{suspend: [{name}]}}"))
    assert f"warning: while {name} is suspended" in udo(*DEPLOY, "-n").stderr


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


def test_resume_without_recover_says_what_it_does_so_far(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(OURS)
    done = udo("resume", "prod", "webapp")
    assert done.exit == 2
    assert "udo resume prod webapp --recover" in done.stderr
    assert list(world.log) == []


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
