"""AWS::SQS::Queue."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, text

_NOT_ATTRIBUTES = ("QueueName", "Tags")


def _create(properties: Properties, place: Place) -> Made:
    name = properties.get("QueueName") or place.name(80) + (".fifo" if properties.get("FifoQueue") else "")
    sqs = place.client("sqs")
    tags = place.tagged(properties)
    given = {"tags": tags} if tags else {}
    url = sqs.create_queue(QueueName=name, Attributes=_attributes(properties), **given)["QueueUrl"]
    return _made(url, place)


def _update(url: str, properties: Properties, before: Properties, place: Place) -> Made:
    sqs = place.client("sqs")
    dropped = {key: "" for key in ("RedrivePolicy", "KmsMasterKeyId") if key in before and key not in properties}
    now = {key: one for key, one in _attributes(properties).items() if key != "FifoQueue"}
    if given := {**now, **dropped}:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=given)
    wanted, had = place.tagged(properties), sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    if gone := [key for key in had if key not in wanted]:
        sqs.untag_queue(QueueUrl=url, TagKeys=gone)
    if wanted:
        sqs.tag_queue(QueueUrl=url, Tags=wanted)
    return _made(url, place)


def _delete(url: str, _properties: Properties, place: Place) -> None:
    place.client("sqs").delete_queue(QueueUrl=url)


def _exists(name: str, place: Place) -> bool:
    try:
        place.client("sqs").get_queue_url(QueueName=name)
    except ClientError:
        return False
    return True


def _made(url: str, place: Place) -> Made:
    name = url.rpartition("/")[2]
    return Made(url, {"Arn": f"arn:aws:sqs:{place.region}:{place.account}:{name}", "QueueUrl": url, "QueueName": name})


def _attributes(properties: Properties) -> dict[str, str]:
    own = {key: one for key, one in properties.items() if key not in _NOT_ATTRIBUTES}
    return {key: _attribute(one) for key, one in own.items()}


def _attribute(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else text(value)


KINDS = (Kind("AWS::SQS::Queue", _create, _delete, _update, name="QueueName", exists=_exists, reads=("QueueName",)),)
