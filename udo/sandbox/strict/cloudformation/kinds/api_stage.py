"""AWS::ApiGateway::Deployment and AWS::ApiGateway::Stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, fitted, only, text
from udo.sandbox.strict.cloudformation.kinds.rest_api import arn_of, lowered, patches, retag

_PATHS = {
    "CacheClusterEnabled": "/cacheClusterEnabled",
    "CacheClusterSize": "/cacheClusterSize",
    "ClientCertificateId": "/clientCertificateId",
    "DeploymentId": "/deploymentId",
    "Description": "/description",
    "DocumentationVersion": "/documentationVersion",
    "TracingEnabled": "/tracingEnabled",
}
_DEPLOYMENT = ("Description", "RestApiId", "StageDescription", "StageName")
_STAGE = ("AccessLogSetting", "MethodSettings", "RestApiId", "StageName", "Tags", "Variables")
# Source: AWS::ApiGateway::Stage MethodSetting; the patch operations of stages.
_SETTINGS = {
    "CacheDataEncrypted": "caching/dataEncrypted",
    "CacheTtlInSeconds": "caching/ttlInSeconds",
    "CachingEnabled": "caching/enabled",
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}


def _deploy(properties: Properties, place: Place) -> Made:
    only(properties, _DEPLOYMENT, place)
    given = {key: one for key, one in properties.items() if key != "StageDescription"}
    stage = properties.get("StageDescription", {})
    only(stage, ("MethodSettings", "TracingEnabled", "Variables"), place)
    given |= {key: stage[key] for key in ("TracingEnabled", "Variables") if key in stage}
    client = place.client("apigateway")
    made = client.create_deployment(**fitted(client, "CreateDeployment", lowered(given)))["id"]
    if settings := _method_settings(stage, {}):
        api, name = properties["RestApiId"], properties["StageName"]
        client.update_stage(restApiId=api, stageName=name, patchOperations=settings)
    return Made(made, {"DeploymentId": made})


def _describe(number: str, properties: Properties, before: Properties, place: Place) -> Made:
    operations = patches(properties, before, {"Description": "/description"})
    client = place.client("apigateway")
    client.update_deployment(restApiId=properties["RestApiId"], deploymentId=number, patchOperations=operations)
    return Made(number, {"DeploymentId": number})


def _undeploy(number: str, properties: Properties, place: Place) -> None:
    client, api = place.client("apigateway"), properties["RestApiId"]
    if name := properties.get("StageName"):
        # The stage that came with the deployment goes with it.
        try:
            is_shown = client.get_stage(restApiId=api, stageName=name)["deploymentId"] == number
        except ClientError:
            is_shown = False
        if is_shown:
            client.delete_stage(restApiId=api, stageName=name)
    client.delete_deployment(restApiId=api, deploymentId=number)


def _create(properties: Properties, place: Place) -> Made:
    # Late: it imports the kinds.
    from udo.sandbox.strict.cloudformation.works import handler

    for name in ("DeploymentId", "StageName"):
        if not properties.get(name):
            raise handler(f"{name} cannot be empty", "InvalidRequest")
    only(properties, (*_STAGE, *_PATHS), place)
    beside = ("AccessLogSetting", "MethodSettings", "Tags", "ClientCertificateId")
    given = lowered({key: one for key, one in properties.items() if key not in beside})
    client = place.client("apigateway")
    client.create_stage(**fitted(client, "CreateStage", {**given, "tags": place.tagged(properties)}))
    if operations := [*_method_settings(properties, {}), *_access_log(properties, {})]:
        _patch(properties, operations, place)
    return Made(properties["StageName"])


def _update(name: str, properties: Properties, before: Properties, place: Place) -> Made:
    only(properties, (*_STAGE, *_PATHS), place)
    operations = [
        *patches(properties, before, _PATHS),
        *_variables(properties.get("Variables", {}), before.get("Variables", {})),
        *_method_settings(properties, before),
        *_access_log(properties, before),
    ]
    _patch(properties, operations, place)
    retag(arn_of(f"restapis/{properties['RestApiId']}/stages/{name}", place), place.tagged(properties), place)
    return Made(name)


def _delete(name: str, properties: Properties, place: Place) -> None:
    place.client("apigateway").delete_stage(restApiId=properties["RestApiId"], stageName=name)


def _patch(properties: Properties, operations: list[dict[str, str]], place: Place) -> None:
    api, name = properties["RestApiId"], properties["StageName"]
    place.client("apigateway").update_stage(restApiId=api, stageName=name, patchOperations=operations)


def _variables(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[dict[str, str]]:
    return patches(now, before, {name: f"/variables/{name}" for name in {*now, *before}})


def _access_log(properties: Properties, before: Properties) -> list[dict[str, str]]:
    paths = {"DestinationArn": "/accessLogSettings/destinationArn", "Format": "/accessLogSettings/format"}
    return patches(properties.get("AccessLogSetting", {}), before.get("AccessLogSetting", {}), paths)


def _method_settings(properties: Mapping[str, Any], before: Mapping[str, Any]) -> list[dict[str, str]]:
    """The operations on the settings of methods: those of before go, those of now come."""
    now, was = properties.get("MethodSettings", []), before.get("MethodSettings", [])
    if now == was:
        return []
    found = [{"op": "remove", "path": _method(one)} for one in was]
    for one in now:
        for name, path in _SETTINGS.items():
            if name in one:
                found.append({"op": "replace", "path": f"{_method(one)}/{path}", "value": text(one[name])})
    return found


def _method(setting: Mapping[str, Any]) -> str:
    """Source: AWS::ApiGateway::Stage MethodSetting, ResourcePath: /~1a~1b for /a/b, / for the root, /* for all."""
    path = setting.get("ResourcePath", "/*")
    return f"{'/~1' if path == '/' else path}/{setting.get('HttpMethod', '*')}"


KINDS = (
    Kind("AWS::ApiGateway::Deployment", _deploy, _undeploy, _describe),
    Kind("AWS::ApiGateway::Stage", _create, _delete, _update),
)
