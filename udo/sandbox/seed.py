"""Builds the world a udo.yml describes: its groups as if they had always been there."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from udo.errors import UdoError
from udo.sandbox import images
from udo.sandbox.hooks import DEFAULT_ACCOUNT
from udo.sandbox.images import wanted_id
from udo.sandbox.network import Network
from udo.sandbox.outputs import VALUE, make_stacks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.config import Config, Lookup, Role
    from udo.sandbox.world import World

_REGION = "us-east-1"
_IMAGE = "ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
# Source: API_CreateRole, RoleName.
_ROLE_NAME = 64


def build(world: World, config: Config) -> list[str]:
    """Builds every role's group and what it rests on; returns what a person should know about the result.

    The first role of the last cluster is launched from an earlier image than its udo.yml asks for, so that `updatelc`
    has a change to make.

    The account is the first one that a role names.

    Raises: ConfigError where a value rests on something that is not known here; UdoError for a role that AWS refuses.
    """
    roles = [role for cluster in config.clusters.values() for role in cluster.roles.values()]
    world.owner.account = next((role.account for role in roles if role.account), DEFAULT_ACCOUNT)
    world.region = next((role.region for role in roles if role.region), _REGION)
    behind = _behind(config)
    networks: dict[str, Network] = {}
    make_stacks(world, config, [(_region(world, role), one) for role in roles for one in _lookups(role, "cfn")])
    known = [_known(world, role) for role in roles]
    for role in known:
        region = role.region or world.region
        network = networks.setdefault(region, Network(world, region))
        try:
            _group(world, region, network, role, behind=role.label == behind)
        except ClientError as error:
            told = f"{error.operation_name}: {error.response['Error']['Message']}"
            raise UdoError(f"{role.label} cannot be built in the sandbox: AWS refuses its {told}") from error
        _alarms(world, region, role)
        world.roles[role.group_name] = (role.cluster, role.name)
    _deployments(world, known)
    world.advance()
    return [*_remarks(known, behind), *_elsewhere(world, known)]


def regions(world: World) -> list[str]:
    """The regions in which the world has groups."""
    from moto.autoscaling.models import autoscaling_backends

    backends = autoscaling_backends[world.account]
    return sorted(region for region in list(backends.keys()) if backends[region].autoscaling_groups)


def _behind(config: Config) -> str | None:
    cluster = list(config.clusters.values())[-1]
    role = next(iter(cluster.roles.values()), None)
    return role.label if role is not None and role.has("ami") else None


def _remarks(roles: Iterable[Role], behind: str | None) -> list[str]:
    if behind is None:
        return []
    role = next(role for role in roles if role.label == behind)
    return [f"{role.group_name} runs an earlier image than udo.yml asks for: try 'udo updatelc {behind} --dry-run'"]


def _elsewhere(world: World, roles: Iterable[Role]) -> list[str]:
    others = [role for role in roles if role.account not in (None, world.account)]
    if not others:
        return []
    labels = ", ".join(role.label for role in others)
    return [f"the sandbox is account {world.account} alone: {labels} will be refused there as of another account"]


def _known(world: World, role: Role) -> Role:
    """The role with an answer to each of its lookups; those in Parameter Store are put there."""
    region = _region(world, role)
    answers = {one: images.parameter(world, region, one.argument, VALUE) for one in _lookups(role, "ssm")}
    return role.resolved({**answers, **dict.fromkeys(_lookups(role, "cfn"), VALUE)})


def _lookups(role: Role, kind: str) -> list[Lookup]:
    from udo import schema

    keys = [path for path, key in schema.BY_PATH.items() if not key.parent and key.kind != "sections"]
    return [lookup for lookup in role.lookups(*keys) if lookup.kind == kind]


def _region(world: World, role: Role) -> str:
    return role.region or world.region


def _group(world: World, region: str, network: Network, role: Role, *, behind: bool) -> None:
    subnets = network.subnets(role)
    groups = network.security_groups(role)
    _identity(world, region, role)
    _snapshots(world, region, role)
    image = images.image_id(world, region, role.get("ami") or _IMAGE, role.get("instance_type") or "t3.micro")
    # Names are what a launch configuration takes in the default VPC alone, and a template nowhere.
    by_name = role.get("launch.as") == "configuration" and network.in_default_vpc(role)
    image = images.earlier(image) if behind else image
    launch = _launch(world, region, role, image, {"security_groups": groups} if groups and not by_name else {})
    place = {"VPCZoneIdentifier": ",".join(subnets)} if subnets else {"AvailabilityZones": network.zones(role)}
    balanced = _balancers(world, region, network, role)
    world.client("autoscaling", region).create_auto_scaling_group(
        AutoScalingGroupName=role.group_name,
        Tags=_tags(role),
        **launch,
        **place,
        **balanced,
        **_sizes(role),
        **_health(role),
    )


def _alarms(world: World, region: str, role: Role) -> None:
    """The alarms that guard the role, which are OK as long as nobody rings them."""
    client = world.client("cloudwatch", region)
    measured = {"Namespace": "Sandbox", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 0.0}
    for name in role.get("guards.alarms") or ():
        client.put_metric_alarm(
            AlarmName=name,
            MetricName=name,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
            **measured,
        )
        client.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="Made by the sandbox")


def _identity(world: World, region: str, role: Role) -> None:
    if key_pair := role.get("keypair_name"):
        with _once("InvalidKeyPair.Duplicate"):
            world.client("ec2", region).import_key_pair(KeyName=key_pair, PublicKeyMaterial=world.public_key.encode())
    if profile := role.get("iam_profile"):
        _profile(world, profile.rpartition("/")[2])


def _profile(world: World, name: str) -> None:
    """An instance profile with a role that is called like it, as AWS's console makes them."""
    iam, role = world.client("iam"), name[:_ROLE_NAME]
    with _once("EntityAlreadyExists"):
        iam.create_instance_profile(InstanceProfileName=name)
        with _once("EntityAlreadyExists"):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=_trust("ec2"))
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _snapshots(world: World, region: str, role: Role) -> None:
    """The snapshots that the role's volumes start from, under their ids."""
    for mapping in role.get("block_device_mappings") or ():
        if snapshot := (mapping.get("Ebs") or {}).get("SnapshotId"):
            images.snapshot(world, region, snapshot)


def _launch(world: World, region: str, role: Role, image: str, by_id: Mapping[str, Any]) -> dict[str, Any]:
    """What the group launches from; `by_id` are its security groups, where they are not named as udo.yml does."""
    from udo.launch.overlay import configuration_keys, launch_keys, template_keys

    keys = {"instance_type": "t3.micro", **launch_keys(role, ami=image), **by_id}
    if role.get("launch.as") == "configuration":
        name = f"{role.group_name}-v1"
        named = configuration_keys(keys)
        if "UserData" in named:
            # For this one operation botocore encodes user data by itself.
            named["UserData"] = base64.b64decode(named["UserData"])
        world.client("autoscaling", region).create_launch_configuration(LaunchConfigurationName=name, **named)
        return {"LaunchConfigurationName": name}
    made = world.client("ec2", region).create_launch_template(
        LaunchTemplateName=role.group_name, LaunchTemplateData=template_keys(keys, {})
    )["LaunchTemplate"]
    return {"LaunchTemplate": {"LaunchTemplateId": made["LaunchTemplateId"], "Version": "1"}}


def _balancers(world: World, region: str, network: Network, role: Role) -> dict[str, list[Any]]:
    """The role's load balancers: classic ones and target groups by name (an ARN's too), those of VPC Lattice by ARN."""
    classic, targets, arns = list(role.get("elbs") or ()), role.get("target_groups") or (), []
    subnets = network.subnets(role) or network.default_subnets() if classic or targets else []
    listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
    for name in classic:
        with _once("DuplicateLoadBalancerName"):
            world.client("elb", region).create_load_balancer(
                LoadBalancerName=name, Listeners=[listener], Subnets=subnets
            )
    for target in targets:
        arns.append(_target_group(world, region, target, subnets, network.vpc_of(subnets[0])))
    mesh = [one["Identifier"] for one in role.get("traffic_sources") or () if ":vpc-lattice:" in one["Identifier"]]
    for arn in mesh:
        _lattice(world, region, arn)
    sources = [{"Identifier": arn, "Type": "vpc-lattice"} for arn in mesh]
    given = {"LoadBalancerNames": classic, "TargetGroupARNs": arns, "TrafficSources": sources}
    return {key: value for key, value in given.items() if value}


def _lattice(world: World, region: str, arn: str) -> None:
    """A target group of VPC Lattice under its ARN."""
    from moto.vpclattice.models import vpclattice_backends

    known = vpclattice_backends[world.account][region].target_groups
    name = arn.rpartition("/")[2]
    if name not in known:
        made = world.client("vpc-lattice", region).create_target_group(name=name, type="INSTANCE")
        known[name] = known.pop(made["id"])
        known[name].id, known[name].arn = name, arn


def _target_group(world: World, region: str, target: str, subnets: list[str], vpc: str) -> str:
    """The ARN of a target group, which a load balancer of its name forwards to."""
    elbv2 = world.client("elbv2", region)
    arn = target if target.startswith("arn:") else None
    name = target.split("/")[1] if arn else target
    made_like = wanted_id("moto.elbv2.models", "make_arn_for_target_group", arn)
    with _once("DuplicateTargetGroupName"), made_like:
        made = elbv2.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
        balancer = elbv2.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
        forward = {"Type": "forward", "TargetGroupArn": made["TargetGroupArn"]}
        elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[forward])
    return str(elbv2.describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"])


def _sizes(role: Role) -> dict[str, int]:
    least, most, desired = (role.get(f"scale_policy.{key}") for key in ("min_size", "max_size", "desired"))
    count = next((number for number in (desired, least) if number is not None), 1)
    return {
        "MinSize": min(count, count if least is None else least),
        "MaxSize": max(count, count if most is None else most),
        "DesiredCapacity": count,
    }


def _health(role: Role) -> dict[str, Any]:
    kind, grace = role.get("health_check.type"), role.get("health_check.grace")
    said = {"HealthCheckType": ",".join(kind)} if kind else {}
    return said if grace is None else {**said, "HealthCheckGracePeriod": int(grace)}


def _tags(role: Role) -> list[dict[str, Any]]:
    tags = {"Name": role.group_name, **(role.get("tags") or {})}
    return [{"Key": key, "Value": str(value), "PropagateAtLaunch": True} for key, value in tags.items()]


def _deployments(world: World, roles: Iterable[Role]) -> None:
    """Each CodeDeploy deployment group with every Auto Scaling group whose role names it."""
    groups: dict[tuple[str, str, str], list[Role]] = {}
    for role in roles:
        region = role.region or world.region
        application, name = role.get("deploy.application"), role.get("deploy.deployment_group")
        if bucket := role.get("deploy.s3.bucket"):
            _bucket(world, region, bucket)
        if application:
            with _once("ApplicationAlreadyExistsException"):
                world.client("codedeploy", region).create_application(
                    applicationName=application, computePlatform="Server"
                )
        if application and name:
            groups.setdefault((region, application, name), []).append(role)
    for (region, application, name), members in groups.items():
        _deployment_group(world, region, application, name, members)


def _deployment_group(world: World, region: str, application: str, name: str, roles: list[Role]) -> None:
    with _once("EntityAlreadyExists"):
        world.client("iam").create_role(RoleName="sandbox-codedeploy", AssumeRolePolicyDocument=_trust("codedeploy"))
    configs = [config for role in roles if (config := role.get("deploy.config"))]
    instances = sum(_sizes(role)["DesiredCapacity"] for role in roles)
    for config in configs:
        _deployment_config(world, region, config, instances)
    world.client("codedeploy", region).create_deployment_group(
        applicationName=application,
        deploymentGroupName=name,
        serviceRoleArn=f"arn:aws:iam::{world.account}:role/sandbox-codedeploy",
        autoScalingGroups=[role.group_name for role in roles],
        **({"deploymentConfigName": configs[0]} if configs else {}),
    )


def _deployment_config(world: World, region: str, name: str, instances: int) -> None:
    """A configuration of the account's own: udo.yml says no more of it than its name, so half stay healthy.

    Of one instance half is all, and nothing could be deployed.
    """
    if not name.startswith("CodeDeployDefault."):
        with _once("DeploymentConfigAlreadyExistsException"):
            world.client("codedeploy", region).create_deployment_config(
                deploymentConfigName=name,
                minimumHealthyHosts={"type": "FLEET_PERCENT", "value": 50 if instances > 1 else 0},
            )


def _bucket(world: World, region: str, bucket: str) -> None:
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with _once("BucketAlreadyOwnedByYou"):
        world.client("s3", region).create_bucket(Bucket=bucket, **place)


@contextlib.contextmanager
def _once(code: str) -> Any:
    """Lets what is already there be."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != code:
            raise
