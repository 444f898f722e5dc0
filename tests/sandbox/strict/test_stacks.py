"""The engine of stacks: what is made, changed and removed in which order, and how each failure ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from account import refused
from botocore.exceptions import ClientError
from stacks import Stacks

from udo.sandbox.strict import StackFault, stack_faults

QUEUE = {"Type": "AWS::SQS::Queue"}
CHAIN = {
    "A": QUEUE,
    "B": {**QUEUE, "DependsOn": "A"},
    "C": {**QUEUE, "DependsOn": "A"},
    "D": {**QUEUE, "DependsOn": "C"},
}


@pytest.fixture
def stacks(world: Any) -> Stacks:
    return Stacks(world)


def test_resources_are_made_in_the_order_of_what_they_need(stacks: Stacks) -> None:
    stacks.create(CHAIN)
    done = [name for name, status, _ in stacks.events() if status == "CREATE_COMPLETE"]
    assert done == ["A", "B", "C", "D", "shop"]
    assert stacks.status() == "CREATE_COMPLETE"


def test_it_takes_time(stacks: Stacks) -> None:
    stacks.create(CHAIN, wait=3)
    assert stacks.status() == "CREATE_IN_PROGRESS"
    assert len(stacks.queues()) == 1
    stacks.world.clock.step(3)
    assert len(stacks.queues()) == 3


def test_the_failure_of_one_ends_the_others_and_everything_is_rolled_back(stacks: Stacks) -> None:
    stack_faults.add(StackFault(nth=2, message="Rate exceeded"))
    stacks.create(CHAIN)
    reasons = {(name, status): reason for name, status, reason in stacks.events()}
    assert "Rate exceeded (Service: Sqs, Status Code: 400, Request ID: " in reasons["B", "CREATE_FAILED"]
    assert reasons["C", "CREATE_FAILED"] == "Resource creation cancelled"
    told = "The following resource(s) failed to create: [B]. Rollback requested by user."
    assert reasons["shop", "ROLLBACK_IN_PROGRESS"] == told
    assert ("D", "CREATE_IN_PROGRESS") not in reasons
    assert stacks.status() == "ROLLBACK_COMPLETE"
    assert stacks.queues() == []


@pytest.mark.parametrize(("on_failure", "status"), [("DO_NOTHING", "CREATE_FAILED"), ("DELETE", "DELETE_COMPLETE")])
def test_a_failure_ends_as_the_stack_was_asked_to(stacks: Stacks, on_failure: str, status: str) -> None:
    stack_faults.add(StackFault(resource="D"))
    stack = stacks.create(CHAIN, OnFailure=on_failure)
    assert stacks.status(stack) == status
    assert len(stacks.queues()) == (3 if on_failure == "DO_NOTHING" else 0)


def test_what_a_service_refuses_is_the_reason_of_the_resource(stacks: Stacks) -> None:
    bad = {**QUEUE, "Properties": {"QueueName": "no spaces here"}}
    stacks.create({"A": bad}, DisableValidation=True)
    reason = next(reason for name, status, reason in stacks.events() if (name, status) == ("A", "CREATE_FAILED"))
    assert reason.startswith('Resource handler returned message: "')
    assert "(Service: Sqs, Status Code: 400, Request ID: " in reason
    assert "HandlerErrorCode: InvalidRequest)" in reason


def test_an_update_changes_in_place_makes_anew_adds_and_removes(stacks: Stacks) -> None:
    stacks.create({"A": {**QUEUE, "Properties": {"QueueName": "one"}}, "B": QUEUE, "C": QUEUE})
    kept = next(name for name in stacks.queues() if name.startswith("shop-B-"))
    changed = {
        "A": {**QUEUE, "Properties": {"QueueName": "two"}},
        "B": {**QUEUE, "Properties": {"DelaySeconds": 5}},
        "D": QUEUE,
    }
    stacks.update(changed)
    assert stacks.status() == "UPDATE_COMPLETE"
    found = stacks.queues()
    assert len(found) == 3
    assert {"two", kept} <= set(found)
    sqs = stacks.world.client("sqs")
    url = sqs.get_queue_url(QueueName=kept)["QueueUrl"]
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]["DelaySeconds"] == "5"
    resources = stacks.api.list_stack_resources(StackName="shop")["StackResourceSummaries"]
    assert {one["LogicalResourceId"]: one["ResourceStatus"] for one in resources} == {
        "A": "UPDATE_COMPLETE",
        "B": "UPDATE_COMPLETE",
        "D": "CREATE_COMPLETE",
    }


def test_an_update_that_fails_is_rolled_back(stacks: Stacks) -> None:
    stacks.create({"A": {**QUEUE, "Properties": {"QueueName": "one"}}, "B": QUEUE})
    before = stacks.queues()
    stack_faults.add(StackFault(resource="D"))
    changed = {"A": {**QUEUE, "Properties": {"QueueName": "two"}}, "C": {**QUEUE, "DependsOn": "A"}}
    stacks.update({**changed, "D": {**QUEUE, "DependsOn": "C"}})
    assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.queues() == before
    stacks.update({"A": {**QUEUE, "Properties": {"QueueName": "three"}}})
    assert (stacks.status(), stacks.queues()) == ("UPDATE_COMPLETE", ["three"])


def test_a_rollback_that_fails_is_gone_on_with(stacks: Stacks) -> None:
    stacks.create({"A": QUEUE, "B": {**QUEUE, "DependsOn": "A"}})
    stack_faults.add(StackFault(verb="update", nth=2, times=2))
    stack_faults.add(StackFault(verb="update", nth=3))
    slow = {**QUEUE, "Properties": {"DelaySeconds": 5}}
    stacks.update({"A": slow, "B": {**slow, "DependsOn": "A"}})
    assert stacks.status() == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(ClientError, match="UPDATE_ROLLBACK_FAILED state and can not be updated"):
        stacks.update({"A": QUEUE})
    stacks.api.continue_update_rollback(StackName="shop")
    stacks.world.clock.step(60)
    assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE"


def test_an_update_is_given_up(stacks: Stacks) -> None:
    stacks.create({"A": QUEUE})
    refused(stacks.api.cancel_update_stack, "ValidationError", "cannot be called from current", StackName="shop")
    stacks.update({"A": QUEUE, "B": QUEUE}, wait=4)
    stacks.api.cancel_update_stack(StackName="shop")
    stacks.world.clock.step(60)
    assert stacks.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert len(stacks.queues()) == 1


def test_a_deletion_that_fails_is_tried_again_without_what_is_retained(stacks: Stacks) -> None:
    stack = stacks.create(CHAIN)
    stack_faults.add(StackFault(verb="delete", resource="B", times=None))
    stacks.delete()
    assert stacks.status() == "DELETE_FAILED"
    # What B leans on is not tried.
    assert [name.split("-")[1] for name in stacks.queues()] == ["A", "B"]
    stacks.delete(RetainResources=["B"])
    assert stacks.status(stack) == "DELETE_COMPLETE"
    assert [name.split("-")[1] for name in stacks.queues()] == ["B"]


def test_a_deletion_is_forced(stacks: Stacks) -> None:
    stack = stacks.create(CHAIN)
    stack_faults.add(StackFault(verb="delete", resource="B", times=None))
    stacks.delete()
    stacks.delete(DeletionMode="FORCE_DELETE_STACK")
    assert stacks.status(stack) == "DELETE_COMPLETE"
    assert [name.split("-")[1] for name in stacks.queues()] == ["B"]


def test_what_is_to_stay_stays(stacks: Stacks) -> None:
    stack = stacks.create({"A": {**QUEUE, "DeletionPolicy": "Retain"}, "B": QUEUE})
    stacks.delete()
    assert ("A", "DELETE_SKIPPED", "") in stacks.events(stack)
    assert [name.split("-")[1] for name in stacks.queues()] == ["A"]


def test_a_stack_is_deleted_while_it_is_made(stacks: Stacks) -> None:
    stack = stacks.create(CHAIN, wait=6)
    stacks.delete()
    assert (stacks.status(stack), stacks.queues()) == ("DELETE_COMPLETE", [])


def test_a_stack_takes_no_longer_than_its_timeout(stacks: Stacks) -> None:
    chain = {f"Q{n}": {**QUEUE, **({"DependsOn": f"Q{n - 1}"} if n else {})} for n in range(25)}
    stacks.create(chain, TimeoutInMinutes=1, wait=600)
    assert stacks.status() == "ROLLBACK_COMPLETE"


def test_exports_in_use_stay(stacks: Stacks) -> None:
    out = {"Url": {"Value": {"Ref": "A"}, "Export": {"Name": "url"}}}
    stacks.create({"A": QUEUE}, outputs=out)
    refused(stacks.api.list_imports, "ValidationError", "Export 'url' is not imported by any stack.", ExportName="url")
    using = {"B": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::ImportValue": "url"}}}}
    stacks.create(using, "other")
    assert stacks.api.list_imports(ExportName="url")["Imports"] == ["other"]
    assert [one["Name"] for one in stacks.api.list_exports()["Exports"]] == ["url"]
    stacks.delete()
    assert stacks.described()["StackStatusReason"] == "Export url cannot be deleted as it is in use by other"
    stacks.delete("other")
    stacks.delete()
    assert stacks.api.describe_stacks()["Stacks"] == []


def test_functions_come_to_what_aws_says(stacks: Stacks) -> None:
    functions: dict[str, tuple[Any, str]] = {
        "Join": ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}, "a-us-west-2"),
        "Select": ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        "Sub": ({"Fn::Sub": ["${x}/${!y}/${AWS::AccountId}", {"x": 1}]}, "1/${y}/123456789012"),
        "If": ({"Fn::If": ["Yes", "a", {"Ref": "AWS::NoValue"}]}, "a"),
        "Map": ({"Fn::FindInMap": ["M", "k", "v"]}, "mapped"),
        "Base64": ({"Fn::Base64": "hello"}, "aGVsbG8="),
        "Cidr": ({"Fn::Select": ["1", {"Fn::Cidr": ["10.0.0.0/16", 3, 8]}]}, "10.0.1.0/24"),
        "Zone": ({"Fn::Select": [0, {"Fn::GetAZs": ""}]}, "us-west-2a"),
    }
    template = {
        "Resources": {"A": QUEUE, "B": {**QUEUE, "Condition": "No"}},
        "Mappings": {"M": {"k": {"v": "mapped"}}},
        "Conditions": {
            "Yes": {
                "Fn::And": [
                    {"Fn::Equals": ["a", "a"]},
                    {"Fn::Or": [{"Condition": "No"}, {"Fn::Not": [{"Condition": "No"}]}]},
                ]
            },
            "No": {"Fn::Equals": ["a", "b"]},
        },
        "Outputs": {name: {"Value": value} for name, (value, _) in functions.items()},
    }
    stacks.api.create_stack(StackName="shop", TemplateBody=json.dumps(template))
    stacks.world.clock.step(60)
    found = {one["OutputKey"]: one["OutputValue"] for one in stacks.described()["Outputs"]}
    assert found == {name: wanted for name, (_, wanted) in functions.items()}
    assert len(stacks.queues()) == 1


def test_yaml_with_short_tags_is_the_same_as_json(stacks: Stacks) -> None:
    body = """
Parameters:
  Day: {Type: String, Default: 2026-01-05}
Resources:
  Jobs: {Type: AWS::SQS::Queue}
Outputs:
  Day: {Value: !Ref Day}
  Arn: {Value: !GetAtt Jobs.Arn}
  Both: {Value: !Join [":", [!Sub "${Jobs.QueueName}", x]]}
"""
    stacks.api.create_stack(StackName="shop", TemplateBody=body)
    stacks.world.clock.step(60)
    found = {one["OutputKey"]: one["OutputValue"] for one in stacks.described()["Outputs"]}
    assert found["Day"] == "2026-01-05"
    assert found["Both"] == found["Arn"].rpartition(":")[2] + ":x"
    assert stacks.api.get_template(StackName="shop")["TemplateBody"] == body


def test_stacks_tags_are_put_on_what_they_make(stacks: Stacks) -> None:
    own = {"Type": "AWS::SNS::Topic", "Properties": {"Tags": [{"Key": "a", "Value": "own"}]}}
    tags = [{"Key": "a", "Value": "stack"}, {"Key": "b", "Value": "stack"}]
    stacks.create({"News": own}, Tags=tags)
    arn = stacks.api.list_stack_resources(StackName="shop")["StackResourceSummaries"][0]["PhysicalResourceId"]
    found = {
        one["Key"]: one["Value"] for one in stacks.world.client("sns").list_tags_for_resource(ResourceArn=arn)["Tags"]
    }
    assert (found["a"], found["b"]) == ("own", "stack")
    assert found["aws:cloudformation:stack-name"] == "shop"
    assert found["aws:cloudformation:logical-id"] == "News"


def test_the_world_can_be_emptied_while_a_stack_is_under_way(stacks: Stacks) -> None:
    stack_faults.add(StackFault())
    stacks.create(CHAIN, wait=3)
    stacks.world.reset()
    stacks.world.clock.step(60)
    assert stacks.api.describe_stacks()["Stacks"] == []
    assert stack_faults.all() == []


def test_one_that_crashes_holds_up_none_of_the_others(
    stacks: Stacks, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    from udo.sandbox.strict.cloudformation import ends

    finish: Callable[..., None] = ends.worked

    def broken(stack: Any, *given: Any) -> None:
        if stack.name == "bad":
            raise KeyError("a hole")
        finish(stack, *given)

    monkeypatch.setattr(ends, "worked", broken)
    stacks.create({"A": QUEUE}, "bad", wait=1)
    stacks.create({"A": QUEUE})
    assert stacks.status() == "CREATE_COMPLETE"
    assert stacks.status("bad") == "CREATE_IN_PROGRESS"
    assert "the sandbox cannot move a Stack on" in caplog.text
