"""`udo sandbox start --iam`: functions and APIs are made and called by who may."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from test_iam_gate import refused

Clients = Callable[..., Any]
ROLE = "arn:aws:iam::123456789012:role/runs"
ACCOUNT = "us-west-2:123456789012"


def _allow(action: str, resource: str, **conditions: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **conditions}


def _words(world: Any) -> dict[str, Any]:
    service = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [service]})
    world.client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=document)
    return {"FunctionName": "shop", "Runtime": "python3.12", "Handler": "a.b", "Role": ROLE, "Code": {"ZipFile": b"x"}}


def test_who_makes_a_function_passes_its_role(world: Any, as_user: Callable[..., Clients]) -> None:
    words, make = _words(world), _allow("lambda:CreateFunction", f"arn:aws:lambda:{ACCOUNT}:function:shop")
    one = as_user(make, name="one")("lambda")
    told = refused(one.create_function, **words)[2]
    assert f"is not authorized to perform: iam:PassRole on resource: {ROLE}" in told
    passing = _allow("iam:PassRole", ROLE, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}})
    two = as_user(make, passing, name="two")("lambda")
    assert "Could not unzip uploaded file." in refused(two.create_function, **words)[2]
    told = refused(two.create_function, **{**words, "FunctionName": "other"})[2]
    assert f"perform: lambda:CreateFunction on resource: arn:aws:lambda:{ACCOUNT}:function:other" in told


def test_who_invokes_a_function_needs_the_action_of_that_name(world: Any, as_user: Callable[..., Clients]) -> None:
    own = as_user(_allow("lambda:InvokeFunction", f"arn:aws:lambda:{ACCOUNT}:function:shop"))("lambda")
    assert refused(own.invoke, FunctionName="shop")[1] == "ResourceNotFoundException"
    told = refused(own.invoke, FunctionName="other")[2]
    assert f"lambda:InvokeFunction on resource: arn:aws:lambda:{ACCOUNT}:function:other" in told


def test_the_resources_of_api_gateway_are_its_paths(world: Any, as_user: Callable[..., Clients]) -> None:
    number = world.client("apigateway").create_rest_api(name="door")["id"]
    own = as_user(_allow("apigateway:GET", f"arn:aws:apigateway:us-west-2::/restapis/{number}"))("apigateway")
    assert own.get_rest_api(restApiId=number)["name"] == "door"
    told = refused(own.delete_rest_api, restApiId=number)[2]
    assert f"apigateway:DELETE on resource: arn:aws:apigateway:us-west-2::/restapis/{number}" in told
    assert "apigateway:GET on resource: arn:aws:apigateway:us-west-2::/restapis" in refused(own.get_rest_apis)[2]
