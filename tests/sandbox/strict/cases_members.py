"""Members, processes and policies of Auto Scaling groups: one case for each rule, named like it."""

from __future__ import annotations

from typing import Any

from account import ZONE, Account, accepted, holds, refused

UNKNOWN = "i-00000000000000001"
CHANGE = {"AdjustmentType": "ChangeInCapacity", "ScalingAdjustment": 20}


def unknown_members_are_refused(aws: Account) -> None:
    terminate = aws.autoscaling.terminate_instance_in_auto_scaling_group
    words = {"InstanceId": UNKNOWN, "ShouldDecrementDesiredCapacity": False}
    refused(terminate, "ValidationError", "No managed instance found", **words)


def instances_of_other_groups_are_refused(aws: Account) -> None:
    aws.group(size=1)
    other = aws.group("other", size=1)
    words = {"AutoScalingGroupName": "web", "InstanceIds": other, "ProtectedFromScaleIn": True}
    refused(aws.autoscaling.set_instance_protection, "ValidationError", "not part of", **words)


def members_keep_their_launch_configuration(aws: Account) -> None:
    aws.group(size=1)
    aws.configuration("web-v2")
    aws.update(LaunchConfigurationName="web-v2", DesiredCapacity=2)
    holds([one["LaunchConfigurationName"] for one in aws.described()["Instances"]] == ["web", "web-v2"])
    aws.autoscaling.delete_launch_configuration(LaunchConfigurationName="web")
    holds("LaunchConfigurationName" not in aws.described()["Instances"][0], "shows what is deleted")


def members_keep_their_template_version(aws: Account) -> None:
    aws.template()
    aws.group(size=1, LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Latest"})
    data = {"ImageId": aws.image, "InstanceType": "m5.large"}
    aws.ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=data)
    aws.update(DesiredCapacity=2)
    born = [(one["LaunchTemplate"]["Version"], one["InstanceType"]) for one in aws.described()["Instances"]]
    holds(born == [("1", "t3.small"), ("2", "m5.large")], str(born))


def members_come_in_pages(aws: Account) -> None:
    aws.group(size=5)
    describe = aws.autoscaling.describe_auto_scaling_instances
    refused(describe, "ValidationError", "50", MaxRecords=51)
    holds(len(describe(MaxRecords=3)["AutoScalingInstances"]) <= 3, "everything at once")
    pages = aws.autoscaling.get_paginator("describe_auto_scaling_instances").paginate(PaginationConfig={"PageSize": 2})
    holds(len(list(pages.search("AutoScalingInstances"))) == 5)


def terminating_keeps_the_minimum(aws: Account) -> None:
    members = aws.group(size=1)
    terminate = aws.autoscaling.terminate_instance_in_auto_scaling_group
    words = {"InstanceId": members[0], "ShouldDecrementDesiredCapacity": True}
    refused(terminate, "ValidationError", "desiredSize equals minSize (1)", **words)


def terminating_is_only_a_request(aws: Account) -> None:
    aws.delay(terminate=30, boot=20)
    members = aws.group(size=1)
    aws.step(21)
    aws.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=members[0], ShouldDecrementDesiredCapacity=False
    )
    holds(_states(aws) == ["Terminating", "Pending"], str(_states(aws)))
    aws.step(31)
    holds(_states(aws) == ["InService"] and members[0] not in aws.members())


def _states(aws: Account) -> list[str]:
    return [one["LifecycleState"] for one in aws.described()["Instances"]]


def health_is_healthy_or_unhealthy(aws: Account) -> None:
    members = aws.group(size=1)
    refused(aws.autoscaling.set_instance_health, "ValidationError", InstanceId=members[0], HealthStatus="Fine")


def unhealthy_members_are_replaced(aws: Account) -> None:
    members = aws.group(size=2)
    aws.autoscaling.set_instance_health(InstanceId=members[0], HealthStatus="Unhealthy")
    aws.step(1)
    now = aws.members()
    holds(len(now) == 2 and members[0] not in now, "still there")


def suspended_launch_does_not_launch(aws: Account) -> None:
    members = aws.group(size=2)
    aws.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    aws.ec2.terminate_instances(InstanceIds=members[:1])
    aws.step(60)
    holds(aws.members() == members[1:], "replaced all the same")
    aws.autoscaling.resume_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    aws.step(1)
    holds(len(aws.members()) == 2)


def suspended_terminate_does_not_shrink(aws: Account) -> None:
    members = aws.group(size=3)
    aws.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Terminate"])
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    holds(aws.members() == members, "shrunk all the same")


def suspensions_tell_when(aws: Account) -> None:
    aws.group(size=1)
    aws.autoscaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["AZRebalance"])
    shown = aws.described()["SuspendedProcesses"][0]
    holds(shown["SuspensionReason"].startswith("User suspended at "), "no reason")


def unknown_processes_are_refused(aws: Account) -> None:
    aws.group(size=1)
    words: dict[str, Any] = {"AutoScalingGroupName": "web", "ScalingProcesses": ["Launch", "Lunch"]}
    refused(aws.autoscaling.suspend_processes, "ValidationError", "Lunch", **words)
    holds(aws.described()["SuspendedProcesses"] == [])


def scale_in_choice(aws: Account) -> None:
    aws.group(size=3, AvailabilityZones=[ZONE])
    old = aws.members()
    aws.configuration("web-v2")
    aws.update(LaunchConfigurationName="web-v2", DesiredCapacity=4)
    new = aws.members()[3]
    words = {"AutoScalingGroupName": "web", "InstanceIds": old[:1], "ProtectedFromScaleIn": True}
    aws.autoscaling.set_instance_protection(**words)
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    holds(aws.members() == [old[0], new], "not the old ones, or out of order")
    aws.update(DesiredCapacity=3, TerminationPolicies=["NewestInstance"])
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    holds(aws.members() == [old[0], new], "not the newest")


def scaling_activities_are_recorded(aws: Account) -> None:
    members = aws.group(size=1)
    aws.update(DesiredCapacity=2)
    found = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    holds(len(found) == 2, "nothing recorded")
    holds(found[1]["Description"] == f"Launching a new EC2 instance: {members[0]}")
    holds("changing the desired capacity from 1 to 2" in found[0]["Cause"], found[0]["Cause"])
    holds((found[0]["StatusCode"], found[0]["Progress"]) == ("Successful", 100))


def difference_cause(aws: Account) -> None:
    members = aws.group(size=2)
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    found = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
    last = found[0] if found else {"Cause": "", "Description": ""}
    holds("shrinking the capacity from 2 to 1" in last["Cause"], last["Cause"])
    holds(last["Description"] == f"Terminating EC2 instance: {members[0]}")


def launch_failures_are_activities(aws: Account) -> None:
    aws.template()
    aws.group(size=1, LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"})
    aws.ec2.delete_launch_template(LaunchTemplateName="web")
    try:
        aws.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    except Exception as error:
        holds(False, f"failed: {error!r}")
    last = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"][0]
    holds(last["StatusCode"] == "Failed" and "does not exist" in last["StatusMessage"])


def gone_members_leave_the_target_groups(aws: Account) -> None:
    vpc = aws.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    made = aws.elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    members = aws.group(size=2, TargetGroupARNs=[made["TargetGroupArn"]])
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=1)
    holds(aws.targets(made["TargetGroupArn"]) == members[1:], "still registered")


def policies_say_how_to_scale(aws: Account) -> None:
    aws.group(size=1)
    words = {"AutoScalingGroupName": "web", "PolicyName": "grow"}
    refused(aws.autoscaling.put_scaling_policy, "ValidationError", "AdjustmentType", **words)
    refused(aws.autoscaling.put_scaling_policy, "ValidationError", "Magic", PolicyType="Magic", **words)
    tracking = {"PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration": {"TargetValue": 50.0}}
    refused(aws.autoscaling.put_scaling_policy, "ValidationError", "MetricSpecification", **tracking, **words)


def policies_have_an_arn_and_a_group(aws: Account) -> None:
    aws.group(size=1)
    aws.group("other", size=1)
    arns = {
        aws.autoscaling.put_scaling_policy(AutoScalingGroupName=name, PolicyName="grow", **CHANGE).get("PolicyARN")
        for name in ("web", "other")
    }
    holds(None not in arns and len(arns) == 2, "no ARN")
    found = aws.autoscaling.describe_policies(AutoScalingGroupName="web")["ScalingPolicies"]
    holds(len(found) == 1 and found[0]["PolicyARN"] in arns, "stolen")


def policy_arns_differ(aws: Account) -> None:
    aws.group(size=1)
    for name in ("grow", "shrink"):
        aws.autoscaling.put_scaling_policy(AutoScalingGroupName="web", PolicyName=name, **CHANGE)
    found = aws.autoscaling.describe_policies()["ScalingPolicies"]
    holds(len({policy["PolicyARN"].split(":")[6] for policy in found}) == 2)


def policies_come_in_pages(aws: Account) -> None:
    aws.group(size=1)
    for number in range(4):
        aws.autoscaling.put_scaling_policy(AutoScalingGroupName="web", PolicyName=f"p{number}", **CHANGE)
    shown = aws.autoscaling.describe_policies(MaxRecords=2)
    holds(len(shown["ScalingPolicies"]) <= 2 and shown.get("NextToken"), "everything at once")
    pages = aws.autoscaling.get_paginator("describe_policies").paginate(PaginationConfig={"PageSize": 2})
    holds(len(list(pages.search("ScalingPolicies"))) == 4)


def unknown_policies_are_refused(aws: Account) -> None:
    aws.group(size=1)
    words = {"AutoScalingGroupName": "web", "PolicyName": "nothing"}
    refused(aws.autoscaling.execute_policy, "ValidationError", "nothing", **words)
    refused(aws.autoscaling.delete_policy, "ValidationError", "nothing", **words)


def policies_stay_in_bounds(aws: Account) -> None:
    aws.group(size=2, MaxSize=3)
    aws.autoscaling.put_scaling_policy(AutoScalingGroupName="web", PolicyName="grow", **CHANGE)
    aws.autoscaling.execute_policy(AutoScalingGroupName="web", PolicyName="grow")
    holds(aws.described()["DesiredCapacity"] == 3, "out of bounds")


def few_members_are_named_at_once(aws: Account) -> None:
    aws.group(size=1)
    ids = [f"i-{number:017x}" for number in range(21)]
    refused(
        aws.autoscaling.exit_standby, "ValidationError", "limited to 20", AutoScalingGroupName="web", InstanceIds=ids
    )


def attached_instances_are_free(aws: Account) -> None:
    members = aws.group(size=1)
    aws.group("two", size=1, MaxSize=2)
    attach = aws.autoscaling.attach_instances
    words = {"AutoScalingGroupName": "two"}
    refused(attach, "ValidationError", "Invalid Instance", InstanceIds=["i-00000000000000001"], **words)
    refused(attach, "ValidationError", "already part of web", InstanceIds=members, **words)
    made = aws.ec2.run_instances(ImageId=aws.image, MinCount=2, MaxCount=2)["Instances"]
    ids = [one["InstanceId"] for one in made]
    refused(attach, "ValidationError", "above max value 2", InstanceIds=ids, **words)
    accepted(attach, InstanceIds=ids[:1], **words)
    holds(ids[0] in aws.members("two"))


def leaving_keeps_the_minimum(aws: Account) -> None:
    members = aws.group(size=1)
    words = {"AutoScalingGroupName": "web", "InstanceIds": members}
    for call in (aws.autoscaling.detach_instances, aws.autoscaling.enter_standby):
        refused(call, "ValidationError", "min size 1", ShouldDecrementDesiredCapacity=True, **words)
    accepted(aws.autoscaling.enter_standby, ShouldDecrementDesiredCapacity=False, **words)


def only_standby_is_left(aws: Account) -> None:
    members = aws.group(size=1)
    words = {"AutoScalingGroupName": "web", "InstanceIds": members}
    refused(aws.autoscaling.exit_standby, "ValidationError", "not in Standby", **words)


def the_step_of_the_breach(aws: Account) -> None:
    aws.group(size=1)
    where = {"AutoScalingGroupName": "web"}
    put, run = aws.autoscaling.put_scaling_policy, aws.autoscaling.execute_policy
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
    ]
    kind = {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps}
    put(PolicyName="grow", **kind, **where)
    refused(run, "ValidationError", "MetricValue", PolicyName="grow", **where)
    run(PolicyName="grow", MetricValue=65, BreachThreshold=50, **where)
    holds(len(aws.members()) == 4, "not by the second step")
    refused(run, "ValidationError", "No step", PolicyName="grow", MetricValue=40, BreachThreshold=50, **where)
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}, "TargetValue": 50}
    put(PolicyName="aim", PolicyType="TargetTrackingScaling", TargetTrackingConfiguration=metric, **where)
    refused(run, "ValidationError", "cannot be executed", PolicyName="aim", **where)
