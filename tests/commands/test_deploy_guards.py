"""Alarms that guard a deployment: CodeDeploy gets them too, and one that goes off has it stopped and rolled back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, asked, begin, config, deployments, end, hook, revision
from guard_worlds import FROZEN, UNTIL, alarm, reads, ring, rings_at
from test_deploy_forecast import group
from whole import some

from udo.sandbox.faults import Fault, Killed

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp", SHA)
GUARDS = "guards: {alarms: [prod-5xx, prod-slow]}"
MANY = [f"a{number}" for number in range(11)]
OVER_TEN = f"guards: {{alarms: [{', '.join(MANY)}]}}"


def shop(world: Any, seeded: Seeded, guards: str = GUARDS, role: str = "") -> Any:
    """prod-webapp with a success of OTHER, guarded by alarms that are OK."""
    for name in (*MANY, "prod-5xx", "prod-slow", "group"):
        alarm(world, name)
    seeded(config(role=role, more=guards))
    begin(world, OTHER)
    end(world)
    world.log.clear()
    return world


def created(world: Any) -> list[dict[str, Any]]:
    """The parameters of each deployment that was asked for."""
    return [dict(one.params) for one in world.log if one.operation == "CreateDeployment"]


def given(world: Any) -> list[str]:
    """The alarms that the last deployment brought along."""
    told = created(world)[-1].get("overrideAlarmConfiguration", {})
    return [one["name"] for one in told.get("alarms", ())]


def test_codedeploy_gets_them_beside_those_of_the_deployment_group(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded)
    told = {"enabled": True, "ignorePollAlarmFailure": True, "alarms": [{"name": "group"}]}
    events = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
    group(world, alarmConfiguration=told, autoRollbackConfiguration=events)
    world.log.clear()
    assert udo(*DEPLOY).exit == 0
    (params,) = created(world)
    names = [{"name": name} for name in ("group", "prod-5xx", "prod-slow")]
    assert params["overrideAlarmConfiguration"] == {"enabled": True, "ignorePollAlarmFailure": True, "alarms": names}
    on = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]
    assert params["autoRollbackConfiguration"] == {"enabled": True, "events": on}


@pytest.mark.whole
@pytest.mark.parametrize("alarms", [["prod-slow", "prod-5xx"], ["prod-5xx", "group", "prod-slow"]])
def test_what_the_deployment_group_has_already_is_not_overridden(
    world: Any, udo: Udo, seeded: Seeded, alarms: list[str]
) -> None:
    shop(world, seeded)
    group(world, alarmConfiguration={"enabled": True, "alarms": [{"name": name} for name in alarms]})
    world.log.clear()
    assert udo(*DEPLOY).exit == 0
    (params,) = created(world)
    assert "overrideAlarmConfiguration" not in params
    assert params["autoRollbackConfiguration"] == {"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM"]}


@pytest.mark.whole
def test_more_than_ten_udo_watches_alone_and_says_so(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded, OVER_TEN)
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert "CodeDeploy takes 10 alarms, not 11: Udo alone watches those of guards" in done.stderr
    assert given(world) == []
    assert reads(world) > 2


@pytest.mark.whole
def test_without_the_permission_to_give_them_udo_watches_alone_and_says_so(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    shop(world, seeded)
    world.faults.add(Fault("deny", "CreateDeployment"))
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert "Udo alone watches the alarms of guards" in done.stderr
    assert ["overrideAlarmConfiguration" in params for params in created(world)] == [True, False]
    world.faults.add(Fault("deny", "CreateDeployment", times=None))
    assert udo(*DEPLOY, "--again").exit == 6


def test_one_that_rings_already_stops_it_before_it_is_made(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded)
    ring(world, "prod-5xx")
    assert udo(*DEPLOY).exit == 7
    assert created(world) == []
    done = udo(*DEPLOY, "--ignore-alarms", "--reason", "mends the cart")
    assert done.exit == 0, done.stderr
    assert given(world) == []


@pytest.mark.parametrize("guards", [OVER_TEN, GUARDS], ids=["udo-alone", "codedeploy-too"])
@pytest.mark.parametrize(
    "moment", some(["BatchGetDeploymentTargets", "ListDeploymentTargets", "GetDeployment"], "GetDeployment")
)
def test_an_alarm_that_goes_off_meanwhile_has_it_stopped_and_rolled_back(
    world: Any, udo: Udo, seeded: Seeded, guards: str, moment: str
) -> None:
    shop(world, seeded, guards)
    rings_at(world, "a3" if guards == OVER_TEN else "prod-5xx", moment, nth=2 if moment == "GetDeployment" else 1)
    done = udo(*DEPLOY)
    assert done.exit == 1, done.stderr
    last = done.stderr.splitlines()[-1]
    assert "alarm" in last
    assert "CodeDeploy has rolled back with" in last
    rollback, failed, _ = deployments(world)
    assert (failed["status"], failed["revision"]) == ("Stopped", revision())
    assert (rollback["creator"], rollback["status"], rollback["revision"]) == (
        "codeDeployRollback",
        "Succeeded",
        revision(OTHER),
    )


def test_one_that_is_deleted_meanwhile_is_told_once_and_the_others_are_still_watched(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    def delete(_: Any) -> None:
        world.client("cloudwatch").delete_alarms(AlarmNames=["a1"])

    shop(world, seeded, OVER_TEN)
    world.faults.add(Fault("hook", "BatchGetDeploymentTargets", hook=delete))
    rings_at(world, "a3", "BatchGetDeploymentTargets", nth=2)
    done = udo(*DEPLOY)
    assert done.exit == 1, done.stderr
    assert done.stderr.count("unknown, what it names is not all there any more") == 1
    assert "CloudWatch alarm in ALARM: a3" in done.stderr


@pytest.mark.whole
@pytest.mark.parametrize("guards", [OVER_TEN, GUARDS], ids=["udo-alone", "codedeploy-too"])
def test_an_alarm_is_no_failure_that_it_is_only_to_be_stopped_after(
    world: Any, udo: Udo, seeded: Seeded, guards: str
) -> None:
    shop(world, seeded, guards, role="deploy: {on_failure: stop}")
    rings_at(world, "a3" if guards == OVER_TEN else "prod-5xx", "BatchGetDeploymentTargets")
    done = udo(*DEPLOY)
    assert done.exit == 1
    assert "alarm" in done.stderr.splitlines()[-1]
    assert [one["status"] for one in deployments(world)] == ["Succeeded", "Stopped", "Succeeded"]


@pytest.mark.whole
def test_one_that_has_ended_before_it_could_be_stopped_has_succeeded_but(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded, OVER_TEN, role=hook())
    rings_at(world, "a3", "BatchGetDeploymentTargets", nth=2)
    world.faults.add(Fault("hook", "StopDeployment", hook=lambda _: end(world)))
    done = udo(*DEPLOY)
    assert done.exit == 1
    assert "succeeded, but CloudWatch alarm in ALARM: a3" in done.stderr.splitlines()[-1]
    assert [one["status"] for one in deployments(world)] == ["Succeeded", "Succeeded"]
    assert not Path("hook.json").exists()


@pytest.mark.whole
def test_one_that_cannot_be_stopped_is_told_with_the_alarm(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded, OVER_TEN)
    rings_at(world, "a3", "BatchGetDeploymentTargets")
    world.faults.add(Fault("deny", "StopDeployment", times=None))
    done = udo(*DEPLOY)
    assert done.exit == 1
    last = done.stderr.splitlines()[-1]
    assert "CloudWatch alarm in ALARM: a3; stop the deployment to prod webapp, and roll its instances back" in last
    assert "not done" in last
    assert deployments(world)[0]["deploymentId"] in last


@pytest.mark.whole
def test_a_run_after_kill_9_follows_it_guarded_and_takes_it_back(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded, OVER_TEN)
    world.faults.add(Fault("kill", "BatchGetDeploymentTargets"))
    with pytest.raises(Killed):
        udo(*DEPLOY)
    world.faults.clear()
    ring(world, "a3")
    done = udo(*DEPLOY)
    assert done.exit == 1, done.stderr
    assert "CloudWatch alarm in ALARM: a3" in done.stderr
    assert [one["status"] for one in deployments(world)] == ["Succeeded", "Stopped", "Succeeded"]


@pytest.mark.whole
def test_whoever_only_follows_or_leaves_it_to_aws_stops_nothing(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded, OVER_TEN.replace("]}", "], after: 5m}"))
    before = world.clock.now()
    assert udo(*DEPLOY, "--no-wait").exit == 0
    assert world.clock.now() - before < 60
    ring(world, "a3")
    world.log.clear()
    assert udo("deploy", "prod", "webapp", "--follow").exit == 0
    assert (reads(world), "StopDeployment" in asked(world)) == (0, False)


@pytest.mark.whole
def test_one_that_goes_off_after_a_success_fails_it_and_names_the_way_back(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    shop(world, seeded, GUARDS.replace("]}", "], after: 5m}"), role=hook())
    done = udo(*DEPLOY, "-n")
    assert "watch alarms prod-5xx, prod-slow for 5m" in done.stdout
    before = world.clock.now()
    assert udo(*DEPLOY).exit == 0
    assert world.clock.now() - before > 300
    begin(world, OTHER)
    end(world)
    world.log.clear()

    def after_it(_: Any) -> None:
        if deployments(world)[0]["status"] == "Succeeded" and deployments(world)[0]["revision"] == revision():
            ring(world, "prod-slow")

    world.faults.add(Fault("hook", "DescribeAlarms", times=None, hook=after_it))
    done = udo(*DEPLOY)
    assert done.exit == 1, done.stderr
    made = deployments(world)[0]
    assert (made["status"], made["revision"]) == ("Succeeded", revision())
    last = done.stderr.splitlines()[-1]
    assert f"deployment {made['deploymentId']}" in last
    assert "succeeded, but CloudWatch alarm in ALARM: prod-slow" in last
    assert last.endswith("it is not undone; udo rollback prod webapp --code goes back")
    world.faults.clear()
    done = udo("rollback", "prod", "webapp", "--code")
    assert done.exit == 0, done.stderr
    assert "alarm prod-slow is in ALARM" in done.stderr
    assert given(world) == []


@pytest.mark.whole
def test_of_several_roles_none_is_begun_after_one_that_an_alarm_has_ended(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded, OVER_TEN)
    begin(world, OTHER, "prod-web")
    end(world)
    rings_at(world, "a3", "BatchGetDeploymentTargets", nth=2)
    done = udo("deploy", "prod", "webapp,web", SHA, "--yes")
    assert done.exit == 1, done.stderr
    assert "not begun: prod web" in done.stderr
    assert [one["revision"] for one in deployments(world, "prod-web")] == [revision(OTHER)]


@pytest.mark.whole
def test_what_was_suspended_is_resumed_before_the_alarms_are_watched(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded, GUARDS.replace("]}", "], after: 5m}"), role="deploy: {suspend: [AlarmNotification]}")
    assert udo(*DEPLOY).exit == 0
    after = asked(world)[asked(world).index("ResumeProcesses") :]
    assert after.count("DescribeAlarms") > 15


THIRD = "2222222222222222222222222222222222222222"


def test_a_stage_after_the_queue_is_refused_by_an_alarm_and_by_a_window(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded)
    begin(world, THIRD)
    rings_at(world, "prod-5xx", "BatchGetDeploymentTargets")
    done = udo(*DEPLOY, "--queue")
    assert done.exit == 7, done.stderr
    assert "ALARM" in done.stderr.splitlines()[-1]
    assert created(world) == []
    end(world)
    alarm(world, "prod-5xx")
    Path("udo.yml").write_text(config(more=f"{GUARDS}\n{FROZEN}"))
    begin(world, THIRD)
    done = udo(*DEPLOY, "--queue")
    assert done.exit == 7, done.stderr
    assert UNTIL in done.stderr.splitlines()[-1]
    assert created(world) == []


def test_stop_names_the_alarm_and_continues(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded)
    begin(world)
    ring(world, "prod-5xx")
    done = udo("stop", "prod", "webapp")
    assert done.exit == 0, done.stderr
    assert "alarm prod-5xx is in ALARM" in done.stderr
    assert "this is a way back and continues" in done.stderr


@pytest.mark.whole
def test_after_kill_9_once_it_has_succeeded_the_same_command_watches_on(world: Any, udo: Udo, seeded: Seeded) -> None:
    shop(world, seeded, OVER_TEN.replace("]}", "], after: 5m}"))

    def late(_: Any) -> None:
        if deployments(world)[0]["status"] == "Succeeded" and deployments(world)[0]["revision"] == revision():
            raise Killed

    world.faults.add(Fault("hook", "DescribeAlarms", times=None, hook=late))
    with pytest.raises(Killed):
        udo(*DEPLOY)
    world.faults.clear()
    world.clock.step(60)
    before = world.clock.now()
    done = udo(*DEPLOY)
    assert done.exit == 0, done.stderr
    assert world.clock.now() - before > 200
    assert len(deployments(world)) == 2
