"""The forecast of a deployment on the strict sandbox: what its lines say is what then happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_worlds import OTHER, SHA, asked, begin, config, deployments, end, members
from refresh_worlds import under_way

from udo.sandbox.faults import Fault
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

Udo = Callable[..., Any]
Seeded = Callable[..., Any]
DEPLOY = ("deploy", "prod", "webapp")
PLAIN = "OneAtATime on 3 instances: any failure but the last instance's fails it"


def notes(udo: Udo, *words: str) -> list[str]:
    """What a dry run notes."""
    return list(udo(*DEPLOY, SHA, "-n", "-o", "json", *words).json["data"]["plan"]["notes"])


def foretold(udo: Udo, kind: str) -> dict[str, Any]:
    """The one thing of this kind in the forecast of a dry run, in parts."""
    [row] = [
        row for row in udo(*DEPLOY, SHA, "-n", "-o", "json").json["data"]["plan"]["forecast"] if row["kind"] == kind
    ]
    return dict(row)


def group(world: Any, **settings: Any) -> None:
    """Sets what the deployment group says of its deployments."""
    named = {"applicationName": "shop", "currentDeploymentGroupName": "prod-webapp"}
    world.client("codedeploy").update_deployment_group(**named, **settings)


def alarm(world: Any, state: str) -> None:
    client = world.client("cloudwatch")
    words = {"MetricName": "Latency", "Namespace": "Shop", "Statistic": "Average", "Period": 60}
    limits = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    limits |= {"TreatMissingData": "ignore"}
    client.put_metric_alarm(AlarmName="slow", **words, **limits)
    client.set_alarm_state(AlarmName="slow", StateValue=state, StateReason="told")


def test_a_healthy_plain_group_has_one_line_and_one_read_more(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    shown = udo(*DEPLOY, SHA, "-n")
    assert shown.stderr.splitlines()[-1] == PLAIN
    assert notes(udo) == [PLAIN]
    world.log.clear()
    assert udo(*DEPLOY, SHA, "-n").exit == 0
    assert [
        one
        for one in asked(world)
        if one in ("DescribeInstanceRefreshes", "DescribeAlarms", "DescribeInstances", "GetDeploymentConfig")
    ] == ["DescribeInstanceRefreshes"]


def test_a_real_deployment_says_it_before_it_begins(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    told = udo(*DEPLOY, SHA).stderr.splitlines()
    assert told.index(PLAIN) < next(number for number, line in enumerate(told) if "deploy example/shop" in line)


def test_where_nothing_is_deployed_nothing_is_foretold(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    assert PLAIN in udo(*DEPLOY, SHA).stderr
    world.log.clear()
    assert PLAIN not in udo(*DEPLOY, SHA).stderr
    begin(world, OTHER)
    assert PLAIN not in udo(*DEPLOY, "--follow").stderr
    assert "DescribeInstanceRefreshes" not in asked(world)


def test_one_instance_bears_no_failure(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    shown = udo("deploy", "prod", "web", SHA, "-n").stderr
    assert "OneAtATime on 1 instance: any failure fails it\n" in shown
    deployment_faults.add(DeploymentFault(event="Install", instance=1))
    assert udo("deploy", "prod", "web", SHA).exit == 1


@pytest.mark.whole
@pytest.mark.parametrize(("kind", "value"), [("HOST_COUNT", 1), ("HOST_COUNT", 3), ("FLEET_PERCENT", 34)])
def test_a_configuration_of_ones_own_ends_a_deployment_as_it_is_foretold(
    world: Any, udo: Udo, seeded: Seeded, kind: str, value: int
) -> None:
    hosts = {"type": kind, "value": value}
    world.client("codedeploy").create_deployment_config(deploymentConfigName="Own", minimumHealthyHosts=hosts)
    seeded(config("deploy: {config: Own}"))
    row = foretold(udo, "arithmetic")
    for failing in (0, 1, 2):
        deployment_faults.clear()
        for place in range(failing):
            deployment_faults.add(DeploymentFault(event="Install", instance=place + 1))
        assert udo(*DEPLOY, SHA, "--again").exit in (0, 1, 3)
        made = deployments(world)[0]
        needed = row["failures"]
        assert (made["status"] == "Failed") == (needed is None or failing >= needed), (row, failing)
    assert ("warning: Own on 3 instances cannot succeed" in row["says"]) == (row["failures"] is None)


def test_a_configuration_from_zone_to_zone_names_the_zones(world: Any, udo: Udo, seeded: Seeded) -> None:
    zones = {"monitorDurationInSeconds": 300, "minimumHealthyHostsPerZone": {"type": "FLEET_PERCENT", "value": 50}}
    hosts = {"type": "HOST_COUNT", "value": 1}
    client = world.client("codedeploy")
    client.create_deployment_config(deploymentConfigName="Zones", minimumHealthyHosts=hosts, zonalConfig=zones)
    seeded(config("deploy: {config: Zones}, availability_zones: [us-west-2a, us-west-2b]"))
    told = foretold(udo, "zones")["says"]
    assert told == (
        "zone by zone: us-west-2a (2), us-west-2b (1); 50 % of each must stay healthy; "
        "5m after the first, 5m after each other"
    )
    assert "1 of 1 must stay healthy in us-west-2b" in foretold(udo, "arithmetic")["says"]
    assert udo(*DEPLOY, SHA).exit == 1


def test_a_configuration_that_may_not_be_read_is_a_line_and_no_failure(world: Any, udo: Udo, seeded: Seeded) -> None:
    hosts = {"type": "HOST_COUNT", "value": 1}
    world.client("codedeploy").create_deployment_config(deploymentConfigName="Own", minimumHealthyHosts=hosts)
    seeded(config("deploy: {config: Own}"))
    for operation in ("GetDeploymentConfig", "DescribeInstanceRefreshes"):
        world.faults.add(Fault("deny", operation, times=None))
    told = notes(udo)
    assert [line.partition(" is unknown: ")[0] for line in told] == [
        "whether an instance refresh runs",
        "how many instances Own takes at a time",
    ]
    assert udo(*DEPLOY, SHA).exit == 0


def test_members_that_are_not_in_service_are_left_out_and_named(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    [one, *_] = members(world)
    world.client("autoscaling").enter_standby(
        AutoScalingGroupName="prod-webapp", InstanceIds=[one], ShouldDecrementDesiredCapacity=True
    )
    assert notes(udo) == [
        PLAIN.replace("3", "2"),
        f"1 of 3 is left out (Standby): {one}",
    ]
    assert udo(*DEPLOY, SHA).exit == 0
    assert deployments(world)[0]["deploymentOverview"]["Succeeded"] == 2


def test_a_stopped_member_counts_as_failed_and_a_minimum_that_lacks_now_is_a_warning(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config("deploy: {config: CodeDeployDefault.HalfAtATime}"))
    client, (one, *_) = world.client("autoscaling"), members(world)
    names = ["HealthCheck", "ReplaceUnhealthy"]
    client.suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=names)
    world.client("ec2").stop_instances(InstanceIds=[one])
    client.set_instance_health(InstanceId=one, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    world.clock.step(60)
    told = notes(udo)
    assert told[0] == ("warning: HalfAtATime on 3 instances cannot succeed: 2 of 3 must stay healthy, 1 is stopped")
    assert told[1] == f"not running, which counts as failed: {one}"
    assert udo(*DEPLOY, SHA).exit == 1
    assert deployments(world)[0]["errorInformation"]["code"] == "HEALTH_CONSTRAINTS"


def test_suspended_processes_are_told_with_what_they_mean_and_harmless_ones_are_not(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    client = world.client("autoscaling")
    client.suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=["AZRebalance", "ScheduledActions"])
    assert notes(udo) == [PLAIN]
    client.suspend_processes(
        AutoScalingGroupName="prod-webapp", ScalingProcesses=["Launch", "Terminate", "ReplaceUnhealthy"]
    )
    assert notes(udo)[1:] == [
        "Launch is suspended: a member that is lost is not replaced",
        "Terminate and ReplaceUnhealthy are suspended: an unhealthy member stays",
    ]


def test_a_running_refresh_is_told(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    under_way(world)
    says = "instance refresh InProgress: members it replaces meanwhile count as failed"
    assert foretold(udo, "refresh") == {"kind": "refresh", "says": says, "status": "InProgress"}


def test_an_alarm_in_alarm_or_missing_is_a_warning_and_stops_the_deployment(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    group(world, alarmConfiguration={"enabled": True, "alarms": [{"name": "slow"}]})
    assert foretold(udo, "alarm")["says"] == "warning: alarm slow does not exist, which stops it"
    alarm(world, "OK")
    assert notes(udo) == [PLAIN]
    alarm(world, "ALARM")
    row = foretold(udo, "alarm")
    assert (row["says"], row["state"]) == ("warning: alarm slow is in ALARM, which stops it", "ALARM")
    assert udo(*DEPLOY, SHA).exit == 1
    assert deployments(world)[0]["errorInformation"]["code"] == "ALARM_ACTIVE"
    group(world, alarmConfiguration={"enabled": False, "alarms": [{"name": "slow"}]})
    assert notes(udo) == [PLAIN]


def test_an_alarm_that_may_be_unknown_is_not_told_of(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    ignored = {"enabled": True, "ignorePollAlarmFailure": True, "alarms": [{"name": "slow"}]}
    group(world, alarmConfiguration=ignored)
    assert notes(udo) == [PLAIN]
    world.faults.add(Fault("deny", "DescribeAlarms", times=None))
    assert notes(udo)[1].startswith("whether its alarms are in ALARM is unknown: cloudwatch:DescribeAlarms")


@pytest.mark.whole
def test_what_a_rollback_brings_back_is_the_last_success(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config("deploy: {on_failure: rollback}"))
    assert notes(udo)[1:] == ["nothing to roll back to if it fails: no deployment has succeeded yet"]
    good = begin(world, OTHER)
    end(world)
    deployment_faults.add(DeploymentFault(event="Install", instance=1, times=1))
    begin(world, "2" * 40)
    end(world)
    deployment_faults.clear()
    told = notes(udo)
    assert told[1:] == [
        f"first those that the last deployment failed on: {foretold(udo, 'order')['instances'][0]}",
        f"if it fails CodeDeploy brings back 1111111 of {good}",
    ]
    deployment_faults.add(DeploymentFault(event="Install", instance=1, times=1))
    assert udo(*DEPLOY, SHA).exit == 1
    rollback = deployments(world)[0]
    assert (rollback["creator"], rollback["revision"]["gitHubLocation"]["commitId"]) == ("codeDeployRollback", OTHER)


def test_the_deployment_group_decides_of_a_rollback_where_udo_yml_does_not(
    world: Any, udo: Udo, seeded: Seeded
) -> None:
    seeded(config())
    begin(world, OTHER)
    end(world)
    group(
        world,
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_FAILURE"]},
    )
    assert notes(udo)[1].startswith("if it fails or an alarm stops it CodeDeploy brings back 1111111 of d-")
    Path("udo.yml").write_text(config("deploy: {on_failure: stop}"))
    assert notes(udo) == [PLAIN]


def test_the_first_taken_are_those_that_the_last_deployment_failed_on(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    begin(world, OTHER)
    end(world)
    deployment_faults.add(DeploymentFault(event="Install", instance=2, times=1))
    begin(world, "3" * 40, deploymentConfigName="CodeDeployDefault.AllAtOnce")
    end(world)
    deployment_faults.clear()
    [first] = foretold(udo, "order")["instances"]
    assert udo(*DEPLOY, SHA).exit == 0
    made = deployments(world)[0]["deploymentId"]
    client = world.client("codedeploy")
    ids = client.list_deployment_targets(deploymentId=made)["targetIds"]
    rows = client.batch_get_deployment_targets(deploymentId=made, targetIds=ids)["deploymentTargets"]
    began = {
        row["instanceTarget"]["targetId"]: row["instanceTarget"]["lifecycleEvents"][0]["startTime"] for row in rows
    }
    assert min(began, key=lambda one: began[one]) == first


def test_the_members_of_other_groups_count_too(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    group(world, autoScalingGroups=["prod-webapp", "prod-web"])
    row = foretold(udo, "arithmetic")
    assert row["instances"] == 4
    assert row["failures"] == 1


def test_only_those_that_lack_it_count_where_only_they_are_deployed_to(world: Any, udo: Udo, seeded: Seeded) -> None:
    seeded(config())
    deployment_faults.add(DeploymentFault(event="ValidateService", instance=3, times=1))
    assert udo(*DEPLOY, SHA).exit == 3
    assert foretold(udo, "arithmetic")["instances"] == 1
    assert "OneAtATime on 1 instance: any failure fails it" in notes(udo)
