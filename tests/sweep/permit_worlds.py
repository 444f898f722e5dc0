"""Worlds for actions that no swept change asks for, and what a line in them is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alarm_worlds import MARKS, put
from arena import Arena
from botocore.exceptions import ClientError
from deploy_worlds import begin, config, end
from guard_scenarios import ALARM, guarded
from launch_worlds import CONFIG, NEW_IMAGE, mixed_world, template_world, write_config
from scenario import after, cut_off
from scenarios import EVERY
from state import OURS

from udo.sandbox.strict import DeploymentFault, LaunchFault, launch_faults
from udo.sandbox.strict.codedeploy.faults import deployment_faults

WEBAPP = ("prod", "webapp")
# In a command line, the newest deployment to the group.
DEPLOYMENT = "DEPLOYMENT"


@dataclass(frozen=True)
class Line:
    """A command line in a world; `strike` is what goes wrong in it, and stands in no copy of the world."""

    words: tuple[str, ...]
    build: Callable[[Arena], None]
    config: str = CONFIG
    first: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    strike: Callable[[Any], None] = lambda _world: None


RICH = config(
    """
        keypair_name: ops, iam_profile: shop, security_groups: [sg-0a1b2c3d4e5f60718], subnets_cidr: [10.1.1.0/24],
        target_groups: [web], elbs: [classic], guards: {alarms: [shop-5xx]},
        scaling_policies: {up: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 2}},
        scheduled_actions: {night: {Recurrence: '0 22 * * *', MinSize: 0}},
        lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}},
        alarms: {depth: {metric: Shop/Depth, above: 500, tell: on-call}}"""
)
LATTICE = "arn:aws:vpc-lattice:us-west-2:123456789012:targetgroup/tg-0a1b2c3d4e5f60718"


def seeded(arena: Arena) -> None:
    arena.world.seed(arena.config())


def rich(arena: Arena) -> None:
    """A group with everything of its own, a deployment that failed, and a refresh."""
    seeded(arena)
    put(arena.world, f"{OURS}-depth", tags=[{"Key": "udo:cluster", "Value": "prod"}])
    begin(arena.world)
    end(arena.world)
    deployment_faults.add(DeploymentFault(event="Install", script="bin/x", instance=None))
    begin(arena.world, "1111111111111111111111111111111111111111")
    end(arena.world)
    deployment_faults.clear()
    arena.world.client("autoscaling").start_instance_refresh(AutoScalingGroupName=OURS)


def launches_fail(world: Any) -> None:
    launch_faults.add(LaunchFault(error="type"))


def lacking(world: Any) -> None:
    """The group lacks a member besides, and none can be launched."""
    launches_fail(world)
    client = world.client("autoscaling")
    group = client.describe_auto_scaling_groups(AutoScalingGroupNames=[OURS])["AutoScalingGroups"][0]
    client.update_auto_scaling_group(AutoScalingGroupName=OURS, DesiredCapacity=group["DesiredCapacity"] + 1)


LOCKED = after(seeded, "lock", *WEBAPP)
NAMED = f"""
region: us-west-2
ami: {NEW_IMAGE}
launch: {{keep: 1}}
clusters:
  prod:
    roles:
      webapp: {{keypair_name: NAME, security_groups: [NAME], iam_profile: NAME}}
"""
ONE, TWO = NAMED.replace("NAME", "one"), NAMED.replace("NAME", "two")
PLAN = "home/plan"


def profile(iam: Any, name: str) -> None:
    """An instance profile with a role."""
    trusted = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    iam.create_instance_profile(InstanceProfileName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


TAGS = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "payments"}]}]


def tagged(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """The world with a template that tags what is launched from it."""

    def built(arena: Arena) -> None:
        build(arena)
        made = arena.world.client("ec2").create_launch_template_version(
            LaunchTemplateName=OURS, SourceVersion="1", LaunchTemplateData={"TagSpecifications": TAGS}
        )
        number = str(made["LaunchTemplateVersion"]["VersionNumber"])
        arena.world.client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=OURS, LaunchTemplate={"LaunchTemplateName": OURS, "Version": number}
        )

    return built


def mixed(arena: Arena) -> None:
    """A mixed instances policy around a template that has a profile, and tags what is launched from it."""
    mixed_world(arena.world)
    profile(arena.world.client("iam"), "one")
    data = {"IamInstanceProfile": {"Name": "one"}, "TagSpecifications": TAGS}
    arena.world.client("ec2").create_launch_template_version(
        LaunchTemplateName=OURS, SourceVersion="1", LaunchTemplateData=data
    )
    policy = {"LaunchTemplateSpecification": {"LaunchTemplateName": OURS, "Version": "2"}}
    arena.world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=OURS, MixedInstancesPolicy={"LaunchTemplate": policy}
    )


MIXED = CONFIG.replace(
    "instance_type: m7g.large", "mixed_instances: {InstancesDistribution: {OnDemandBaseCapacity: 2}}"
)


def names(arena: Arena, *, inside: bool = True) -> None:
    """A group on a template, with all that launch data may name; `inside` a subnet, or in zones alone."""
    template_world(arena.world)
    ec2 = arena.world.client("ec2")
    found = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-west-2a"]}])["Subnets"][0]
    for name in ("one", "two"):
        ec2.create_key_pair(KeyName=name)
        ec2.create_security_group(GroupName=name, Description=name, VpcId=found["VpcId"])
        profile(arena.world.client("iam"), name)
    if inside:
        arena.world.client("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=OURS, VPCZoneIdentifier=found["SubnetId"]
        )


def nowhere(arena: Arena) -> None:
    names(arena, inside=False)


def renamed(arena: Arena) -> None:
    """The same once the group launches other names than at first."""
    after(names, "updatelc", *WEBAPP)(arena)
    text = Path("udo.yml").read_text(encoding="utf-8")
    write_config(ONE if text == TWO else TWO)
    done = arena.run("updatelc", *WEBAPP)
    assert done.exit == 0, done.stderr
    write_config(text)


def with_guards(name: str) -> Line:
    """A swept change whose role has an alarm that guards it."""
    one = EVERY[name]
    text = one.config.replace("\nclusters:", f"\nguards: {{alarms: [{ALARM}]}}\nclusters:", 1)
    # The world may be built by a command line that they guard.
    return Line(one.words, after_alarms(one.build), text, one.first)


def after_alarms(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """The world, built where the alarms are there before."""

    def built(arena: Arena) -> None:
        guarded(lambda _: None)(arena)
        build(arena)

    return built


def said_otherwise(name: str, text: str, *more: str) -> Line:
    """A swept change with another udo.yml, and more words."""
    one = EVERY[name]
    return Line((*one.words, *more), one.build, text, one.first)


OTHERWISE = config(
    """
        subnets_cidr: [10.1.9.0/24], target_groups: [web], elbs: [classic], metrics: [GroupMinSize],
        tags: {team: payments}, traffic_sources: [{Identifier: '"""
    + LATTICE
    + """', Type: vpc-lattice}],
        scaling_policies: {up: {AdjustmentType: ChangeInCapacity, ScalingAdjustment: 2}},
        scheduled_actions: {night: {Recurrence: '0 22 * * *', MinSize: 0}},
        lifecycle_hooks: {drain: {LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING', HeartbeatTimeout: 60}},
        alarms: {depth: {metric: Shop/Depth, above: 500}, any: {composite: ALARM(depth)}}"""
)


def otherwise(arena: Arena) -> None:
    """A group that has of its own what udo.yml does not say, and nothing of what it does."""
    seeded(arena)
    world, group = arena.world, {"AutoScalingGroupName": OURS}
    client = world.client("autoscaling")
    client.detach_load_balancers(**group, LoadBalancerNames=["classic"])
    found = client.describe_auto_scaling_groups(AutoScalingGroupNames=[OURS])["AutoScalingGroups"][0]
    for one in client.describe_traffic_sources(**group)["TrafficSources"]:
        client.detach_traffic_sources(**group, TrafficSources=[{key: one[key] for key in ("Identifier", "Type")}])
    vpc = world.client("ec2").describe_subnets(SubnetIds=found["VPCZoneIdentifier"].split(","))["Subnets"][0]["VpcId"]
    subnet = world.client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.1.8.0/24", AvailabilityZone="us-west-2a")
    client.update_auto_scaling_group(**group, VPCZoneIdentifier=subnet["Subnet"]["SubnetId"])
    made = world.client("elbv2").create_target_group(Name="old", Protocol="HTTP", Port=80, VpcId=vpc)
    client.attach_load_balancer_target_groups(**group, TargetGroupARNs=[made["TargetGroups"][0]["TargetGroupArn"]])
    client.put_scaling_policy(**group, PolicyName="old", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1)
    client.put_scheduled_update_group_action(**group, ScheduledActionName="old", Recurrence="0 6 * * *", MinSize=0)
    holds = {"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "HeartbeatTimeout": 900}
    client.put_lifecycle_hook(**group, LifecycleHookName="old", **holds)
    client.enable_metrics_collection(**group, Granularity="1Minute", Metrics=["GroupMaxSize"])
    row = {"ResourceId": OURS, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": False}
    client.create_or_update_tags(Tags=[{**row, "Key": "old", "Value": "yes"}])
    client.delete_tags(Tags=[{**row, "Key": "team"}])
    for kind, name in (("policy", "up"), ("scheduled_action", "night"), ("lifecycle_hook", "drain")):
        deleted(client, group, kind, name)


def alarmed_otherwise(arena: Arena) -> None:
    """The same, with an alarm of the role's that is not as udo.yml says."""
    otherwise(arena)
    put(arena.world, f"{OURS}-depth", Threshold=100.0, tags=MARKS)


def deleted(client: Any, group: dict[str, str], kind: str, name: str) -> None:
    keys = {"policy": "PolicyName", "scheduled_action": "ScheduledActionName", "lifecycle_hook": "LifecycleHookName"}
    with suppress(ClientError):
        getattr(client, f"delete_{kind}")(**group, **{keys[kind]: name})


def parameter(build: Callable[[Arena], None]) -> Callable[[Arena], None]:
    """The world with an image in a parameter."""

    def built(arena: Arena) -> None:
        arena.world.client("ssm").put_parameter(Name="/shop/image", Value=NEW_IMAGE, Type="String")
        build(arena)

    return built


LOOKED_UP = CONFIG.replace(NEW_IMAGE, "'${ssm:/shop/image}'")


def following(arena: Arena) -> None:
    """A group that follows the newest version of its template."""
    template_world(arena.world)
    arena.world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=OURS, LaunchTemplate={"LaunchTemplateName": OURS, "Version": "$Latest"}
    )


def sick(arena: Arena) -> None:
    """A group with a member that is unhealthy and stays."""
    EVERY["deploy-next"].build(arena)
    client = arena.world.client("autoscaling")
    client.suspend_processes(AutoScalingGroupName=OURS, ScalingProcesses=["Terminate", "ReplaceUnhealthy"])
    client.set_instance_health(InstanceId=arena._first(), HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)


def large(_world: Any) -> None:
    """A folder that goes out in three parts."""
    folder = Path("home/build")
    folder.mkdir(exist_ok=True)
    (folder / "appspec.yml").write_text("version: 0.0\nos: linux\nfiles:\n  - source: /\n    destination: /srv\n")
    (folder / "noise").write_bytes(random.Random(1).randbytes(11 * 1024**2))


UPLOAD = ("deploy", *WEBAPP, "--bundle", "home/build", "--no-wait")


def left_parts(arena: Arena) -> None:
    """Parts of that folder that a killed run has left two hours ago."""
    seeded(arena)
    large(arena.world)
    cut_off(lambda _: None, "UploadPart", *UPLOAD)(arena)
    arena.run("unlock", *WEBAPP, "--yes")
    arena.world.clock.step(7200)


def busy(arena: Arena) -> None:
    """A deployment of somebody else's is on its way."""
    seeded(arena)
    begin(arena.world)
    arena.world.clock.step(3)
    arena.world.advance()


def stopped(arena: Arena) -> None:
    """A deployment that somebody stopped."""
    busy(arena)
    done = arena.run("stop", *WEBAPP, "--timeout", "90s", "--yes")
    assert done.exit == 0, done.stderr


def busy_absent(arena: Arena) -> None:
    """The same to another group in the deployment group that the group is to join."""
    EVERY["create"].build(arena)
    begin(arena.world)


def without_application(arena: Arena) -> None:
    EVERY["create-template"].build(arena)
    arena.world.client("codedeploy").delete_deployment_group(applicationName="shop", deploymentGroupName=OURS)
    arena.world.client("codedeploy").delete_application(applicationName="shop")


def template_left(arena: Arena) -> None:
    """A launch template is there that somebody made under the name, otherwise than udo.yml says."""
    EVERY["create-template"].build(arena)
    data = {"ImageId": "ami-0aaaaaaaaaaaaaaaa", "InstanceType": "t3.micro"}
    arena.world.client("ec2").create_launch_template(LaunchTemplateName=OURS, LaunchTemplateData=data)


def recoverable(arena: Arena) -> None:
    """A deploy that had suspended processes was killed, and its deployment has ended."""
    EVERY["deploy-suspended"].build(arena)
    end(arena.world)
    arena.world.advance()


def two_suspended(arena: Arena) -> None:
    after(seeded, "suspend", *WEBAPP, "AZRebalance", "AlarmNotification")(arena)


def stored(arena: Arena) -> None:
    """Two revisions from S3 were deployed, one after the other."""
    seeded(arena)
    s3, deploys = arena.world.client("s3"), arena.world.client("codedeploy")
    s3.put_bucket_versioning(Bucket="releases", VersioningConfiguration={"Status": "Enabled"})
    for key in ("one", "two"):
        version = s3.put_object(Bucket="releases", Key=f"{key}.zip", Body=key.encode())["VersionId"]
        place = {"bucket": "releases", "key": f"{key}.zip", "bundleType": "zip", "version": version}
        deploys.create_deployment(
            applicationName="shop",
            deploymentGroupName=OURS,
            revision={"revisionType": "S3", "s3Location": place},
        )
        end(arena.world)
        arena.world.advance()


def between(arena: Arena) -> None:
    """A group on a version that is neither the newest nor the default of its template."""
    template_world(arena.world)
    for _ in range(2):
        arena.world.client("ec2").create_launch_template_version(
            LaunchTemplateName=OURS, SourceVersion="1", LaunchTemplateData={}
        )
    arena.world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=OURS, LaunchTemplate={"LaunchTemplateName": OURS, "Version": "2"}
    )


def gone(arena: Arena) -> None:
    """The version that the group launches was deleted."""
    template_world(arena.world)
    ec2 = arena.world.client("ec2")
    ec2.create_launch_template_version(LaunchTemplateName=OURS, SourceVersion="1", LaunchTemplateData={})
    ec2.modify_launch_template(LaunchTemplateName=OURS, DefaultVersion="2")
    ec2.delete_launch_template_versions(LaunchTemplateName=OURS, Versions=["1"])


BACK = ("rollback", *WEBAPP, "--code", "--timeout", "90s")
OWN = "deploy: {config: slow, suspend: [AlarmNotification]}"
S3 = config("deploy: {github: null, s3: {bucket: releases}}")
SAID = CONFIG.replace(
    "instance_type: m7g.large", "instance_type: m7g.large, deploy: {application: shop, deployment_group: x}"
)
