"""Worlds for dashboards: roles behind load balancers and at queues, and what CloudWatch has of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from alarm_worlds import cloudwatch
from deploy_worlds import config
from update_worlds import asg

NAME = "shop-prod"
SHOW, PUT = ("dashboard", "prod"), ("dashboard", "prod", "--put")
SAYS = """alarms: {
        any: {composite: 'ALARM(depth) OR ALARM(slow)'},
        depth: {metric: AWS/SQS/ApproximateNumberOfMessagesVisible, dimensions: {QueueName: jobs}, above: 500},
        slow: {metric: Shop/Latency, at_least: 2.5, for: 2 of 3 x 5m, statistic: p99},
        rate: {below: 1, metrics: [{Id: rate, Expression: 'lost / jobs'},
          {Id: lost, ReturnData: false, MetricStat: {Metric: {Namespace: Shop, MetricName: Lost}, Stat: Sum}},
          {Id: jobs, ReturnData: false, MetricStat: {Metric: {Namespace: Shop, MetricName: Jobs}, Stat: Sum}}]}}"""


def write(role: str = SAYS, more: str = "") -> None:
    Path("udo.yml").write_text(config(role, more))


def live(world: Any, name: str = NAME) -> dict[str, Any]:
    """The body of a dashboard."""
    return dict(json.loads(cloudwatch(world).get_dashboard(DashboardName=name)["DashboardBody"]))


def put(world: Any, body: Any, name: str = NAME) -> None:
    """Puts a dashboard as somebody else does."""
    cloudwatch(world).put_dashboard(DashboardName=name, DashboardBody=json.dumps(body))


def widgets(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of graphs and of states of alarms, by their titles."""
    return {one["properties"]["title"]: one["properties"] for one in body["widgets"] if one["type"] != "text"}


def dashboards(world: Any) -> list[str]:
    return [one["DashboardName"] for one in cloudwatch(world).list_dashboards()["DashboardEntries"]]


def behind_balancers(world: Any, group: str = "prod-webapp") -> tuple[str, str]:
    """Puts a group behind an application load balancer and a classic one; the dimensions of the former."""
    ec2, client = world.client("ec2"), world.client("elbv2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"] if one["VpcId"] == vpc][:2]
    target = client.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    balancer = client.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}]
    client.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)
    asg(world).attach_load_balancer_target_groups(
        AutoScalingGroupName=group, TargetGroupARNs=[target["TargetGroupArn"]]
    )
    listener = {"Protocol": "http", "LoadBalancerPort": 80, "InstancePort": 80}
    world.client("elb").create_load_balancer(
        LoadBalancerName="old", Listeners=[listener], AvailabilityZones=["us-west-2a"]
    )
    asg(world).attach_load_balancers(AutoScalingGroupName=group, LoadBalancerNames=["old"])
    return target["TargetGroupArn"].rpartition(":")[2], balancer.partition(":loadbalancer/")[2]
