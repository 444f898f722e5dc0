"""Scheduled actions and metrics of groups: one case for each rule, named like it."""

from __future__ import annotations

from typing import Any

from account import Account, accepted, holds, refused

NIGHT = {"AutoScalingGroupName": "web", "ScheduledActionName": "night", "MinSize": 1, "Recurrence": "0 20 * * *"}


def _names(aws: Account, **words: Any) -> list[str]:
    found = aws.autoscaling.describe_scheduled_actions(**words)["ScheduledUpdateGroupActions"]
    return sorted(one["ScheduledActionName"] for one in found)


def scheduled_actions_belong_to_their_group(aws: Account) -> None:
    for name in ("web", "other"):
        aws.group(name, size=1)
        words = {"AutoScalingGroupName": name, "ScheduledActionName": "night", "Recurrence": "0 20 * * *"}
        aws.autoscaling.put_scheduled_update_group_action(MinSize=1, **words)
    found = aws.autoscaling.describe_scheduled_actions()["ScheduledUpdateGroupActions"]
    holds(sorted(one["AutoScalingGroupName"] for one in found) == ["other", "web"], "stolen")


def scheduled_actions_say_what_and_when(aws: Account) -> None:
    aws.group(size=1)
    put = aws.autoscaling.put_scheduled_update_group_action
    for wrong in (
        "0 20 * *",
        "60 * * * *",
        "0 24 * * *",
        "0 1 0 * *",
        "0 1 * 13 *",
        "0 1 * * 8",
        "5-1 * * * *",
        "@daily",
        "*/0 * * * *",
    ):
        refused(put, "ValidationError", "recurrence", **NIGHT | {"Recurrence": wrong})
    for right in ("*/15 8-18 * * MON-FRI", "0 0 1,15 JAN *", "0 7 * * 7"):
        accepted(put, **NIGHT | {"Recurrence": right})
    refused(put, "ValidationError", "Europe/Nowhere", **NIGHT, TimeZone="Europe/Nowhere")
    accepted(put, **NIGHT, TimeZone="Europe/Berlin")
    refused(put, "ValidationError", "in the past", **NIGHT, StartTime="2020-01-01T00:00:00Z")
    refused(
        put, "ValidationError", "end time", **NIGHT, StartTime="2099-01-02T00:00:00Z", EndTime="2099-01-01T00:00:00Z"
    )
    refused(put, "ValidationError", "Max bound, 1", **NIGHT | {"MinSize": 2}, MaxSize=1)
    refused(put, "ValidationError", "Desired capacity:5", **NIGHT, MaxSize=3, DesiredCapacity=5)
    refused(
        put,
        "ValidationError",
        "At least one",
        AutoScalingGroupName="web",
        ScheduledActionName="x",
        Recurrence="0 1 * * *",
    )
    holds(_names(aws) == ["night"])


def _sizes(aws: Account) -> tuple[int, int, int]:
    shown = aws.described()
    return shown["MinSize"], shown["MaxSize"], shown["DesiredCapacity"]


def due_moments(aws: Account) -> None:
    # It is nine o'clock in UTC, ten in Berlin.
    aws.group(size=1)
    put = aws.autoscaling.put_scheduled_update_group_action
    words = {"AutoScalingGroupName": "web"}
    put(**words, ScheduledActionName="ten", Recurrence="30 10 * * MON", TimeZone="Europe/Berlin", DesiredCapacity=2)
    put(**words, ScheduledActionName="once", StartTime="2026-01-05T10:00:00Z", DesiredCapacity=3)
    ends = "2026-01-05T13:30:00Z"
    put(**words, ScheduledActionName="often", Recurrence="0 11-14 * * *", EndTime=ends, DesiredCapacity=4)
    begins = "2026-01-06T08:00:00Z"
    put(**words, ScheduledActionName="later", Recurrence="0 9 * * *", StartTime=begins, DesiredCapacity=5)
    seen = []
    for _ in range(48):
        aws.step(1800)
        seen.append(aws.described()["DesiredCapacity"])
        if seen[-1] == 4:
            aws.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=6)
    holds(seen[:4] == [2, 3, 3, 4], f"{seen}")
    holds([place for place, one in enumerate(seen) if one == 4] == [3, 5, 7], f"{seen}")
    holds(seen[45:] == [5, 5, 5], f"{seen}")
    holds(_names(aws) == ["later", "ten"], "those that are over are there still")


def scheduled_actions_can_be_suspended(aws: Account) -> None:
    aws.group(size=1)
    aws.autoscaling.put_scheduled_update_group_action(**NIGHT, DesiredCapacity=3)
    aws.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["ScheduledActions"])
    aws.step(86400)
    holds(_sizes(aws) == (1, 9, 1), "it runs")
    aws.autoscaling.resume_processes(AutoScalingGroupName="web")
    aws.step(3600)
    holds(_sizes(aws) == (1, 9, 1), "it is made up for")
    aws.step(86400)
    holds(_sizes(aws) == (1, 9, 3), "it never runs")


def scheduled_actions_change_sizes(aws: Account) -> None:
    aws.group(size=3)
    put = aws.autoscaling.put_scheduled_update_group_action
    put(**NIGHT | {"MinSize": 0}, MaxSize=1)
    put(**NIGHT | {"ScheduledActionName": "never", "MinSize": 20})
    aws.step(12 * 3600)
    holds(_sizes(aws) == (0, 1, 1), f"{_sizes(aws)}")
    cause = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"][0]["Cause"]
    said = "At 2026-01-05T20:00:00Z a scheduled action update of AutoScalingGroup constraints to min: 0, max: 1, "
    holds(cause.startswith(f"{said}desired: 1 changing the desired capacity from 3 to 1."), cause)


def batches_of_schedules_name_what_failed(aws: Account) -> None:
    aws.group(size=1)
    actions = [
        {"ScheduledActionName": "day", "MinSize": 2, "Recurrence": "0 8 * * *"},
        {"ScheduledActionName": "never", "MinSize": 2, "Recurrence": "0 8 * *"},
        {"ScheduledActionName": "night", "MinSize": 1, "Recurrence": "0 20 * * *"},
    ]
    put = aws.autoscaling.batch_put_scheduled_update_group_action
    (failed,) = put(AutoScalingGroupName="web", ScheduledUpdateGroupActions=actions)[
        "FailedScheduledUpdateGroupActions"
    ] or [{}]
    holds((failed.get("ScheduledActionName"), failed.get("ErrorCode")) == ("never", "ValidationError"))
    holds(_names(aws) == ["day", "night"])
    many = [dict(actions[0], ScheduledActionName=str(number)) for number in range(51)]
    refused(put, "ValidationError", "limited to 50", AutoScalingGroupName="web", ScheduledUpdateGroupActions=many)


def deleted_schedules_that_are_unknown_are_listed(aws: Account) -> None:
    aws.group(size=1)
    aws.autoscaling.put_scheduled_update_group_action(**NIGHT)
    words = {"AutoScalingGroupName": "web", "ScheduledActionNames": ["ghost", "night"]}
    answer = accepted(aws.autoscaling.batch_delete_scheduled_action, **words)
    holds([one["ScheduledActionName"] for one in answer["FailedScheduledActions"]] == ["ghost"])
    holds("ErrorMessage" in answer["FailedScheduledActions"][0] and _names(aws) == [], "nothing was deleted")
    refused(aws.autoscaling.batch_delete_scheduled_action, "ValidationError", **words | {"AutoScalingGroupName": "no"})


def scheduled_actions_come_in_pages(aws: Account) -> None:
    aws.group(size=1)
    for number in range(5):
        words = NIGHT | {"ScheduledActionName": str(number), "StartTime": f"2099-01-0{number + 1}T00:00:00Z"}
        aws.autoscaling.put_scheduled_update_group_action(**words)
    first = aws.autoscaling.describe_scheduled_actions(MaxRecords=3)
    holds("NextToken" in first and len(first["ScheduledUpdateGroupActions"]) <= 3, "no pages")
    arn = first["ScheduledUpdateGroupActions"][0].get("ScheduledActionARN", "")
    holds(arn.endswith(":autoScalingGroupName/web:scheduledActionName/0"), "no ARN")
    holds(_names(aws, StartTime="2099-01-02T00:00:00Z", EndTime="2099-01-03T00:00:00Z") == ["1", "2"])
    refused(aws.autoscaling.describe_scheduled_actions, "ValidationError", MaxRecords=101)


def _metrics(aws: Account) -> list[str]:
    return [one["Metric"] for one in aws.described()["EnabledMetrics"]]


def metrics_exist(aws: Account) -> None:
    aws.group(size=1)
    for words in ({"Metrics": ["GroupMood"], "Granularity": "1Minute"}, {"Granularity": "5Minute"}):
        refused(aws.autoscaling.enable_metrics_collection, "ValidationError", AutoScalingGroupName="web", **words)


def all_metrics_are_enabled_unless_named(aws: Account) -> None:
    aws.group(size=1)
    words = {"AutoScalingGroupName": "web", "Granularity": "1Minute"}
    aws.autoscaling.enable_metrics_collection(**words, Metrics=["GroupMinSize"])
    aws.autoscaling.enable_metrics_collection(**words, Metrics=["GroupMaxSize"])
    holds(_metrics(aws) == ["GroupMinSize", "GroupMaxSize"], "one is lost")
    aws.autoscaling.enable_metrics_collection(**words)
    holds(
        {"GroupTotalInstances", "WarmPoolTotalCapacity", "GroupMinSize"} <= set(_metrics(aws))
        and len(_metrics(aws)) == 20
    )


def metrics_are_disabled(aws: Account) -> None:
    aws.group(size=1)
    aws.autoscaling.enable_metrics_collection(AutoScalingGroupName="web", Granularity="1Minute")
    accepted(aws.autoscaling.disable_metrics_collection, AutoScalingGroupName="web", Metrics=["GroupMinSize"])
    holds("GroupMinSize" not in _metrics(aws) and len(_metrics(aws)) == 19)
    aws.autoscaling.disable_metrics_collection(AutoScalingGroupName="web")
    holds(_metrics(aws) == [])
