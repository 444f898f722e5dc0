"""API keys, and the usage plans that let them into stages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict import moment
from udo.sandbox.strict.apigateway.patches import patch, yes
from udo.sandbox.strict.apigateway.state import Backend, Document, identifier, missing
from udo.sandbox.strict.rules import Refusal, Request, rule

_KEY = ("name", "description", "customerId", "tags")
_PLAN = ("name", "description", "throttle", "quota", "tags")


def create_api_key(request: Request) -> Mapping[str, Any]:
    """Makes a key; one that is given no value gets one."""
    params, backend = request.params, request.backend("apigateway")
    if (value := params.get("value")) is not None:
        key_values_are_long_and_unique(backend, value)
    now = moment.now()
    made: Document = {
        "id": identifier(),
        "value": value or identifier(40),
        "enabled": bool(params.get("enabled", False)),
        "createdDate": now,
        "lastUpdatedDate": now,
        "stageKeys": [],
        **{key: params[key] for key in _KEY if params.get(key) is not None},
    }
    backend.keys[made["id"]] = made
    return made


def get_api_key(request: Request) -> Mapping[str, Any]:
    """A key, without its value unless that is asked for."""
    found = request.backend("apigateway").key(request.params["apiKey"])
    return _shown(found, with_value=bool(request.params.get("includeValue")))


def get_api_keys(request: Request) -> Mapping[str, Any]:
    """All keys, or those whose names begin so."""
    keys = request.backend("apigateway").keys.values()
    beginning = request.params.get("nameQuery") or ""
    with_value = bool(request.params.get("includeValues"))
    return {"items": [_shown(one, with_value) for one in keys if one.get("name", "").startswith(beginning)]}


def update_api_key(request: Request) -> Mapping[str, Any]:
    """Changes a key, all but its value."""
    found: Document = request.backend("apigateway").key(request.params["apiKey"])
    known = {"/enabled": yes, **dict.fromkeys(("/name", "/description", "/customerId"))}
    patch(found, request.params.get("patchOperations", []), known)
    found["lastUpdatedDate"] = moment.now()
    return _shown(found)


def delete_api_key(request: Request) -> Mapping[str, Any]:
    """Removes a key, from its usage plans too."""
    backend: Backend = request.backend("apigateway")
    number = backend.key(request.params["apiKey"])["id"]
    for members in backend.members.values():
        if number in members:
            members.remove(number)
    del backend.keys[number]
    return {}


def create_usage_plan(request: Request) -> Mapping[str, Any]:
    """Makes a usage plan of stages."""
    params, backend = request.params, request.backend("apigateway")
    stages = [dict(one) for one in params.get("apiStages") or []]
    for one in stages:
        plans_are_of_stages_that_exist(backend, one["apiId"], one["stage"])
    given = {key: params[key] for key in _PLAN if params.get(key) is not None}
    made: Document = {"id": identifier(6), "apiStages": stages, **given}
    backend.plans[made["id"]], backend.members[made["id"]] = made, []
    return made


def get_usage_plan(request: Request) -> Mapping[str, Any]:
    """A usage plan."""
    found: Document = request.backend("apigateway").plan(request.params["usagePlanId"])
    return found


def get_usage_plans(request: Request) -> Mapping[str, Any]:
    """All usage plans, or those of a key."""
    backend, key = request.backend("apigateway"), request.params.get("keyId")
    return {"items": [one for one in backend.plans.values() if key is None or key in backend.members[one["id"]]]}


def update_usage_plan(request: Request) -> Mapping[str, Any]:
    """Changes a usage plan; stages come and go as API:STAGE."""
    backend = request.backend("apigateway")
    plan = backend.plan(request.params["usagePlanId"])
    plain: list[Mapping[str, Any]] = []
    for one in request.params.get("patchOperations", []):
        if one["path"] != "/apiStages":
            plain.append(one)
            continue
        api, _, stage = str(one.get("value")).partition(":")
        others = [there for there in plan["apiStages"] if (there["apiId"], there["stage"]) != (api, stage)]
        if one["op"] == "add":
            plans_are_of_stages_that_exist(backend, api, stage)
            others = [*others, {"apiId": api, "stage": stage}]
        elif others == plan["apiStages"]:
            raise Refusal("BadRequestException", "Invalid API Stage specified")
        plan["apiStages"] = others
    texts = dict.fromkeys(("/name", "/description", "/quota", "/throttle", "/productCode", "/quota/period"))
    numbers = {"/throttle/rateLimit": float, "/throttle/burstLimit": int, "/quota/limit": int, "/quota/offset": int}
    patch(plan, plain, {**texts, **numbers})
    return dict(plan)


def delete_usage_plan(request: Request) -> Mapping[str, Any]:
    """Removes a usage plan."""
    backend: Backend = request.backend("apigateway")
    plan = backend.plan(request.params["usagePlanId"])
    plans_of_stages_stay(plan)
    del backend.plans[plan["id"]], backend.members[plan["id"]]
    return {}


def create_usage_plan_key(request: Request) -> Mapping[str, Any]:
    """Lets a key into the stages of a usage plan."""
    params, backend = request.params, request.backend("apigateway")
    plan = backend.plan(params["usagePlanId"])
    if params["keyType"] != "API_KEY":
        raise Refusal("BadRequestException", "Usage plan key type must be API_KEY")
    key = backend.key(params["keyId"])
    if params["keyId"] in backend.members[plan["id"]]:
        told = f"Usage Plan Key already exists for the Usage Plan {plan['id']} and the key {params['keyId']}"
        raise Refusal("ConflictException", told)
    backend.members[plan["id"]].append(key["id"])
    return _member(key)


def get_usage_plan_key(request: Request) -> Mapping[str, Any]:
    """A key of a usage plan."""
    backend = request.backend("apigateway")
    members = backend.members[backend.plan(request.params["usagePlanId"])["id"]]
    if request.params["keyId"] not in members:
        missing("Invalid Usage Plan Key identifier specified")
    return _member(backend.keys[request.params["keyId"]])


def get_usage_plan_keys(request: Request) -> Mapping[str, Any]:
    """The keys of a usage plan."""
    backend = request.backend("apigateway")
    members = backend.members[backend.plan(request.params["usagePlanId"])["id"]]
    return {"items": [_member(backend.keys[one]) for one in members]}


def delete_usage_plan_key(request: Request) -> Mapping[str, Any]:
    """Lets a key out of a usage plan."""
    get_usage_plan_key(request)
    request.backend("apigateway").members[request.params["usagePlanId"]].remove(request.params["keyId"])
    return {}


@rule("apigateway", "CreateApiKey", moto="takes a value of any length above 20")
def key_values_are_long_and_unique(backend: Backend, value: str) -> None:
    """The value of a key has 20 to 128 letters and digits, and no other key has it.

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html (values are
    unique, of 20 to 128 characters); API Gateway's answers.
    """
    if len(value) < 20:
        raise Refusal("BadRequestException", "API Key value should be at least 20 characters")
    if len(value) > 128:
        raise Refusal("BadRequestException", "API Key value should be at most 128 characters")
    if any(one["value"] == value for one in backend.keys.values()):
        raise Refusal("ConflictException", "API Key already exists")


@rule("apigateway", "CreateUsagePlan", "UpdateUsagePlan", moto="takes stages that are not there")
def plans_are_of_stages_that_exist(backend: Backend, api: str, stage: str) -> None:
    """A usage plan is of stages that are there: NotFoundException.

    Source: API Gateway's answer "API Stage not found: API:STAGE"; API_CreateUsagePlan, errors.
    """
    if api not in backend.apis or stage not in backend.apis[api].stages:
        raise Refusal("NotFoundException", f"API Stage not found: {api}:{stage}")


@rule("apigateway", "DeleteUsagePlan", moto="removes it all the same")
def plans_of_stages_stay(plan: Mapping[str, Any]) -> None:
    """A usage plan that stages belong to cannot be removed: BadRequestException.

    Source: API Gateway's answer "Cannot delete Usage Plan .. because there are API Stages associated with it".
    """
    if stages := plan["apiStages"]:
        named = ", ".join(f"{one['apiId']}:{one['stage']}" for one in stages)
        told = (
            f"Cannot delete Usage Plan {plan['id']} because there are API Stages associated with it, including {named}"
        )
        raise Refusal("BadRequestException", told)


def _shown(key: Document, with_value: bool = False) -> Document:
    return key if with_value else {name: one for name, one in key.items() if name != "value"}


def _member(key: Document) -> Document:
    return {"id": key["id"], "type": "API_KEY", "value": key["value"], "name": key.get("name")}
