"""Groups that alarms scale: one case for each rule, named like it."""

from __future__ import annotations

import json
from typing import Any

from account import Account, holds

GROUP = {"AutoScalingGroupName": "web"}
TARGET = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 50.0}


def _policy(aws: Account, name: str = "more", **more: Any) -> str:
    words = {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 1} if "PolicyType" not in more else {}
    aws.autoscaling.put_scaling_policy(**GROUP, PolicyName=name, **words | more)
    return str(aws.autoscaling.describe_policies(PolicyNames=[name])["ScalingPolicies"][0]["PolicyARN"])


def _alarm(aws: Account, arn: str, name: str = "busy", **more: Any) -> None:
    words = {
        "MetricName": "Load",
        "Namespace": "Shop",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 10.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "ignore",
        "AlarmActions": [arn],
    }
    aws.cloudwatch.put_metric_alarm(AlarmName=name, **words | more)


def _ring(aws: Account, name: str = "busy", value: float | None = None) -> int:
    """Rings an alarm anew, and returns the size that comes of it."""
    data = {} if value is None else {"StateReasonData": json.dumps({"recentDatapoints": [value]})}
    for state in ("OK", "ALARM"):
        aws.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="told", **data)
    return int(aws.described()["DesiredCapacity"])


def _tracked(aws: Account, **more: Any) -> dict[str, str]:
    """Puts a target tracking policy, and returns the names of its alarms by their side."""
    words = {"PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": TARGET | more}
    made = aws.autoscaling.put_scaling_policy(**GROUP, PolicyName="half", **words)
    names = {one["AlarmName"].split("-")[2]: one["AlarmName"] for one in made.get("Alarms", [])}
    holds("AlarmHigh" in names, "it has no alarms")
    return names


def alarms_scale_groups(aws: Account) -> None:
    aws.group(size=2, MaxSize=3)
    _alarm(aws, _policy(aws, Cooldown=0))
    holds(_ring(aws) == 3, "nothing happens")
    cause = aws.autoscaling.describe_scaling_activities(**GROUP)["Activities"][0]["Cause"]
    said = "a monitor alarm busy in state ALARM triggered policy more changing the desired capacity from 2 to 3."
    holds(said in cause, cause)
    holds(_ring(aws) == 3, "beyond the maximum")
    aws.update(MaxSize=9)
    aws.autoscaling.suspend_processes(**GROUP, ScalingProcesses=["AlarmNotification"])
    holds(_ring(aws) == 3, "though AlarmNotification is suspended")
    aws.autoscaling.resume_processes(**GROUP)
    _policy(aws, Cooldown=0, Enabled=False)
    holds(_ring(aws) == 3, "though the policy is disabled")
    _policy(aws, Cooldown=0)
    aws.cloudwatch.disable_alarm_actions(AlarmNames=["busy"])
    holds(_ring(aws) == 3, "though its actions are disabled")


def alarms_tell_groups_every_minute(aws: Account) -> None:
    aws.group(size=1)
    _alarm(aws, _policy(aws, Cooldown=120))
    holds(_ring(aws) == 2, "nothing happens")
    sizes = []
    for _ in range(4):
        aws.step(60)
        sizes.append(aws.described()["DesiredCapacity"])
    holds(sizes == [2, 3, 3, 4], f"{sizes}")


def simple_policies_cool_down(aws: Account) -> None:
    aws.group(size=1, DefaultCooldown=30)
    _alarm(aws, _policy(aws))
    holds((_ring(aws), _ring(aws)) == (2, 2), "no cooldown")
    aws.step(29)
    holds(_ring(aws) == 2, "no cooldown")
    aws.step(1)
    holds(_ring(aws) == 3, "the cooldown is not over")


def what_warms_up_counts(aws: Account) -> None:
    aws.group(size=2)
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
    ]
    words = {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity", "EstimatedInstanceWarmup": 100}
    _alarm(aws, _policy(aws, StepAdjustments=steps, **words))
    down = [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}]
    _alarm(aws, _policy(aws, "less", StepAdjustments=down, **words), "idle", ComparisonOperator="LessThanThreshold")
    holds(_ring(aws) == 2, "without a value")
    holds(_ring(aws, value=15.0) == 3, "the first step")
    holds(_ring(aws, value=15.0) == 3, "what warms up does not count")
    holds(_ring(aws, value=25.0) == 5, "two more than warm up")
    holds(_ring(aws, "idle", value=1.0) == 5, "taken away while it warms up")
    for name in ("busy", "idle"):
        aws.cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="told")
    aws.step(101)
    holds(_ring(aws, "idle", value=1.0) == 4, "the warmup is not over")


def targets_are_tracked(aws: Account) -> None:
    aws.group(size=2, DefaultInstanceWarmup=60)
    names = _tracked(aws)
    holds(_ring(aws, names["AlarmHigh"]) == 3, "without a value it is one")
    aws.step(60)
    holds(_ring(aws, names["AlarmHigh"], 95.0) == 6, "not in proportion")
    holds(_ring(aws, names["AlarmLow"], 5.0) == 6, "taken away while it warms up")
    aws.step(61)
    holds(_ring(aws, names["AlarmLow"], 5.0) == 5, "not slowly")
    for _ in range(16):
        data = [{"MetricName": "CPUUtilization", "Value": 80.0}]
        for one in data:
            one["Dimensions"] = [{"Name": "AutoScalingGroupName", "Value": "web"}]
        aws.cloudwatch.put_metric_data(Namespace="AWS/EC2", MetricData=data)
        aws.step(60)
    holds(aws.described()["DesiredCapacity"] == 9, f"{aws.described()['DesiredCapacity']}")


def policies_show_their_alarms(aws: Account) -> None:
    aws.group(size=1)
    _alarm(aws, _policy(aws))
    _alarm(aws, "arn:aws:sns:us-west-2:123456789012:other", "other")
    shown = aws.autoscaling.describe_policies(**GROUP)["ScalingPolicies"][0]
    holds([one["AlarmName"] for one in shown.get("Alarms", [])] == ["busy"], f"{shown}")


def alarms_of_deleted_policies_lose_their_action(aws: Account) -> None:
    aws.group(size=1)
    _alarm(aws, _policy(aws))
    names = _tracked(aws)
    shown = aws.cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-web-Alarm")["MetricAlarms"]
    holds(sorted(one["AlarmName"] for one in shown) == sorted(names.values()), f"{shown}")
    _tracked(aws, DisableScaleIn=True)
    left = [one["AlarmName"] for one in aws.cloudwatch.describe_alarms(AlarmNamePrefix="Target")["MetricAlarms"]]
    holds(left == [names["AlarmHigh"]], f"{left}")
    for name in ("half", "more"):
        aws.autoscaling.delete_policy(**GROUP, PolicyName=name)
    (alarm,) = aws.cloudwatch.describe_alarms()["MetricAlarms"]
    holds((alarm["AlarmName"], alarm["AlarmActions"]) == ("busy", []), f"{alarm}")
    _tracked(aws)
    aws.autoscaling.delete_auto_scaling_group(**GROUP, ForceDelete=True)
    holds(len(aws.cloudwatch.describe_alarms()["MetricAlarms"]) == 1, "they stay when their group goes")


def groups_tell_of_themselves(aws: Account) -> None:
    aws.group(size=3)
    dimensions = [{"Name": "AutoScalingGroupName", "Value": "web"}]
    words = {"MetricName": "GroupInServiceInstances", "Namespace": "AWS/AutoScaling", "Dimensions": dimensions}
    aws.cloudwatch.put_metric_alarm(
        AlarmName="few",
        **words,
        Statistic="Minimum",
        Period=60,
        EvaluationPeriods=2,
        Threshold=3.0,
        ComparisonOperator="LessThanThreshold",
    )

    def state() -> str:
        return str(aws.cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"])

    aws.step(300)
    holds(state() == "INSUFFICIENT_DATA", "data of the time before")
    aws.autoscaling.enable_metrics_collection(**GROUP, Granularity="1Minute")
    aws.step(180)
    holds(state() == "OK", state())
    aws.autoscaling.set_desired_capacity(**GROUP, DesiredCapacity=2)
    aws.step(180)
    holds(state() == "ALARM", state())
