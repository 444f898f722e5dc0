"""Worlds for create: everything that a new group rests on is there, beside a group named almost like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

CREATE = ("create", "prod", "webapp")
IMAGE = "ami-0aaaaaaaaaaaaaaaa"
_HEAD = """
app_name: shop
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
clusters:
  prod:
    roles:
      web:
        availability_zones: [us-west-2a]
        scale_policy: {min_size: 1, max_size: 4, desired: 1}
"""
BASE = "scale_policy: {min_size: 1, max_size: 4, desired: 2}"
ZONES = "availability_zones: [us-west-2a, us-west-2b]"


def config(*lines: str) -> str:
    """udo.yml with a group that is there, and another one, of these lines, that is not."""
    return f"{_HEAD}      webapp:\n" + "".join(f"        {line}\n" for line in (lines or (BASE, ZONES)))


def write(*lines: str) -> None:
    Path("udo.yml").write_text(config(*lines))


def asg(world: Any) -> Any:
    return world.client("autoscaling")


def groups(world: Any) -> set[str]:
    told = asg(world).describe_auto_scaling_groups()["AutoScalingGroups"]
    return {one["AutoScalingGroupName"] for one in told}


def group(world: Any, name: str = "prod-webapp") -> dict[str, Any]:
    told = asg(world).describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    found: dict[str, Any] = told[0]
    return found


def sizes(world: Any, name: str = "prod-webapp") -> tuple[int, int, int]:
    found = group(world, name)
    return found["MinSize"], found["DesiredCapacity"], found["MaxSize"]


def tags(world: Any, name: str = "prod-webapp") -> dict[str, tuple[str, bool]]:
    return {one["Key"]: (one["Value"], one["PropagateAtLaunch"]) for one in group(world, name)["Tags"]}


def template(world: Any, number: str = "$Latest") -> dict[str, Any]:
    asked = {"LaunchTemplateName": "prod-webapp", "Versions": [number]}
    told = world.client("ec2").describe_launch_template_versions(**asked)["LaunchTemplateVersions"]
    found: dict[str, Any] = told[0]["LaunchTemplateData"]
    return found


def vpc(world: Any, cidr: str = "10.1.0.0/16") -> str:
    return str(world.client("ec2").create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])


def subnet(world: Any, of: str, cidr: str, zone: str = "us-west-2a", **tags: str) -> str:
    ec2 = world.client("ec2")
    made = ec2.create_subnet(VpcId=of, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
    if tags:
        ec2.create_tags(Resources=[made], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    return str(made)


def security_group(world: Any, of: str, name: str) -> str:
    made = world.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=of)
    return str(made["GroupId"])


def target_group(world: Any, of: str, name: str = "web", kind: str = "instance") -> str:
    asked = {"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": of, "TargetType": kind}
    made = world.client("elbv2").create_target_group(**asked)["TargetGroups"][0]
    return str(made["TargetGroupArn"])


def hooks_of(world: Any, name: str = "prod-webapp") -> list[str]:
    told = asg(world).describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
    return [one["LifecycleHookName"] for one in told]
