"""AWS::Logs::LogGroup."""

from __future__ import annotations

from typing import Any

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, only

_KNOWN = ("KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags")


def _create(properties: Properties, place: Place) -> Made:
    only(properties, _KNOWN, place)
    name = properties.get("LogGroupName") or place.name(512)
    logs = place.client("logs")
    given: dict[str, Any] = {"tags": place.tagged(properties)} if place.tagged(properties) else {}
    given |= {"kmsKeyId": properties["KmsKeyId"]} if "KmsKeyId" in properties else {}
    given |= {"logGroupClass": properties["LogGroupClass"]} if "LogGroupClass" in properties else {}
    logs.create_log_group(logGroupName=name, **given)
    return _keep(name, properties, place)


def _update(name: str, properties: Properties, before: Properties, place: Place) -> Made:
    only(properties, _KNOWN, place)
    logs = place.client("logs")
    if "RetentionInDays" in before and "RetentionInDays" not in properties:
        logs.delete_retention_policy(logGroupName=name)
    wanted = place.tagged(properties)
    had = logs.list_tags_log_group(logGroupName=name)["tags"]
    if gone := [key for key in had if key not in wanted]:
        logs.untag_log_group(logGroupName=name, tags=gone)
    if wanted:
        logs.tag_log_group(logGroupName=name, tags=wanted)
    return _keep(name, properties, place)


def _keep(name: str, properties: Properties, place: Place) -> Made:
    if "RetentionInDays" in properties:
        days = int(properties["RetentionInDays"])
        place.client("logs").put_retention_policy(logGroupName=name, retentionInDays=days)
    return Made(name, {"Arn": f"arn:aws:logs:{place.region}:{place.account}:log-group:{name}:*"})


def _delete(name: str, _properties: Properties, place: Place) -> None:
    place.client("logs").delete_log_group(logGroupName=name)


def _exists(name: str, place: Place) -> bool:
    told = place.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(one["logGroupName"] == name for one in told)


KINDS = (Kind("AWS::Logs::LogGroup", _create, _delete, _update, name="LogGroupName", exists=_exists),)
