"""The proxy integration: a call as the event that a function gets, and what a function returns as an answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from moto.moto_api._internal import mock_random

from udo.sandbox.strict import moment
from udo.sandbox.strict.apigateway.state import Api, Backend, Document
from udo.sandbox.strict.awslambda.runtime import Outcome
from udo.sandbox.strict.rules import rule
from udo.sandbox.wire import Answer, Environ, body_of

_IDENTITY = (
    *("cognitoIdentityPoolId", "accountId", "cognitoIdentityId", "caller", "principalOrgId", "accessKey"),
    *("cognitoAuthenticationType", "cognitoAuthenticationProvider", "userArn", "user"),
)


@dataclass(frozen=True)
class Call:
    """A call of a stage, and the resource and method that it leads to."""

    environ: Environ
    backend: Backend
    api: Api
    stage: Document
    resource: Document
    method: Document
    path: str
    variables: dict[str, str]

    @property
    def method_name(self) -> str:
        """The method that it is called by."""
        return str(self.environ.get("REQUEST_METHOD", "GET"))

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Its headers, as they were sent where the server has kept them so."""
        if sent := self.environ.get("udo.headers"):
            return [(str(name), str(value)) for name, value in sent]
        named = {name[5:]: value for name, value in self.environ.items() if name.startswith("HTTP_")}
        named |= {name: self.environ[name] for name in ("CONTENT_TYPE",) if self.environ.get(name)}
        return [(name.replace("_", "-").title(), str(value)) for name, value in named.items()]

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


def said(status: int, message: str, kind: str) -> Answer:
    """An answer of API Gateway's own."""
    return _written(status, json.dumps({"message": message}).encode(), [("x-amzn-ErrorType", kind)])


@rule("apigateway", "PutIntegration", moto="has no integration of the type AWS_PROXY")
def functions_get_the_request_as_an_event(call: Call, key: Mapping[str, Any] | None) -> dict[str, Any]:
    """A function gets the request as an event: path, method, headers, queries, body, and who called.

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html, input format.
    """
    host = f"{call.api.document['id']}.execute-api.{call.backend.region_name}.amazonaws.com"
    kept = [
        (name, value) for name, value in call.headers if name.lower() not in ("host", "connection", "content-length")
    ]
    source = str(call.environ.get("REMOTE_ADDR") or "127.0.0.1")
    headers = [
        *kept,
        ("Host", host),
        ("X-Amzn-Trace-Id", f"Root=1-{int(moment.now()):x}-{mock_random.getrandbits(96):024x}"),
        ("X-Forwarded-For", source),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]
    query = parse_qs(str(call.environ.get("QUERY_STRING", "")), keep_blank_values=True)
    body, is_binary = _body(call)
    return {
        "resource": call.resource["path"],
        "path": call.path,
        "httpMethod": call.method_name,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value for key_, value in headers if key_ == name] for name, _ in headers},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": call.variables or None,
        "stageVariables": call.stage.get("variables") or None,
        "requestContext": _context(call, key, host, source),
        "body": body,
        "isBase64Encoded": is_binary,
    }


@rule("apigateway", "PutIntegration", moto="has no integration of the type AWS_PROXY")
def answers_have_the_form_of_a_proxy(call: Call, outcome: Outcome) -> Answer:
    """What a function returns is the answer: status, headers and body; what is not of that form, or an error, is 502.

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html, output format;
    handle-errors-in-lambda-integration.html (502, "Internal server error").
    """
    try:
        given = json.loads(outcome.answer)
    except ValueError:
        given = None
    if outcome.error or not _is_well_formed(given):
        return said(502, "Internal server error", "InternalServerErrorException")
    text = given.get("body") or ""
    content = text.encode()
    if given.get("isBase64Encoded") and _is_binary(call, call.header("accept")):
        try:
            content = base64.b64decode(text, validate=True)
        except ValueError:
            return said(500, "Internal server error", "InternalServerErrorException")
    headers = {name: [_text(value)] for name, value in (given.get("headers") or {}).items()}
    headers |= {name: [_text(one) for one in values] for name, values in (given.get("multiValueHeaders") or {}).items()}
    pairs = [(name, value) for name, values in headers.items() for value in values if name.lower() != "content-length"]
    return _written(int(given["statusCode"]), content, pairs)


def _written(status: int, content: bytes, headers: list[tuple[str, str]]) -> Answer:
    named = {name.lower() for name, _ in headers}
    kind = [] if "content-type" in named else [("Content-Type", "application/json")]
    own = [("x-amzn-RequestId", str(mock_random.uuid4())), ("Content-Length", str(len(content)))]
    return Answer(status, (*kind, *headers, *own), content)


def _context(call: Call, key: Mapping[str, Any] | None, host: str, source: str) -> dict[str, Any]:
    now, document = moment.now(), call.api.document
    known = {"apiKey": key["value"], "apiKeyId": key["id"]} if key else {}
    return {
        "accountId": call.backend.account_id,
        "apiId": document["id"],
        "deploymentId": call.stage["deploymentId"],
        "domainName": host,
        "domainPrefix": document["id"],
        "extendedRequestId": f"{mock_random.getrandbits(64):x}=",
        "httpMethod": call.method_name,
        "identity": {
            **dict.fromkeys(_IDENTITY),
            **known,
            "sourceIp": source,
            "userAgent": call.header("user-agent"),
        },
        "path": f"/{call.stage['stageName']}{call.path}",
        "protocol": "HTTP/1.1",
        "requestId": str(mock_random.uuid4()),
        "requestTime": moment.at(now).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now * 1000),
        "resourceId": call.resource["id"],
        "resourcePath": call.resource["path"],
        "stage": call.stage["stageName"],
    }


def _body(call: Call) -> tuple[str | None, bool]:
    content = body_of(call.environ)
    if not content:
        return None, False
    if _is_binary(call, call.header("content-type")):
        return base64.b64encode(content).decode(), True
    return content.decode("utf-8", "replace"), False


def _is_binary(call: Call, kind: str | None) -> bool:
    binary = call.api.document.get("binaryMediaTypes") or []
    return "*/*" in binary or (kind or "").split(",")[0].split(";")[0].strip() in binary


def _is_well_formed(given: Any) -> bool:
    if not isinstance(given, dict) or not str(given.get("statusCode", "")).isdigit():
        return False
    headers, many, body = given.get("headers") or {}, given.get("multiValueHeaders") or {}, given.get("body")
    return (
        100 <= int(given["statusCode"]) <= 599
        and isinstance(headers, dict)
        and not any(isinstance(one, dict | list) for one in headers.values())
        and isinstance(many, dict)
        and all(isinstance(one, list) for one in many.values())
        and (body is None or isinstance(body, str))
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
