"""Deployments, which keep an API as it was then, and stages, each of which shows one."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.apigateway.patches import patch, yes
from udo.sandbox.strict.apigateway.state import Api, Document, identifier, missing
from udo.sandbox.strict.rules import Refusal, Request, rule

_STAGE = (
    "description",
    "cacheClusterEnabled",
    "cacheClusterSize",
    "variables",
    "documentationVersion",
    "tracingEnabled",
    "tags",
)
_METHOD_SETTINGS: Mapping[str, Any] = {
    "metrics/enabled": yes,
    "logging/loglevel": None,
    "logging/dataTrace": yes,
    "throttling/burstLimit": int,
    "throttling/rateLimit": float,
    "caching/enabled": yes,
    "caching/ttlInSeconds": int,
    "caching/dataEncrypted": yes,
}
_NAMED = {
    "metrics/enabled": "metricsEnabled",
    "logging/loglevel": "loggingLevel",
    "logging/dataTrace": "dataTraceEnabled",
    "throttling/burstLimit": "throttlingBurstLimit",
    "throttling/rateLimit": "throttlingRateLimit",
    "caching/enabled": "cachingEnabled",
    "caching/ttlInSeconds": "cacheTtlInSeconds",
    "caching/dataEncrypted": "cacheDataEncrypted",
}
_PATCHED: Mapping[str, Any] = {
    **dict.fromkeys(("/deploymentId", "/description", "/variables/*", "/documentationVersion", "/cacheClusterSize")),
    **dict.fromkeys(("/accessLogSettings/destinationArn", "/accessLogSettings/format", "/clientCertificateId")),
    "/tracingEnabled": yes,
    "/cacheClusterEnabled": yes,
}


def create_deployment(request: Request) -> Mapping[str, Any]:
    """Keeps an API as it is, and shows it in a stage where one is named."""
    api = request.backend("apigateway").api(request.params["restApiId"])
    deployments_have_methods_that_lead_somewhere(api)
    made: Document = {"id": identifier(6), "createdDate": moment.now()}
    if request.params.get("description"):
        made["description"] = request.params["description"]
    api.deployments[made["id"]] = made
    api.shown[made["id"]] = copy.deepcopy(list(api.resources.values()))
    if name := request.params.get("stageName"):
        if name in api.stages:
            api.stages[name] |= {"deploymentId": made["id"], "lastUpdatedDate": moment.now()}
        else:
            api.stages[name] = _stage(request, name, made["id"], request.params.get("stageDescription"))
    return made


def get_deployment(request: Request) -> Mapping[str, Any]:
    """A deployment."""
    return _deployment(request)


def get_deployments(request: Request) -> Mapping[str, Any]:
    """All deployments of an API."""
    return {"items": list(request.backend("apigateway").api(request.params["restApiId"]).deployments.values())}


def update_deployment(request: Request) -> Mapping[str, Any]:
    """Describes a deployment otherwise."""
    found = _deployment(request)
    patch(found, request.params.get("patchOperations", []), {"/description": None})
    return found


def delete_deployment(request: Request) -> Mapping[str, Any]:
    """Removes a deployment that no stage shows."""
    api, number = request.backend("apigateway").api(request.params["restApiId"]), _deployment(request)["id"]
    if any(one["deploymentId"] == number for one in api.stages.values()):
        told = "Active stages pointing to this deployment must be moved or deleted"
        raise Refusal("BadRequestException", told)
    del api.deployments[number], api.shown[number]
    return {}


def create_stage(request: Request) -> Mapping[str, Any]:
    """Makes a stage of a deployment."""
    params, api = request.params, request.backend("apigateway").api(request.params["restApiId"])
    stages_show_a_deployment(api, params["deploymentId"])
    stage_names_have_their_form(params["stageName"])
    if params["stageName"] in api.stages:
        raise Refusal("ConflictException", "Stage already exists")
    made = _stage(request, params["stageName"], params["deploymentId"], params.get("description"))
    api.stages[params["stageName"]] = made
    return made


def get_stage(request: Request) -> Mapping[str, Any]:
    """A stage."""
    backend = request.backend("apigateway")
    found: Document = backend.stage(backend.api(request.params["restApiId"]), request.params["stageName"])
    return found


def get_stages(request: Request) -> Mapping[str, Any]:
    """All stages of an API."""
    return {"item": list(request.backend("apigateway").api(request.params["restApiId"]).stages.values())}


def update_stage(request: Request) -> Mapping[str, Any]:
    """Changes a stage, or settings of methods in it."""
    backend = request.backend("apigateway")
    api = backend.api(request.params["restApiId"])
    stage = backend.stage(api, request.params["stageName"])
    plain: list[Mapping[str, Any]] = []
    for one in request.params.get("patchOperations", []):
        if one["path"] == "/deploymentId":
            stages_show_a_deployment(api, one["value"])
        if not _set_of_method(stage, one):
            plain.append(one)
    patch(stage, plain, _PATCHED)
    stage["lastUpdatedDate"] = moment.now()
    return dict(stage)


def delete_stage(request: Request) -> Mapping[str, Any]:
    """Removes a stage; the usage plans that it belonged to go on without it."""
    backend = request.backend("apigateway")
    api, name = backend.api(request.params["restApiId"]), request.params["stageName"]
    backend.stage(api, name)
    for plan in backend.plans_of(api.document["id"], name):
        plan["apiStages"] = [
            one for one in plan["apiStages"] if (one["apiId"], one["stage"]) != (api.document["id"], name)
        ]
    del api.stages[name]
    return {}


def deployments_have_methods_that_lead_somewhere(api: Api) -> None:
    """Refuses to deploy an API without methods, or with one that leads nowhere. Raises: Refusal."""
    methods = [one for resource in api.resources.values() for one in resource["resourceMethods"].values()]
    if not methods:
        raise Refusal("BadRequestException", "The REST API doesn't contain any methods")
    if not all("methodIntegration" in one for one in methods):
        raise Refusal("BadRequestException", "No integration defined for method")


@rule("apigateway", "CreateStage", "UpdateStage", moto="takes any text for a deployment")
def stages_show_a_deployment(api: Api, number: str) -> None:
    """The deployment of a stage is one of its API: BadRequestException.

    Source: API_CreateStage, deploymentId ("The identifier of the Deployment resource for the Stage resource"); API
    Gateway's answer "Deployment id does not exist".
    """
    if number not in api.deployments:
        raise Refusal("BadRequestException", "Deployment id does not exist")


@rule("apigateway", "CreateStage", moto="takes any name")
def stage_names_have_their_form(name: str) -> None:
    """A stage's name holds letters, digits, - and _, 128 at most: BadRequestException.

    Source: API_CreateStage, stageName.
    """
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", name):
        raise Refusal("BadRequestException", "Stage name only allows a-zA-Z0-9_-")


def _stage(request: Request, name: str, deployment: str, description: str | None) -> Document:
    now = moment.now()
    given = {key: request.params[key] for key in _STAGE if request.params.get(key) is not None}
    return {
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": False,
        **given,
        **({"description": description} if description else {}),
        "stageName": name,
        "deploymentId": deployment,
        "createdDate": now,
        "lastUpdatedDate": now,
    }


def _deployment(request: Request) -> Document:
    api = request.backend("apigateway").api(request.params["restApiId"])
    number = request.params["deploymentId"]
    found: Document = api.deployments.get(number) or missing("Invalid Deployment identifier specified")
    return found


def _set_of_method(stage: Document, operation: Mapping[str, Any]) -> bool:
    """Carries out an operation on the settings of a method, where it is one; `/*/*` are those of all.

    Source: API Gateway's patch operations of stages: /{resource path}/{method}/{section}/{setting}.
    """
    parts = operation["path"].strip("/").split("/")
    setting = "/".join(parts[2:])
    if operation["op"] == "remove" and len(parts) == 2 and parts[0] not in ("variables", "accessLogSettings"):
        stage["methodSettings"].pop("/".join(parts).replace("~1", "/").lstrip("/"), None)
        return True
    if len(parts) != 4 or setting not in _METHOD_SETTINGS:
        return False
    kind = _METHOD_SETTINGS[setting]
    key = f"{parts[0].replace('~1', '/').lstrip('/')}/{parts[1]}"
    value = kind(operation["value"]) if kind else operation["value"]
    stage["methodSettings"].setdefault(key, {})[_NAMED[setting]] = value
    return True
