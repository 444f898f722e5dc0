"""The tags of groups: how many, which, and how they are listed."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict import limits
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers, refuses

_MOST_TAGS = 50
# Filter of DescribeTags -> member of a tag.
_TAG_FILTERS = {
    "auto-scaling-group": "ResourceId",
    "key": "Key",
    "propagate-at-launch": "PropagateAtLaunch",
    "value": "Value",
}


@refuses("autoscaling", "CreateAutoScalingGroup", "CreateOrUpdateTags", moto="accepts any number, and AWS's own keys")
def tags_are_few_and_ones_own(request: Request) -> None:
    """A group has at most 50 tags, each key once in a request, and none of AWS's own (aws:) but those of a stack.

    CloudFormation itself sets those on AWS; here there is none, and whoever tries what Udo says of it sets them.

    Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html (tag restrictions).
    """
    params = request.params
    tags = params.get("Tags") or []
    reserved = (tag["Key"] for tag in tags if tag["Key"].lower().startswith("aws:"))
    if wrong := next((key for key in reserved if not key.startswith("aws:cloudformation:")), None):
        raise Refusal("ValidationError", f"Tag keys cannot begin with the prefix aws: {wrong}")
    created = params.get("AutoScalingGroupName")
    named: dict[str, set[str]] = {}
    for tag in tags:
        keys = named.setdefault(created or tag.get("ResourceId") or "", set())
        if tag["Key"] in keys:
            raise Refusal("ValidationError", f"Duplicate keys in the request: {tag['Key']}")
        keys.add(tag["Key"])
    for group, keys in named.items():
        known: Any = request.backend("autoscaling").autoscaling_groups.get(group)
        if len(keys | {tag["Key"] for tag in known.tags} if known else keys) > _MOST_TAGS:
            raise Refusal("ValidationError", f"The number of tags of {group} is limited to {_MOST_TAGS}")


@answers("autoscaling", "DescribeTags", moto="ignores MaxRecords and filters it does not know")
def tags_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeTags gives 50 a page by default and 100 at most, filtered by group, key, value and propagation.

    Source: botocore autoscaling DescribeTagsType and Filter.
    """
    params = request.params
    size = limit(params, "MaxRecords", default=50, maximum=100)
    found = [tag for group in request.backend("autoscaling").autoscaling_groups.values() for tag in group.tags]
    for one in params.get("Filters") or []:
        member = _TAG_FILTERS.get(one.get("Name", ""))
        if member is None:
            raise Refusal(
                "ValidationError",
                f"Filter type {one.get('Name')} is not correct. Allowed Filter types are: {', '.join(_TAG_FILTERS)}",
            )
        values = [value.lower() if member == "PropagateAtLaunch" else value for value in one.get("Values") or []]
        found = [tag for tag in found if _text(tag.get(member, "")) in values]
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"Tags": shown, "NextToken": token}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
