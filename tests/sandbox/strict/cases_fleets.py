"""Deployments to instances that come, go and replace others: one case for each rule, named like it."""

from __future__ import annotations

from typing import Any

from account import ROLE, Account, accepted, holds, refused

WHERE = {"applicationName": "shop", "deploymentGroupName": "web"}
OWN = {"AutoScalingGroupName": "web"}
GREEN = {
    "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
    "loadBalancerInfo": {"targetGroupInfoList": [{"name": "front"}]},
}
_COPY = {"greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}}


def _blue_green(aws: Account, *, ready: dict[str, Any] | None = None, ends: dict[str, Any] | None = None) -> str:
    settings: dict[str, Any] = {**_COPY, "deploymentReadyOption": ready or {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}}
    settings["terminateBlueInstancesOnDeploymentSuccess"] = ends or {"action": "KEEP_ALIVE"}
    aws.deployable(**GREEN, blueGreenDeploymentConfiguration=settings)
    return aws.deploy()


def _states(aws: Account) -> list[str]:
    return sorted(one["LifecycleState"] for one in aws.described()["Instances"])


def _grown(aws: Account, **more: Any) -> tuple[list[str], str]:
    """A group of two that has a revision, and the newcomer that waits for its own."""
    had = aws.deployable(**more)
    aws.deploy()
    aws.step(60)
    aws.update(DesiredCapacity=3)
    (new,) = set(aws.members()) - set(had)
    return had, new


def newcomers_wait_for_their_deployment(aws: Account) -> None:
    aws.deployable(size=1)
    aws.update(DesiredCapacity=2)
    holds(_states(aws) == ["InService"] * 2, "it is held though there is nothing to deploy")
    aws.deploy()
    aws.step(60)
    aws.update(DesiredCapacity=3)
    holds(_states(aws) == ["InService", "InService", "Pending:Wait"], f"{_states(aws)}")
    made = aws.deployments("autoscaling")[0]
    holds(made["revision"]["gitHubLocation"]["commitId"] == "a" * 40)
    aws.deploy("b" * 40)
    aws.step(60)
    holds(_states(aws) == ["InService"] * 3, "it waits on")
    holds(aws.deployed(made["deploymentId"])["deploymentOverview"]["Succeeded"] == 1)


def failed_launches_are_abandoned(aws: Account) -> None:
    had, new = _grown(aws)
    aws.fault("AfterInstall", times=1)
    aws.step(10)
    holds(new not in aws.members(), "an instance without its revision is in service")
    aws.step(60)
    holds(_states(aws) == ["InService"] * 3 and set(had) < set(aws.members()))
    told = aws.autoscaling.describe_scaling_activities(**OWN)["Activities"]
    lost = next(one for one in told if one["Description"].endswith(new) and one["StatusCode"] == "Cancelled")
    holds(lost["StatusMessage"].endswith("Lifecycle Action Completed with ABANDON Result"), lost["StatusMessage"])


def termination_hooks_are_optional(aws: Account) -> None:
    aws.deployable(terminationHookEnabled=True)
    (shown,) = aws.codedeploy.get_deployment_group(**WHERE)["deploymentGroupInfo"]["autoScalingGroups"]
    hooks = {one["LifecycleHookName"] for one in aws.autoscaling.describe_lifecycle_hooks(**OWN)["LifecycleHooks"]}
    holds(hooks == {shown.get("hook"), shown.get("terminationHook")}, f"{hooks}")
    named = {"applicationName": "shop", "currentDeploymentGroupName": "web"}
    aws.codedeploy.update_deployment_group(**named, terminationHookEnabled=False)
    hooks = {one["LifecycleHookName"] for one in aws.autoscaling.describe_lifecycle_hooks(**OWN)["LifecycleHooks"]}
    holds(hooks == {shown["hook"]}, f"{hooks}")


def leavers_wait_for_their_deployment(aws: Account) -> None:
    aws.deployable(terminationHookEnabled=True)
    aws.deploy()
    aws.step(60)
    for failing in (False, True):
        if failing:
            aws.fault("ApplicationStop", times=1)
        size = len(aws.members())
        aws.update(MinSize=0, DesiredCapacity=size - 1)
        waiting = [one for one in aws.described()["Instances"] if one["LifecycleState"] == "Terminating:Wait"]
        holds(len(waiting) == 1, "nobody is held")
        leaving = waiting[0]["InstanceId"]
        made = aws.deployments("autoscalingTermination")[0]["deploymentId"]
        aws.step(60)
        events = [event for event, _ in aws.events(made, leaving)]
        holds(events == ["BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic", "ApplicationStop"], f"{events}")
        holds(aws.deployed(made)["status"] == ("Failed" if failing else "Succeeded"))
        holds(leaving not in aws.members(), "it is held for ever")


def outdated_instances_are_updated(aws: Account) -> None:
    had, new = _grown(aws)
    root = aws.deploy("b" * 40)
    aws.step(60)
    updates = aws.deployments("CodeDeployAutoUpdate")
    holds(len(updates) == 1, "nobody brings the newcomer up to date")
    (update,) = updates
    related = aws.deployed(root)["relatedDeployments"]
    holds(related == {"autoUpdateOutdatedInstancesDeploymentIds": [update["deploymentId"]]}, f"{related}")
    holds(update["relatedDeployments"] == {"autoUpdateOutdatedInstancesRootDeploymentId": root})
    holds(update["updateOutdatedInstancesOnly"] and update["revision"] == aws.deployed(root)["revision"])
    aws.step(60)
    holds(aws.codedeploy.list_deployment_targets(deploymentId=update["deploymentId"])["targetIds"] == [new])
    named = {"applicationName": "shop", "currentDeploymentGroupName": "web"}
    aws.codedeploy.update_deployment_group(**named, outdatedInstancesStrategy="IGNORE")
    aws.update(DesiredCapacity=4)
    aws.deploy("c" * 40)
    aws.step(120)
    holds(len(aws.deployments("CodeDeployAutoUpdate")) == 1 and set(had) < set(aws.members()))


def traffic_goes_over(aws: Account) -> None:
    made = _blue_green(aws, ready={"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60})
    aws.step(60)
    shown = aws.deployed(made)
    holds(shown["status"] == "Ready", shown["status"])
    holds((shown["deploymentOverview"]["Ready"], shown["deploymentOverview"]["Pending"]) == (2, 2))
    kinds = {}
    for label in ("Blue", "Green"):
        filters = {"ServerInstanceLabel": [label]}
        kinds[label] = aws.codedeploy.list_deployment_targets(deploymentId=made, targetFilters=filters)["targetIds"]
    holds(sorted(kinds["Blue"]) == sorted(aws.members()), f"{kinds}")
    refused(
        aws.codedeploy.skip_wait_time_for_instance_termination,
        "DeploymentIsNotInReadyStateException",
        deploymentId=made,
    )
    aws.codedeploy.continue_deployment(deploymentId=made, deploymentWaitType="READY_WAIT")
    aws.step(60)
    holds(aws.deployed(made)["status"] == "Succeeded", aws.deployed(made)["status"])
    ends = [aws.events(made, kinds[label][0])[-1][0] for label in ("Blue", "Green")]
    holds(ends == ["AfterBlockTraffic", "AfterAllowTraffic"], f"{ends}")
    again = aws.deploy("b" * 40)
    aws.step(3 * 3600)
    holds(aws.deployed(again)["status"] == "Stopped", "it waits for ever")


def traffic_is_blocked_meanwhile(aws: Account) -> None:
    vpc = aws.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    made = aws.elbv2.create_target_group(Name="front", Protocol="HTTP", Port=80, VpcId=vpc)
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    style = {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
    members = aws.deployable(deploymentStyle=style, loadBalancerInfo=GREEN["loadBalancerInfo"])
    aws.autoscaling.attach_load_balancer_target_groups(**OWN, TargetGroupARNs=[arn])

    def targets() -> list[str]:
        return sorted(aws.targets(arn))

    holds(targets() == sorted(members))
    aws.deploy()
    aws.step(6)
    holds(targets() == members[1:], f"{targets()}")
    aws.step(60)
    holds(targets() == sorted(members), f"{targets()}")
    aws.fault("AfterInstall", times=1)
    aws.deploy("b" * 40)
    aws.step(60)
    holds(targets() == members[1:], "what failed gets traffic")


def replacements_are_copied(aws: Account) -> None:
    made = _blue_green(aws)
    aws.step(120)
    holds(aws.deployed(made)["status"] == "Succeeded", aws.deployed(made)["status"])
    green = aws.described(f"CodeDeploy_web_{made}")
    blue = aws.described()
    for member in ("MinSize", "MaxSize", "DesiredCapacity", "LaunchConfigurationName"):
        holds(green[member] == blue[member], member)
    tags = {tag["Key"]: tag["Value"] for tag in green["Tags"]}
    holds(tags == {"CodeDeployProvisioningDeploymentId": made}, f"{tags}")
    (shown,) = aws.codedeploy.get_deployment_group(**WHERE)["deploymentGroupInfo"]["autoScalingGroups"]
    holds(shown["name"] == green["AutoScalingGroupName"] and "hook" in shown)
    holds(aws.autoscaling.describe_lifecycle_hooks(**OWN)["LifecycleHooks"] == [], "the old group keeps its hook")
    holds(green["SuspendedProcesses"] == [])


def originals_are_terminated(aws: Account) -> None:
    made = _blue_green(aws, ends={"action": "TERMINATE", "terminationWaitTimeInMinutes": 30})
    aws.step(120)
    shown = aws.deployed(made)
    holds((shown["status"], shown["instanceTerminationWaitTimeStarted"]) == ("InProgress", True), f"{shown}")
    holds(len(aws.members()) == 2)
    aws.step(1800)
    holds(aws.deployed(made)["status"] == "Succeeded" and aws.described() == {}, "the original is there")


def terminations_need_not_wait(aws: Account) -> None:
    made = _blue_green(aws, ends={"action": "TERMINATE", "terminationWaitTimeInMinutes": 30})
    aws.step(120)
    aws.codedeploy.skip_wait_time_for_instance_termination(deploymentId=made)
    aws.step(1)
    holds(aws.deployed(made)["status"] == "Succeeded" and aws.described() == {})


def _create(aws: Account, code: str, **more: Any) -> None:
    words = {"applicationName": "shop", "deploymentGroupName": "new", "serviceRoleArn": ROLE, **more}
    refused(aws.codedeploy.create_deployment_group, code, **words)


def deployment_styles_exist(aws: Account) -> None:
    aws.deployable()
    for wrong in ({"deploymentType": "CANARY"}, {"deploymentOption": "WITH_LUCK"}):
        _create(aws, "InvalidDeploymentStyleException", deploymentStyle=wrong)


def copied_fleets_have_one_group(aws: Account) -> None:
    aws.deployable()
    wrong = {**GREEN, "blueGreenDeploymentConfiguration": _COPY}
    _create(aws, "InvalidBlueGreenDeploymentConfigurationException", **wrong)
    named = {"applicationName": "shop", "currentDeploymentGroupName": "web"}
    update = aws.codedeploy.update_deployment_group
    refused(update, "InvalidBlueGreenDeploymentConfigurationException", **named, **wrong)
    accepted(update, **named, **wrong, autoScalingGroups=["web"])


def rollbacks_say_when(aws: Account) -> None:
    aws.deployable()
    for wrong in ({"enabled": True}, {"enabled": True, "events": []}, {"events": ["DEPLOYMENT_BOREDOM"]}):
        refused(aws.deploy, "InvalidAutoRollbackConfigException", autoRollbackConfiguration=wrong)
    accepted(aws.deploy, autoRollbackConfiguration={"enabled": False})


def target_instances_are_replacements(aws: Account) -> None:
    aws.deployable()
    refused(aws.deploy, "InvalidTargetInstancesException", targetInstances={"autoScalingGroups": ["web"]})


def hooks_need_room(aws: Account) -> None:
    aws.deployable()
    launching = "autoscaling:EC2_INSTANCE_LAUNCHING"
    for number in range(49):
        aws.autoscaling.put_lifecycle_hook(
            **OWN, LifecycleHookName=f"hook-{number}", LifecycleTransition=launching, DefaultResult="CONTINUE"
        )
    _create(aws, "LifecycleHookLimitExceededException", autoScalingGroups=["web"])
    named = {"applicationName": "shop", "currentDeploymentGroupName": "web"}
    accepted(aws.codedeploy.update_deployment_group, **named, autoScalingGroups=["web"])


def zonal_configs_are_for_deployments_in_place(aws: Account) -> None:
    aws.balanced()
    _blue_green(aws)
    aws.step(600)
    zonal = {"monitorDurationInSeconds": 60}
    hosts = {"type": "HOST_COUNT", "value": 1}
    accepted(
        aws.codedeploy.create_deployment_config,
        deploymentConfigName="Own",
        minimumHealthyHosts=hosts,
        zonalConfig=zonal,
    )
    refused(aws.deploy, "InvalidDeploymentConfigNameException", "zonal", deploymentConfigName="Own")
