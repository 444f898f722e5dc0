"""Stacks of functions and APIs: they go up, answer over HTTP, change in place or anew, fail with a reason, and go."""

from __future__ import annotations

import copy
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from cases_gateway import KEY
from test_stacks import Stacks

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
# It looks at the sandbox while it runs: the world must not be locked then.
CODE = """
import json, os, urllib.request
def handler(event, context):
    with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/moto-api/data.json") as seen:
        status = seen.status
    said = {"event": event, "color": os.environ["COLOR"], "seen": status}
    return {"statusCode": 200, "headers": {"x-own": "yes"}, "body": json.dumps(said)}
"""
FUNCTION = {"Ref": "Function"}
API = {"RestApiId": {"Ref": "Api"}}
URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Function.Arn}/invocations"
SOURCE = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*/POST/create"


def _one(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def _resources() -> dict[str, Any]:
    integration = {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": URI}}
    document = {"Version": "2012-10-17", "Statement": [TRUST]}
    settings = {"ResourcePath": "/*", "HttpMethod": "*", "MetricsEnabled": True, "ThrottlingRateLimit": "50"}
    return {
        "Role": _one("IAM::Role", AssumeRolePolicyDocument=document),
        "Function": _one(
            "Lambda::Function",
            Runtime="python3.12",
            Handler="index.handler",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Code={"ZipFile": CODE},
            Timeout="9",
            Environment={"Variables": {"COLOR": "red"}},
            ReservedConcurrentExecutions=2,
            TracingConfig={"Mode": "Active"},
        ),
        "Permission": _one(
            "Lambda::Permission",
            FunctionName=FUNCTION,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn={"Fn::Sub": SOURCE},
        ),
        "Api": _one("ApiGateway::RestApi", Name="door"),
        "Create": _one(
            "ApiGateway::Resource", **API, ParentId={"Fn::GetAtt": ["Api", "RootResourceId"]}, PathPart="create"
        ),
        "Method": _one(
            "ApiGateway::Method",
            **API,
            ResourceId={"Ref": "Create"},
            HttpMethod="POST",
            ApiKeyRequired=True,
            Integration=integration,
        ),
        "Deployment": {**_one("ApiGateway::Deployment", **API), "DependsOn": "Method"},
        "Stage": _one(
            "ApiGateway::Stage",
            **API,
            StageName="live",
            DeploymentId={"Ref": "Deployment"},
            TracingEnabled="true",
            Variables={"size": "small"},
            MethodSettings=[settings],
        ),
        "Key": _one("ApiGateway::ApiKey", Enabled=True, Value=KEY),
        "Plan": _one(
            "ApiGateway::UsagePlan",
            ApiStages=[{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Stage"}}],
            Throttle={"RateLimit": 10, "BurstLimit": "5"},
            Quota={"Limit": 100, "Period": "DAY"},
        ),
        "PlanKey": _one(
            "ApiGateway::UsagePlanKey", KeyId={"Ref": "Key"}, KeyType="API_KEY", UsagePlanId={"Ref": "Plan"}
        ),
    }


OUTPUTS = {name: {"Value": {"Ref": name}} for name in ("Api", "Function", "Plan", "Stage")}
IAM = {"Capabilities": ["CAPABILITY_IAM"]}


class Door:
    """The stack of an API, and calls of its stage over HTTP."""

    def __init__(self, world: Any) -> None:
        self.stacks = Stacks(world)
        self.world, self.endpoint = world, ""
        self.resources = _resources()

    def create(self) -> None:
        self.stacks.create(self.resources, outputs=OUTPUTS, **IAM)
        assert self.stacks.status() == "CREATE_COMPLETE", self.stacks.events()

    def update(self) -> None:
        self.stacks.update(self.resources, outputs=OUTPUTS, **IAM)
        assert self.stacks.status() == "UPDATE_COMPLETE", self.stacks.events()

    def change(self, name: str, **properties: Any) -> None:
        self.resources[name] = copy.deepcopy(self.resources[name])
        self.resources[name]["Properties"] |= properties
        self.update()

    @property
    def outputs(self) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.stacks.described()["Outputs"]}

    def call(self, key: str = KEY, stage: str = "live", path: str = "/create") -> tuple[int, Any]:
        url = f"{self.endpoint}/restapis/{self.outputs['Api']}/{stage}/_user_request_{path}"
        request = urllib.request.Request(url, b'{"stackname": "shop"}', {"x-api-key": key})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture
def door(world: Any) -> Any:
    made = Door(world)
    with world.serve() as server:
        made.endpoint = server.endpoint
        yield made


def test_a_stack_of_an_api_answers_who_has_its_key_and_goes_again(door: Door) -> None:
    door.create()
    status, told = door.call()
    assert (status, told["color"], told["seen"]) == (200, "red", 200)
    event = told["event"]
    assert json.loads(event["body"]) == {"stackname": "shop"}
    assert event["headers"]["X-Api-Key"] == KEY
    assert event["stageVariables"] == {"size": "small"}
    assert event["requestContext"]["stage"] == "live"
    assert door.call(key="x" * 30) == (403, {"message": "Forbidden"})
    assert door.call(path="/state") == (403, {"message": "Missing Authentication Token"})
    stage = door.world.client("apigateway").get_stage(restApiId=door.outputs["Api"], stageName="live")
    assert stage["tracingEnabled"]
    assert stage["methodSettings"]["*/*"] == {"metricsEnabled": True, "throttlingRateLimit": 50.0}
    assert stage["tags"]["aws:cloudformation:logical-id"] == "Stage"
    door.stacks.delete()
    gateway = door.world.client("apigateway")
    left = [gateway.get_rest_apis(), gateway.get_api_keys(), gateway.get_usage_plans()]
    assert [one["items"] for one in left] == [[], [], []]
    assert door.world.client("lambda").list_functions()["Functions"] == []
    assert door.world.client("iam").list_roles()["Roles"] == []


def test_a_function_is_changed_in_place_and_made_anew_under_another_name(door: Door) -> None:
    door.create()
    name = door.outputs["Function"]
    door.change(
        "Function", Code={"ZipFile": CODE.replace('"yes"', '"no"')}, Environment={"Variables": {"COLOR": "blue"}}
    )
    assert door.outputs["Function"] == name
    assert door.call()[1]["color"] == "blue"
    functions = door.world.client("lambda")
    assert functions.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 2
    del door.resources["Function"]["Properties"]["ReservedConcurrentExecutions"]
    del door.resources["Function"]["Properties"]["Timeout"]
    door.update()
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName=name)
    assert functions.get_function_configuration(FunctionName=name)["Timeout"] == 3
    door.change("Function", FunctionName="other")
    assert [one["FunctionName"] for one in functions.list_functions()["Functions"]] == ["other"]
    # The API still shows the deployment that asks the old one.
    assert door.call() == (500, {"message": "Internal server error"})


@pytest.mark.whole
def test_a_stage_is_changed_in_place_and_made_anew_under_another_name(door: Door) -> None:
    door.create()
    gateway, api = door.world.client("apigateway"), door.outputs["Api"]
    settings = [
        {"ResourcePath": "/~1create", "HttpMethod": "POST", "ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0}
    ]
    door.change("Stage", MethodSettings=settings, Variables={"kind": "x"}, TracingEnabled=False)
    stage = gateway.get_stage(restApiId=api, stageName="live")
    assert stage["variables"] == {"kind": "x"}
    assert not stage["tracingEnabled"]
    assert set(stage["methodSettings"]) == {"create/POST"}
    assert door.call() == (429, {"message": "Too Many Requests"})
    door.change("Stage", StageName="test", MethodSettings=[])
    assert [one["stageName"] for one in gateway.get_stages(restApiId=api)["item"]] == ["test"]
    assert door.call() == (403, {"message": "Forbidden"})
    assert door.call(stage="test")[0] == 200


@pytest.mark.whole
def test_a_new_deployment_is_what_shows_a_changed_method(door: Door) -> None:
    door.create()
    door.change("Method", ApiKeyRequired=False)
    assert door.call(key="x" * 30)[0] == 403
    door.resources["Second"] = {**door.resources["Deployment"], "Properties": {**API, "Description": "second"}}
    door.change("Stage", DeploymentId={"Ref": "Second"})
    del door.resources["Deployment"]
    door.update()
    assert door.call(key="x" * 30)[0] == 200


def test_what_cannot_be_made_says_why_and_leaves_nothing(door: Door) -> None:
    resources = door.resources
    trust = {"Version": "2012-10-17", "Statement": [{**TRUST, "Principal": {"Service": "ec2.amazonaws.com"}}]}
    resources["Role"]["Properties"]["AssumeRolePolicyDocument"] = trust
    resources["Stage"]["Properties"].pop("DeploymentId")
    resources["Bare"] = _one("ApiGateway::RestApi", Name="bare")
    resources["Early"] = _one("ApiGateway::Deployment", RestApiId={"Ref": "Bare"})
    told = {}
    for name, needs in (("Function", ["Role"]), ("Stage", ["Api"]), ("Early", ["Bare"])):
        door.stacks.create({one: resources[one] for one in [*needs, name]}, name=name, **IAM)
        assert door.stacks.status(name) == "ROLLBACK_COMPLETE"
        told[name] = next(why for one, status, why in door.stacks.events(name) if status == "CREATE_FAILED")
    assert "The role defined for the function cannot be assumed by Lambda. (Service: Lambda," in told["Function"]
    assert '"DeploymentId cannot be empty" (' in told["Stage"]
    assert "The REST API doesn't contain any methods (Service: ApiGateway," in told["Early"]
    assert door.world.client("apigateway").get_rest_apis()["items"] == []
    assert door.world.client("lambda").list_functions()["Functions"] == []


def test_a_name_that_is_taken_is_said_before_anything_is_made(door: Door) -> None:
    door.resources["Function"]["Properties"]["FunctionName"] = "shop"
    door.create()
    door.stacks.create({one: door.resources[one] for one in ("Role", "Function")}, name="two", **IAM)
    events = door.stacks.events("two")
    assert {name for name, _, _ in events} == {"two"}
    assert any(why.startswith("Validation failure detected") for _, _, why in events)
