"""Warm pools: one case for each rule, named like it."""

from __future__ import annotations

from account import Account, holds, refused

OWN = {"AutoScalingGroupName": "web"}


def _warm(aws: Account) -> list[str]:
    return [
        one["LifecycleState"] for one in aws.autoscaling.describe_warm_pool(AutoScalingGroupName="web")["Instances"]
    ]


def warm_pools_have_a_state_and_a_size(aws: Account) -> None:
    aws.group(size=2)
    put, own = aws.autoscaling.put_warm_pool, {"AutoScalingGroupName": "web"}
    refused(put, "ValidationError", "Asleep", PoolState="Asleep", **own)
    refused(put, "ValidationError", "MinSize 3", MaxGroupPreparedCapacity=2, MinSize=3, **own)
    refused(put, "ValidationError", "desired", MaxGroupPreparedCapacity=1, **own)


def warm_pools_are_filled(aws: Account) -> None:
    members = aws.group(size=2)
    own = {"AutoScalingGroupName": "web"}
    aws.autoscaling.put_warm_pool(MaxGroupPreparedCapacity=4, **own)
    holds(len(_warm(aws)) == 2)
    aws.autoscaling.put_warm_pool(MinSize=1, MaxGroupPreparedCapacity=2, **own)
    holds(len(_warm(aws)) == 1)
    holds(aws.members() == members, "they are members")


def warm_pools_are_described(aws: Account) -> None:
    aws.group(size=1)
    aws.delay(boot=20)
    aws.autoscaling.put_warm_pool(AutoScalingGroupName="web", MaxGroupPreparedCapacity=3, PoolState="Stopped")
    holds(_warm(aws) == ["Warmed:Pending"] * 2)
    aws.step(21)
    holds(_warm(aws) == ["Warmed:Stopped"] * 2)
    told = aws.autoscaling.describe_warm_pool(AutoScalingGroupName="web", MaxRecords=1)
    holds(len(told["Instances"]) == 1 and told["NextToken"], "everything at once")
    states = [one["State"]["Name"] for row in aws.ec2.describe_instances()["Reservations"] for one in row["Instances"]]
    holds(sorted(states) == ["running", "stopped", "stopped"], f"{states}")


def warm_pools_are_deleted_with_their_instances(aws: Account) -> None:
    aws.group(size=1)
    own = {"AutoScalingGroupName": "web"}
    refused(aws.autoscaling.delete_warm_pool, "ValidationError", "No warm pool", **own)
    aws.delay(terminate=30)
    aws.autoscaling.put_warm_pool(MaxGroupPreparedCapacity=3, **own)
    aws.autoscaling.delete_warm_pool(**own)
    told = aws.autoscaling.describe_warm_pool(**own)
    holds((told["WarmPoolConfiguration"].get("Status"), len(told["Instances"])) == ("PendingDelete", 2))
    aws.step(31)
    told = aws.autoscaling.describe_warm_pool(**own)
    holds("WarmPoolConfiguration" not in told and not told["Instances"], "still there")


def groups_show_the_size_of_their_warm_pool(aws: Account) -> None:
    aws.group(size=1)
    holds("WarmPoolSize" not in aws.described())
    aws.autoscaling.put_warm_pool(AutoScalingGroupName="web", MaxGroupPreparedCapacity=3)
    holds(aws.described().get("WarmPoolSize") == 2)
