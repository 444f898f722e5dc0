"""Instances as Systems Manager sees them: those that run with an instance profile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, rule
from udo.sandbox.strict.ssm.agents import instances, last_ping, ping
from udo.sandbox.strict.ssm.parameters import INVALID_TOKEN

# Filter, by both of its names -> member of an instance's information.
_FILTERS = {
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "PlatformType": "PlatformType",
    "ResourceType": "ResourceType",
    "AgentVersion": "AgentVersion",
    "SourceIds": "SourceId",
    "SourceTypes": "SourceType",
    # What no instance of EC2's has.
    "ActivationIds": "ActivationId",
    "AssociationStatus": "AssociationStatus",
    "IamRole": "IamRole",
}
_ID = re.compile(r"i-(\w{8}|\w{17})|mi-\w{17}")


@answers("ssm", "DescribeInstanceInformation", moto="has no such operation")
def managed_instances_are_described(request: Request) -> dict[str, Any]:
    """DescribeInstanceInformation lists the instances that run with an instance profile, by filters and tags, ten a
    page by default, 5 to 50 where MaxResults says so.

    Source: botocore ssm DescribeInstanceInformationRequest and InstanceInformation.
    """
    params = request.params
    size = limit(params, "MaxResults", default=10, minimum=5, maximum=50, code="ValidationException")
    wanted = filters_of_instances_are_known(params)
    found = [
        one
        for one in instances(request.account, request.region).values()
        if one.state == "running" and ping(one) and all(_passes(one, *each) for each in wanted)
    ]
    shown, token = page(found, size, params.get("NextToken"), refusal=INVALID_TOKEN, full=True)
    return {"InstanceInformationList": [_described(one) for one in shown], "NextToken": token}


@rule("ssm", "DescribeInstanceInformation", moto="has no such operation")
def filters_of_instances_are_known(params: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Instances are filtered by one of the two lists of filters, of known keys with a hundred values at most, either by
    tags or by the rest; an id that is none is InvalidInstanceId, one that is not registered is left out.

    Source: botocore ssm DescribeInstanceInformationRequest, InstanceInformationStringFilter, error InvalidInstanceId.
    """
    own, legacy = params.get("Filters") or [], params.get("InstanceInformationFilterList") or []
    if own and legacy:
        raise Refusal("ValidationException", "Filters and InstanceInformationFilterList exclude each other.")
    wanted = [(one["Key"], one["Values"]) for one in own] + [(one["key"], one["valueSet"]) for one in legacy]
    for key, values in wanted:
        if key not in _FILTERS and not _is_of_tags(key):
            raise Refusal("InvalidInstanceInformationFilterValue", f"The filter {key} is not valid")
        if len(values) > 100:
            raise Refusal(
                "ValidationException",
                "1 validation error detected: Value at 'filters.1.member.values' failed to satisfy constraint: "
                "Member must have length less than or equal to 100",
            )
        if key == "InstanceIds" and (wrong := [one for one in values if not _ID.fullmatch(one)]):
            raise Refusal("InvalidInstanceId", f"The instance ID {wrong[0]} is not valid.")
    if len({_is_of_tags(key) for key, _ in wanted}) > 1:
        raise Refusal("ValidationException", "Tag filters can't be combined with other filter types.")
    return wanted


def _is_of_tags(key: str) -> bool:
    return key == "tag-key" or key.startswith("tag:")


def _passes(instance: Any, key: str, values: list[str]) -> bool:
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    if key == "tag-key":
        return any(one in tags for one in values)
    if key.startswith("tag:"):
        return tags.get(key.removeprefix("tag:")) in values
    return _described(instance).get(_FILTERS[key]) in values


def _described(instance: Any) -> dict[str, Any]:
    return {
        "InstanceId": instance.id,
        "PingStatus": ping(instance),
        "LastPingDateTime": last_ping(instance),
        "AgentVersion": "3.3.3050.0",
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2023",
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
        "ComputerName": instance.private_dns_name,
        "SourceId": instance.id,
        "SourceType": "AWS::EC2::Instance",
    }
