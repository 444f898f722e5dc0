"""Notification configurations of groups: kept and listed; nothing is ever published."""

from __future__ import annotations

import re
from typing import Any

from udo.sandbox.strict import limits
from udo.sandbox.strict.autoscaling.groups_known import known_group
from udo.sandbox.strict.autoscaling.kinds import NOTIFICATIONS
from udo.sandbox.strict.pages import limit, page
from udo.sandbox.strict.rules import Refusal, Request, answers


@answers("autoscaling", "PutNotificationConfiguration", moto="has no such operation")
def notifications_go_to_topics(request: Request) -> None:
    """PutNotificationConfiguration sets the events a topic is told of, in place of those it was told of before.

    Source: botocore autoscaling PutNotificationConfiguration (documentation: "overwrites an existing configuration").
    """
    topic, kinds = request.params["TopicARN"], request.params.get("NotificationTypes") or []
    if not re.fullmatch(r"arn:aws[\w-]*:sns:[\w-]+:\d{12}:\S+", topic):
        raise Refusal("ValidationError", f"Invalid topic ARN: {topic}")
    if unknown := [kind for kind in kinds if kind not in NOTIFICATIONS]:
        raise Refusal("ValidationError", f"Notification type {unknown[0]} is not valid: [{', '.join(NOTIFICATIONS)}]")
    _of(known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"]))[topic] = list(
        dict.fromkeys(kinds)
    )


@answers("autoscaling", "DeleteNotificationConfiguration", moto="has no such operation")
def deleted_notifications_are_gone(request: Request) -> None:
    """DeleteNotificationConfiguration deletes what a topic is told of.

    Source: botocore autoscaling DeleteNotificationConfiguration (documentation).
    """
    _of(known_group(request.backend("autoscaling"), request.params["AutoScalingGroupName"])).pop(
        request.params["TopicARN"], None
    )


@answers("autoscaling", "DescribeNotificationConfigurations", moto="has no such operation")
def notifications_come_in_pages(request: Request) -> dict[str, Any]:
    """DescribeNotificationConfigurations lists group, topic and event, 50 a page by default and 100 at most.

    Source: botocore autoscaling DescribeNotificationConfigurationsType.
    """
    params = request.params
    size = limit(params, "MaxRecords", default=50, maximum=100)
    names = params.get("AutoScalingGroupNames") or []
    found = [
        {"AutoScalingGroupName": group.name, "TopicARN": topic, "NotificationType": kind}
        for group in request.backend("autoscaling").autoscaling_groups.values()
        if not names or group.name in names
        for topic, kinds in _of(group).items()
        for kind in kinds
    ]
    shown, token = page(found, size, params.get("NextToken"), refusal=limits.INVALID_TOKEN)
    return {"NotificationConfigurations": shown, "NextToken": token}


def _of(group: Any) -> dict[str, list[str]]:
    kept: dict[str, list[str]] = group.__dict__.setdefault("udo_notifications", {})
    return kept
