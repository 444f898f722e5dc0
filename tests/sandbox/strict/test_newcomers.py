"""Instances that come and go while CodeDeploy is at work: who holds them, what they get, and when they are let go."""

from __future__ import annotations

from typing import Any

import pytest
from account import Account
from cases_fleets import WHERE, _blue_green

OWN = {"AutoScalingGroupName": "web"}


@pytest.fixture
def account(world: Any) -> Account:
    return Account(world.client, world)


def states(account: Account) -> list[str]:
    return sorted(one["LifecycleState"] for one in account.described()["Instances"])


def deployed(account: Account, size: int = 2, **more: Any) -> list[str]:
    """The members of a group that has a first revision."""
    had = account.deployable(size, **more)
    account.deploy()
    account.step(120)
    assert account.deployments()[0]["status"] == "Succeeded"
    return had


def commits(account: Account) -> dict[str, str]:
    """The first letter of what each member got last."""
    found: dict[str, str] = {}
    for one in reversed(account.deployments()):
        filters = {"TargetStatus": ["Succeeded"]}
        listed = account.codedeploy.list_deployment_targets(deploymentId=one["deploymentId"], targetFilters=filters)
        found |= dict.fromkeys(listed["targetIds"], one["revision"]["gitHubLocation"]["commitId"][0])
    return {member: found.get(member, "") for member in account.members()}


@pytest.mark.parametrize("step", [0.5, 7.0, 300.0])
def test_what_grows_in_mid_deployment_gets_the_old_revision_and_then_the_new_one(account: Account, step: float) -> None:
    deployed(account, 3)
    root = account.deploy("b" * 40)
    account.step(5)
    account.update(DesiredCapacity=5)
    for _ in range(int(300 / step) + 1):
        account.step(step)
    told = [(one["creator"], one["status"]) for one in account.deployments()]
    wanted = ["CodeDeployAutoUpdate", "autoscaling", "autoscaling", "user", "user"]
    assert told == [(who, "Succeeded") for who in wanted]
    assert list(commits(account).values()) == ["b"] * 5
    assert len(account.codedeploy.list_deployment_targets(deploymentId=root)["targetIds"]) == 3


def test_an_instance_that_dies_before_its_turn_counts_as_failed(account: Account) -> None:
    members = deployed(account, 4)
    account.autoscaling.suspend_processes(**OWN, ScalingProcesses=["HealthCheck", "ReplaceUnhealthy"])
    made = account.deploy("b" * 40)
    account.step(4)
    account.ec2.terminate_instances(InstanceIds=members[2:3])
    account.step(120)
    shown = account.deployed(made)
    assert (shown["status"], shown["errorInformation"]["code"]) == ("Failed", "HEALTH_CONSTRAINTS")
    assert (shown["deploymentOverview"]["Failed"], shown["deploymentOverview"]["Succeeded"]) == (1, 2)


def test_one_that_dies_in_mid_deployment_is_replaced_and_the_other_gets_the_revision(account: Account) -> None:
    members = deployed(account, 3)
    made = account.deploy("b" * 40, deploymentConfigName="CodeDeployDefault.AllAtOnce")
    account.step(4)
    account.ec2.terminate_instances(InstanceIds=members[:1])
    account.step(300)
    assert account.deployed(made)["status"] == "Succeeded"
    assert account.deployed(made)["deploymentOverview"]["Failed"] == 1
    assert states(account) == ["InService"] * 3
    assert list(commits(account).values()) == ["b"] * 3
    assert members[0] not in account.members()


def test_a_long_launch_deployment_outlives_the_heartbeat_of_its_hook(account: Account) -> None:
    deployed(account, 1)
    account.delay(deployment_event=400)
    account.update(DesiredCapacity=2)
    account.step(2700)
    assert states(account) == ["InService", "Pending:Wait"]
    account.step(200)
    assert states(account) == ["InService"] * 2


def test_a_hook_that_no_deployment_group_has_holds_newcomers_until_it_times_out(account: Account) -> None:
    account.group(size=1)
    left = "CodeDeploy-managed-automatic-launch-deployment-hook-gone-1"
    launching = "autoscaling:EC2_INSTANCE_LAUNCHING"
    account.autoscaling.put_lifecycle_hook(
        **OWN, LifecycleHookName=left, LifecycleTransition=launching, HeartbeatTimeout=600
    )
    account.update(DesiredCapacity=2)
    (held,) = set(account.members()) - {account.members()[0]}
    account.step(599)
    assert states(account) == ["InService", "Pending:Wait"]
    account.step(2)
    assert held not in account.members()


def test_a_launch_deployment_lets_others_be_created(account: Account) -> None:
    deployed(account, 1)
    account.update(DesiredCapacity=2)
    assert account.deployments()[0]["creator"] == "autoscaling"
    made = account.deploy("b" * 40)
    account.step(120)
    assert account.deployed(made)["status"] == "Succeeded"
    shown = account.codedeploy.get_deployment_group(**WHERE)["deploymentGroupInfo"]
    assert shown["lastSuccessfulDeployment"]["deploymentId"] != account.deployments("autoscaling")[0]["deploymentId"]


def test_a_creator_that_is_pretended_leaves_launch_deployments_alone(account: Account) -> None:
    deployed(account, 1)
    account.fault(creator="CloudFormation")
    account.update(DesiredCapacity=2)
    account.step(60)
    assert account.deployments()[0]["creator"] == "autoscaling"
    assert states(account) == ["InService"] * 2


def test_a_launch_that_keeps_failing_never_fills_the_group(account: Account) -> None:
    deployed(account, 1)
    account.fault("ApplicationStart")
    account.update(DesiredCapacity=2)
    for _ in range(20):
        account.step(10)
    assert len(account.deployments("autoscaling")) > 10
    assert states(account).count("InService") == 1


def test_a_stopped_launch_deployment_abandons_the_launch(account: Account) -> None:
    deployed(account, 1)
    account.update(DesiredCapacity=2)
    (held,) = [one["InstanceId"] for one in account.described()["Instances"] if one["LifecycleState"] != "InService"]
    account.codedeploy.stop_deployment(deploymentId=account.deployments("autoscaling")[0]["deploymentId"])
    account.step(60)
    assert held not in account.members()
    assert states(account) == ["InService"] * 2


def test_load_balanced_groups_allow_traffic_to_newcomers_and_block_none(account: Account) -> None:
    style = {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}
    had = deployed(account, 1, deploymentStyle=style)
    account.update(DesiredCapacity=2)
    account.step(60)
    (new,) = set(account.members()) - set(had)
    events = [event for event, _ in account.events(account.deployments()[0]["deploymentId"], new)]
    assert events[0] == "ApplicationStop"
    assert events[-3:] == ["BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"]


def test_force_deleting_a_group_waits_for_no_termination_deployment(account: Account) -> None:
    deployed(account, 2, terminationHookEnabled=True)
    account.autoscaling.delete_auto_scaling_group(**OWN, ForceDelete=True)
    assert account.described() == {}
    assert account.deployments("autoscalingTermination") == []


def test_a_group_that_was_copied_is_copied_again(account: Account) -> None:
    first = _blue_green(account, ends={"action": "TERMINATE"})
    account.step(120)
    second = account.deploy("b" * 40)
    account.step(120)
    assert account.deployed(second)["status"] == "Succeeded"
    groups = account.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [one["AutoScalingGroupName"] for one in groups] == [f"CodeDeploy_web_{second}"]
    assert [tag["Value"] for tag in groups[0]["Tags"]] == [second] != [first]


def test_a_blue_green_deployment_that_fails_leaves_the_original_group_in_charge(account: Account) -> None:
    account.fault("AfterInstall", times=1)
    made = _blue_green(account, ends={"action": "TERMINATE"})
    account.step(120)
    shown = account.deployed(made)
    assert (shown["status"], shown["deploymentOverview"]["Skipped"]) == ("Failed", 3)
    (one,) = account.codedeploy.get_deployment_group(**WHERE)["deploymentGroupInfo"]["autoScalingGroups"]
    assert (one["name"], states(account)) == ("web", ["InService"] * 2)


def test_a_ready_deployment_can_be_stopped(account: Account) -> None:
    made = _blue_green(account, ready={"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60})
    account.step(60)
    assert account.codedeploy.stop_deployment(deploymentId=made)["status"] == "Succeeded"
    shown = account.deployed(made)
    assert (shown["status"], shown["errorInformation"]["code"]) == ("Stopped", "MANUAL_STOP")


def test_a_termination_deployment_that_fails_lets_other_hooks_keep_the_instance(account: Account) -> None:
    deployed(account, 2, terminationHookEnabled=True)
    leaving = "autoscaling:EC2_INSTANCE_TERMINATING"
    account.autoscaling.put_lifecycle_hook(
        **OWN, LifecycleHookName="drain", LifecycleTransition=leaving, HeartbeatTimeout=3600
    )
    account.fault("ApplicationStop", times=1)
    account.update(DesiredCapacity=1)
    account.step(120)
    assert account.deployments("autoscalingTermination")[0]["status"] == "Failed"
    assert states(account) == ["InService", "Terminating:Wait"]


def test_an_original_instance_that_keeps_its_traffic_fails_a_blue_green_deployment(account: Account) -> None:
    account.fault("BlockTraffic", instance=3, times=1)
    made = _blue_green(account, ends={"action": "TERMINATE"})
    account.step(120)
    assert account.deployed(made)["status"] == "Failed"
    assert states(account) == ["InService"] * 2
