"""AWS::ApiGateway::ApiKey, AWS::ApiGateway::UsagePlan and AWS::ApiGateway::UsagePlanKey."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, fitted, flag, only
from udo.sandbox.strict.cloudformation.kinds.rest_api import arn_of, lowered, patches, retag

_PLAN = ("ApiStages", "Description", "Quota", "Tags", "Throttle", "UsagePlanName")


def _create(properties: Properties, place: Place) -> Made:
    only(properties, ("CustomerId", "Description", "Enabled", "Name", "Tags", "Value"), place)
    client = place.client("apigateway")
    given = lowered({key: one for key, one in properties.items() if key != "Tags"})
    given |= {"name": properties.get("Name") or place.name(128), "tags": place.tagged(properties)}
    return _key(client.create_api_key(**fitted(client, "CreateApiKey", given))["id"])


def _update(number: str, properties: Properties, before: Properties, place: Place) -> Made:
    paths = {"Description": "/description", "CustomerId": "/customerId"}
    operations = [
        *patches(properties, before, paths),
        *patches({"Enabled": flag(properties.get("Enabled", False))}, {}, {"Enabled": "/enabled"}),
    ]
    place.client("apigateway").update_api_key(apiKey=number, patchOperations=operations)
    retag(arn_of(f"apikeys/{number}", place), place.tagged(properties), place)
    return _key(number)


def _delete(number: str, _properties: Properties, place: Place) -> None:
    place.client("apigateway").delete_api_key(apiKey=number)


def _key(number: str) -> Made:
    return Made(number, {"APIKeyId": number})


def _create_plan(properties: Properties, place: Place) -> Made:
    only(properties, _PLAN, place)
    client = place.client("apigateway")
    given: dict[str, Any] = {
        "name": properties.get("UsagePlanName") or place.name(128),
        "apiStages": [_stage(one) for one in properties.get("ApiStages", [])],
        "tags": place.tagged(properties),
    }
    given |= {name.lower(): lowered(properties[name]) for name in ("Quota", "Throttle") if name in properties}
    given |= {"description": properties["Description"]} if "Description" in properties else {}
    made = client.create_usage_plan(**fitted(client, "CreateUsagePlan", given))["id"]
    return Made(made, {"Id": made})


def _update_plan(number: str, properties: Properties, before: Properties, place: Place) -> Made:
    only(properties, _PLAN, place)
    operations = patches(properties, before, {"UsagePlanName": "/name", "Description": "/description"})
    for name in ("Throttle", "Quota"):
        now, was, top = properties.get(name, {}), before.get(name, {}), f"/{name.lower()}"
        if was and not now:
            operations.append({"op": "remove", "path": top})
        else:
            operations += patches(now, was, {key: f"{top}/{key[0].lower()}{key[1:]}" for key in {*now, *was}})
    wanted, had = _named(properties), _named(before)
    operations += [{"op": "remove", "path": "/apiStages", "value": one} for one in had if one not in wanted]
    operations += [{"op": "add", "path": "/apiStages", "value": one} for one in wanted if one not in had]
    place.client("apigateway").update_usage_plan(usagePlanId=number, patchOperations=operations)
    retag(arn_of(f"usageplans/{number}", place), place.tagged(properties), place)
    return Made(number, {"Id": number})


def _delete_plan(number: str, _properties: Properties, place: Place) -> None:
    client = place.client("apigateway")
    stages = client.get_usage_plan(usagePlanId=number).get("apiStages", [])
    named = [f"{one['apiId']}:{one['stage']}" for one in stages]
    operations = [{"op": "remove", "path": "/apiStages", "value": one} for one in named]
    client.update_usage_plan(usagePlanId=number, patchOperations=operations)
    client.delete_usage_plan(usagePlanId=number)


def _named(properties: Properties) -> list[str]:
    return [f"{one['ApiId']}:{one['Stage']}" for one in properties.get("ApiStages", [])]


def _stage(given: Properties) -> dict[str, Any]:
    found: dict[str, Any] = {"apiId": given["ApiId"], "stage": given["Stage"]}
    if "Throttle" in given:
        found["throttle"] = {method: lowered(one) for method, one in given["Throttle"].items()}
    return found


def _add(properties: Properties, place: Place) -> Made:
    given = lowered({key: properties[key] for key in ("UsagePlanId", "KeyId", "KeyType")})
    place.client("apigateway").create_usage_plan_key(**given)
    return _member(properties)


def _keep(_id: str, properties: Properties, _before: Properties, _place: Place) -> Made:
    return _member(properties)


def _remove(_id: str, properties: Properties, place: Place) -> None:
    plan, key = properties["UsagePlanId"], properties["KeyId"]
    place.client("apigateway").delete_usage_plan_key(usagePlanId=plan, keyId=key)


def _member(properties: Properties) -> Made:
    """Source: AWS::ApiGateway::UsagePlanKey, return values."""
    both = f"{properties['UsagePlanId']}:{properties['KeyId']}"
    return Made(both, {"Id": both})


KINDS = (
    Kind("AWS::ApiGateway::ApiKey", _create, _delete, _update),
    Kind("AWS::ApiGateway::UsagePlan", _create_plan, _delete_plan, _update_plan),
    Kind("AWS::ApiGateway::UsagePlanKey", _add, _remove, _keep),
)
