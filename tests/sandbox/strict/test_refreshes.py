"""Instance refreshes among whatever else happens to a group: hooks, deployments, failures, scaling, steps of time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from account import ROLE, Account, refused
from cases_refreshes import NEXT, OWN, _ended, _group, _shown, _start, _states, _versions
from moto.core.utils import get_service_model
from whole import some

from udo.sandbox.strict import launch_faults


@pytest.fixture
def account(world: Any) -> Account:
    return Account(world.client, world)


def hook(account: Account, transition: str, **more: Any) -> None:
    words = {"LifecycleHookName": "wait", "LifecycleTransition": f"autoscaling:EC2_INSTANCE_{transition}"}
    account.autoscaling.put_lifecycle_hook(**OWN, **words, **more)


@pytest.mark.parametrize("step", some([1.0, 17.0, 600.0, 86_400.0], 17.0, 86_400.0))
def test_however_far_the_clock_is_stepped_everything_happens_at_its_time(account: Account, step: float) -> None:
    _group(account, 6)
    account.delay(boot=20.0, terminate=30.0)
    more = {"CheckpointPercentages": [50, 100], "CheckpointDelay": 100, "BakeTime": 50}
    _start(account, NEXT, MinHealthyPercentage=66, InstanceWarmup=60, **more)
    shown = _ended(account, step)
    # Pending, two and one up to the checkpoint, its delay, two and one, and the bake time.
    assert (shown["EndTime"] - shown["StartTime"]).total_seconds() == 2 + 80 + 80 + 100 + 80 + 80 + 50
    rows = account.autoscaling.describe_scaling_activities(**OWN)["Activities"]
    begun = sorted(
        {
            (row["StartTime"] - shown["StartTime"]).total_seconds()
            for row in rows
            if row["StartTime"] > shown["StartTime"]
        }
    )
    assert begun == [2, 82, 262, 342]
    assert _versions(account) == ["2"] * 6


def test_members_that_hooks_hold_hold_the_refresh(account: Account) -> None:
    _group(account, 2)
    hook(account, "LAUNCHING", HeartbeatTimeout=600, DefaultResult="CONTINUE")
    _start(account, NEXT)
    account.step(300)
    assert _states(account) == ["InService", "Pending:Wait"]
    (new,) = (one["InstanceId"] for one in account.described()["Instances"] if one["LifecycleState"] == "Pending:Wait")
    account.autoscaling.complete_lifecycle_action(
        **OWN, LifecycleHookName="wait", LifecycleActionResult="CONTINUE", InstanceId=new
    )
    account.step(1)
    assert _shown(account)["PercentageComplete"] == 50
    assert _ended(account, 3600)["Status"] == "Successful"


def test_old_members_wait_for_their_termination_hooks_while_new_ones_come(account: Account) -> None:
    _group(account, 1)
    hook(account, "TERMINATING", HeartbeatTimeout=600)
    _start(account, NEXT)
    account.step(10)
    assert _states(account) == ["InService", "Terminating:Wait"]
    assert (_shown(account)["Status"], _versions(account)) == ("Successful", ["1", "2"])


def test_launches_that_are_abandoned_for_an_hour_fail_the_refresh(account: Account) -> None:
    _group(account, 2)
    hook(account, "LAUNCHING", HeartbeatTimeout=600, DefaultResult="ABANDON")
    _start(account, NEXT, AutoRollback=True)
    account.step(3600)
    assert _shown(account)["Status"] == "InProgress"
    account.step(1800)
    assert _shown(account)["Status"] == "RollbackInProgress"
    account.autoscaling.delete_lifecycle_hook(**OWN, LifecycleHookName="wait")
    assert _ended(account)["Status"] == "RollbackSuccessful"
    assert _versions(account) == ["1", "1"]


def deployable(account: Account, size: int) -> None:
    _group(account, size)
    account.codedeploy.create_application(applicationName="shop")
    account.codedeploy.create_deployment_group(
        applicationName="shop", deploymentGroupName="web", serviceRoleArn=ROLE, autoScalingGroups=["web"]
    )


@pytest.mark.parametrize("step", [5.0, 3600.0])
def test_new_instances_get_the_last_good_revision_before_they_serve(account: Account, step: float) -> None:
    deployable(account, 2)
    account.deploy()
    account.step(120)
    account.deploy("b" * 40)
    account.step(120)
    _start(account, NEXT)
    shown = _ended(account, step)
    assert shown["Status"] == "Successful"
    mine = account.deployments("autoscaling")
    assert [one["revision"]["gitHubLocation"]["commitId"][0] for one in mine] == ["b", "b"]
    # One after the other: the second begins when the first instance serves.
    assert mine[0]["createTime"] >= mine[1]["completeTime"]
    assert shown["EndTime"] == mine[0]["completeTime"]


def test_a_revision_that_fails_on_new_instances_fails_the_refresh(account: Account) -> None:
    deployable(account, 2)
    account.deploy()
    account.step(120)
    account.fault("Install")
    account.delay(boot=120.0)
    _start(account, NEXT)
    assert _ended(account, 60, 5400)["Status"] == "Failed"
    assert account.described()["LaunchTemplate"]["Version"] == "1"


def test_launches_that_fail_are_tried_again_for_an_hour(account: Account) -> None:
    _group(account, 10, MaxSize=10)
    _start(account, NEXT, MinHealthyPercentage=80)
    account.ec2.deregister_image(ImageId=account.image)
    account.step(3500)
    assert (_shown(account)["Status"], _states(account)) == ("InProgress", ["InService"] * 8)
    rows = account.autoscaling.describe_scaling_activities(**OWN, MaxRecords=20)["Activities"]
    assert [row["StatusCode"] for row in rows[:9]] == ["Failed"] * 9
    shown = _ended(account, 60)
    assert (shown["Status"], shown["PercentageComplete"], shown["InstancesToUpdate"]) == ("Failed", 0, 8)


def test_new_instances_that_are_not_healthy_are_replaced_for_an_hour(account: Account) -> None:
    _group(account, 2, TargetGroupARNs=[account.balanced()], HealthCheckType="ELB", HealthCheckGracePeriod=120)
    _start(account, NEXT, InstanceWarmup=60)
    old = set(account.members())
    tried = set()
    for _ in range(80):
        for one in set(account.members()) - old - tried:
            account.unhealthy(one)
            tried.add(one)
        account.step(60)
    shown = _shown(account)
    assert (shown["Status"], len(old & set(account.members()))) == ("Failed", 1)
    assert len(tried) > 10
    assert "has insufficient data to evaluate its health with Elastic Load Balancing." in shown["StatusReason"]


def test_old_members_that_are_checked_for_the_first_time_are_not_replaced_as_if_they_were_sick(
    account: Account,
) -> None:
    account.delay(target=60.0)
    members = _group(account, 4, TargetGroupARNs=[account.balanced()], HealthCheckType="ELB")
    _start(account, NEXT)
    account.step(30)
    assert account.members() == members
    account.step(40)
    assert len(set(members) & set(account.members())) == 3


def test_old_members_that_are_sick_go_first_and_at_once(account: Account) -> None:
    members = _group(account, 4)
    account.autoscaling.suspend_processes(**OWN, ScalingProcesses=["ReplaceUnhealthy"])
    for one in members[1:3]:
        account.autoscaling.set_instance_health(InstanceId=one, HealthStatus="Unhealthy")
    _start(account, NEXT, InstanceWarmup=600)
    account.step(10)
    assert set(members) & set(account.members()) == {members[0], members[3]}


@pytest.mark.parametrize("error", ["capacity", "unhealthy"])
def test_faults_of_launches_fail_a_refresh_that_is_taken_back_once_they_are_over(account: Account, error: str) -> None:
    _group(account, 4)
    account.delay(boot=30.0)
    account.launch_fault(error=error)
    _start(account, NEXT, MinHealthyPercentage=75, AutoRollback=True)
    account.step(3700)
    shown = _shown(account)
    assert (shown["Status"], shown["RollbackDetails"]["PercentageCompleteOnRollback"]) == ("RollbackInProgress", 0)
    launch_faults.clear()
    assert _ended(account)["Status"] == "RollbackSuccessful"
    assert _versions(account) == ["1"] * 4


def test_a_group_without_checks_of_its_balancer_notices_nothing(account: Account) -> None:
    _group(account, 1, TargetGroupARNs=[account.balanced()])
    account.delay(boot=10.0)
    _start(account, NEXT)
    account.step(5)
    account.unhealthy(account.members()[-1])
    assert _ended(account)["Status"] == "Successful"


def test_what_grows_in_mid_refresh_reaches_the_checkpoint_again(account: Account) -> None:
    _group(account, 4)
    account.delay(boot=100.0)
    _start(account, NEXT, MinHealthyPercentage=75, CheckpointPercentages=[25, 100], CheckpointDelay=60)
    account.step(110)
    assert (_shown(account)["PercentageComplete"], _shown(account)["InstancesToUpdate"]) == (25, 3)
    account.update(DesiredCapacity=8)
    account.step(60)
    assert "checkpoint" not in _shown(account)["StatusReason"]
    assert _shown(account)["PercentageComplete"] == 12
    account.step(60)
    assert "checkpoint" in _shown(account)["StatusReason"]
    _ended(account)
    assert _versions(account) == ["2"] * 8


def test_a_scheduled_action_in_mid_refresh_grows_the_group_when_it_is_due(account: Account) -> None:
    _group(account, 4)
    _start(account, NEXT, MinHealthyPercentage=50, CheckpointPercentages=[50, 100], CheckpointDelay=7200)
    begun = _shown(account)["StartTime"]
    account.autoscaling.put_scheduled_update_group_action(
        **OWN, ScheduledActionName="day", StartTime=begun + timedelta(seconds=1800), DesiredCapacity=6
    )
    account.step(86_400)
    rows = account.autoscaling.describe_scaling_activities(**OWN)["Activities"]
    launched = sorted(row["StartTime"] - begun for row in rows if row["Description"].startswith("Launching"))
    # Four of six are more than the half of them, and need no second pause.
    assert [one.total_seconds() for one in launched if one.total_seconds() > 0] == [2, 2, 1800, 1800, 7202, 7202]
    assert (_shown(account)["Status"], _versions(account)) == ("Successful", ["2"] * 6)


def test_a_group_that_shrinks_loses_its_old_members_first(account: Account) -> None:
    _group(account, 6)
    account.delay(boot=60.0)
    _start(account, NEXT, MinHealthyPercentage=66)
    account.step(70)
    account.update(DesiredCapacity=3)
    assert _versions(account).count("1") < 3
    assert _ended(account)["Status"] == "Successful"
    assert _versions(account) == ["2"] * 3


def test_a_rollback_can_be_cancelled_and_leaves_both(account: Account) -> None:
    _group(account, 4)
    account.delay(boot=60.0)
    _start(account, NEXT, MinHealthyPercentage=75)
    account.step(150)
    account.autoscaling.rollback_instance_refresh(**OWN)
    account.step(70)
    account.autoscaling.cancel_instance_refresh(**OWN)
    assert _ended(account)["Status"] == "Cancelled"
    assert set(_versions(account)) == {"1", "2"}
    assert "RollbackDetails" in _shown(account)
    refused(account.autoscaling.rollback_instance_refresh, "ActiveInstanceRefreshNotFound", **OWN)


def test_a_rollback_that_cannot_launch_fails(account: Account) -> None:
    _group(account, 2)
    account.delay(boot=60.0)
    _start(account, NEXT)
    account.step(70)
    hook(account, "LAUNCHING", HeartbeatTimeout=600, DefaultResult="ABANDON")
    account.autoscaling.rollback_instance_refresh(**OWN)
    assert _ended(account, 60)["Status"] == "RollbackFailed"


def test_a_deleted_group_takes_its_refresh_with_it(account: Account) -> None:
    _group(account, 2)
    account.delay(boot=60.0, terminate=60.0)
    _start(account, NEXT)
    account.step(10)
    account.autoscaling.delete_auto_scaling_group(**OWN, ForceDelete=True)
    account.step(10)
    assert _shown(account)["Status"] == "InProgress"
    account.step(3600)
    refused(account.autoscaling.describe_instance_refreshes, "ValidationError", "not found", **OWN)


def test_every_status_of_a_refresh_can_be_reached(account: Account) -> None:
    _group(account, 2)
    account.delay(boot=60.0)
    seen = set()

    def watch() -> None:
        for _ in range(30):
            seen.add(_shown(account)["Status"])
            account.step(10)

    _start(account, NEXT, BakeTime=60)
    watch()
    _start(account)
    account.step(10)
    account.autoscaling.cancel_instance_refresh(**OWN)
    watch()
    for wrong in (False, True):
        _start(account, {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"}})
        account.step(80)
        account.autoscaling.rollback_instance_refresh(**OWN)
        if wrong:
            account.launch_fault()
            account.step(3700)
        watch()
    _start(account)
    account.step(7200)
    watch()
    assert seen == set(get_service_model("autoscaling").shape_for("InstanceRefreshStatus").enum)


def test_preferences_are_within_the_ranges_of_their_shapes(account: Account) -> None:
    _group(account, 1)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("less than or equal to 100", {"MinHealthyPercentage": 101}),
        ("less than or equal to 200", {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 201}),
        ("less than or equal to 100", {"CheckpointPercentages": [50, 101]}),
        ("less than or equal to 172800", {"CheckpointPercentages": [50], "CheckpointDelay": 172_801}),
        ("less than or equal to 172800", {"BakeTime": 172_801}),
        ("[Refresh, Ignore, Wait]", {"ScaleInProtectedInstances": "Terminate"}),
        ("[Terminate, Ignore, Wait]", {"StandbyInstances": "Refresh"}),
    ]
    for told, preferences in wrong:
        start = account.autoscaling.start_instance_refresh
        refused(start, "ValidationError", told, **OWN, Preferences=preferences)


def test_a_refresh_is_listed_by_its_own_reset_and_no_longer(account: Account, world: Any) -> None:
    _group(account, 1)
    _start(account)
    world.reset()
    account._image = ""
    _group(account, 1)
    assert account.autoscaling.describe_instance_refreshes(**OWN)["InstanceRefreshes"] == []


def test_a_replacement_of_root_volumes_that_aws_would_begin_is_named_as_missing_here(account: Account) -> None:
    account.template()
    override = {"InstanceType": "t3.small", "ImageId": account.image}
    named = {"LaunchTemplateName": "web", "Version": "1"}
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": named, "Overrides": [override]}}
    account.group(MixedInstancesPolicy=policy)
    told = "The sandbox does not have autoscaling:StartInstanceRefresh with this: the strategy ReplaceRootVolume"
    start = account.autoscaling.start_instance_refresh
    desired = {"MixedInstancesPolicy": policy}
    refused(start, "NotImplemented", told, **OWN, Strategy="ReplaceRootVolume", DesiredConfiguration=desired)
    assert not account.autoscaling.describe_instance_refreshes(**OWN)["InstanceRefreshes"]
