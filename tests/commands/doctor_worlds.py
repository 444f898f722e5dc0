"""Worlds for `udo doctor`: one in which all is well, and what spoils it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

GROUP, TEMPLATE = "prod-web", "prod-web"
IMAGE = "ami-0d1e2c3b4a5968778"
TOPIC = "arn:aws:sns:us-west-2:123456789012:on-call"
CONFIG = f"""
app_name: shop
region: us-west-2
ami: {IMAGE}
instance_type: t3.small
keypair_name: shop
iam_profile: shop-instance
security_groups: [sg-0a1b2c3d4e5f60718]
metadata_options: {{HttpTokens: required}}
subnets_cidr: [10.1.1.0/28, 10.1.2.0/28]
health_check: {{type: ELB}}
scale_policy: {{min_size: 0, max_size: 4, desired: 2}}
deploy: {{application: shop, github: {{repo: example/shop}}, config: CodeDeployDefault.AllAtOnce}}
clusters:
  prod:
    roles:
      web:
        deployment_group: prod-web
        target_groups: [prod-web]
        elbs: [prod-old]
        alarms: {{busy: {{metric: AWS/EC2/CPUUtilization, above: 80, tell: [on-call]}}}}
"""
PUT = {
    "MetricName": "CPUUtilization",
    "Namespace": "AWS/EC2",
    "Dimensions": [{"Name": "AutoScalingGroupName", "Value": GROUP}],
    "Statistic": "Average",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 80.0,
    "ComparisonOperator": "GreaterThanThreshold",
}

World = Any
Spoil = Callable[[World], Any]


def healthy(world: World) -> None:
    """What the seeded world lacks to be well: a topic that somebody listens to, and the alarm of udo.yml."""
    topic(world)
    alarm(world, "prod-web-busy")


def topic(world: World) -> None:
    sns = world.client("sns")
    sns.create_topic(Name="on-call")
    queue = world.client("sqs").create_queue(QueueName="on-call")["QueueUrl"].rpartition("/")[2]
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-west-2:123456789012:{queue}")


def alarm(world: World, name: str, **more: Any) -> None:
    asked = {"AlarmActions": [TOPIC], "OKActions": [TOPIC]} | more
    world.client("cloudwatch").put_metric_alarm(AlarmName=name, **(PUT | asked))


def group(world: World) -> dict[str, Any]:
    (row,) = asg(world).describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"]
    return row


def image(world: World) -> str:
    """What the group launches: the sandbox has it one behind what udo.yml says."""
    found = ec2(world).describe_launch_template_versions(LaunchTemplateName=TEMPLATE, Versions=["1"])
    return str(found["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"])


def members(world: World) -> list[str]:
    return [row["InstanceId"] for row in group(world)["Instances"]]


def asg(world: World) -> Any:
    return world.client("autoscaling")


def ec2(world: World) -> Any:
    return world.client("ec2")


def update(world: World, **more: Any) -> None:
    asg(world).update_auto_scaling_group(AutoScalingGroupName=GROUP, **more)


def tag(world: World, key: str, value: str) -> None:
    named = {"ResourceId": GROUP, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    asg(world).create_or_update_tags(Tags=[{**named, "Key": key, "Value": value}])


def version(world: World, **data: Any) -> None:
    """The group launches from a second version, which is the first with something else."""
    made = ec2(world).create_launch_template_version(
        LaunchTemplateName=TEMPLATE, SourceVersion="1", LaunchTemplateData=data or {"InstanceType": "t3.large"}
    )["LaunchTemplateVersion"]
    chosen = {"LaunchTemplateId": made["LaunchTemplateId"], "Version": str(made["VersionNumber"])}
    update(world, LaunchTemplate=chosen)


def template_gone(world: World) -> None:
    version(world)
    ec2(world).modify_launch_template(LaunchTemplateName=TEMPLATE, DefaultVersion="1")
    ec2(world).delete_launch_template_versions(LaunchTemplateName=TEMPLATE, Versions=["2"])


def profile_without_role(world: World) -> None:
    named = {"InstanceProfileName": "shop-instance", "RoleName": "shop-instance"}
    world.client("iam").remove_role_from_instance_profile(**named)


def profile_gone(world: World) -> None:
    profile_without_role(world)
    world.client("iam").delete_instance_profile(InstanceProfileName="shop-instance")


def security_group_gone(world: World) -> None:
    """A group without members lets its security group go."""
    update(world, DesiredCapacity=0)
    world.client("elb").delete_load_balancer(LoadBalancerName="prod-old")
    ec2(world).delete_security_group(GroupId="sg-0a1b2c3d4e5f60718")


def deprecate(world: World, days: float) -> None:
    when = datetime.fromtimestamp(world.clock.now() + days * 86400, UTC)
    ec2(world).enable_image_deprecation(ImageId=image(world), DeprecateAt=when)


def deprecated(world: World) -> None:
    deprecate(world, 1)
    world.clock.step(2 * 86400)


def target_group_gone(world: World) -> None:
    elbv2 = world.client("elbv2")
    (balancer,) = elbv2.describe_load_balancers(Names=["prod-web"])["LoadBalancers"]
    elbv2.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    elbv2.delete_target_group(TargetGroupArn=group(world)["TargetGroupARNs"][0])


def load_balancer_gone(world: World) -> None:
    world.client("elb").delete_load_balancer(LoadBalancerName="prod-old")


def refresh(world: World, **more: Any) -> str:
    asked = {"AutoScalingGroupName": GROUP, "Preferences": {"MinHealthyPercentage": 0, **more}}
    return str(asg(world).start_instance_refresh(**asked)["InstanceRefreshId"])


def suspend(world: World, *names: str, hours: float = 0.0) -> None:
    asg(world).suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=list(names))
    world.clock.step(hours * 3600)


def hook(world: World, *, group: str = GROUP, **more: Any) -> None:
    asked = {"AutoScalingGroupName": group, "LifecycleHookName": "drain", "HeartbeatTimeout": 300}
    transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    asg(world).put_lifecycle_hook(**asked, LifecycleTransition=transition, **more)


def heard_hook(world: World, pattern: str) -> None:
    hook(world)
    world.client("events").put_rule(Name="drains", EventPattern=pattern, State="ENABLED")


def lost_agent(world: World) -> str:
    """Deploys while nobody's agent answers, and waits for the end."""
    from udo.sandbox.strict.codedeploy.faults import DeploymentFault, deployment_faults
    from udo.sandbox.strict.codedeploy.lifecycle import NO_ANSWER

    deployment_faults.add(DeploymentFault(event="ApplicationStop", error_code="UnknownError", message=NO_ANSWER))
    client = world.client("codedeploy")
    revision = {"revisionType": "GitHub", "gitHubLocation": {"repository": "example/shop", "commitId": "a" * 40}}
    made = client.create_deployment(applicationName="shop", deploymentGroupName="prod-web", revision=revision)
    world.clock.step(7200)
    return str(made["deploymentId"])
