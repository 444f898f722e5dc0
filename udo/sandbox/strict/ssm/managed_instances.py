"""Instances as Systems Manager sees them: those that run with an instance profile."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers
from udo.sandbox.strict.ssm.agents import last_ping, ping
from udo.sandbox.strict.ssm.parameters import INVALID_TOKEN

# Filter, by both of its names -> member of an instance's information.
_FILTERS = {
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "PlatformType": "PlatformType",
    "ResourceType": "ResourceType",
    "AgentVersion": "AgentVersion",
}


@answers("ssm", "DescribeInstanceInformation", moto="has no such operation")
def managed_instances_are_described(request: Request) -> dict[str, Any]:
    """DescribeInstanceInformation lists the instances that run with an instance profile, by filters and tags, ten a
    page by default, 5 to 50 where MaxResults says so.

    Source: botocore ssm DescribeInstanceInformationRequest and InstanceInformation.
    """
    params = request.params
    size = limit(params, "MaxResults", default=10, minimum=5, maximum=50, code="ValidationException")
    wanted = [(one["Key"], one["Values"]) for one in params.get("Filters") or []]
    wanted += [(one["key"], one["valueSet"]) for one in params.get("InstanceInformationFilterList") or []]
    for key, _ in wanted:
        if key not in _FILTERS and not key.startswith("tag:") and key != "tag-key":
            raise Refusal("InvalidInstanceInformationFilterValue", f"The filter {key} is not valid")
    found = [
        one
        for reservation in list(request.backend("ec2").reservations.values())
        for one in reservation.instances
        if one.state == "running" and ping(one) and all(_passes(one, *each) for each in wanted)
    ]
    shown, token = page(found, size, params.get("NextToken"), refusal=INVALID_TOKEN)
    return {"InstanceInformationList": [_described(one) for one in shown], "NextToken": token}


def _passes(instance: Any, key: str, values: list[str]) -> bool:
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    if key == "tag-key":
        return any(one in tags for one in values)
    if key.startswith("tag:"):
        return tags.get(key.removeprefix("tag:")) in values
    return _described(instance)[_FILTERS[key]] in values


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
