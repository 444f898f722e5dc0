"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, fitted, pairs


def _create(properties: Properties, place: Place) -> Made:
    return _put(properties.get("AlarmName") or place.name(255), properties, place)


def _update(name: str, properties: Properties, _before: Properties, place: Place) -> Made:
    made = _put(name, properties, place)
    cloudwatch, arn, wanted = place.client("cloudwatch"), made.attributes["Arn"], place.tagged(properties)
    had = {one["Key"] for one in cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]}
    if gone := sorted(had - set(wanted)):
        cloudwatch.untag_resource(ResourceARN=arn, TagKeys=gone)
    cloudwatch.tag_resource(ResourceARN=arn, Tags=pairs(wanted))
    return made


def _put(name: str, properties: Properties, place: Place) -> Made:
    cloudwatch = place.client("cloudwatch")
    given: dict[str, Any] = {**properties, "AlarmName": name, "Tags": pairs(place.tagged(properties))}
    cloudwatch.put_metric_alarm(**fitted(cloudwatch, "PutMetricAlarm", given))
    told = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    return Made(name, {"Arn": told["AlarmArn"]})


def _delete(name: str, _properties: Properties, place: Place) -> None:
    place.client("cloudwatch").delete_alarms(AlarmNames=[name])


def _exists(name: str, place: Place) -> bool:
    types = ["MetricAlarm", "CompositeAlarm"]
    told = place.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=types)
    return bool(told["MetricAlarms"] or told.get("CompositeAlarms"))


KINDS = (Kind("AWS::CloudWatch::Alarm", _create, _delete, _update, name="AlarmName", exists=_exists),)
