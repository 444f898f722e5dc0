"""Launches of groups that fail, in one zone or for what is gone, and what is kept of them: a case for each rule."""

from __future__ import annotations

from typing import Any

from account import ZONE, Account, holds


def _activities(aws: Account, **more: Any) -> list[dict[str, Any]]:
    asked = {"AutoScalingGroupName": "web", **more}
    found: list[dict[str, Any]] = aws.autoscaling.describe_scaling_activities(**asked)["Activities"]
    return found


def other_zones_take_what_one_cannot(aws: Account) -> None:
    aws.launch_fault(zone=ZONE)
    aws.group(size=2, AvailabilityZones=[ZONE, "us-west-2b"])
    holds([one["AvailabilityZone"] for one in aws.described()["Instances"]] == ["us-west-2b"] * 2, "in a bad zone")
    failed = [one["StatusMessage"] for one in _activities(aws) if one["StatusCode"] == "Failed"]
    holds(len(failed) == 1 and "do not have sufficient t3.small capacity" in failed[0], str(failed))
    only = {"CapacityDistributionStrategy": "balanced-only"}
    aws.group("two", 0, MinSize=0, AvailabilityZones=[ZONE, "us-west-2b"], AvailabilityZoneDistribution=only)
    aws.update("two", DesiredCapacity=2)
    holds(len(aws.members("two")) == 1)


def launches_need_what_they_name(aws: Account) -> None:
    aws.ec2.create_key_pair(KeyName="shop")
    aws.configuration(KeyName="shop")
    aws.group(size=1, LaunchConfigurationName="web")
    aws.ec2.delete_key_pair(KeyName="shop")
    aws.autoscaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=2)
    holds(len(aws.members()) == 1, "launched without its key pair")
    holds("The key pair 'shop' does not exist" in _activities(aws)[0]["StatusMessage"])


def activities_of_deleted_groups_are_apart(aws: Account) -> None:
    aws.group(size=1)
    aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
    aws.step(60)
    aws.group(size=1, LaunchConfigurationName="web")
    holds(len(_activities(aws)) == 1, "not one launch")
    every = _activities(aws, IncludeDeletedGroups=True)
    holds([one["AutoScalingGroupState"] for one in every] == ["InService", "Deleted", "Deleted"])


def unevenly_spread_groups_are_rebalanced(aws: Account) -> None:
    aws.launch_fault(zone=ZONE, times=1)
    aws.group(size=4, AvailabilityZones=[ZONE, "us-west-2b"])
    asked = {"AutoScalingGroupName": "web", "ScalingProcesses": ["AZRebalance"]}
    aws.autoscaling.suspend_processes(**asked)
    for _ in range(3):
        aws.step(600)
    holds(_in_zone(aws) == 0, "rebalanced though that is suspended")
    aws.autoscaling.resume_processes(**asked)
    for _ in range(8):
        aws.step(600)
    holds((_in_zone(aws), len(aws.members())) == (2, 4), f"{_in_zone(aws)} of {len(aws.members())} are in {ZONE}")
    causes = [one["Cause"] for one in _activities(aws)]
    holds(sum("launched to aid in balancing the group's zones" in one for one in causes) == 2, f"{causes}")
    holds(sum("launched to balance instances in zones" in one for one in causes) == 2, f"{causes}")


def _in_zone(aws: Account) -> int:
    return [one["AvailabilityZone"] for one in aws.described()["Instances"]].count(ZONE)
