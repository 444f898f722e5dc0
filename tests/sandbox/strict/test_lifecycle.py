"""Time moves members and deployments, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from account import Account

from udo.sandbox import strict
from udo.sandbox.clock import Clock


@pytest.fixture
def account(world: Any) -> Account:
    return Account(world.client, world)


def states(account: Account) -> list[str]:
    return [one["LifecycleState"] for one in account.described()["Instances"]]


def running(account: Account, instance_id: str) -> str:
    found = account.ec2.describe_instances(InstanceIds=[instance_id])
    return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


def test_a_clock_set_by_hand_stands_still_and_one_that_runs_runs_at_its_speed() -> None:
    still = Clock.by_hand(start=100.0)
    assert (still.now(), still.now()) == (100.0, 100.0)
    still.step(5)
    assert still.now() == 105.0
    with pytest.raises(ValueError, match="backwards"):
        still.step(-1)
    fast = Clock(speed=1_000_000.0, start=0.0)
    first = fast.now()
    while fast.now() == first:
        pass
    assert fast.now() > first


def test_members_boot_before_they_are_in_service(account: Account) -> None:
    account.delay(boot=60)
    members = account.group(size=2)
    assert states(account) == ["Pending", "Pending"]
    assert running(account, members[0]) == "pending"
    account.step(59)
    assert states(account) == ["Pending", "Pending"]
    account.step(1)
    assert states(account) == ["InService", "InService"]
    assert running(account, members[0]) == "running"


def test_a_dead_member_is_listed_until_the_health_check_finds_it(account: Account) -> None:
    account.delay(health_check=60)
    members = account.group(size=2)
    account.ec2.terminate_instances(InstanceIds=members[:1])
    account.step(59)
    assert account.members() == members
    account.step(1)
    assert members[0] not in account.members()
    assert len(account.members()) == 2


@pytest.mark.parametrize("process", ["HealthCheck", "ReplaceUnhealthy"])
def test_a_dead_member_stays_while_a_process_it_takes_is_suspended(account: Account, process: str) -> None:
    members = account.group(size=2)
    account.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=[process])
    account.ec2.terminate_instances(InstanceIds=members[:1])
    account.step(600)
    assert account.members() == members


def test_a_launch_that_failed_is_tried_again_after_a_while(account: Account) -> None:
    account.template()
    account.group(size=1, LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"})
    backend = _images(account)
    image = backend.amis.pop(account.image)
    account.update(DesiredCapacity=2)
    assert len(account.members()) == 1
    backend.amis[account.image] = image
    account.step(30)
    assert len(account.members()) == 1
    account.step(31)
    assert len(account.members()) == 2


def _images(account: Account) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends["123456789012"][account.ec2.meta.region_name]


def test_times_that_answers_show_follow_the_clock(account: Account, world: Any) -> None:
    world.clock.step(1000)
    members = account.group(size=1)
    ran = account.ec2.describe_instances(InstanceIds=members)["Reservations"][0]["Instances"][0]
    shown = account.described()
    configuration = account.autoscaling.describe_launch_configurations()["LaunchConfigurations"][0]
    for time in (ran["LaunchTime"], shown["CreatedTime"], configuration["CreatedTime"]):
        assert time.timestamp() == world.clock.now()


def test_terminated_instances_are_forgotten_after_an_hour(account: Account) -> None:
    members = account.group(size=2)
    account.ec2.terminate_instances(InstanceIds=members[:1])
    account.step(3500)
    assert running(account, members[0]) == "terminated"
    account.step(200)
    found = account.ec2.describe_instances()["Reservations"]
    assert members[0] not in [one["InstanceId"] for reservation in found for one in reservation["Instances"]]


def test_a_deployment_of_two_takes_about_twelve_seconds(account: Account) -> None:
    account.deployable()
    made = account.deploy()
    seen = []
    for _ in range(14):
        seen.append(account.deployed(made)["status"])
        account.step(1)
    assert list(dict.fromkeys(seen)) == ["Created", "Queued", "InProgress", "Succeeded"]
    shown = account.deployed(made)
    assert (shown["completeTime"] - shown["createTime"]).total_seconds() == 12.5


def test_one_great_step_of_the_clock_gives_the_times_of_many_small_ones(account: Account, world: Any) -> None:
    account.deployable(size=3)
    times = []
    for step in (100.0, 0.3):
        made = account.deploy()
        began = world.clock.now()
        while account.deployed(made)["status"] not in ("Succeeded", "Failed"):
            account.step(step)
        times.append(round(account.deployed(made)["completeTime"].timestamp() - began, 3))
    assert times[0] == times[1]


def test_a_deployment_to_an_empty_group_fails_and_says_so(account: Account) -> None:
    account.deployable()
    account.update(MinSize=0, DesiredCapacity=0)
    made = account.deploy()
    account.step(10)
    shown = account.deployed(made)
    assert (shown["status"], shown["errorInformation"]["code"]) == ("Failed", "NO_INSTANCES")


def test_an_instance_that_dies_under_a_deployment_fails_in_it(account: Account) -> None:
    members = account.deployable(size=2)
    account.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["HealthCheck"])
    made = account.deploy()
    account.step(3)
    account.ec2.stop_instances(InstanceIds=members[:1])
    account.step(60)
    shown = account.deployed(made)
    assert (shown["status"], shown["deploymentOverview"]["Failed"]) == ("Failed", 1)
    found = account.codedeploy.get_deployment_target(deploymentId=made, targetId=members[0])
    events = found["deploymentTarget"]["instanceTarget"]["lifecycleEvents"]
    assert {event["diagnostics"]["errorCode"] for event in events if event["status"] == "Failed"} == {"UnknownError"}


def test_a_failure_can_be_set_for_one_deployment_group_only(account: Account) -> None:
    account.deployable()
    account.fault("Install", deployment_group="other")
    made = account.deploy()
    account.step(60)
    assert account.deployed(made)["status"] == "Succeeded"


def test_a_reset_forgets_what_was_set(world: Any) -> None:
    strict.delays.boot = 5.0
    strict.quotas.groups = 1
    strict.deployment_faults.add(strict.DeploymentFault())
    world.reset()
    assert (strict.delays.boot, strict.quotas.groups, strict.deployment_faults.all()) == (0.0, 500, ())


def test_refusals_reach_a_client_over_http_as_in_process(served_world: Any, session: Any, world: Any) -> None:
    made = session()
    made.set_credentials("AKIATESTTESTTESTTEST", "not-a-secret")

    def client(service: str) -> Any:
        return made.create_client(service, region_name="us-west-2", endpoint_url=served_world.endpoint)

    account = Account(client, world)
    account.deployable()
    first = account.deploy()
    with pytest.raises(account.codedeploy.exceptions.DeploymentLimitExceededException, match=first):
        account.deploy()
    with pytest.raises(account.autoscaling.exceptions.ResourceInUseFault):
        account.autoscaling.delete_launch_configuration(LaunchConfigurationName="web")
    account.step(60)
    assert account.deployed(first)["status"] == "Succeeded"
