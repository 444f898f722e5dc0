"""Stacks within stacks: made, updated and removed with their parents, whose failures they are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from account import refused
from stacks import Stacks

from udo.sandbox.strict import StackFault, stack_faults

CHILD = {
    "Parameters": {"Delay": {"Type": "Number", "Default": 0}},
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Ref": "Delay"}}},
        "More": {"Type": "AWS::SQS::Queue", "DependsOn": "Jobs"},
    },
    "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Jobs", "QueueName"]}}},
}


@pytest.fixture
def stacks(world: Any) -> Stacks:
    s3 = world.client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="templates", Key="child.json", Body=json.dumps(CHILD))
    return Stacks(world)


def _parent(delay: int = 0) -> dict[str, Any]:
    where = "https://templates.s3.us-west-2.amazonaws.com/child.json"
    child = {"TemplateURL": where, "Parameters": {"Delay": delay}}
    name = {"Fn::GetAtt": ["Child", "Outputs.Name"]}
    return {
        "Child": {"Type": "AWS::CloudFormation::Stack", "Properties": child},
        "News": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}},
    }


def test_a_nested_stack_is_made_before_what_reads_its_outputs(stacks: Stacks) -> None:
    parent = stacks.create(_parent(), Tags=[{"Key": "team", "Value": "shop"}])
    assert stacks.status() == "CREATE_COMPLETE", stacks.events()
    child = stacks.described(stacks.ids()["Child"])
    assert child["StackName"].startswith("shop-Child-")
    assert (child["ParentId"], child["RootId"]) == (parent, parent)
    assert child["Tags"] == [{"Key": "team", "Value": "shop"}]
    sns = stacks.world.client("sns")
    told = sns.get_topic_attributes(TopicArn=stacks.ids()["News"])["Attributes"]["DisplayName"]
    assert told == child["Outputs"][0]["OutputValue"]
    assert [name for name, status, _ in stacks.events() if status == "CREATE_COMPLETE"] == ["Child", "News", "shop"]


def test_the_failure_of_a_nested_stack_is_that_of_its_parent(stacks: Stacks) -> None:
    stack_faults.add(StackFault(resource="More"))
    stacks.create(_parent())
    assert stacks.status() == "ROLLBACK_COMPLETE"
    reason = next(reason for name, status, reason in stacks.events() if (name, status) == ("Child", "CREATE_FAILED"))
    assert reason.startswith("Embedded stack arn:aws:cloudformation:us-west-2:")
    assert "was not successfully created: The following resource(s) failed to create: [More]." in reason
    assert stacks.queues() == []
    assert [one["StackName"] for one in stacks.api.describe_stacks()["Stacks"]] == ["shop"]


def test_a_nested_stack_is_updated_and_deleted_with_its_parent(stacks: Stacks) -> None:
    parent = stacks.create(_parent())
    stacks.update(_parent(5))
    assert stacks.status() == "UPDATE_COMPLETE", stacks.events()
    assert stacks.status(stacks.ids()["Child"]) == "UPDATE_COMPLETE"
    stacks.delete()
    assert stacks.status(parent) == "DELETE_COMPLETE"
    assert (stacks.queues(), stacks.api.describe_stacks()["Stacks"]) == ([], [])


def test_an_update_that_fails_within_is_rolled_back_in_both(stacks: Stacks) -> None:
    stacks.create(_parent())
    stack_faults.add(StackFault(verb="update", resource="Jobs"))
    stacks.update(_parent(5))
    assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE", stacks.events()
    assert stacks.status(stacks.ids()["Child"]) == "UPDATE_ROLLBACK_COMPLETE"
    reason = next(reason for name, status, reason in stacks.events() if (name, status) == ("Child", "UPDATE_FAILED"))
    assert "was not successfully updated: The following resource(s) failed to update: [Jobs]." in reason


def test_a_nested_stack_is_as_protected_as_its_root(stacks: Stacks) -> None:
    stacks.create(_parent(), EnableTerminationProtection=True)
    child = stacks.ids()["Child"]
    told = "cannot be deleted while TerminationProtection is enabled"
    refused(stacks.api.delete_stack, "ValidationError", told, StackName=child)
    told = "TerminationProtection cannot be changed on nested stacks, use the root stack instead."
    words = {"StackName": child, "EnableTerminationProtection": False}
    refused(stacks.api.update_termination_protection, "ValidationError", told, **words)


def test_a_nested_stack_whose_deletion_fails_is_its_parents_failure(stacks: Stacks) -> None:
    stacks.create(_parent())
    stack_faults.add(StackFault(verb="delete", resource="Jobs"))
    stacks.delete()
    assert stacks.status() == "DELETE_FAILED"
    reasons = [reason for name, status, reason in stacks.events() if (name, status) == ("Child", "DELETE_FAILED")]
    assert "was not successfully deleted: The following resource(s) failed to delete: [Jobs]." in reasons[0]
    parent = stacks.described()["StackId"]
    stacks.delete()
    assert stacks.status(parent) == "DELETE_COMPLETE"
