"""REST APIs and their resources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.apigateway.patches import patch, yes
from udo.sandbox.strict.apigateway.state import Api, Backend, Document, identifier
from udo.sandbox.strict.rules import Refusal, Request, rule

_PART = re.compile(r"[a-zA-Z0-9._\-:]+|\{[a-zA-Z0-9._\-:]+\+?\}")
_GIVEN = (
    *("name", "description", "version", "binaryMediaTypes", "minimumCompressionSize", "policy", "tags"),
    *("disableExecuteApiEndpoint", "endpointConfiguration", "apiKeySource"),
)


def create_rest_api(request: Request) -> Mapping[str, Any]:
    """Makes an API, which has one resource, its root."""
    params, backend = request.params, request.backend("apigateway")
    if params.get("cloneFrom"):
        raise NotImplementedError("cloneFrom")
    if not str(params.get("name") or "").strip():
        raise Refusal("BadRequestException", "API name cannot be empty.")
    root: Document = {"id": identifier(), "path": "/", "resourceMethods": {}}
    defaults: Document = {
        "apiKeySource": "HEADER",
        "endpointConfiguration": {"types": ["EDGE"]},
        "disableExecuteApiEndpoint": False,
    }
    given = {key: params[key] for key in _GIVEN if params.get(key) is not None}
    made = {"id": identifier(), "createdDate": moment.now(), "rootResourceId": root["id"], **defaults, **given}
    backend.apis[made["id"]] = Api(made, {root["id"]: root})
    return made


def get_rest_api(request: Request) -> Mapping[str, Any]:
    """An API."""
    found: Document = request.backend("apigateway").api(request.params["restApiId"]).document
    return found


def get_rest_apis(request: Request) -> Mapping[str, Any]:
    """All APIs."""
    return {"items": [one.document for one in request.backend("apigateway").apis.values()]}


def update_rest_api(request: Request) -> Mapping[str, Any]:
    """Changes settings of an API."""
    document: Document = request.backend("apigateway").api(request.params["restApiId"]).document
    texts = dict.fromkeys(("/name", "/description", "/version", "/policy", "/apiKeySource"))
    known = {**texts, "/disableExecuteApiEndpoint": yes, "/minimumCompressionSize": int}
    plain = [one for one in request.params.get("patchOperations", []) if not _of_binary_types(document, one)]
    patch(document, plain, known)
    return document


def delete_rest_api(request: Request) -> Mapping[str, Any]:
    """Removes an API with all it has."""
    backend: Backend = request.backend("apigateway")
    number = request.params["restApiId"]
    backend.api(number)
    for plan in backend.plans.values():
        plan["apiStages"] = [one for one in plan.get("apiStages", []) if one["apiId"] != number]
    del backend.apis[number]
    return {}


def create_resource(request: Request) -> Mapping[str, Any]:
    """Makes a resource below another one."""
    params, backend = request.params, request.backend("apigateway")
    api = backend.api(params["restApiId"])
    parent, part = backend.resource(api, params["parentId"]), params["pathPart"]
    path_parts_have_their_form(parent, part)
    siblings_have_names_of_their_own(api, parent, part)
    path = f"{parent['path'].rstrip('/')}/{part}"
    made = {"id": identifier(6), "parentId": parent["id"], "pathPart": part, "path": path, "resourceMethods": {}}
    api.resources[made["id"]] = made
    return made


def get_resource(request: Request) -> Mapping[str, Any]:
    """A resource of an API."""
    backend = request.backend("apigateway")
    found: Document = backend.resource(backend.api(request.params["restApiId"]), request.params["resourceId"])
    return found


def get_resources(request: Request) -> Mapping[str, Any]:
    """All resources of an API."""
    api = request.backend("apigateway").api(request.params["restApiId"])
    return {"items": sorted(api.resources.values(), key=lambda one: one["path"])}


def delete_resource(request: Request) -> Mapping[str, Any]:
    """Removes a resource and what is below it."""
    backend = request.backend("apigateway")
    api = backend.api(request.params["restApiId"])
    gone = {backend.resource(api, request.params["resourceId"])["id"]}
    if api.document["rootResourceId"] in gone:
        raise Refusal("BadRequestException", "Root resource cannot be deleted")
    while more := {one["id"] for one in api.resources.values() if one.get("parentId") in gone} - gone:
        gone |= more
    for number in gone:
        del api.resources[number]
    return {}


def _of_binary_types(document: Document, operation: Mapping[str, Any]) -> bool:
    """Carries out an operation on the binary media types, where it is one: /binaryMediaTypes/image~1png.

    Source: API Gateway's patch operations of REST APIs.
    """
    top, _, kind = str(operation.get("path", "")).strip("/").partition("/")
    if top != "binaryMediaTypes":
        return False
    others = [one for one in document.get("binaryMediaTypes", []) if one != kind.replace("~1", "/")]
    document["binaryMediaTypes"] = others if operation["op"] == "remove" else [*others, kind.replace("~1", "/")]
    return True


def path_parts_have_their_form(parent: Mapping[str, Any], part: str) -> None:
    """Refuses a part of a path that is none. Raises: Refusal."""
    if not _PART.fullmatch(part):
        told = (
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
            "beginning and the end."
        )
        raise Refusal("BadRequestException", told)
    if "+}" in parent["path"]:
        told = f"Cannot create a child of a resource with a greedy path variable: {parent['path']}"
        raise Refusal("BadRequestException", told)


@rule("apigateway", "CreateResource", moto="makes a second one of the name")
def siblings_have_names_of_their_own(api: Api, parent: Mapping[str, Any], part: str) -> None:
    """Of two resources below one, each has a name of its own, and one variable at most: ConflictException.

    Source: API Gateway's answers "Another resource with the same parent already has this name: .." and "A sibling
    ({..}) of this resource already has a variable path part -- only one is allowed".
    """
    siblings = [one["pathPart"] for one in api.resources.values() if one.get("parentId") == parent["id"]]
    if part in siblings:
        told = f"Another resource with the same parent already has this name: {part}"
        raise Refusal("ConflictException", told)
    for other in siblings:
        if part[0] == other[0] == "{" and part.endswith("+}") == other.endswith("+}"):
            told = f"A sibling ({other}) of this resource already has a variable path part -- only one is allowed"
            raise Refusal("BadRequestException", told)
