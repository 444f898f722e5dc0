"""AWS::SNS::Topic."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, pairs, text

_NOT_ATTRIBUTES = ("TopicName", "Tags", "Subscription", "DeliveryStatusLogging", "DataProtectionPolicy")


def _create(properties: Properties, place: Place) -> Made:
    name = properties.get("TopicName") or place.name(256) + (".fifo" if properties.get("FifoTopic") else "")
    sns = place.client("sns")
    arn = sns.create_topic(Name=name, Attributes=_attributes(properties), Tags=pairs(place.tagged(properties)))[
        "TopicArn"
    ]
    for one in properties.get("Subscription", []):
        sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])
    return _made(arn)


def _update(arn: str, properties: Properties, before: Properties, place: Place) -> Made:
    sns = place.client("sns")
    now, was = _attributes(properties), _attributes(before)
    for key in {*now, *was} - {"FifoTopic"}:
        if now.get(key) != was.get(key):
            sns.set_topic_attributes(TopicArn=arn, AttributeName=key, AttributeValue=now.get(key, ""))
    wanted = place.tagged(properties)
    had = {one["Key"] for one in sns.list_tags_for_resource(ResourceArn=arn)["Tags"]}
    if gone := sorted(had - set(wanted)):
        sns.untag_resource(ResourceArn=arn, TagKeys=gone)
    sns.tag_resource(ResourceArn=arn, Tags=pairs(wanted))
    _subscribe(arn, properties.get("Subscription", []), before.get("Subscription", []), sns)
    return _made(arn)


def _subscribe(arn: str, wanted: list[Any], before: list[Any], sns: Any) -> None:
    for one in wanted:
        if one not in before:
            sns.subscribe(TopicArn=arn, Protocol=one["Protocol"], Endpoint=one["Endpoint"])
    there = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    for one in (one for one in before if one not in wanted):
        for found in there:
            if (found["Protocol"], found["Endpoint"]) == (one["Protocol"], one["Endpoint"]):
                sns.unsubscribe(SubscriptionArn=found["SubscriptionArn"])


def _delete(arn: str, _properties: Properties, place: Place) -> None:
    place.client("sns").delete_topic(TopicArn=arn)


def _exists(name: str, place: Place) -> bool:
    try:
        place.client("sns").get_topic_attributes(TopicArn=f"arn:aws:sns:{place.region}:{place.account}:{name}")
    except ClientError:
        return False
    return True


def _made(arn: str) -> Made:
    return Made(arn, {"TopicArn": arn, "TopicName": arn.rpartition(":")[2]})


def _attributes(properties: Properties) -> dict[str, str]:
    own = {key: one for key, one in properties.items() if key not in _NOT_ATTRIBUTES}
    return {key: json.dumps(one) if isinstance(one, dict) else text(one) for key, one in own.items()}


KINDS = (Kind("AWS::SNS::Topic", _create, _delete, _update, name="TopicName", exists=_exists, reads=("TopicName",)),)
