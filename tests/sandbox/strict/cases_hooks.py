"""Lifecycle hooks and members that move: one case for each rule, named like it."""

from __future__ import annotations

from typing import Any

from account import Account, accepted, holds, refused

OWN = {"AutoScalingGroupName": "web"}
HOOK = {**OWN, "LifecycleHookName": "warm", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}
TOPIC = "arn:aws:sns:us-west-2:123456789012:told"
ROLE = "arn:aws:iam::123456789012:role/hooks"


def _hook(aws: Account, **more: Any) -> dict[str, Any]:
    aws.autoscaling.put_lifecycle_hook(**HOOK | more)
    return next(
        one
        for one in aws.autoscaling.describe_lifecycle_hooks(**OWN)["LifecycleHooks"]
        if one["LifecycleHookName"] == (HOOK | more)["LifecycleHookName"]
    )


def _states(aws: Account) -> list[str]:
    return sorted(one["LifecycleState"] for one in aws.described()["Instances"])


def _waiting(aws: Account, state: str = "Pending:Wait") -> list[str]:
    return [one["InstanceId"] for one in aws.described()["Instances"] if one["LifecycleState"] == state]


def _held(aws: Account, **more: Any) -> str:
    """The one member of a group of two that a launch hook holds."""
    aws.group(size=1)
    _hook(aws, HeartbeatTimeout=300, **more)
    aws.update(DesiredCapacity=2)
    holds(_states(aws) == ["InService", "Pending:Wait"], "nobody is held")
    return _waiting(aws)[0]


def _complete(aws: Account, instance: str, result: str, hook: str = "warm") -> None:
    words = {"LifecycleHookName": hook, "InstanceId": instance, "LifecycleActionResult": result}
    accepted(aws.autoscaling.complete_lifecycle_action, **OWN, **words)


def hooks_say_when_and_how_long(aws: Account) -> None:
    aws.group(size=1)
    put = aws.autoscaling.put_lifecycle_hook
    for wrong, text in (
        ({"LifecycleHookName": "a hook"}, "name"),
        ({"LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCH"}, "transition"),
        ({"HeartbeatTimeout": 29}, "between 30 and 7200"),
        ({"HeartbeatTimeout": 7201}, "between 30 and 7200"),
        ({"DefaultResult": "RETRY"}, "DefaultResult"),
        ({"NotificationTargetARN": TOPIC}, "RoleARN"),
        ({"NotificationTargetARN": "arn:aws:s3:::bucket", "RoleARN": ROLE}, "neither a queue nor a topic"),
    ):
        refused(put, "ValidationError", text, **HOOK | wrong)
    refused(put, "ValidationError", "required", **OWN, LifecycleHookName="new")
    for number in range(50):
        put(**HOOK | {"LifecycleHookName": f"hook-{number}"})
    refused(put, "LimitExceeded", "50", **HOOK)
    accepted(put, **HOOK | {"LifecycleHookName": "hook-7", "HeartbeatTimeout": 60})


def updated_hooks_keep_what_is_not_named(aws: Account) -> None:
    aws.group(size=1)
    holds({"NotificationTargetARN", "RoleARN"}.isdisjoint(_hook(aws)), "invented")
    _hook(aws, NotificationTargetARN=TOPIC, RoleARN=ROLE, NotificationMetadata="blue", DefaultResult="CONTINUE")
    aws.autoscaling.put_lifecycle_hook(**OWN, LifecycleHookName="warm", HeartbeatTimeout=90)
    (hook,) = aws.autoscaling.describe_lifecycle_hooks(**OWN)["LifecycleHooks"]
    wanted = HOOK | {"NotificationTargetARN": TOPIC, "RoleARN": ROLE, "NotificationMetadata": "blue"}
    wanted |= {"HeartbeatTimeout": 90, "DefaultResult": "CONTINUE", "GlobalTimeout": 9000}
    holds(hook == wanted, f"{hook}")


def waits_have_an_end(aws: Account) -> None:
    aws.group(size=1)
    holds(_hook(aws, HeartbeatTimeout=30)["GlobalTimeout"] == 3000)
    holds(_hook(aws, HeartbeatTimeout=7200)["GlobalTimeout"] == 172800)


def groups_are_made_with_their_hooks(aws: Account) -> None:
    hook = {key: value for key, value in HOOK.items() if key != "AutoScalingGroupName"}
    refused(aws.group, "ValidationError", "7200", LifecycleHookSpecificationList=[{**hook, "HeartbeatTimeout": 9999}])
    aws.group(size=2, LaunchConfigurationName="web", LifecycleHookSpecificationList=[hook])
    holds(_states(aws) == ["Pending:Wait"] * 2, "the first ones are not held")


def hooks_hold_members(aws: Account) -> None:
    held = _held(aws)
    ran = aws.ec2.describe_instances(InstanceIds=[held])["Reservations"][0]["Instances"][0]
    holds(ran["State"]["Name"] == "running")
    newest = aws.autoscaling.describe_scaling_activities(**OWN)["Activities"][0]
    holds((newest["StatusCode"], held in newest["Description"]) == ("MidLifecycleAction", True))
    aws.step(299)
    holds(_waiting(aws) == [held])
    _hook(aws, LifecycleHookName="drain", LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING")
    _complete(aws, held, "CONTINUE")
    aws.update(DesiredCapacity=1)
    (leaving,) = _waiting(aws, "Terminating:Wait")
    ran = aws.ec2.describe_instances(InstanceIds=[leaving])["Reservations"][0]["Instances"][0]
    holds(ran["State"]["Name"] == "running", "it is gone already")
    _complete(aws, leaving, "ABANDON", "drain")
    holds(leaving not in aws.members())


def waits_end_with_the_default_result(aws: Account) -> None:
    held = _held(aws)
    aws.step(301)
    holds(held not in aws.members(), "it waits on")
    told = aws.autoscaling.describe_scaling_activities(**OWN)["Activities"]
    lost = next(one for one in told if one["Description"].endswith(held) and one["Description"].startswith("Launching"))
    holds(lost["StatusCode"] == "Cancelled" and lost["StatusMessage"].endswith("was abandoned: Heartbeat Timeout"))
    (again,) = _waiting(aws)
    _hook(aws, DefaultResult="CONTINUE")
    aws.step(301)
    holds(again in aws.members() and _states(aws) == ["InService"] * 2, "it is not in service")


def waits_are_completed(aws: Account) -> None:
    held = _held(aws)
    _hook(aws, LifecycleHookName="second")
    _complete(aws, held, "CONTINUE")
    holds(_states(aws) == ["InService"] * 2)
    words = {**OWN, "LifecycleHookName": "warm", "InstanceId": held}
    again = aws.autoscaling.complete_lifecycle_action
    refused(again, "ValidationError", f"with instance ID {held}", **words, LifecycleActionResult="CONTINUE")
    refused(again, "ValidationError", "RETRY", **words, LifecycleActionResult="RETRY")
    aws.update(DesiredCapacity=3)
    (third,) = _waiting(aws)
    _complete(aws, third, "CONTINUE", "second")
    holds(_waiting(aws) == [third], "one of two hooks is enough")
    _complete(aws, third, "ABANDON")
    holds(third not in aws.members(), "an abandoned launch stays")


def heartbeats_prolong_waits(aws: Account) -> None:
    held = _held(aws)
    words = {**OWN, "LifecycleHookName": "warm", "InstanceId": held}
    for _ in range(3):
        aws.step(200)
        accepted(aws.autoscaling.record_lifecycle_action_heartbeat, **words)
    holds(_waiting(aws) == [held], "heartbeats do not count")
    aws.step(301)
    holds(held not in aws.members())


def deleting_a_hook_ends_its_waits(aws: Account) -> None:
    held = _held(aws)
    delete = aws.autoscaling.delete_lifecycle_hook
    refused(delete, "ValidationError", "ghost", **OWN, LifecycleHookName="ghost")
    delete(**OWN, LifecycleHookName="warm")
    holds(held not in aws.members() and _states(aws) == ["InService"] * 2, "the wait goes on")


def moves_are_activities(aws: Account) -> None:
    first, second = aws.group(size=2)
    told = aws.autoscaling.enter_standby(**OWN, InstanceIds=[first], ShouldDecrementDesiredCapacity=True)["Activities"][
        0
    ]
    holds((told["StatusCode"], told["Progress"]) == ("InProgress", 50))
    holds(told["Description"] == f"Moving EC2 instance to Standby: {first}")
    when = told["StartTime"].strftime("%Y-%m-%dT%H:%M:%SZ")
    said = f"At {when} instance {first} was moved to standby in response to a user request"
    holds(told["Cause"] == f"{said}, shrinking the capacity from 2 to 1.", told["Cause"])
    aws.autoscaling.exit_standby(**OWN, InstanceIds=[first])
    aws.autoscaling.detach_instances(**OWN, InstanceIds=[second], ShouldDecrementDesiredCapacity=False)
    aws.autoscaling.attach_instances(**OWN, InstanceIds=[second])
    listed = aws.autoscaling.describe_scaling_activities(**OWN)["Activities"][:5]
    shown = [(one["Description"].partition(":")[0], one["StatusCode"]) for one in listed]
    wanted = ["Attaching an existing EC2 instance", "Launching a new EC2 instance", "Detaching EC2 instance"]
    wanted += ["Moving EC2 instance out of Standby", "Moving EC2 instance to Standby"]
    holds(shown == [(text, "Successful") for text in wanted], f"{shown}")
    holds(len(aws.members()) == aws.described()["DesiredCapacity"] == 3)


def only_members_in_service_are_targets(aws: Account) -> None:
    vpc = aws.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    made = aws.elbv2.create_target_group(Name="front", Protocol="HTTP", Port=80, VpcId=vpc)
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    first, second = aws.group(size=2, TargetGroupARNs=[arn])

    def targets() -> set[str]:
        return {*aws.targets(arn)}

    holds(targets() == {first, second})
    aws.autoscaling.enter_standby(**OWN, InstanceIds=[first], ShouldDecrementDesiredCapacity=True)
    holds(targets() == {second}, "standby is a target")
    aws.autoscaling.exit_standby(**OWN, InstanceIds=[first])
    holds(targets() == {first, second})
    aws.autoscaling.detach_instances(**OWN, InstanceIds=[second], ShouldDecrementDesiredCapacity=True)
    holds(targets() == {first}, "a detached one is a target")
