"""Change sets: how a stack would change, property by property, and what was found wrong before anything is done."""

from __future__ import annotations

import copy
import json
import pickle
import random
from typing import Any

import pytest
from account import refused
from botocore.exceptions import ClientError
from stacks import Stacks
from whole import examples

from udo.sandbox.strict import StackFault, stack_faults
from udo.sandbox.strict.cloudformation.state import backends

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Delay": {"Type": "Number", "Default": 1},
        "Secret": {"Type": "String", "Default": "x", "NoEcho": True},
    },
    "Conditions": {"Slow": {"Fn::Equals": [{"Ref": "Delay"}, "9"]}},
    "Mappings": {"M": {"a": {"b": "c"}}},
    "Resources": {
        "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Ref": "Delay"}, "QueueName": "jobs"}},
        "News": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::GetAtt": ["Jobs", "Arn"]}}},
        "Old": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"},
        "Slow": {"Type": "AWS::SQS::Queue", "Condition": "Slow", "DependsOn": ["Jobs"]},
    },
    "Outputs": {"Url": {"Value": {"Fn::Sub": "${Jobs}/${AWS::Region}"}}},
}


@pytest.fixture
def stacks(world: Any) -> Stacks:
    made = Stacks(world)
    made.api.create_stack(StackName="shop", TemplateBody=json.dumps(TEMPLATE))
    world.clock.step(60)
    return made


def changed(stacks: Stacks, template: Any = None, name: str = "next", **more: Any) -> dict[str, Any]:
    """The change set of the stack to another template, once it is worked out."""
    words = {"StackName": "shop", "ChangeSetName": name, "ChangeSetType": "UPDATE"}
    stacks.api.create_change_set(**words, TemplateBody=json.dumps(template or TEMPLATE), **more)
    stacks.world.clock.step(60)
    told = stacks.api.describe_change_set(StackName="shop", ChangeSetName=name, IncludePropertyValues=True)
    return dict(told)


def rows(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The changes by the resources."""
    return {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in told["Changes"]}


def test_a_change_set_tells_of_each_resource_and_property(stacks: Stacks) -> None:
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["Jobs"]["Properties"]["QueueName"] = "jobs-two"
    template["Resources"]["New"] = {"Type": "AWS::SQS::Queue"}
    del template["Resources"]["Old"]
    found = rows(changed(stacks, template))
    assert {name: one["Action"] for name, one in found.items()} == {
        "Jobs": "Modify",
        "News": "Modify",
        "New": "Add",
        "Old": "Remove",
    }
    assert (found["Jobs"]["Replacement"], found["Jobs"]["PolicyAction"]) == ("True", "ReplaceAndDelete")
    (detail,) = found["Jobs"]["Details"]
    assert (detail["Evaluation"], detail["ChangeSource"]) == ("Static", "DirectModification")
    target = detail["Target"]
    assert (target["Path"], target["BeforeValue"], target["AfterValue"]) == (
        "/Properties/QueueName",
        "jobs",
        "jobs-two",
    )
    assert target["RequiresRecreation"] == "Always"
    assert found["Old"]["PolicyAction"] == "Retain"
    (detail,) = found["News"]["Details"]
    assert (found["News"]["Replacement"], detail["Evaluation"]) == ("False", "Dynamic")
    assert (detail["ChangeSource"], detail["CausingEntity"]) == ("ResourceAttribute", "Jobs.Arn")
    assert detail["Target"]["AfterValue"] == "{{changeSet:KNOWN_AFTER_APPLY}}"
    assert json.loads(found["Jobs"]["AfterContext"])["Properties"]["QueueName"] == "jobs-two"
    plain = stacks.api.describe_change_set(StackName="shop", ChangeSetName="next")
    assert "jobs-two" not in str(plain["Changes"])


def test_a_change_shows_no_value_of_a_parameter_that_is_not_to_be_shown(stacks: Stacks) -> None:
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["News"]["Properties"]["DisplayName"] = {"Fn::Sub": "by ${Secret}"}
    given = [{"ParameterKey": "Secret", "ParameterValue": "hunter2hunter2"}]
    stacks.api.update_stack(StackName="shop", TemplateBody=json.dumps(template), Parameters=given)
    stacks.world.clock.step(120.0)
    found = rows(changed(stacks, template, Parameters=[given[0] | {"ParameterValue": "correct-horse"}]))
    (detail,) = found["News"]["Details"]
    target = detail["Target"]
    assert target["Path"] == "/Properties/DisplayName"
    assert "hunter2" not in str(found)
    assert "horse" not in str(found)


def test_an_output_with_characters_that_no_answer_can_hold_spoils_no_answer(stacks: Stacks) -> None:
    template = copy.deepcopy(TEMPLATE)
    template["Outputs"]["Bell"] = {"Value": "a\u0007\u001bb\nc"}
    stacks.api.update_stack(StackName="shop", TemplateBody=json.dumps(template))
    stacks.world.clock.step(120.0)
    found = {one["OutputKey"]: one["OutputValue"] for one in stacks.described()["Outputs"]}
    assert found["Bell"] == "a??b\nc"


def test_a_parameter_is_the_cause_of_a_change(stacks: Stacks) -> None:
    given = [{"ParameterKey": "Delay", "ParameterValue": "3"}, {"ParameterKey": "Secret", "UsePreviousValue": True}]
    found = rows(changed(stacks, Parameters=given))
    (detail,) = found["Jobs"]["Details"]
    assert (detail["ChangeSource"], detail["CausingEntity"]) == ("ParameterReference", "Delay")
    assert found.keys() == {"Jobs"}
    assert found["Jobs"]["Replacement"] == "False"
    shown = {one["ParameterKey"]: one["ParameterValue"] for one in stacks.described()["Parameters"]}
    assert shown == {"Delay": "1", "Secret": "****"}


def test_a_change_set_that_changes_nothing_fails_and_can_be_removed(stacks: Stacks) -> None:
    for name, template in (("same", TEMPLATE), ("described", {**TEMPLATE, "Description": "more words"})):
        told = changed(stacks, template, name)
        assert (told["Status"], told["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
        assert told["StatusReason"].startswith("The submitted information didn't contain changes.")
        refused(stacks.api.execute_change_set, "InvalidChangeSetStatus", StackName="shop", ChangeSetName=name)
        stacks.api.delete_change_set(StackName="shop", ChangeSetName=name)
    assert stacks.api.list_change_sets(StackName="shop")["Summaries"] == []
    stacks.api.delete_change_set(StackName="shop", ChangeSetName="same")


def test_a_change_set_takes_time_and_tells_early_what_is_wrong(stacks: Stacks) -> None:
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["Jobs"]["Properties"]["DelaySecond"] = 5
    words = {
        "StackName": "shop",
        "ChangeSetName": "wrong",
        "ChangeSetType": "UPDATE",
        "TemplateBody": json.dumps(template),
    }
    made = stacks.api.create_change_set(**words)
    assert stacks.api.describe_change_set(ChangeSetName=made["Id"])["Status"] == "CREATE_PENDING"
    stacks.world.clock.step(60)
    told = stacks.api.describe_change_set(ChangeSetName=made["Id"])
    assert told["Status"] == "FAILED"
    assert told["StatusReason"].startswith(
        "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot"
    )
    events = stacks.api.describe_events(ChangeSetName=made["Id"], Filters={"FailedEvents": True})["OperationEvents"]
    assert [one["EventType"] for one in events] == ["STACK_EVENT", "VALIDATION_ERROR"]
    assert events[0]["OperationType"] == "CREATE_CHANGESET"
    assert events[1]["ValidationPath"] == "/Resources/Jobs/Properties"
    assert events[1]["ValidationStatusReason"] == "#: extraneous key [DelaySecond] is not permitted"
    assert stacks.status() == "CREATE_COMPLETE"


def test_a_new_stack_is_in_review_until_its_change_set_is_executed(stacks: Stacks) -> None:
    words = {"StackName": "new", "ChangeSetName": "first", "ChangeSetType": "CREATE"}
    body = json.dumps({"Resources": {"A": {"Type": "AWS::SQS::Queue"}}})
    stacks.api.create_change_set(**words, TemplateBody=body, OnStackFailure="DELETE", Tags=[{"Key": "a", "Value": "b"}])
    stacks.world.clock.step(60)
    assert stacks.status("new") == "REVIEW_IN_PROGRESS"
    told = {"StackName": "new", "TemplateBody": body}
    refused(
        stacks.api.update_stack, "ValidationError", "is in REVIEW_IN_PROGRESS state and can not be updated.", **told
    )
    refused(stacks.api.create_stack, "AlreadyExistsException", "Stack [new] already exists", **told)
    stack_faults.add(StackFault(resource="A"))
    stack = stacks.described("new")["StackId"]
    stacks.api.execute_change_set(StackName="new", ChangeSetName="first")
    stacks.world.clock.step(60)
    assert stacks.status(stack) == "DELETE_COMPLETE"
    stacks.api.create_change_set(**words, TemplateBody=body)
    stacks.world.clock.step(60)
    stacks.delete("new")
    assert [one["StackName"] for one in stacks.api.describe_stacks()["Stacks"]] == ["shop"]


def test_parameters_of_systems_manager_are_looked_up(stacks: Stacks) -> None:
    kind = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/shop/name"}
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}}
    body = json.dumps({"Parameters": {"Name": kind}, "Resources": {"A": queue}})
    text = "Unable to fetch parameters [/shop/name] from parameter store for this account."
    refused(stacks.api.create_stack, "ValidationError", text, StackName="named", TemplateBody=body)
    stacks.world.client("ssm").put_parameter(Name="/shop/name", Value="from-store", Type="String")
    stacks.api.create_stack(StackName="named", TemplateBody=body)
    stacks.world.clock.step(60)
    assert "from-store" in stacks.queues()
    assert stacks.described("named")["Parameters"][0]["ResolvedValue"] == "from-store"


def test_what_is_summed_up_of_a_template_is_what_it_declares(stacks: Stacks) -> None:
    told = stacks.api.get_template_summary(StackName="shop")
    assert told["ResourceTypes"] == ["AWS::SNS::Topic", "AWS::SQS::Queue"]
    assert {one["ParameterKey"]: one["NoEcho"] for one in told["Parameters"]} == {"Delay": False, "Secret": True}
    told = stacks.api.validate_template(TemplateBody=json.dumps(TEMPLATE))
    assert [one["ParameterKey"] for one in told["Parameters"]] == ["Delay", "Secret"]


def test_what_is_under_way_can_be_kept(stacks: Stacks) -> None:
    # Tests keep a world as bytes and go on from there.
    stacks.api.create_stack(StackName="more", TemplateBody='{"Resources": {"A": {"Type": "AWS::SQS::Queue"}}}')
    held = backends[stacks.world.account]["us-west-2"]
    held.stacks = pickle.loads(pickle.dumps(held.stacks))
    stacks.world.clock.step(60)
    assert stacks.status("more") == "CREATE_COMPLETE"


def test_no_template_crashes_the_sandbox(stacks: Stacks) -> None:
    drawn = random.Random(18)
    junk: list[Any] = [
        None,
        1,
        "",
        "x",
        [],
        {},
        ["a"],
        {"Ref": "Jobs"},
        {"Fn::GetAtt": 1},
        {"Fn::If": []},
        {"Fn::Select": "a"},
    ]
    codes: set[str] = set()
    for number in range(examples(40)):
        template = copy.deepcopy(TEMPLATE)
        for _ in range(drawn.randint(1, 3)):
            _spoil(template, drawn, drawn.choice(junk))
        try:
            stacks.api.create_stack(StackName=f"s{number}", TemplateBody=json.dumps(template))
        except ClientError as error:
            codes.add(error.response["Error"]["Code"])
            continue
        stacks.world.clock.step(100)
        assert stacks.status(f"s{number}") in ("CREATE_COMPLETE", "ROLLBACK_COMPLETE"), template
        stacks.delete(f"s{number}")
    assert codes == {"ValidationError"}


def _spoil(part: Any, drawn: random.Random, junk: Any) -> None:
    while True:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        key = drawn.choice(keys)
        inner = part[key]
        if not isinstance(inner, dict | list) or not inner or drawn.random() < 0.25:
            part[key] = copy.deepcopy(junk)
            return
        part = inner
