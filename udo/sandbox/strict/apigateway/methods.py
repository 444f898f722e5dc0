"""The methods of resources, and what they are integrated with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.apigateway.state import Document, missing
from udo.sandbox.strict.rules import Refusal, Request, rule

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "ANY")
_URI = re.compile(r"arn:[\w-]+:apigateway:([\w-]+):(?:[\w.-]*\.)?(\w+):(path|action)/(.+)")
_METHOD = (
    *("authorizationType", "authorizerId", "apiKeyRequired", "operationName", "requestParameters", "requestModels"),
    *("requestValidatorId", "authorizationScopes"),
)
_INTEGRATION = (
    *("type", "uri", "connectionType", "connectionId", "credentials", "requestParameters", "requestTemplates"),
    *("passthroughBehavior", "cacheNamespace", "cacheKeyParameters", "contentHandling", "timeoutInMillis"),
)


def put_method(request: Request) -> Mapping[str, Any]:
    """Gives a resource a method."""
    resource, name = _resource(request), request.params["httpMethod"]
    methods_exist_once(resource, name)
    given = {key: request.params[key] for key in _METHOD if request.params.get(key) is not None}
    made = {"httpMethod": name, "apiKeyRequired": False, **given}
    resource["resourceMethods"][name] = made
    return made


def get_method(request: Request) -> Mapping[str, Any]:
    """A method of a resource, with its integration."""
    return _method(request)


def delete_method(request: Request) -> Mapping[str, Any]:
    """Takes a method from a resource."""
    method = _method(request)
    del _resource(request)["resourceMethods"][method["httpMethod"]]
    return {}


def put_integration(request: Request) -> Mapping[str, Any]:
    """Says what a method is integrated with."""
    method, params = _method(request), request.params
    integrations_lead_to_a_function(request)
    given = {key: params[key] for key in _INTEGRATION if params.get(key) is not None}
    defaults = {"passthroughBehavior": "WHEN_NO_MATCH", "timeoutInMillis": 29_000, "cacheKeyParameters": []}
    made = {**defaults, "cacheNamespace": params["resourceId"], **given}
    if params.get("integrationHttpMethod"):
        made["httpMethod"] = params["integrationHttpMethod"]
    method["methodIntegration"] = made
    return made


def get_integration(request: Request) -> Mapping[str, Any]:
    """What a method is integrated with."""
    found: Document = _method(request).get("methodIntegration") or missing("Invalid Integration identifier specified")
    return found


def delete_integration(request: Request) -> Mapping[str, Any]:
    """Takes the integration from a method."""
    get_integration(request)
    del _method(request)["methodIntegration"]
    return {}


def put_method_response(request: Request) -> Mapping[str, Any]:
    """Says what a method may answer; proxies answer what their function does."""
    keys = ("statusCode", "responseParameters", "responseModels")
    made = {key: request.params[key] for key in keys if request.params.get(key) is not None}
    _method(request).setdefault("methodResponses", {})[made["statusCode"]] = made
    return made


@rule("apigateway", "PutMethod", moto="puts it in place of the one that was there")
def methods_exist_once(resource: Mapping[str, Any], name: str) -> None:
    """A method is one of HTTP's, or ANY, and no resource has it already: ConflictException.

    Source: API_PutMethod, errors; API Gateway's answer "Method already exists for this resource".
    """
    if name not in _METHODS:
        raise Refusal("BadRequestException", "Invalid HttpMethod specified. Valid options are " + ",".join(_METHODS))
    if name in resource["resourceMethods"]:
        raise Refusal("ConflictException", "Method already exists for this resource")


@rule("apigateway", "PutIntegration", moto="takes a function of another region, and any time limit")
def integrations_lead_to_a_function(request: Request) -> None:
    """A Lambda integration names its function by API Gateway's own kind of ARN, of its region, and waits 29 s at most.

    Source: API_PutIntegration, uri and timeoutInMillis (50 to 29,000); API Gateway's answers "AWS ARN for integration
    must contain path or action" and "Invalid ARN specified in the request".
    """
    params = request.params
    if params["type"] not in ("AWS_PROXY", "MOCK"):
        raise NotImplementedError(f"an integration of the type {params['type']}")
    limit = params.get("timeoutInMillis")
    if limit is not None and not 50 <= int(limit) <= 29_000:
        raise Refusal("BadRequestException", "Timeout should be between 50 ms and 29000 ms")
    if params["type"] == "MOCK":
        return
    if not params.get("integrationHttpMethod"):
        raise Refusal("BadRequestException", "Enumeration value for HttpMethod must be non-empty")
    uri = str(params.get("uri") or "")
    if not uri.startswith("arn:"):
        raise Refusal("BadRequestException", "Invalid ARN specified in the request")
    found = _URI.fullmatch(uri)
    if found is None:
        raise Refusal("BadRequestException", "AWS ARN for integration must contain path or action")
    if found[1] != request.region or found[2] != "lambda" or function_in(uri) is None:
        raise Refusal("BadRequestException", "Invalid ARN specified in the request")


def function_in(uri: str) -> str | None:
    """The ARN of the function that the uri of an integration leads to; None where it leads to none."""
    found = re.search(r":lambda:path/2015-03-31/functions/(arn:[\w-]+:lambda:[^/]+)/invocations$", uri)
    return found[1] if found else None


def _resource(request: Request) -> Document:
    backend = request.backend("apigateway")
    found: Document = backend.resource(backend.api(request.params["restApiId"]), request.params["resourceId"])
    return found


def _method(request: Request) -> Document:
    methods = _resource(request)["resourceMethods"]
    found: Document = methods.get(request.params["httpMethod"]) or missing("Invalid Method identifier specified")
    return found
