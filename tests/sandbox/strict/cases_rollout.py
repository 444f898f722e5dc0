"""How deployments go over instances, stop and are undone: one case for each rule, named like it."""

from __future__ import annotations

from typing import Any

from account import Account, accepted, holds, refused

WHERE = {"applicationName": "shop", "deploymentGroupName": "web"}
ZONES = ["us-west-2a", "us-west-2b"]
ALARMS = {"enabled": True, "alarms": [{"name": "slow"}]}
EVERY = {
    "enabled": True,
    "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
}


def _config(aws: Account, minimum: int, **more: Any) -> str:
    hosts = {"type": "HOST_COUNT", "value": minimum}
    aws.codedeploy.create_deployment_config(deploymentConfigName="Own", minimumHealthyHosts=hosts, **more)
    return "Own"


def _alarm(aws: Account, state: str = "ALARM") -> None:
    aws.cloudwatch.put_metric_alarm(
        AlarmName="slow",
        MetricName="Latency",
        Namespace="Shop",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        # What is set stays: nothing puts data.
        TreatMissingData="ignore",
    )
    aws.cloudwatch.set_alarm_state(AlarmName="slow", StateValue=state, StateReason="told")


def _code(aws: Account, deployment_id: str) -> tuple[str, str | None]:
    shown = aws.deployed(deployment_id)
    return shown["status"], shown.get("errorInformation", {}).get("code")


def _good(aws: Account, commit: str = "a" * 40) -> str:
    made = aws.deploy(commit)
    aws.step(60)
    holds(aws.deployed(made)["status"] == "Succeeded", "nothing moves")
    return made


def zonal_configs_are_whole(aws: Account) -> None:
    per_zone = {"type": "FLEET_PERCENT", "value": 100}
    for wrong in ({"minimumHealthyHostsPerZone": per_zone}, {"monitorDurationInSeconds": -1}):
        create = aws.codedeploy.create_deployment_config
        hosts = {"type": "HOST_COUNT", "value": 1}
        words = {"deploymentConfigName": "Own", "minimumHealthyHosts": hosts, "zonalConfig": wrong}
        refused(create, "InvalidZonalDeploymentConfigurationException", **words)
    _config(aws, 1, zonalConfig={"monitorDurationInSeconds": 60})
    shown = aws.codedeploy.get_deployment_config(deploymentConfigName="Own")["deploymentConfigInfo"]
    holds(shown["zonalConfig"] == {"monitorDurationInSeconds": 60}, f"{shown}")


def zones_follow_each_other(aws: Account) -> None:
    aws.deployable(size=4, zones=ZONES)
    made = aws.deploy(deploymentConfigName=_config(aws, 1, zonalConfig={"monitorDurationInSeconds": 100}))
    aws.step(50)
    half = aws.deployed(made)["deploymentOverview"]
    holds((half["Succeeded"], half["Pending"]) == (2, 2), f"{half}")
    aws.step(100)
    holds(aws.deployed(made)["status"] == "Succeeded")


def rollbacks_are_not_zonal(aws: Account) -> None:
    aws.deployable(size=4, zones=ZONES, autoRollbackConfiguration=EVERY)
    _good(aws)
    aws.fault("AfterInstall", times=1)
    bad = aws.deploy("b" * 40, deploymentConfigName=_config(aws, 1, zonalConfig={"monitorDurationInSeconds": 1000}))
    aws.step(1100)
    follower = aws.deployed(bad)["rollbackInfo"]["rollbackDeploymentId"]
    aws.step(30)
    holds(aws.deployed(follower)["deploymentOverview"]["Succeeded"] == 4, "it waits between zones")


def stopped_instances_count_as_failed(aws: Account) -> None:
    first, *_ = aws.deployable(size=3)
    aws.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["HealthCheck"])
    aws.ec2.stop_instances(InstanceIds=[first])
    made = aws.deploy()
    aws.step(60)
    holds(_code(aws, made) == ("Failed", "HEALTH_CONSTRAINTS"), f"{_code(aws, made)}")
    shown = aws.deployed(made)["deploymentOverview"]
    holds((shown["Failed"], shown["Succeeded"]) == (1, 0), f"{shown}")


def minimums_of_all_fail_at_once(aws: Account) -> None:
    aws.deployable(size=2)
    made = aws.deploy(deploymentConfigName=_config(aws, 2))
    aws.step(60)
    holds(_code(aws, made) == ("Failed", "HEALTH_CONSTRAINTS_INVALID"))
    holds(aws.deployed(made)["deploymentOverview"]["Skipped"] == 2)


def instances_are_taken_in_order(aws: Account) -> None:
    members = aws.deployable(size=3)
    _good(aws)
    orders = []
    for commit, failing in (("b", members[2]), ("c", members[0]), ("d", members[1])):
        aws.fault("AfterInstall", instance=failing, times=1)
        made = aws.deploy(commit * 40)
        aws.step(60)
        told = aws.codedeploy.list_deployment_targets(deploymentId=made)["targetIds"]
        orders.append([members.index(one) for one in told])
    # The last of b, the only one tried of c, is unhealthy; then one that has c, which did not succeed; then one with b.
    holds(orders == [[0, 1, 2], [2, 0, 1], [0, 2, 1]], f"{orders}")


def deployments_need_their_group(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy()
    aws.codedeploy.delete_deployment_group(**WHERE)
    aws.step(60)
    holds(_code(aws, made) == ("Failed", "DEPLOYMENT_GROUP_MISSING"), f"{_code(aws, made)}")


def failed_deployments_are_rolled_back(aws: Account) -> None:
    aws.deployable(autoRollbackConfiguration=EVERY)
    _good(aws)
    aws.fault("ApplicationStart", times=1)
    bad = aws.deploy("b" * 40)
    aws.step(60)
    told = aws.deployed(bad)["rollbackInfo"]
    follower = aws.deployed(told["rollbackDeploymentId"])
    back = follower["rollbackInfo"]
    holds(follower["creator"] == "codeDeployRollback")
    holds(follower["revision"]["gitHubLocation"]["commitId"] == "a" * 40)
    holds(back["rollbackTriggeringDeploymentId"] == bad)
    new = follower["deploymentId"]
    terminated = f"Deployment {bad} terminated. Automatic rollback is triggered with a DeploymentId {new}."
    holds(told["rollbackMessage"] == terminated, told["rollbackMessage"])
    holds(back["rollbackMessage"] == f"Deployment {new} is triggered to roll back deployment {bad}.")
    aws.step(60)
    for asked, follows in ((None, True), (False, False), (True, True)):
        count = len(aws.deployments("codeDeployRollback"))
        stopped = aws.deploy("c" * 40)
        words = {} if asked is None else {"autoRollbackEnabled": asked}
        aws.codedeploy.stop_deployment(deploymentId=stopped, **words)
        holds(aws.deployed(stopped)["status"] == "Stopped")
        holds(len(aws.deployments("codeDeployRollback")) == count + follows, f"{asked}")
        aws.step(60)


def stop_failures_may_be_ignored(aws: Account) -> None:
    (instance,) = aws.deployable(size=1)
    for event, ignores, status in (
        ("ApplicationStop", False, "Failed"),
        ("ApplicationStop", True, "Succeeded"),
        ("BeforeInstall", True, "Failed"),
    ):
        aws.fault(event, times=1)
        made = aws.deploy(ignoreApplicationStopFailures=ignores)
        aws.step(60)
        holds(aws.deployed(made)["status"] == status, f"{event} {ignores}")
        holds((event, "Failed") in aws.events(made, instance), "the failure is not told")


def rollbacks_treat_files_as_before(aws: Account) -> None:
    aws.deployable(autoRollbackConfiguration=EVERY)
    aws.deploy(fileExistsBehavior="RETAIN")
    aws.step(60)
    aws.fault("ApplicationStart", times=1)
    aws.deploy("b" * 40, fileExistsBehavior="OVERWRITE")
    aws.step(60)
    holds([one["fileExistsBehavior"] for one in aws.deployments("codeDeployRollback")] == ["RETAIN"])


def alarm_configs_are_whole(aws: Account) -> None:
    aws.deployable()
    update = aws.codedeploy.update_deployment_group
    named = {"applicationName": "shop", "currentDeploymentGroupName": "web"}
    many = [{"name": f"alarm-{number}"} for number in range(11)]
    refused(update, "AlarmsLimitExceededException", **named, alarmConfiguration={"alarms": many})
    for wrong in ({"enabled": True, "alarms": []}, {"alarms": [{"name": "a"}] * 2}, {"alarms": [{"name": "x" * 256}]}):
        refused(aws.deploy, "InvalidAlarmConfigException", overrideAlarmConfiguration=wrong)
    accepted(aws.deploy, overrideAlarmConfiguration={"enabled": False, "alarms": []})


def alarms_stop_deployments(aws: Account) -> None:
    aws.deployable(alarmConfiguration=ALARMS, autoRollbackConfiguration=EVERY)
    _alarm(aws, "OK")
    _good(aws)
    bad = aws.deploy("b" * 40)
    aws.step(4)
    _alarm(aws)
    aws.step(60)
    holds(_code(aws, bad) == ("Stopped", "ALARM_ACTIVE"), f"{_code(aws, bad)}")
    told = aws.deployed(bad)["errorInformation"]["message"]
    holds(told.startswith("One or more alarms have been activated") and told.endswith("Activated alarms: <slow>"), told)
    follower = aws.deployed(bad)["rollbackInfo"]["rollbackDeploymentId"]
    aws.step(60)
    holds(aws.deployed(follower)["status"] == "Succeeded", "the alarm stops the rollback")
    again = aws.deploy("c" * 40, overrideAlarmConfiguration={"enabled": False, "alarms": []})
    aws.step(60)
    holds(aws.deployed(again)["status"] == "Succeeded", "the alarm of the group counts")
    holds(aws.deployed(again)["overrideAlarmConfiguration"] == {"enabled": False, "alarms": []})


def missing_alarms_stop_deployments(aws: Account) -> None:
    aws.deployable(alarmConfiguration=ALARMS)
    for ignores, status in ((False, "Stopped"), (True, "Succeeded")):
        made = aws.deploy(overrideAlarmConfiguration={**ALARMS, "ignorePollAlarmFailure": ignores})
        aws.step(60)
        holds(aws.deployed(made)["status"] == status, f"{ignores}")


def only_blue_green_deployments_wait(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy()
    proceed = aws.codedeploy.continue_deployment
    refused(proceed, "DeploymentIdRequiredException")
    refused(proceed, "DeploymentDoesNotExistException", deploymentId="d-NOTHING00")
    refused(proceed, "InvalidDeploymentWaitTypeException", deploymentId=made, deploymentWaitType="WAIT")
    refused(proceed, "UnsupportedActionForDeploymentTypeException", made, deploymentId=made)
    aws.step(60)
    refused(proceed, "DeploymentAlreadyCompletedException", made, deploymentId=made)


def processes_to_suspend_are_possible(aws: Account) -> None:
    aws.deployable()
    for wrong in ("Launch", "terminate"):
        options = {"autoScalingGroupProcessesToSuspend": [wrong]}
        refused(aws.deploy, "InvalidAutoScalingGroupProcessToSuspendException", wrong, ec2DeploymentOptions=options)
    options = {"autoScalingGroupProcessesToSuspend": ["Terminate"]}
    named = {"applicationName": "shop", "currentDeploymentGroupName": "web", "ec2DeploymentOptions": options}
    update = aws.codedeploy.update_deployment_group
    refused(update, "InvalidAutoScalingGroupProcessToSuspendException", **named, autoScalingGroups=[])
    accepted(update, **named)
    shown = aws.codedeploy.get_deployment_group(**WHERE)["deploymentGroupInfo"]
    holds(shown["ec2DeploymentOptions"] == options)


def _suspended(aws: Account) -> list[str]:
    return sorted(one["ProcessName"] for one in aws.described()["SuspendedProcesses"])


def processes_are_suspended_meanwhile(aws: Account) -> None:
    options = {"autoScalingGroupProcessesToSuspend": ["Terminate", "AZRebalance"]}
    aws.deployable(ec2DeploymentOptions=options)
    made = aws.deploy()
    aws.step(4)
    holds(_suspended(aws) == ["AZRebalance", "Terminate"], f"{_suspended(aws)}")
    holds(aws.deployed(made)["ec2DeploymentOptions"] == options)
    aws.step(60)
    aws.fault("SuspendProcesses", times=1)
    made = aws.deploy("b" * 40)
    aws.step(60)
    holds(_code(aws, made) == ("Failed", "AUTO_SCALING_IAM_ROLE_PERMISSIONS"))
    holds(aws.codedeploy.list_deployment_targets(deploymentId=made)["targetIds"] == [], "it touches instances")


def processes_are_resumed_at_the_end(aws: Account) -> None:
    options = {"autoScalingGroupProcessesToSuspend": ["Terminate", "AZRebalance"]}
    aws.deployable(ec2DeploymentOptions=options)
    aws.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["AZRebalance"])
    _good(aws)
    holds(_suspended(aws) == ["AZRebalance"], "what somebody else suspended is resumed")
    aws.fault("ResumeProcesses", times=1)
    made = aws.deploy("b" * 40)
    aws.step(60)
    holds(_code(aws, made) == ("Failed", "AUTO_SCALING_IAM_ROLE_PERMISSIONS"), f"{_code(aws, made)}")
    holds(aws.deployed(made)["deploymentOverview"]["Succeeded"] == 2)
    holds(_suspended(aws) == ["AZRebalance", "Terminate"], "they are resumed all the same")
