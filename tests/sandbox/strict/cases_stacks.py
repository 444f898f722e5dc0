"""Stacks of CloudFormation: one case for each rule, named like it."""

from __future__ import annotations

import json
from typing import Any

from account import Account, accepted, holds, refused

QUEUE = {"Type": "AWS::SQS::Queue"}
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
}


def _body(resources: Any = None, **more: Any) -> str:
    return json.dumps({"Resources": {"Jobs": QUEUE} if resources is None else resources, **more})


def _made(aws: Account, name: str = "shop", body: str = "", **more: Any) -> dict[str, Any]:
    accepted(aws.cloudformation.create_stack, StackName=name, TemplateBody=body or _body(), **more)
    aws.step(120)
    return _stack(aws, name)


def _stack(aws: Account, name: str = "shop") -> dict[str, Any]:
    return dict(aws.cloudformation.describe_stacks(StackName=name)["Stacks"][0])


def _refused(aws: Account, text: str, body: str, code: str = "ValidationError", **more: Any) -> None:
    refused(aws.cloudformation.create_stack, code, text, StackName="shop", TemplateBody=body, **more)


def bodies_have_their_limit(aws: Account) -> None:
    accepted(aws.cloudformation.validate_template, TemplateBody=_body(Description="x" * 1000))
    long = _body(Metadata={"x": "x" * 51_200})
    _refused(aws, "Member must have length less than or equal to 51200", long)


def templates_are_fetched_from_s3(aws: Account) -> None:
    aws.s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    aws.s3.put_object(Bucket="templates", Key="a.json", Body=_body(Metadata={"x": "x" * 60_000}))
    for url in (
        "http://templates.s3.us-west-2.amazonaws.com/a.json",
        "https://example.com/a.json",
        "s3://templates/a.json",
    ):
        refused(
            aws.cloudformation.create_stack,
            "ValidationError",
            "TemplateURL must be a supported URL.",
            StackName="shop",
            TemplateURL=url,
        )
    lost = "https://templates.s3.us-west-2.amazonaws.com/lost.json"
    refused(aws.cloudformation.create_stack, "ValidationError", "S3 error: ", StackName="shop", TemplateURL=lost)
    for number, host in enumerate(("templates.s3.us-west-2.amazonaws.com", "s3.us-west-2.amazonaws.com/templates")):
        accepted(aws.cloudformation.create_stack, StackName=f"shop{number}", TemplateURL=f"https://{host}/a.json")


def templates_have_their_sections(aws: Account) -> None:
    _refused(aws, "Invalid template property or properties [Resource, Zebra]", _body(Resource={}, Zebra=1))
    _refused(aws, "unsupported value for AWSTemplateFormatVersion", _body(AWSTemplateFormatVersion="2011-01-01"))
    _refused(aws, "At least one Resources member must be defined.", _body({}))
    _refused(aws, "YAML not well-formed. (line 1, column 5)", "a: b: c")
    _refused(aws, "JSON not well-formed. (line 1, column 3)", "{ nothing: [")
    _refused(aws, "Every Outputs member must contain a Value object", _body(Outputs={"Url": {}}))


def resources_are_described(aws: Account) -> None:
    _refused(aws, "Resource name my-queue is non alphanumeric.", _body({"my-queue": QUEUE}))
    _refused(aws, "[/Resources/Jobs] Every Resources object must contain a Type member.", _body({"Jobs": {}}))
    _refused(aws, "Invalid template resource property 'Property'", _body({"Jobs": {**QUEUE, "Property": {}}}))


def types_exist(aws: Account) -> None:
    unknown = _body({"A": {"Type": "AWS::SQS::Cue"}, "B": {"Type": "AWS::Bogus::Thing"}})
    _refused(aws, "Unrecognized resource types: [AWS::Bogus::Thing, AWS::SQS::Cue]", unknown)
    foreign = _body({"A": {"Type": "AWS::Braket::SpendingLimit"}})
    _refused(aws, "the sandbox does not know AWS::Braket::SpendingLimit", foreign)


def what_is_named_is_there(aws: Account) -> None:
    named = {"Jobs": {**QUEUE, "Properties": {"QueueName": {"Ref": "Nam"}}, "DependsOn": "Nothing"}}
    _refused(aws, "Unresolved resource dependencies [Nam, Nothing] in the Resources block", _body(named))
    output = {"Url": {"Value": {"Fn::Sub": "${Job}"}}}
    _refused(aws, "Unresolved resource dependencies [Job] in the Outputs block of the template", _body(Outputs=output))
    lost = {"Url": {"Value": {"Fn::GetAtt": ["Job", "Arn"]}}}
    _refused(aws, "instance of Fn::GetAtt references undefined resource Job", _body(Outputs=lost))
    wrong = {"Url": {"Value": {"Fn::GetAtt": ["Jobs", "Address"]}}}
    _refused(aws, "resource Jobs does not support attribute type Address in Fn::GetAtt", _body(Outputs=wrong))
    condition = {"Jobs": {**QUEUE, "Condition": "IsProd"}}
    _refused(aws, "Unresolved condition dependency IsProd in the Resources block", _body(condition))


def resources_do_not_wait_for_each_other(aws: Account) -> None:
    circle = {"A": {**QUEUE, "DependsOn": "B"}, "B": {**QUEUE, "DependsOn": ["A"]}, "C": {**QUEUE, "DependsOn": "A"}}
    _refused(aws, "Circular dependency between resources: [A, B]", _body(circle))


def parameters_are_declared(aws: Account) -> None:
    body = _body(Parameters={"Size": {"Type": "String"}, "Zone": {"Type": "String"}})
    _refused(aws, "Parameters: [Size, Zone] must have values", body)
    given = [{"ParameterKey": "Sise", "ParameterValue": "small"}]
    _refused(aws, "Parameters: [Sise] do not exist in the template", body, Parameters=given)


def values_are_allowed(aws: Account) -> None:
    for declared, value, text in (
        ({"AllowedValues": ["a", "b"]}, "c", "Parameter 'Size' must be one of AllowedValues"),
        ({"AllowedPattern": "[a-z]+"}, "A", "Parameter 'Size' must match pattern [a-z]+"),
        ({"MinLength": 3}, "ab", "Parameter 'Size' must contain at least 3 characters"),
        ({"MaxLength": 3}, "abcd", "Parameter 'Size' must contain at most 3 characters"),
        ({"Type": "Number"}, "two", "Parameter 'Size' must be a number"),
        ({"Type": "Number", "MinValue": 2}, "1", "Parameter 'Size' must be a number not less than 2"),
        ({"Type": "Number", "MaxValue": 2}, "3", "Parameter 'Size' must be a number not greater than 2"),
        ({"AllowedPattern": "x", "ConstraintDescription": "an x"}, "y", "failed to satisfy constraint: an x"),
    ):
        body = _body(Parameters={"Size": {"Type": "String", **declared}})
        _refused(aws, text, body, Parameters=[{"ParameterKey": "Size", "ParameterValue": value}])


def roles_are_made_with_leave(aws: Account) -> None:
    insufficient = "InsufficientCapabilitiesException"
    _refused(aws, "Requires capabilities : [CAPABILITY_IAM]", _body({"Role": ROLE}), insufficient)
    properties = {**ROLE["Properties"], "RoleName": "deployer"}  # type: ignore[dict-item]
    named = _body({"Role": {**ROLE, "Properties": properties}})
    words = {"Capabilities": ["CAPABILITY_IAM"]}
    _refused(aws, "Requires capabilities : [CAPABILITY_NAMED_IAM]", named, insufficient, **words)


def names_are_stack_names(aws: Account) -> None:
    create = aws.cloudformation.create_stack
    for name in ("1shop", "shop_review", "shop review"):
        text = "failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        refused(
            create, "ValidationError", f"Value '{name}' at 'stackName' {text}", StackName=name, TemplateBody=_body()
        )
    refused(create, "ValidationError", "less than or equal to 128", StackName="a" * 129, TemplateBody=_body())


def tokens_are_used_once(aws: Account) -> None:
    stacks = aws.cloudformation
    words = {"StackName": "shop", "TemplateBody": _body(), "ClientRequestToken": "one"}
    first = stacks.create_stack(**words)["StackId"]
    holds(accepted(stacks.create_stack, **words)["StackId"] == first)
    refused(
        stacks.create_stack,
        "AlreadyExistsException",
        "Stack [shop] already exists",
        **{**words, "ClientRequestToken": "two"},
    )
    aws.step(120)
    refused(stacks.delete_stack, "TokenAlreadyExistsException", StackName="shop", ClientRequestToken="one")
    stacks.delete_stack(StackName="shop", ClientRequestToken="three")
    holds(
        {one["ClientRequestToken"] for one in stacks.describe_stack_events(StackName=first)["StackEvents"]}
        == {"one", "three"}
    )


def stacks_are_updated_one_at_a_time(aws: Account) -> None:
    stacks = aws.cloudformation
    accepted(stacks.create_stack, StackName="shop", TemplateBody=_body())
    other = {"StackName": "shop", "TemplateBody": _body({"Jobs": QUEUE, "More": QUEUE})}
    refused(stacks.update_stack, "ValidationError", "is in CREATE_IN_PROGRESS state and can not be updated.", **other)
    aws.step(120)
    accepted(stacks.update_stack, **other)
    refused(stacks.update_stack, "ValidationError", "is in UPDATE_IN_PROGRESS state and can not be updated.", **other)
    words = {"ChangeSetName": "c", "ChangeSetType": "UPDATE", **other}
    refused(stacks.create_change_set, "ValidationError", "is in UPDATE_IN_PROGRESS state", **words)


def resources_keep_their_type(aws: Account) -> None:
    _made(aws)
    words = {"StackName": "shop", "TemplateBody": _body({"Jobs": {"Type": "AWS::SNS::Topic"}})}
    refused(aws.cloudformation.update_stack, "ValidationError", "Update of resource type is not permitted.", **words)


def updates_change_something(aws: Account) -> None:
    _made(aws)
    text = "No updates are to be performed."
    for body in (_body(), _body(Description="another")):
        refused(aws.cloudformation.update_stack, "ValidationError", text, StackName="shop", TemplateBody=body)
    holds(_stack(aws)["StackStatus"] == "CREATE_COMPLETE")


def stacks_are_protected(aws: Account) -> None:
    stacks = aws.cloudformation
    _made(aws, EnableTerminationProtection=True)
    text = "Stack [shop] cannot be deleted while TerminationProtection is enabled"
    refused(stacks.delete_stack, "ValidationError", text, StackName="shop")
    holds(_stack(aws)["EnableTerminationProtection"])
    accepted(stacks.update_termination_protection, StackName="shop", EnableTerminationProtection=False)
    accepted(stacks.delete_stack, StackName="shop")


def only_failed_deletions_leave_resources(aws: Account) -> None:
    _made(aws)
    text = "only when the stack is in DELETE_FAILED state"
    for words in ({"RetainResources": ["Jobs"]}, {"DeletionMode": "FORCE_DELETE_STACK"}):
        refused(aws.cloudformation.delete_stack, "ValidationError", text, StackName="shop", **words)


def change_sets_fit_their_stack(aws: Account) -> None:
    stacks = aws.cloudformation
    words = {"StackName": "shop", "TemplateBody": _body(), "ChangeSetName": "first"}
    # Without a type it is one of an update.
    refused(stacks.create_change_set, "ValidationError", "Stack [shop] does not exist", **words)
    accepted(stacks.create_change_set, ChangeSetType="CREATE", **words)
    holds(_stack(aws)["StackStatus"] == "REVIEW_IN_PROGRESS")
    aws.step(60)
    stacks.execute_change_set(StackName="shop", ChangeSetName="first")
    aws.step(60)
    again = {**words, "ChangeSetType": "CREATE", "ChangeSetName": "second"}
    refused(stacks.create_change_set, "ValidationError", "already exists and cannot be created again", **again)


def only_available_change_sets_are_executed(aws: Account) -> None:
    stacks = aws.cloudformation
    of_it = {"StackName": "shop", "ChangeSetName": "first"}
    stacks.create_change_set(**of_it, TemplateBody=_body(), ChangeSetType="CREATE")
    refused(stacks.execute_change_set, "InvalidChangeSetStatus", "cannot be executed in its current status", **of_it)
    aws.step(60)
    stacks.create_change_set(**{**of_it, "ChangeSetName": "second"}, TemplateBody=_body(), ChangeSetType="CREATE")
    aws.step(60)
    accepted(stacks.execute_change_set, **of_it, ClientRequestToken="one")
    accepted(stacks.execute_change_set, **of_it, ClientRequestToken="one")
    refused(stacks.execute_change_set, "ChangeSetNotFound", **{**of_it, "ChangeSetName": "second"})
    aws.step(60)
    holds(_stack(aws)["StackStatus"] == "CREATE_COMPLETE")


def stacks_are_validated_first(aws: Account) -> None:
    aws.sqs.create_queue(QueueName="taken")
    broken = {
        "Jobs": {**QUEUE, "Properties": {"VisibilityTimeOut": 3}},
        "More": {**QUEUE, "Properties": {"QueueName": "taken"}},
    }
    stack = _made(aws, body=_body(broken))
    holds(stack["StackStatus"] == "ROLLBACK_COMPLETE")
    holds("Validation failure detected" in str(aws.cloudformation.describe_stack_events(StackName="shop")))
    holds(len(aws.sqs.list_queues()["QueueUrls"]) == 1, "something was made")
    told = aws.cloudformation.describe_events(StackName="shop", Filters={"FailedEvents": True})["OperationEvents"]
    reasons = {one["ValidationStatusReason"]: one["ValidationPath"] for one in told if "ValidationPath" in one}
    holds(
        reasons
        == {
            "#: extraneous key [VisibilityTimeOut] is not permitted": "/Resources/Jobs/Properties",
            "Resource of type 'AWS::SQS::Queue' with identifier 'taken' already exists.": "/Resources/More",
        },
        f"{reasons}",
    )


def stacks_are_told_apart(aws: Account) -> None:
    failing = {"Url": {"Value": {"Fn::ImportValue": "nothing"}}}
    try:
        _made(aws, "bad", _body(Outputs=failing))
    except Exception as error:
        holds("unable" in str(error), f"{error!r}")  # raw moto crashes here already
    first = _made(aws)
    holds([one["StackName"] for one in accepted(aws.cloudformation.describe_stacks)["Stacks"]] == ["shop", "bad"])
    holds(_stack(aws, "bad")["StackStatus"] == "ROLLBACK_COMPLETE")
    aws.cloudformation.delete_stack(StackName="shop")
    aws.step(60)
    text = "Stack with id shop does not exist"
    refused(aws.cloudformation.describe_stacks, "ValidationError", text, StackName="shop")
    holds(_stack(aws, first["StackId"])["StackStatus"] == "DELETE_COMPLETE")


def every_resource_has_its_events(aws: Account) -> None:
    _made(aws)
    told = aws.cloudformation.describe_stack_events(StackName="shop")["StackEvents"]
    rows = [(one["LogicalResourceId"], one["ResourceStatus"], one.get("ResourceStatusReason")) for one in told[::-1]]
    holds(
        rows
        == [
            ("shop", "CREATE_IN_PROGRESS", "User Initiated"),
            ("Jobs", "CREATE_IN_PROGRESS", None),
            ("Jobs", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
            ("Jobs", "CREATE_COMPLETE", None),
            ("shop", "CREATE_COMPLETE", None),
        ],
        f"{rows}",
    )
    holds(told[0]["Timestamp"] > told[-1]["Timestamp"])


def operations_tell_why(aws: Account) -> None:
    stack = _made(aws)
    described = aws.cloudformation.describe_events
    refused(described, "ValidationError", "One of ChangeSetName, OperationId or StackName must be specified")
    told = accepted(described, StackName="shop")["OperationEvents"]
    operation = stack["LastOperations"][0]["OperationId"]
    holds(told == accepted(described, OperationId=operation)["OperationEvents"])
    holds((told[0]["OperationType"], told[0]["OperationStatus"]) == ("CREATE_STACK", "SUCCESS"))


def nested_stacks_are_waited_for(aws: Account) -> None:
    aws.s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    aws.s3.put_object(Bucket="templates", Key="child.json", Body=_body())
    where = {"TemplateURL": "https://templates.s3.us-west-2.amazonaws.com/child.json"}
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": where}
    parent = accepted(aws.cloudformation.create_stack, StackName="shop", TemplateBody=_body({"Child": child}))[
        "StackId"
    ]
    aws.step(5)
    holds(_stack(aws)["StackStatus"] == "CREATE_IN_PROGRESS")
    aws.step(60)
    told = aws.cloudformation.list_stack_resources(StackName="shop")["StackResourceSummaries"]
    nested = _stack(aws, told[0]["PhysicalResourceId"])
    holds(_stack(aws)["StackStatus"] == nested["StackStatus"] == "CREATE_COMPLETE")
    holds(nested["ParentId"] == parent)


def failures_are_rolled_back(aws: Account) -> None:
    bad = {**QUEUE, "Properties": {"QueueName": "no spaces here"}, "DependsOn": "News"}
    resources = {"News": {"Type": "AWS::SNS::Topic"}, "Jobs": bad}
    stack = _made(aws, body=_body(resources), DisableValidation=True)
    holds(stack["StackStatus"] == "ROLLBACK_COMPLETE")
    holds(aws.sns.list_topics()["Topics"] == [])
    told = aws.cloudformation.describe_stack_events(StackName="shop")["StackEvents"]
    reason = next(one["ResourceStatusReason"] for one in told if one["ResourceStatus"] == "CREATE_FAILED")
    holds("(Service: Sqs, Status Code: 400, Request ID: " in reason, reason)
    other = _made(aws, "kept", _body(resources), DisableValidation=True, OnFailure="DO_NOTHING")
    holds(other["StackStatus"] == "CREATE_FAILED")
    holds(len(aws.sns.list_topics()["Topics"]) == 1)


def resources_are_tagged(aws: Account) -> None:
    _made(aws, body=_body({"News": {"Type": "AWS::SNS::Topic"}}), Tags=[{"Key": "team", "Value": "shop"}])
    arn = aws.sns.list_topics()["Topics"][0]["TopicArn"]
    found = {one["Key"]: one["Value"] for one in aws.sns.list_tags_for_resource(ResourceArn=arn)["Tags"]}
    own = {"stack-name": "shop", "logical-id": "News", "stack-id": _stack(aws)["StackId"]}
    holds(found == {"team": "shop", **{f"aws:cloudformation:{key}": value for key, value in own.items()}}, f"{found}")
