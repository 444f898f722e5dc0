"""Members: detached, attached, on standby, protected, terminated."""

from __future__ import annotations

from typing import Any

from driver import Aws

GROUP = "--auto-scaling-group-name crew"


def members(aws: Aws) -> None:
    first, second, third = aws.group("crew", size=3)
    _detached(aws, first)
    _standing_by(aws, second)
    _protected(aws, second, third)
    _terminated(aws, second)
    aws("autoscaling delete-auto-scaling-group --auto-scaling-group-name crew --force-delete")


def _state(aws: Aws, instance: str) -> Any:
    found = aws(f"autoscaling describe-auto-scaling-instances --instance-ids {instance}")["AutoScalingInstances"]
    return found[0]["LifecycleState"] if found else None


def _detached(aws: Aws, instance: str) -> None:
    told = aws(f"autoscaling detach-instances {GROUP} --instance-ids {instance} --should-decrement-desired-capacity")
    aws.equal(
        "a detachment is an activity", told["Activities"][0]["Description"], f"Detaching EC2 instance: {instance}"
    )
    after = aws.described("crew")
    cause = "was detached in response to a user request, shrinking the capacity from 3 to 2."
    aws.that("which tells its cause", told["Activities"][0]["Cause"].endswith(cause), told)
    listed = aws(f"autoscaling describe-scaling-activities {GROUP} --max-items 1")["Activities"][0]
    aws.equal("and is in the list of activities", listed["Description"], f"Detaching EC2 instance: {instance}")
    aws.equal("the desired capacity goes down with it", after["DesiredCapacity"], 2)
    aws.that("a detached instance is no member any more", instance not in aws.members("crew"))
    state = f"ec2 describe-instances --instance-ids {instance} --query 'Reservations[0].Instances[0].State.Name'"
    aws.equal("but runs", aws(state), "running")
    aws.refused(
        "it cannot be detached again",
        f"autoscaling detach-instances {GROUP} --instance-ids {instance} --no-should-decrement-desired-capacity",
        "ValidationError",
    )
    aws(f"autoscaling attach-instances {GROUP} --instance-ids {instance}")
    aws.equal("attached, it is a member again", _state(aws, instance), "InService")
    aws.equal("and the capacity goes up with it", aws.described("crew")["DesiredCapacity"], 3)


def _standing_by(aws: Aws, instance: str) -> None:
    move = f"{GROUP} --instance-ids {instance}"
    told = aws(f"autoscaling enter-standby {move} --should-decrement-desired-capacity")
    said = told["Activities"][0]["Description"]
    aws.equal("standby is an activity", said, f"Moving EC2 instance to Standby: {instance}")
    aws.equal("a member stands by", _state(aws, instance), "Standby")
    aws.equal("and does not count", aws.described("crew")["DesiredCapacity"], 2)
    aws(f"autoscaling exit-standby {move}")
    aws.until("it comes back into service", lambda: _state(aws, instance), "InService")
    aws.equal("and counts again", aws.described("crew")["DesiredCapacity"], 3)
    aws.refused("who is in service does not leave standby", f"autoscaling exit-standby {move}", "ValidationError")


def _protected(aws: Aws, instance: str, other: str) -> None:
    aws(f"autoscaling set-instance-protection {GROUP} --instance-ids {instance} {other} --protected-from-scale-in")
    aws(f"autoscaling set-desired-capacity {GROUP} --desired-capacity 2")
    aws.equal("scaling in spares the protected ones", sorted(aws.members("crew")), sorted([instance, other]))
    aws(f"autoscaling set-instance-protection {GROUP} --instance-ids {other} --no-protected-from-scale-in")
    aws(f"autoscaling set-desired-capacity {GROUP} --desired-capacity 1")
    aws.equal("and takes the one that is not", aws.members("crew"), [instance])


def _terminated(aws: Aws, instance: str) -> None:
    terminate = f"autoscaling terminate-instance-in-auto-scaling-group --instance-id {instance}"
    told = aws(f"{terminate} --no-should-decrement-desired-capacity")["Activity"]
    aws.equal("terminating a member is an activity", told["Description"], f"Terminating EC2 instance: {instance}")
    aws.until("it is replaced", lambda: len(set(aws.members("crew")) - {instance}), 1)
    aws.refused("a terminated one is unknown", terminate + " --no-should-decrement-desired-capacity", "ValidationError")
    (born,) = set(aws.members("crew")) - {instance}
    aws(f"autoscaling set-instance-health --instance-id {born} --health-status Unhealthy")
    aws.until("an unhealthy member is replaced", lambda: born in aws.members("crew"), False)
