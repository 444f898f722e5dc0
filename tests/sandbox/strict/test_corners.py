"""Corners of the rules that other clients meet: a policy put twice, a breach at a bound, a rollback that fails too."""

from __future__ import annotations

from typing import Any

import pytest
from account import Account

STEPS = (
    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
    {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
)
SIMPLE = {"AutoScalingGroupName": "web", "PolicyName": "scale", "AdjustmentType": "PercentChangeInCapacity"}
ROLL_BACK = {"enabled": True, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]}


@pytest.fixture
def account(world: Any) -> Account:
    return Account(world.client, world)


def test_a_policy_that_is_put_again_keeps_its_arn(account: Account) -> None:
    account.group(size=1)
    first = account.autoscaling.put_scaling_policy(**SIMPLE, ScalingAdjustment=10)["PolicyARN"]
    again = account.autoscaling.put_scaling_policy(**SIMPLE, ScalingAdjustment=20)["PolicyARN"]
    assert again == first
    (found,) = account.autoscaling.describe_policies(AutoScalingGroupName="web")["ScalingPolicies"]
    assert (found["PolicyARN"], found["ScalingAdjustment"]) == (first, 20)


@pytest.mark.parametrize(("value", "grown"), [(59.9, 1), (60, 3)])
def test_the_upper_bound_of_a_step_belongs_to_the_next_one(account: Account, value: float, grown: int) -> None:
    account.group(size=2)
    named = {"AutoScalingGroupName": "web", "PolicyName": "steps"}
    account.autoscaling.put_scaling_policy(
        **named, PolicyType="StepScaling", AdjustmentType="ChangeInCapacity", StepAdjustments=STEPS
    )
    account.autoscaling.execute_policy(**named, MetricValue=value, BreachThreshold=50)
    assert len(account.members()) == 2 + grown


@pytest.mark.parametrize(("percent", "size"), [(10, 4), (-10, 2), (60, 4), (-60, 2)])
def test_a_percentage_is_rounded_towards_nothing_but_to_one_instance_at_least(
    account: Account, percent: int, size: int
) -> None:
    account.group(size=3)
    account.autoscaling.put_scaling_policy(**SIMPLE, ScalingAdjustment=percent)
    account.autoscaling.execute_policy(AutoScalingGroupName="web", PolicyName="scale")
    assert len(account.members()) == size


def test_the_oldest_instance_goes_though_another_has_old_launch_data(account: Account) -> None:
    (oldest,) = account.group(size=1, TerminationPolicies=["OldestInstance"])
    account.configuration("web-v2")
    account.update(LaunchConfigurationName="web-v2", DesiredCapacity=2)
    account.update(LaunchConfigurationName="web")
    account.update(DesiredCapacity=1)
    assert oldest not in account.members()


def test_a_revision_is_that_of_a_group_until_another_is_deployed_to_it(account: Account) -> None:
    account.deployable(size=1)
    for commit in ("a" * 40, "b" * 40):
        account.deploy(commit)
        account.step(60)
    listed = account.codedeploy.list_application_revisions(applicationName="shop", deployed="include")["revisions"]
    assert [one["gitHubLocation"]["commitId"] for one in listed] == ["b" * 40]


def test_a_deployment_that_is_stopped_is_rolled_back_only_where_it_is_asked_for(account: Account) -> None:
    account.deployable(size=2)
    account.deploy("a" * 40)
    account.step(60)
    stopped = account.deploy("b" * 40)
    account.codedeploy.stop_deployment(deploymentId=stopped)
    account.step(60)
    assert account.deployed(stopped)["status"] == "Stopped"
    assert "rollbackDeploymentId" not in account.deployed(stopped).get("rollbackInfo", {})
    assert len(account.codedeploy.list_deployments()["deployments"]) == 2


def test_a_rollback_that_fails_is_not_rolled_back(account: Account) -> None:
    account.deployable(size=1, autoRollbackConfiguration=ROLL_BACK)
    account.deploy("a" * 40)
    account.step(60)
    account.fault("AfterInstall", times=None)
    failed = account.deploy("b" * 40)
    for _ in range(3):
        account.step(60)
    follower = account.deployed(failed)["rollbackInfo"]["rollbackDeploymentId"]
    assert account.deployed(follower)["status"] == "Failed"
    assert len(account.codedeploy.list_deployments()["deployments"]) == 3
