"""Every member of CodeDeploy's enumerations can be met in the sandbox: by a course of events, or by a fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from account import Account
from cases_fleets import _blue_green
from cases_rollout import ALARMS, EVERY, WHERE, _alarm, _config
from moto.core.utils import get_service_model

from udo.sandbox.control import Control

CONFIG = "region: us-west-2\nclusters: {prod: {roles: {web: {ami: ami-0123456789abcdef0}}}}\n"
MISSING = {"revisionType": "S3", "s3Location": {"bucket": "none", "key": "shop.zip", "bundleType": "zip"}}


def members(shape: str) -> list[str]:
    return list(getattr(get_service_model("codedeploy").shape_for(shape), "enum"))  # noqa: B009


@pytest.fixture
def account(world: Any) -> Account:
    return Account(world.client, world)


@pytest.fixture
def fault(world: Any, seeded: Any) -> Callable[..., None]:
    """Sets a fault of deployments as `udo sandbox fault add deployment` does."""
    control = Control(world, seeded(CONFIG))

    def add(**words: Any) -> None:
        code, told = control.answer("fault", {"kind": "deployment", **words})
        assert code == 200, told

    return add


def watched(account: Account, made: str, looks: int = 12) -> tuple[set[str], set[str], set[str]]:
    """What a deployment, its targets and their events are in, event by event."""
    seen: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    for _ in range(looks):
        shown = account.deployed(made)
        seen[0].add(shown["status"])
        account.step(0.8)
        if "startTime" not in shown:
            continue
        ids = account.codedeploy.list_deployment_targets(deploymentId=made)["targetIds"]
        found = account.codedeploy.batch_get_deployment_targets(deploymentId=made, targetIds=ids)
        for target in (one["instanceTarget"] for one in found["deploymentTargets"]):
            seen[1].add(target["status"])
            seen[2].update(event["status"] for event in target["lifecycleEvents"])
    return seen


@pytest.mark.whole
def test_every_status_can_be_reached(account: Account, fault: Callable[..., None]) -> None:
    slowly = {"deploymentConfigName": "CodeDeployDefault.OneAtATime"}
    account.deployable(deploymentConfigName="CodeDeployDefault.AllAtOnce")
    seen = [watched(account, account.deploy(**slowly), 18)]
    fault(event="AfterInstall", times=1)
    seen.append(watched(account, account.deploy(**slowly)))
    fault(event="Install", status="Unknown", times=1)
    seen.append(watched(account, account.deploy()))
    stopped = account.deploy()
    account.codedeploy.stop_deployment(deploymentId=stopped)
    seen.append(watched(account, stopped, 1))
    fault(status="Baking")
    baking = account.deploy()
    seen.append(watched(account, baking))
    assert account.deployed(baking)["status"] == "Baking"
    found = [set().union(*(one[place] for one in seen)) for place in range(3)]
    assert set(members("DeploymentStatus")) - found[0] == {"Ready"}
    assert set(members("TargetStatus")) - found[1] == {"Ready"}
    assert set(members("LifecycleEventStatus")) == found[2]


def test_a_blue_green_deployment_and_its_targets_are_ready(account: Account) -> None:
    seen = watched(account, _blue_green(account, ready={"actionOnTimeout": "STOP_DEPLOYMENT"}), 18)
    assert "Ready" in seen[0] & seen[1]


def test_what_bakes_goes_on_when_the_fault_is_taken_back(account: Account, fault: Callable[..., None]) -> None:
    from udo.sandbox.strict import deployment_faults

    account.deployable()
    fault(status="Baking")
    made = account.deploy()
    account.step(600)
    assert account.deployed(made)["status"] == "Baking"
    deployment_faults.clear()
    assert account.deployed(made)["status"] == "Succeeded"


@pytest.mark.parametrize("code", [code for code in members("LifecycleErrorCode") if code != "Success"])
def test_every_error_of_an_event_can_be_reached(account: Account, fault: Callable[..., None], code: str) -> None:
    (instance,) = account.deployable(size=1)
    fault(error=code)
    made = account.deploy()
    account.step(60)
    target = account.codedeploy.get_deployment_target(deploymentId=made, targetId=instance)["deploymentTarget"]
    events = target["instanceTarget"]["lifecycleEvents"]
    codes = [event["diagnostics"]["errorCode"] for event in events if "diagnostics" in event]
    assert codes == ["Success"] * 5 + [code]


def _alarmed(account: Account) -> str:
    _alarm(account)
    return account.deploy(overrideAlarmConfiguration=ALARMS)


def _without(operation: str) -> Callable[[Account], str]:
    def course(account: Account) -> str:
        made = account.deploy()
        words = WHERE if operation == "delete_deployment_group" else {"applicationName": "shop"}
        getattr(account.codedeploy, operation)(**words)
        return made

    return course


def _failing(account: Account) -> str:
    account.fault("Install", times=1)
    return account.deploy()


def _stopped(account: Account) -> str:
    made = account.deploy()
    account.codedeploy.stop_deployment(deploymentId=made)
    return made


def _empty(account: Account) -> str:
    account.update(MinSize=0, DesiredCapacity=0)
    return account.deploy()


def _slow(account: Account) -> str:
    zonal = {"monitorDurationInSeconds": 13 * 3600}
    made = account.deploy(deploymentConfigName=_config(account, 0, zonalConfig=zonal))
    account.step(14 * 3600)
    return made


def _left(account: Account) -> str:
    options = {"autoScalingGroupProcessesToSuspend": ["Terminate"]}
    made = account.deploy(ec2DeploymentOptions=options)
    account.step(4)
    account.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    return made


def _denied(account: Account) -> str:
    account.fault("SuspendProcesses", times=1)
    return account.deploy(ec2DeploymentOptions={"autoScalingGroupProcessesToSuspend": ["Terminate"]})


COURSES: dict[str, Callable[[Account], str]] = {
    "ALARM_ACTIVE": _alarmed,
    "APPLICATION_MISSING": _without("delete_application"),
    "AUTO_SCALING_CONFIGURATION": _left,
    "AUTO_SCALING_IAM_ROLE_PERMISSIONS": _denied,
    "DEPLOYMENT_GROUP_MISSING": _without("delete_deployment_group"),
    "HEALTH_CONSTRAINTS": _failing,
    "HEALTH_CONSTRAINTS_INVALID": lambda account: account.deploy(deploymentConfigName=_config(account, 9)),
    "MANUAL_STOP": _stopped,
    "NO_INSTANCES": _empty,
    "REVISION_MISSING": lambda account: account.deploy(revision=MISSING),
    "TIMEOUT": _slow,
}


@pytest.mark.parametrize("code", members("ErrorCode"))
def test_every_error_of_a_deployment_can_be_reached(account: Account, fault: Callable[..., None], code: str) -> None:
    account.deployable(zones=["us-west-2a", "us-west-2b"])
    if course := COURSES.get(code):
        made = course(account)
        account.step(60)
        assert account.deployed(made)["errorInformation"]["code"] == code
    fault(error=code, times=1)
    account.codedeploy.create_application(applicationName="other")
    words = {"applicationName": "other", "deploymentGroupName": "other"}
    account.codedeploy.create_deployment_group(**words, serviceRoleArn="arn:aws:iam::123456789012:role/deployer")
    made = account.deploy(**words)
    account.step(60)
    shown = account.deployed(made)
    assert (shown["status"], shown["errorInformation"]["code"]) == ("Failed", code)


def test_every_creator_of_a_deployment_can_be_reached(account: Account, fault: Callable[..., None]) -> None:
    account.deployable(autoRollbackConfiguration=EVERY, terminationHookEnabled=True)
    account.deploy()
    account.step(60)
    account.update(DesiredCapacity=3)
    account.deploy("b" * 40)
    account.step(60)
    account.update(DesiredCapacity=2)
    account.step(60)
    account.fault("Install", times=1)
    account.deploy("c" * 40)
    account.step(60)
    account.step(60)
    seen = {one["creator"] for one in account.deployments()}
    by_fault = {"CodeDeploy", "CloudFormation", "CloudFormationRollback"}
    assert set(members("DeploymentCreator")) - seen == by_fault
    for who in sorted(by_fault):
        fault(creator=who, times=1)
        assert account.deployed(account.deploy("d" * 40))["creator"] == who
        account.step(60)
