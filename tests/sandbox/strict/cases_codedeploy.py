"""CodeDeploy: one case for each rule, named like it."""

from __future__ import annotations

import re
from typing import Any

from account import ROLE, Account, holds, refused

S3 = {"revisionType": "S3", "s3Location": {"bucket": "bundles", "key": "shop.zip", "bundleType": "zip"}}
WHERE = {"applicationName": "shop", "deploymentGroupName": "web"}


def codedeploy_names_are_plain(aws: Account) -> None:
    refused(aws.codedeploy.create_application, "InvalidApplicationNameException", applicationName="no blanks")
    aws.deployable()
    rename = {"applicationName": "shop", "currentDeploymentGroupName": "web", "newDeploymentGroupName": "no blanks"}
    refused(aws.codedeploy.update_deployment_group, "InvalidDeploymentGroupNameException", **rename)


def unknown_auto_scaling_groups_are_refused(aws: Account) -> None:
    aws.codedeploy.create_application(applicationName="shop")
    words = {**WHERE, "serviceRoleArn": ROLE, "autoScalingGroups": ["nothing"]}
    refused(aws.codedeploy.create_deployment_group, "InvalidAutoScalingGroupException", "nothing", **words)


def groups_use_known_configs(aws: Account) -> None:
    aws.codedeploy.create_application(applicationName="shop")
    words = {**WHERE, "serviceRoleArn": ROLE, "deploymentConfigName": "Slowly"}
    refused(aws.codedeploy.create_deployment_group, "DeploymentConfigDoesNotExistException", "Slowly", **words)


def launch_hooks_are_installed(aws: Account) -> None:
    aws.deployable()
    shown = aws.codedeploy.get_deployment_group(**WHERE)["deploymentGroupInfo"]["autoScalingGroups"]
    hooks = aws.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"]
    holds([one.get("name") for one in shown] == ["web"], "the names are lost")
    holds([one["LifecycleHookName"] for one in hooks] == [shown[0]["hook"]], "no hook")


def groups_know_their_last_deployments(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy()
    aws.step(60)
    shown = aws.codedeploy.get_deployment_group(**WHERE)["deploymentGroupInfo"]
    holds(shown.get("lastAttemptedDeployment", {}).get("deploymentId") == made, "unknown")
    holds(shown.get("lastSuccessfulDeployment", {}).get("status") == "Succeeded")
    holds(shown["targetRevision"]["gitHubLocation"]["commitId"] == "a" * 40)


def groups_come_in_batches(aws: Account) -> None:
    aws.deployable()
    found = aws.codedeploy.batch_get_deployment_groups(applicationName="shop", deploymentGroupNames=["web", "nothing"])[
        "deploymentGroupsInfo"
    ]
    holds([one["deploymentGroupName"] for one in found] == ["web"])


def deployment_groups_are_listed_in_pages(aws: Account) -> None:
    refused(
        aws.codedeploy.list_deployment_groups, "ApplicationDoesNotExistException", "nothing", applicationName="nothing"
    )


def deployment_groups_can_change(aws: Account) -> None:
    aws.deployable()
    aws.group("other", size=1)
    aws.codedeploy.update_deployment_group(
        applicationName="shop", currentDeploymentGroupName="web", autoScalingGroups=["other"]
    )
    shown = aws.codedeploy.get_deployment_group(**WHERE)["deploymentGroupInfo"]
    holds([one["name"] for one in shown["autoScalingGroups"]] == ["other"])
    holds(aws.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"] == [])
    made = aws.deploy()
    words = {"applicationName": "shop", "currentDeploymentGroupName": "web", "newDeploymentGroupName": "new"}
    aws.codedeploy.update_deployment_group(**words)
    listed = aws.codedeploy.list_deployments(applicationName="shop", deploymentGroupName="new")["deployments"]
    holds(listed == [made], "its deployments are lost")


def deployment_groups_can_be_deleted(aws: Account) -> None:
    aws.deployable()
    aws.codedeploy.delete_deployment_group(**WHERE)
    holds(aws.codedeploy.list_deployment_groups(applicationName="shop")["deploymentGroups"] == [])
    holds(aws.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName="web")["LifecycleHooks"] == [])


def applications_can_be_deleted(aws: Account) -> None:
    aws.deployable()
    aws.codedeploy.delete_application(applicationName="shop")
    holds(aws.codedeploy.list_applications()["applications"] == [])


def applications_can_be_renamed(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy()
    aws.codedeploy.create_application(applicationName="taken")
    words = {"applicationName": "shop", "newApplicationName": "taken"}
    refused(aws.codedeploy.update_application, "ApplicationAlreadyExistsException", "taken", **words)
    aws.codedeploy.update_application(applicationName="shop", newApplicationName="store")
    where = {"applicationName": "store", "deploymentGroupName": "web"}
    holds(aws.codedeploy.list_deployments(**where)["deployments"] == [made], "its deployments are lost")
    shown = aws.codedeploy.get_deployment_group(**where)["deploymentGroupInfo"]
    holds(shown["applicationName"] == "store", shown["applicationName"])
    gone = {"applicationName": "shop", "deploymentGroupName": "web"}
    refused(aws.codedeploy.get_deployment_group, "ApplicationDoesNotExistException", **gone)


def unknown_deployment_configs_are_refused(aws: Account) -> None:
    aws.deployable()
    refused(aws.deploy, "DeploymentConfigDoesNotExistException", "Slowly", deploymentConfigName="Slowly")


def only_outdated_instances(aws: Account) -> None:
    had = aws.deployable()
    aws.deploy()
    aws.step(60)
    aws.deploy(updateOutdatedInstancesOnly=True)
    aws.step(60)
    holds(aws.deployments()[0].get("errorInformation", {}).get("code") == "NO_INSTANCES", "it deploys to all")
    # An instance that is attached passes by the launch hook.
    (new,) = aws.group("other", size=1)
    aws.autoscaling.detach_instances(
        AutoScalingGroupName="other", InstanceIds=[new], ShouldDecrementDesiredCapacity=False
    )
    aws.autoscaling.attach_instances(AutoScalingGroupName="web", InstanceIds=[new])
    made = aws.deploy(updateOutdatedInstancesOnly=True)
    aws.step(60)
    reached = aws.codedeploy.list_deployment_targets(deploymentId=made)["targetIds"]
    holds(reached == [new], str(reached))
    holds(new not in had)


def descriptions_are_short(aws: Account) -> None:
    aws.deployable()
    refused(aws.deploy, "DescriptionTooLongException", description="x" * 257)


def one_deployment_at_a_time(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy()
    refused(aws.deploy, "DeploymentLimitExceededException", made)
    aws.step(60)
    aws.deploy("b" * 40)


def deployment_ids_are_short(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy()
    holds(re.fullmatch(r"d-[A-Z0-9]{9}", made), made)


def deployments_tell_how_they_stand(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy()
    aws.step(60)
    shown = aws.deployed(made)
    holds(shown["status"] == "Succeeded", shown["status"])
    holds(shown["createTime"] < shown["startTime"] < shown["completeTime"])
    holds(shown["deploymentOverview"]["Succeeded"] == 2)
    refused(aws.codedeploy.get_deployment, "DeploymentDoesNotExistException", deploymentId="d-NOTHING00")


def batches_of_deployments_are_small(aws: Account) -> None:
    ids = [f"d-{number:09}" for number in range(26)]
    refused(aws.codedeploy.batch_get_deployments, "BatchLimitExceededException", deploymentIds=ids)
    refused(aws.codedeploy.batch_get_deployments, "InvalidDeploymentIdException", "web", deploymentIds=["web"])


def start_as_many_as_the_config_allows(aws: Account) -> None:
    aws.delay(deployment_start=2, deployment_event=1)
    aws.deployable(size=4)
    at_once = {}
    for name in ("OneAtATime", "HalfAtATime", "AllAtOnce"):
        made = aws.deploy(deploymentConfigName=f"CodeDeployDefault.{name}")
        aws.step(4)
        at_once[name] = aws.deployed(made)["deploymentOverview"]["InProgress"]
        aws.step(100)
        if aws.deployed(made)["status"] != "Succeeded":
            break
    holds(at_once == {"OneAtATime": 1, "HalfAtATime": 2, "AllAtOnce": 4}, str(at_once))


def enough_are_healthy(aws: Account) -> None:
    aws.deployable(size=3)
    outcomes = []
    for place in (1, 3):
        aws.fault("AfterInstall", instance=place, times=1)
        made = aws.deploy()
        aws.step(100)
        outcomes.append((aws.deployed(made)["status"], aws.deployed(made).get("errorInformation", {}).get("code")))
        if outcomes[0][0] == "Created":
            break
    holds(outcomes == [("Failed", "HEALTH_CONSTRAINTS"), ("Succeeded", None)], str(outcomes))


def bundles_must_be_there(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy(revision=S3)
    aws.step(60)
    error: dict[str, Any] = aws.deployed(made).get("errorInformation", {})
    holds(error.get("code") == "REVISION_MISSING", str(error))
    aws.s3.create_bucket(Bucket="bundles", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    aws.s3.put_object(Bucket="bundles", Key="shop.zip", Body=b"PK")
    made = aws.deploy(revision=S3)
    aws.step(60)
    holds(aws.deployed(made)["status"] == "Succeeded")


def listing_unknown_names_is_refused(aws: Account) -> None:
    aws.deployable()
    words = {**WHERE, "deploymentGroupName": "nothing"}
    refused(aws.codedeploy.list_deployments, "DeploymentGroupDoesNotExistException", "nothing", **words)


def unknown_statuses_are_refused(aws: Account) -> None:
    refused(aws.codedeploy.list_deployments, "InvalidDeploymentStatusException", includeOnlyStatuses=["Fine"])


def newest_deployments_come_first(aws: Account) -> None:
    aws.deployable()
    made = []
    for commit in "abc":
        made.append(aws.deploy(commit * 40))
        aws.step(60)
    holds(aws.codedeploy.list_deployments(**WHERE)["deployments"] == made[::-1], "oldest first")


def stopping_waits_for_running_scripts(aws: Account) -> None:
    aws.delay(deployment_start=2, deployment_event=1)
    aws.deployable()
    made = aws.deploy()
    aws.step(2.5)
    holds(aws.codedeploy.stop_deployment(deploymentId=made)["status"] == "Pending")
    aws.step(1)
    holds(aws.deployed(made)["status"] == "Stopped")
    holds(aws.codedeploy.stop_deployment(deploymentId=made)["status"] == "Succeeded")
    made = aws.deploy()
    aws.step(60)
    refused(aws.codedeploy.stop_deployment, "DeploymentAlreadyCompletedException", deploymentId=made)


def targets_are_unknown_before_the_start(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy()
    refused(aws.codedeploy.list_deployment_targets, "DeploymentNotStartedException", deploymentId=made)


def targets_are_listed(aws: Account) -> None:
    members = aws.deployable()
    made = aws.deploy()
    aws.step(60)
    holds(sorted(aws.codedeploy.list_deployment_targets(deploymentId=made)["targetIds"]) == sorted(members))
    filters = {"TargetStatus": ["Failed"]}
    holds(aws.codedeploy.list_deployment_targets(deploymentId=made, targetFilters=filters)["targetIds"] == [])


def instances_are_listed(aws: Account) -> None:
    members = aws.deployable()
    made = aws.deploy()
    aws.step(60)
    holds(aws.codedeploy.list_deployment_instances(deploymentId=made)["instancesList"] == members)


def targets_tell_their_events(aws: Account) -> None:
    members = aws.deployable()
    aws.fault("BeforeInstall", instance=1, script="scripts/stop.sh", log_tail="no such service")
    made = aws.deploy()
    aws.step(60)
    found = aws.codedeploy.batch_get_deployment_targets(deploymentId=made, targetIds=members[:1])
    events = found["deploymentTargets"][0]["instanceTarget"]["lifecycleEvents"]
    states = [event["status"] for event in events]
    holds(states == ["Succeeded", "Succeeded", "Failed", *["Skipped"] * 4], str(states))
    told = events[2]["diagnostics"]
    holds((told["errorCode"], told["scriptName"]) == ("ScriptFailed", "scripts/stop.sh"))
    holds(told["logTail"] == "no such service" and events[2]["endTime"] > events[2]["startTime"])
    many = [f"i-{number:017x}" for number in range(26)]
    batch = aws.codedeploy.batch_get_deployment_targets
    refused(batch, "DeploymentTargetListSizeExceededException", deploymentId=made, targetIds=many)


def one_target_tells_its_events(aws: Account) -> None:
    members = aws.deployable()
    made = aws.deploy()
    aws.step(60)
    found = aws.codedeploy.get_deployment_target(deploymentId=made, targetId=members[0])["deploymentTarget"]
    holds(found["instanceTarget"]["status"] == "Succeeded")
    words = {"deploymentId": made, "targetId": "i-00000000000000001"}
    refused(aws.codedeploy.get_deployment_target, "DeploymentTargetDoesNotExistException", **words)


def deployment_configs_are_described(aws: Account) -> None:
    name = "CodeDeployDefault.HalfAtATime"
    found = aws.codedeploy.get_deployment_config(deploymentConfigName=name)["deploymentConfigInfo"]
    holds(found["minimumHealthyHosts"] == {"type": "FLEET_PERCENT", "value": 50})
    words = {"deploymentConfigName": "Slowly"}
    refused(aws.codedeploy.get_deployment_config, "DeploymentConfigDoesNotExistException", **words)


def default_configs_are_listed(aws: Account) -> None:
    holds("CodeDeployDefault.OneAtATime" in aws.codedeploy.list_deployment_configs()["deploymentConfigsList"])


def deployment_config_names_are_unique(aws: Account) -> None:
    words = {"deploymentConfigName": "Slowly", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1}}
    aws.codedeploy.create_deployment_config(**words)
    refused(aws.codedeploy.create_deployment_config, "DeploymentConfigAlreadyExistsException", **words)


def minimum_healthy_hosts(aws: Account) -> None:
    words = {"deploymentConfigName": "Slowly", "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 100}}
    refused(aws.codedeploy.create_deployment_config, "InvalidMinimumHealthyHostValueException", **words)


def configs_in_use_stay(aws: Account) -> None:
    hosts = {"type": "HOST_COUNT", "value": 1}
    aws.codedeploy.create_deployment_config(deploymentConfigName="Slowly", minimumHealthyHosts=hosts)
    aws.deployable(deploymentConfigName="Slowly")
    delete = aws.codedeploy.delete_deployment_config
    refused(delete, "DeploymentConfigInUseException", deploymentConfigName="Slowly")


def service_roles_are_arns(aws: Account) -> None:
    aws.codedeploy.create_application(applicationName="shop")
    refused(aws.codedeploy.create_deployment_group, "InvalidRoleException", "admin", serviceRoleArn="admin", **WHERE)


def file_behaviors_exist(aws: Account) -> None:
    aws.deployable()
    refused(aws.deploy, "InvalidFileExistsBehaviorException", "MERGE", fileExistsBehavior="MERGE")


def target_statuses_exist(aws: Account) -> None:
    aws.deployable()
    made = aws.deploy()
    aws.step(60)
    words = {"deploymentId": made, "targetFilters": {"TargetStatus": ["Fine"]}}
    refused(aws.codedeploy.list_deployment_targets, "InvalidInstanceStatusException", "Fine", **words)


def instances_come_in_batches(aws: Account) -> None:
    members = aws.deployable()
    made = aws.deploy()
    aws.step(60)
    batch = aws.codedeploy.batch_get_deployment_instances
    found = batch(deploymentId=made, instanceIds=[members[1], "i-00000000000000001"])
    (one,) = found["instancesSummary"]
    holds(one["instanceId"].endswith(members[1]) and one["status"] == "Succeeded", str(one))
    holds(len(one["lifecycleEvents"]) == 7 and "i-00000000000000001" in found["errorMessage"])
    many = [f"i-{number:017x}" for number in range(26)]
    refused(batch, "BatchLimitExceededException", deploymentId=made, instanceIds=many)


def one_instance_tells_its_events(aws: Account) -> None:
    members = aws.deployable()
    made = aws.deploy()
    aws.step(60)
    get = aws.codedeploy.get_deployment_instance
    holds(get(deploymentId=made, instanceId=members[0])["instanceSummary"]["status"] == "Succeeded")
    refused(get, "InstanceDoesNotExistException", deploymentId=made, instanceId="i-00000000000000001")
