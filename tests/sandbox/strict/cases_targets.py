"""Targets of load balancers: one case for each rule, named like it."""

from __future__ import annotations

from account import Account, holds


def _health(aws: Account, arn: str) -> list[tuple[str, str]]:
    told = aws.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return [(one["TargetHealth"]["State"], one["TargetHealth"].get("Reason", "")) for one in told]


def targets_without_a_load_balancer_are_unused(aws: Account) -> None:
    vpc = aws.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    made = aws.elbv2.create_target_group(Name="idle", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    used = aws.balanced()
    aws.group(size=1, TargetGroupARNs=[made["TargetGroupArn"], used])
    holds(_health(aws, made["TargetGroupArn"]) == [("unused", "Target.NotInUse")])
    holds(_health(aws, used) == [("healthy", "")])


def targets_begin_as_initial(aws: Account) -> None:
    aws.delay(target=30)
    arn = aws.balanced()
    aws.group(size=1, TargetGroupARNs=[arn])
    holds(_health(aws, arn) == [("initial", "Elb.RegistrationInProgress")])
    aws.step(20)
    holds(_health(aws, arn) == [("initial", "Elb.InitialHealthChecking")])
    aws.step(20)
    holds(_health(aws, arn) == [("healthy", "")])


def targets_that_do_not_answer_are_unhealthy(aws: Account) -> None:
    arn = aws.balanced()
    first, _ = aws.group(size=2, TargetGroupARNs=[arn])
    aws.unhealthy(first)
    holds(_health(aws, arn) == [("unhealthy", "Target.ResponseCodeMismatch"), ("healthy", "")])
    (one,) = aws.elbv2.describe_target_health(TargetGroupArn=arn, Targets=[{"Id": first}])["TargetHealthDescriptions"]
    holds(one["TargetHealth"]["Description"] == "Health checks failed with these codes: [502]")
    holds([member["HealthStatus"] for member in aws.described()["Instances"]] == ["Healthy"] * 2)


def targets_that_leave_are_draining(aws: Account) -> None:
    arn, leaving = aws.balanced(), ("draining", "Target.DeregistrationInProgress")
    first, second, _ = aws.group(size=3, TargetGroupARNs=[arn])
    aws.autoscaling.enter_standby(AutoScalingGroupName="web", InstanceIds=[first], ShouldDecrementDesiredCapacity=True)
    aws.update(DesiredCapacity=1)
    holds(_health(aws, arn) == [("healthy", ""), leaving, leaving])
    aws.autoscaling.exit_standby(AutoScalingGroupName="web", InstanceIds=[first])
    holds(_health(aws, arn).count(leaving) == 1, "drains what is registered again")
    aws.step(299)
    (told,) = aws.elbv2.describe_target_health(TargetGroupArn=arn, Targets=[{"Id": second}])["TargetHealthDescriptions"]
    holds((told["TargetHealth"]["State"], told["TargetHealth"]["Reason"]) == leaving)
    aws.step(2)
    holds(leaving not in _health(aws, arn), "drains for ever")


def load_balancers_may_judge_members(aws: Account) -> None:
    first, second = aws.group(
        size=2, TargetGroupARNs=[aws.balanced()], HealthCheckType="ELB", HealthCheckGracePeriod=60
    )
    aws.unhealthy(first)
    aws.step(59)
    holds(aws.members() == [first, second], "within its grace period")
    aws.step(1)
    holds(first not in aws.members() and second in aws.members() and len(aws.members()) == 2)
    causes = [one["Cause"] for one in aws.autoscaling.describe_scaling_activities()["Activities"]]
    holds(any("in response to an ELB system health check failure" in cause for cause in causes), str(causes))
