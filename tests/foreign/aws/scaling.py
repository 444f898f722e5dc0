"""What belongs to a group: scaling policies, lifecycle hooks, scheduled actions."""

from __future__ import annotations

import json

from driver import Aws

GROUP = "--auto-scaling-group-name busy"
POLICIES = f"autoscaling describe-policies {GROUP}"


def policies(aws: Aws) -> None:
    aws.group("busy", size=1)
    put = f"autoscaling put-scaling-policy {GROUP} --policy-name"
    arn = aws(f"{put} up --adjustment-type ChangeInCapacity --scaling-adjustment 2 --query PolicyARN")
    aws.that(
        "a policy's ARN ends in its group and its name", arn.endswith(":autoScalingGroupName/busy:policyName/up"), arn
    )
    aws("autoscaling execute-policy --policy-name " + arn)
    aws.equal("executed by its ARN it changes the capacity", aws.described("busy")["DesiredCapacity"], 3)
    steps = (
        "MetricIntervalLowerBound=0,MetricIntervalUpperBound=10,ScalingAdjustment=1 "
        "MetricIntervalLowerBound=10,ScalingAdjustment=3"
    )
    aws(f"{put} step --policy-type StepScaling --adjustment-type ChangeInCapacity --step-adjustments {steps}")
    aws(f"autoscaling execute-policy {GROUP} --policy-name step --metric-value 65 --breach-threshold 50")
    aws.equal(
        "a step policy goes by the breach, to the maximum and no further", aws.described("busy")["DesiredCapacity"], 6
    )
    target = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": 50.0,
    }
    words = f"--policy-type TargetTrackingScaling --target-tracking-configuration '{json.dumps(target)}'"
    aws(f"{put} track {words}")
    found = {one["PolicyName"]: one for one in aws(f"{POLICIES} --page-size 1")["ScalingPolicies"]}
    aws.equal("all policies are listed, a page each", sorted(found), ["step", "track", "up"])
    aws.equal("a target comes back as it was", found["track"]["TargetTrackingConfiguration"], target)
    aws.equal("so do steps", [one["ScalingAdjustment"] for one in found["step"]["StepAdjustments"]], [1, 3])
    kinds = aws(f"{POLICIES} --policy-types SimpleScaling --query 'ScalingPolicies[].PolicyName'")
    aws.equal("policies are filtered by their type", kinds, ["up"])
    aws.refused("a policy says how to scale", f"{put} bad", "ValidationError")
    aws(f"autoscaling delete-policy --policy-name {arn}")
    aws.refused("a deleted policy is unknown", f"autoscaling delete-policy {GROUP} --policy-name up", "ValidationError")


def hooks(aws: Aws) -> None:
    put = f"autoscaling put-lifecycle-hook {GROUP} --lifecycle-hook-name"
    kind = "--lifecycle-transition autoscaling:EC2_INSTANCE_LAUNCHING"
    aws(f"{put} warm {kind} --heartbeat-timeout 7200 --default-result ABANDON")
    aws(f"{put} warm --default-result CONTINUE")
    described = f"autoscaling describe-lifecycle-hooks {GROUP}"
    found = aws(described)["LifecycleHooks"][0]
    said = (found["LifecycleTransition"], found["HeartbeatTimeout"], found["DefaultResult"])
    wanted = ("autoscaling:EC2_INSTANCE_LAUNCHING", 7200, "CONTINUE")
    aws.equal("a hook that is put again keeps what was not named", said, wanted)
    aws.refused("a new hook says for which transition it is", f"{put} bad", "ValidationError")
    _held(aws)
    aws(f"autoscaling delete-lifecycle-hook {GROUP} --lifecycle-hook-name warm")
    aws.equal("a deleted hook is gone", aws(described)["LifecycleHooks"], [])
    unknown = "autoscaling describe-lifecycle-hooks --auto-scaling-group-name nope"
    aws.refused("hooks of an unknown group are refused", unknown, "ValidationError")
    kinds = aws("autoscaling describe-lifecycle-hook-types")["LifecycleHookTypes"]
    aws.that("the kinds of hooks are listed", "autoscaling:EC2_INSTANCE_TERMINATING" in kinds, kinds)


def _held(aws: Aws) -> None:
    before = set(aws.members("busy"))
    size = len(before)
    aws(f"autoscaling update-auto-scaling-group {GROUP} --max-size {size + 1} --desired-capacity {size + 1}")
    (held,) = set(aws.members("busy")) - before
    state = (
        f"autoscaling describe-auto-scaling-instances --instance-ids {held} "
        "--query 'AutoScalingInstances[0].LifecycleState'"
    )
    aws.equal("a hook holds who is launched", aws(state), "Pending:Wait")
    action = f"{GROUP} --lifecycle-hook-name warm --instance-id {held}"
    aws.done("a heartbeat prolongs its wait", f"autoscaling record-lifecycle-action-heartbeat {action}")
    aws(f"autoscaling complete-lifecycle-action {action} --lifecycle-action-result CONTINUE")
    aws.until("and is in service once its action is completed", lambda: aws(state), "InService")
    again = f"autoscaling complete-lifecycle-action {action} --lifecycle-action-result CONTINUE"
    aws.refused("which can be done once", again, "ValidationError")


def schedules(aws: Aws) -> None:
    put = f"autoscaling put-scheduled-update-group-action {GROUP} --scheduled-action-name"
    aws(
        f"{put} morning --recurrence '0 7 * * 1-5' --time-zone Europe/Berlin "
        "--min-size 2 --max-size 6 --desired-capacity 2"
    )
    aws(f"{put} once --start-time 2031-01-02T03:04:05Z --min-size 0")
    listed = f"autoscaling describe-scheduled-actions {GROUP}"
    found = {one["ScheduledActionName"]: one for one in aws(f"{listed} --page-size 1")["ScheduledUpdateGroupActions"]}
    aws.equal("all scheduled actions are listed, a page each", sorted(found), ["morning", "once"])
    said = (found["morning"]["Recurrence"], found["morning"]["TimeZone"], found["morning"]["MinSize"])
    aws.equal("an action comes back as it was said", said, ("0 7 * * 1-5", "Europe/Berlin", 2))
    aws.that("a start is a time", found["once"]["StartTime"].startswith("2031-01-02T03:04:05"), found["once"])
    names = aws(f"{listed} --scheduled-action-names once --query 'ScheduledUpdateGroupActions[].ScheduledActionName'")
    aws.equal("actions are found by name", names, ["once"])
    aws(f"autoscaling delete-scheduled-action {GROUP} --scheduled-action-name once")
    aws.equal("a deleted action is gone", len(aws(listed)["ScheduledUpdateGroupActions"]), 1)
    _many(aws, listed)
    aws("autoscaling delete-auto-scaling-group --auto-scaling-group-name busy --force-delete")
    gone = lambda: aws("autoscaling describe-scheduled-actions --query 'length(ScheduledUpdateGroupActions)'")  # noqa: E731
    aws.until("what belongs to a group goes with it", gone, 0)


def _many(aws: Aws, listed: str) -> None:
    good = "ScheduledActionName=good,Recurrence='0 1 * * *',MinSize=1"
    bad = "ScheduledActionName=bad,Recurrence=daily,MinSize=1"
    put = f"autoscaling batch-put-scheduled-update-group-action {GROUP} --scheduled-update-group-actions"
    told = aws(f'{put} "{good}" "{bad}"')["FailedScheduledUpdateGroupActions"]
    aws.equal("of many actions those that fail are told", [one["ScheduledActionName"] for one in told], ["bad"])
    found = sorted(one["ScheduledActionName"] for one in aws(listed)["ScheduledUpdateGroupActions"])
    aws.equal("and the others are made", found, ["good", "morning"])
    told = aws(f"autoscaling batch-delete-scheduled-action {GROUP} --scheduled-action-names good nope")
    failed = [one["ScheduledActionName"] for one in told["FailedScheduledActions"]]
    aws.equal("deleting many tells which were not there", failed, ["nope"])
    aws.equal("and deletes the others", len(aws(listed)["ScheduledUpdateGroupActions"]), 1)


def metrics(aws: Aws) -> None:
    aws.group("measured", size=0)
    named = "--auto-scaling-group-name measured"
    aws(f"autoscaling enable-metrics-collection {named} --granularity 1Minute")
    found = {one["Metric"]: one["Granularity"] for one in aws.described("measured")["EnabledMetrics"]}
    aws.that("without names all metrics are enabled", len(found) > 10 and set(found.values()) == {"1Minute"}, found)
    aws(f"autoscaling disable-metrics-collection {named} --metrics GroupMinSize GroupMaxSize")
    left = {one["Metric"] for one in aws.described("measured")["EnabledMetrics"]}
    aws.equal("some can be disabled", set(found) - left, {"GroupMinSize", "GroupMaxSize"})
    aws(f"autoscaling disable-metrics-collection {named}")
    aws.equal("or all", aws.described("measured")["EnabledMetrics"], [])
    aws(f"autoscaling delete-auto-scaling-group {named}")
