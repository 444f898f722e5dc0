"""What instance refreshes launch from: templates, configurations and policies, and what becomes of them meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from account import Account
from cases_refreshes import NEXT, OWN, _ended, _group, _start, _versions


@pytest.fixture
def account(world: Any) -> Account:
    return Account(world.client, world)


def test_a_version_made_in_mid_refresh_replaces_what_was_replaced(account: Account) -> None:
    _group(account, 2, "$Default")
    account.delay(boot=60.0)
    _start(account, {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "$Latest"}}, SkipMatching=True)
    account.step(70)
    assert _versions(account) == ["1", "2"] or "2" in _versions(account)
    data = {"ImageId": account.image, "InstanceType": "t3.medium"}
    account.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=data)
    _ended(account)
    assert _versions(account) == ["3", "3"]
    assert account.described()["LaunchTemplate"]["Version"] == "$Latest"


def test_a_version_that_is_deleted_in_mid_refresh_fails_it(account: Account) -> None:
    _group(account, 2)
    account.delay(boot=60.0)
    _start(account, NEXT, SkipMatching=True)
    account.step(10)
    account.ec2.delete_launch_template_versions(LaunchTemplateName="web", Versions=["2"])
    assert _ended(account, 60)["Status"] == "Failed"
    assert (_versions(account), account.described()["LaunchTemplate"]["Version"]) == (["2"], "1")


def test_a_group_of_launch_configurations_is_refreshed_to_what_it_launches(account: Account) -> None:
    account.group(size=2)
    account.configuration("next", InstanceType="t3.large")
    account.update(LaunchConfigurationName="next")
    _start(account)
    _ended(account)
    assert {one["LaunchConfigurationName"] for one in account.described()["Instances"]} == {"next"}


def test_a_group_can_be_refreshed_from_a_configuration_to_a_template_and_back(account: Account) -> None:
    account.group(size=2)
    account.template()
    account.delay(boot=60.0)
    to_template = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"}}
    _start(account, to_template)
    account.step(70)
    account.autoscaling.rollback_instance_refresh(**OWN)
    assert _ended(account)["Status"] == "RollbackSuccessful"
    assert [one.get("LaunchConfigurationName") for one in account.described()["Instances"]] == ["web", "web"]
    _start(account, to_template)
    _ended(account)
    shown = account.described()
    assert ("LaunchConfigurationName" in shown, shown["LaunchTemplate"]["Version"]) == (False, "1")


def test_a_policy_is_refreshed_to_types_of_its_own(account: Account) -> None:
    account.template()
    named = {"LaunchTemplateName": "web", "Version": "1"}

    def policy(*types: str) -> dict[str, Any]:
        overrides = [{"InstanceType": one} for one in types]
        return {"LaunchTemplate": {"LaunchTemplateSpecification": named, "Overrides": overrides}}

    account.group(size=2, MixedInstancesPolicy=policy("t3.small", "t3.medium"))
    _start(account, {"MixedInstancesPolicy": policy("t3.medium", "t3.small")}, SkipMatching=True)
    assert _ended(account)["Status"] == "Successful"
    assert {one["InstanceType"] for one in account.described()["Instances"]} == {"t3.small"}, "both types still match"
    _start(account, {"MixedInstancesPolicy": policy("t3.medium")}, SkipMatching=True)
    assert _ended(account)["Status"] == "Successful"
    assert {one["InstanceType"] for one in account.described()["Instances"]} == {"t3.medium"}
    overrides = account.described()["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]
    assert overrides == [{"InstanceType": "t3.medium"}]
