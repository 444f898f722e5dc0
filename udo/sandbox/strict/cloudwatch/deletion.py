"""Alarms that are deleted, and those that are not."""

from __future__ import annotations

from udo.sandbox.strict.cloudwatch.alarm import Alarm
from udo.sandbox.strict.cloudwatch.alarms import known, refuse_too_many
from udo.sandbox.strict.cloudwatch.composite import children_are_not_deleted
from udo.sandbox.strict.cloudwatch.tags import tags_go_with_their_alarm
from udo.sandbox.strict.rules import Refusal, Request, answers, rule


@answers("cloudwatch", "DeleteAlarms", moto="says nothing of unknown names, and takes any number")
def unknown_alarms_are_told_after_the_others_went(request: Request) -> None:
    """DeleteAlarms takes 100 names at most and deletes those there are; one that there is not is ResourceNotFound.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html.
    """
    names = list(request.params.get("AlarmNames") or [])
    refuse_too_many(names)
    there = known(request)
    going = [there[name] for name in names if name in there]
    one_composite_alarm_is_deleted_at_a_time(going)
    children_are_not_deleted(going, there)
    for one in going:
        tags_go_with_their_alarm(request.backend("cloudwatch"), one.alarm_arn)
    unknown = [name for name in names if there.pop(name, None) is None]
    if unknown:
        raise Refusal("ResourceNotFound", f"Alarm does not exist: {', '.join(unknown)}")


@rule("cloudwatch", "DeleteAlarms", moto="has no composite alarms")
def one_composite_alarm_is_deleted_at_a_time(going: list[Alarm]) -> None:
    """DeleteAlarms takes one composite alarm at most.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html.
    """
    if sum(1 for one in going if one.rule is not None) > 1:
        raise Refusal("ValidationError", "Only one composite alarm can be deleted at a time")
