"""Calls of stages: which resource a path leads to, what a binary body is, and what cannot be answered."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from account import Account
from cases_gateway import _Api

from udo.sandbox.strict.apigateway.calls import stages_show_what_was_deployed

SLOW = "import time\ndef handler(event, context):\n    time.sleep(9)\n"
# It sends back what it was sent, as bytes.
BACK = (
    "def handler(event, context):\n"
    "    headers = {'x-one': ['a', 'b'], 'content-type': ['image/png']}\n"
    "    return {'statusCode': '200', 'multiValueHeaders': headers, 'body': event['body'],"
    " 'isBase64Encoded': event['isBase64Encoded']}\n"
)


@pytest.fixture
def aws(world: Any) -> Account:
    return Account(world.client, world)


def _url(api: _Api) -> str:
    return f"https://{api.id}.execute-api.us-west-2.amazonaws.com/live/orders"


@pytest.mark.parametrize(
    ("path", "method", "wanted", "variables"),
    [
        ("/", "GET", "/", {}),
        ("/orders", "GET", "/orders", {}),
        ("/orders/", "GET", "/orders", {}),
        ("/orders/7", "GET", "/orders/{id}", {"id": "7"}),
        ("/orders/open", "GET", "/orders/open", {}),
        ("/orders/7/lines", "GET", "/{proxy+}", {"proxy": "orders/7/lines"}),
        ("/else", "DELETE", "/{proxy+}", {"proxy": "else"}),
        ("/", "POST", None, {}),
    ],
)
def test_names_win_over_variables_and_those_over_greedy_ones(
    path: str, method: str, wanted: str | None, variables: dict[str, str]
) -> None:
    shown = [
        {"path": one, "resourceMethods": {"ANY" if "+" in one else "GET": {"apiKeyRequired": False}}}
        for one in ("/{proxy+}", "/orders/{id}", "/orders/open", "/orders", "/")
    ]
    found = stages_show_what_was_deployed(shown, path, method)
    assert (found and (found[0]["path"], found[2])) == (wanted and (wanted, variables))


def test_binary_bodies_go_both_ways_where_the_api_says_which_are(aws: Account) -> None:
    api, sent = _Api(aws, BACK), bytes(range(128))
    api.stage()
    status, headers, body = aws.http("POST", _url(api), sent, content_type="image/png", accept="image/png")
    assert (status, body.encode(), headers["content-type"]) == (200, sent, "image/png")
    change = [{"op": "add", "path": "/binaryMediaTypes/image~1png"}]
    aws.apigateway.update_rest_api(restApiId=api.id, patchOperations=change)
    assert aws.apigateway.get_rest_api(restApiId=api.id)["binaryMediaTypes"] == ["image/png"]
    status, _, body = aws.http("POST", _url(api), sent, content_type="image/png", accept="image/png")
    assert (status, body.encode()) == (200, sent)
    status, _, body = aws.http("POST", _url(api), sent, content_type="image/png", accept="text/plain")
    assert base64.b64decode(body) == sent


def test_who_waits_too_long_is_told_so(aws: Account) -> None:
    api = _Api(aws, SLOW)
    aws.functions.update_function_configuration(FunctionName="shop", Timeout=60)
    where = {"restApiId": api.id, "resourceId": api.orders, "httpMethod": "POST"}
    kind = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": api.uri}
    aws.apigateway.put_integration(**where, **kind, timeoutInMillis=100)
    api.stage()
    assert api.call() == (504, {"message": "Endpoint request timed out"})


def test_what_the_sandbox_does_not_have_is_said(aws: Account) -> None:
    api = _Api(aws)
    where = {"restApiId": api.id, "resourceId": api.orders, "httpMethod": "POST"}
    aws.apigateway.put_integration(**where, type="MOCK")
    api.stage()
    status, told = api.call()
    assert status == 501
    assert "The sandbox does not have this: an answer by an integration of the type MOCK" in json.dumps(told)
