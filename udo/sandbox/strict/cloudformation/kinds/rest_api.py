"""AWS::ApiGateway::RestApi, AWS::ApiGateway::Resource and AWS::ApiGateway::Method."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, fitted, only, text

_API = (
    *("ApiKeySourceType", "BinaryMediaTypes", "Description", "DisableExecuteApiEndpoint", "EndpointConfiguration"),
    *("MinimumCompressionSize", "Name", "Policy", "Tags"),
)
_METHOD = (
    *("ApiKeyRequired", "AuthorizationScopes", "AuthorizationType", "AuthorizerId", "HttpMethod", "OperationName"),
    *("RequestModels", "RequestParameters", "RequestValidatorId", "ResourceId", "RestApiId"),
)


def lowered(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Properties under the names that API Gateway has for them."""
    return {name[0].lower() + name[1:]: value for name, value in properties.items()}


def patches(now: Mapping[str, Any], before: Mapping[str, Any], paths: Mapping[str, str]) -> list[dict[str, str]]:
    """The operations that turn one set of properties into another, each on the path of its property."""
    found = []
    for name, path in paths.items():
        if name in now and now[name] != before.get(name):
            found.append({"op": "replace", "path": path, "value": text(now[name])})
        elif name in before and name not in now:
            found.append({"op": "remove", "path": path})
    return found


def retag(arn: str, wanted: Mapping[str, str], place: Place) -> None:
    """Gives a thing of API Gateway's the tags that it is to have, and no others."""
    client = place.client("apigateway")
    if gone := sorted(set(client.get_tags(resourceArn=arn).get("tags", {})) - set(wanted)):
        client.untag_resource(resourceArn=arn, tagKeys=gone)
    if wanted:
        client.tag_resource(resourceArn=arn, tags=dict(wanted))


def arn_of(path: str, place: Place) -> str:
    """The ARN of a thing of API Gateway's, which names no account."""
    return f"arn:{place.stack_id.split(':')[1]}:apigateway:{place.region}::/{path}"


def _create(properties: Properties, place: Place) -> Made:
    only(properties, _API, place)
    client = place.client("apigateway")
    given = lowered({key: one for key, one in properties.items() if key not in ("ApiKeySourceType", "Policy", "Tags")})
    if "EndpointConfiguration" in properties:
        given["endpointConfiguration"] = lowered(properties["EndpointConfiguration"])
    if "ApiKeySourceType" in properties:
        given["apiKeySource"] = properties["ApiKeySourceType"]
    if "Policy" in properties:
        given["policy"] = json.dumps(properties["Policy"])
    given |= {"name": properties.get("Name") or place.name(128), "tags": place.tagged(properties)}
    return _api(client.create_rest_api(**fitted(client, "CreateRestApi", given)))


def _update(number: str, properties: Properties, before: Properties, place: Place) -> Made:
    only(properties, _API, place)
    paths = {
        "Name": "/name",
        "Description": "/description",
        "DisableExecuteApiEndpoint": "/disableExecuteApiEndpoint",
        "MinimumCompressionSize": "/minimumCompressionSize",
        "ApiKeySourceType": "/apiKeySource",
    }
    client = place.client("apigateway")
    operations = [*patches(properties, before, paths), *_binary(properties, before)]
    made = client.update_rest_api(restApiId=number, patchOperations=operations)
    retag(arn_of(f"restapis/{number}", place), place.tagged(properties), place)
    return _api(made)


def _binary(now: Properties, before: Properties) -> list[dict[str, str]]:
    kinds = {one: f"/binaryMediaTypes/{one.replace('/', '~1')}" for one in now.get("BinaryMediaTypes", [])}
    was = {one: f"/binaryMediaTypes/{one.replace('/', '~1')}" for one in before.get("BinaryMediaTypes", [])}
    gone = [{"op": "remove", "path": path} for one, path in was.items() if one not in kinds]
    return [*gone, *({"op": "add", "path": path} for one, path in kinds.items() if one not in was)]


def _delete(number: str, _properties: Properties, place: Place) -> None:
    place.client("apigateway").delete_rest_api(restApiId=number)


def _api(told: Mapping[str, Any]) -> Made:
    return Made(told["id"], {"RestApiId": told["id"], "RootResourceId": told["rootResourceId"]})


def _create_resource(properties: Properties, place: Place) -> Made:
    given = lowered({key: properties[key] for key in ("RestApiId", "ParentId", "PathPart")})
    made = place.client("apigateway").create_resource(**given)["id"]
    return Made(made, {"ResourceId": made})


def _keep_resource(number: str, _properties: Properties, _before: Properties, _place: Place) -> Made:
    return Made(number, {"ResourceId": number})


def _delete_resource(number: str, properties: Properties, place: Place) -> None:
    place.client("apigateway").delete_resource(restApiId=properties["RestApiId"], resourceId=number)


def _create_method(properties: Properties, place: Place) -> Made:
    _put(properties, place)
    return Made(place.name(64))


def _update_method(name: str, properties: Properties, _before: Properties, place: Place) -> Made:
    place.client("apigateway").delete_method(**_where(properties))
    _put(properties, place)
    return Made(name)


def _delete_method(_name: str, properties: Properties, place: Place) -> None:
    place.client("apigateway").delete_method(**_where(properties))


def _put(properties: Properties, place: Place) -> None:
    only(properties, (*_METHOD, "Integration", "MethodResponses"), place)
    client, where = place.client("apigateway"), _where(properties)
    given = lowered({key: properties[key] for key in _METHOD if key in properties})
    client.put_method(**fitted(client, "PutMethod", {"authorizationType": "NONE", **given}))
    for one in properties.get("MethodResponses", []):
        client.put_method_response(**fitted(client, "PutMethodResponse", {**where, **lowered(one)}))
    if integration := properties.get("Integration"):
        # A proxy answers what its function does.
        known = lowered({key: one for key, one in integration.items() if key != "IntegrationResponses"})
        client.put_integration(**fitted(client, "PutIntegration", {**where, **known}))


def _where(properties: Properties) -> dict[str, str]:
    return lowered({key: properties[key] for key in ("RestApiId", "ResourceId", "HttpMethod")})


KINDS = (
    Kind("AWS::ApiGateway::RestApi", _create, _delete, _update),
    Kind("AWS::ApiGateway::Resource", _create_resource, _delete_resource, _keep_resource),
    Kind("AWS::ApiGateway::Method", _create_method, _delete_method, _update_method),
)
