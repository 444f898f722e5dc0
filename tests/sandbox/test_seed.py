"""The world a udo.yml describes: ids, blocks and account of the file, groups as if they had always been there."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest

from udo.errors import UdoError
from udo.sandbox.world import World

CONFIG = """
region: eu-west-1
account: "210987654321"
app_name: shop
clusters:
  stage:
    vpc: vpc-0aa1b2c3d4e5f6071
    subnets_cidr: [10.9.1.0/24, 192.168.4.0/24]
    roles:
      web:
        ami: ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64
        instance_type: m7g.large
        security_groups: [sg-0b2c3d4e5f6071829]
        keypair_name: shop
        iam_profile: arn:aws:iam::210987654321:instance-profile/shop-web
        deploy: {application: shop, deployment_group: stage, s3: {bucket: shop-releases}}
        tags: {team: payments}
        elbs: [stage-https]
        target_groups: [stage-web]
      cron:
        ami: ami-0fedcba9876543210
        deploy: {application: shop, deployment_group: stage}
        elbs: [stage-https]
        target_groups: [stage-web]
        description: ${ssm:/shop/motto}
        launch: {as: configuration}
  prod:
    region: us-west-2
    subnets: [subnet-0aa1b2c3d4e5f6071, subnet-0aa1b2c3d4e5f6072]
    roles:
      api:
        ami: {owner: "099720109477", name: "ubuntu/jammy-*-server"}
        group_name: api-blue
        packages: [shop-api]
        scale_policy: {min_size: 1, max_size: 5, desired: 3}
      plain: {scale_policy: {min_size: 0, max_size: 2}}
"""


@pytest.fixture
def config(seeded: Callable[[str], Any]) -> Any:
    return seeded(CONFIG)


def group(aws: Any, name: str, region: str = "eu-west-1") -> Any:
    (found,) = aws("autoscaling", region).describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    return found


def members(aws: Any, name: str, region: str = "eu-west-1") -> list[Any]:
    ids = [one["InstanceId"] for one in group(aws, name, region)["Instances"]]
    return [
        one for r in aws("ec2", region).describe_instances(InstanceIds=ids)["Reservations"] for one in r["Instances"]
    ]


def test_the_account_is_the_files(config: Any, aws: Any) -> None:
    assert aws("sts").get_caller_identity()["Account"] == "210987654321"
    assert ":210987654321:" in group(aws, "stage-web")["AutoScalingGroupARN"]


def test_the_ids_and_blocks_of_the_file_are_kept(config: Any, aws: Any) -> None:
    ec2 = aws("ec2", "eu-west-1")
    (vpc,) = ec2.describe_vpcs(VpcIds=["vpc-0aa1b2c3d4e5f6071"])["Vpcs"]
    blocks = {
        one["CidrBlock"]
        for one in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    }
    assert blocks == {"10.9.1.0/24", "192.168.4.0/24"}
    (security,) = ec2.describe_security_groups(GroupIds=["sg-0b2c3d4e5f6071829"])["SecurityGroups"]
    assert security["VpcId"] == vpc["VpcId"]
    (one,) = members(aws, "stage-web")
    assert one["VpcId"] == vpc["VpcId"]
    assert [found["GroupId"] for found in one["SecurityGroups"]] == ["sg-0b2c3d4e5f6071829"]
    subnets = aws("ec2", "us-west-2").describe_subnets(
        SubnetIds=["subnet-0aa1b2c3d4e5f6071", "subnet-0aa1b2c3d4e5f6072"]
    )
    assert len({found["AvailabilityZone"] for found in subnets["Subnets"]}) == 2


def test_a_role_may_name_security_groups_and_the_arn_of_a_target_group(seeded: Any, aws: Any) -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:210987654321:targetgroup/web/0123456789abcdef"
    seeded(f"""
region: eu-west-1
account: "210987654321"
clusters:
  stage:
    vpc: vpc-0aa1b2c3d4e5f6071
    subnets: [subnet-0aa1b2c3d4e5f6071]
    roles:
      web: {{security_groups: [sg-0b2c3d4e5f6071829, web], target_groups: ["{arn}"]}}
""")
    assert group(aws, "stage-web")["TargetGroupARNs"] == [arn]
    (one,) = members(aws, "stage-web")
    assert {found["GroupName"] for found in one["SecurityGroups"]} == {"group-0b2c3d4e5f6071829", "web"}
    vpcs = aws("ec2", "eu-west-1").describe_vpcs()["Vpcs"]
    assert {vpc["VpcId"]: vpc["IsDefault"] for vpc in vpcs}["vpc-0aa1b2c3d4e5f6071"] is False
    assert len(vpcs) == 2


PLACES = """
region: us-west-2
ami: ami-0aaaaaaaaaaaaaaaa
instance_type: t3.small
security_groups: [web, default]
scale_policy: {min_size: 1, max_size: 2}
clusters:
  prod:
    vpc: vpc-0aa1b2c3d4e5f6071
    subnets: [subnet-0aa1b2c3d4e5f6071]
    roles:
      web: {}
      old: {launch: {as: configuration}}
  stage: {vpc: vpc-0aa1b2c3d4e5f6072, subnets_cidr: [10.7.1.0/24], roles: {web: {}}}
  dev: {availability_zones: [us-west-2a], roles: {web: {}, old: {launch: {as: configuration}}}}
"""


def test_security_groups_by_name_are_in_the_vpc_where_the_group_of_the_role_lives(
    seeded: Any, aws: Any, udo: Any
) -> None:
    seeded(PLACES)
    default = next(one["VpcId"] for one in aws("ec2").describe_vpcs()["Vpcs"] if one["IsDefault"])
    places = {"prod": "vpc-0aa1b2c3d4e5f6071", "stage": "vpc-0aa1b2c3d4e5f6072", "dev": default}
    for name in ("prod-web", "prod-old", "stage-web", "dev-web", "dev-old"):
        (member,) = aws("ec2").describe_instances(
            Filters=[{"Name": "tag:aws:autoscaling:groupName", "Values": [name]}]
        )["Reservations"][0]["Instances"]
        ids = [one["GroupId"] for one in member["SecurityGroups"]]
        found = aws("ec2").describe_security_groups(GroupIds=ids)["SecurityGroups"]
        assert sorted((one["GroupName"], one["VpcId"]) for one in found) == [
            ("default", places[name.partition("-")[0]]),
            ("web", places[name.partition("-")[0]]),
        ], name
    assert "security_groups" not in udo("plan").stdout
    # What a newcomer does next: end a group, and make it again.
    assert udo("destroy", "prod", "web", "--confirm", "prod-web").exit == 0
    made = udo("create", "prod", "web")
    assert made.exit == 0, made.stderr


def test_a_group_launches_from_what_its_role_asks_for(config: Any, aws: Any) -> None:
    assert group(aws, "stage-web")["LaunchTemplate"]["LaunchTemplateName"] == "stage-web"
    assert group(aws, "stage-cron")["LaunchConfigurationName"] == "stage-cron-v1"
    data = aws("ec2", "eu-west-1").describe_launch_template_versions(LaunchTemplateName="stage-web", Versions=["1"])
    launch = data["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert launch["InstanceType"] == "m7g.large"
    assert launch["IamInstanceProfile"] == {"Arn": "arn:aws:iam::210987654321:instance-profile/shop-web"}


def test_the_boot_script_is_the_live_user_data(config: Any, aws: Any) -> None:
    data = aws("ec2", "us-west-2").describe_launch_template_versions(LaunchTemplateName="api-blue", Versions=["1"])
    script = data["LaunchTemplateVersions"][0]["LaunchTemplateData"]["UserData"]
    assert "shop-api" in base64.b64decode(script).decode()


def test_sizes_are_the_files_and_every_member_is_in_service(config: Any, aws: Any) -> None:
    found = group(aws, "api-blue", "us-west-2")
    assert (found["MinSize"], found["DesiredCapacity"], found["MaxSize"]) == (1, 3, 5)
    assert [one["LifecycleState"] for one in found["Instances"]] == ["InService"] * 3
    assert group(aws, "prod-plain", "us-west-2")["Instances"] == []


def test_members_carry_the_tags_of_their_group(config: Any, aws: Any) -> None:
    (one,) = members(aws, "stage-web")
    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    assert tags["team"] == "payments"
    assert tags["Name"] == tags["aws:autoscaling:groupName"] == "stage-web"


def test_load_balancers_are_there_and_groups_share_them(config: Any, aws: Any) -> None:
    found = group(aws, "stage-web")
    assert group(aws, "stage-cron")["TargetGroupARNs"] == found["TargetGroupARNs"]
    assert found["LoadBalancerNames"] == ["stage-https"]
    (target,) = aws("elbv2", "eu-west-1").describe_target_groups(Names=["stage-web"])["TargetGroups"]
    assert found["TargetGroupARNs"] == [target["TargetGroupArn"]]
    assert target["VpcId"] == "vpc-0aa1b2c3d4e5f6071"


def test_images_are_there_however_they_are_named(config: Any, aws: Any) -> None:
    path = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    wanted = aws("ssm", "eu-west-1").get_parameter(Name=path)["Parameter"]["Value"]
    (image,) = aws("ec2", "eu-west-1").describe_images(ImageIds=[wanted])["Images"]
    assert image["Architecture"] == "arm64"
    assert members(aws, "stage-web")[0]["ImageId"] == wanted
    named = aws("ec2", "us-west-2").describe_images(
        Owners=["099720109477"], Filters=[{"Name": "name", "Values": ["ubuntu/jammy-*-server"]}]
    )["Images"]
    assert len(named) == 2
    assert aws("ec2", "eu-west-1").describe_images(ImageIds=["ami-0fedcba9876543210"])["Images"]


def test_only_the_first_role_of_the_last_cluster_lags_behind(world: World, config: Any, aws: Any) -> None:
    images = aws("ec2", "us-west-2").describe_images(
        Owners=["099720109477"], Filters=[{"Name": "name", "Values": ["ubuntu/jammy-*-server"]}]
    )["Images"]
    older, newer = sorted(images, key=lambda image: str(image["CreationDate"]))
    assert {one["ImageId"] for one in members(aws, "api-blue", "us-west-2")} == {older["ImageId"]}
    assert older["ImageId"] != newer["ImageId"]
    world.reset()
    assert world.seed(config) == [
        "api-blue runs an earlier image than udo.yml asks for: try 'udo updatelc prod api --dry-run'"
    ]


def test_a_deployment_group_has_every_group_that_names_it(config: Any, aws: Any) -> None:
    found = aws("codedeploy", "eu-west-1").get_deployment_group(applicationName="shop", deploymentGroupName="stage")
    names = [one["name"] for one in found["deploymentGroupInfo"]["autoScalingGroups"]]
    assert names == ["stage-web", "stage-cron"]


@pytest.mark.parametrize(("size", "healthy"), [(1, 0), (4, 50)])
def test_deployment_configurations_of_the_account_are_there_and_let_deployments_begin(
    seeded: Any, aws: Any, size: int, healthy: int
) -> None:
    deploy = "{application: shop, deployment_group: prod, config: Ours.Slowly}"
    role = f"{{deploy: {deploy}, scale_policy: {{desired: {size}}}}}"
    seeded(f"region: us-west-2\nami: ami-0fedcba9876543210\nclusters: {{prod: {{roles: {{web: {role}}}}}}}\n")
    codedeploy = aws("codedeploy")
    config = codedeploy.get_deployment_config(deploymentConfigName="Ours.Slowly")["deploymentConfigInfo"]
    assert config["minimumHealthyHosts"]["value"] == healthy
    found = codedeploy.get_deployment_group(applicationName="shop", deploymentGroupName="prod")
    assert found["deploymentGroupInfo"]["deploymentConfigName"] == "Ours.Slowly"


def test_the_sandbox_is_one_account_and_says_so(seeded: Any, world: World, aws: Any) -> None:
    config = seeded(
        "region: us-west-2\nami: ami-0fedcba9876543210\nclusters:\n"
        "  stage: {account: '111111111111', roles: {web: {}}}\n  prod: {account: '222222222222', roles: {web: {}}}\n"
    )
    world.reset()
    remark = world.seed(config)[-1]
    assert "account 111111111111 alone: prod web will be refused" in remark
    assert aws("sts").get_caller_identity()["Account"] == "111111111111"


def test_lookups_in_parameter_store_have_an_answer(config: Any, aws: Any) -> None:
    assert aws("ssm", "eu-west-1").get_parameter(Name="/shop/motto")["Parameter"]["Value"]


def test_the_bucket_of_revisions_is_there(config: Any, aws: Any) -> None:
    assert "shop-releases" in {bucket["Name"] for bucket in aws("s3", "eu-west-1").list_buckets()["Buckets"]}


def test_the_alarms_that_guard_a_role_are_there_and_stay_ok(seeded: Any, world: World, aws: Any) -> None:
    seeded("region: us-west-2\nguards: {alarms: [all]}\nclusters: {prod: {roles: {web: {guards: {alarms: [a b]}}}}}\n")
    world.clock.step(7200)
    world.advance()
    found = aws("cloudwatch", "us-west-2").describe_alarms()["MetricAlarms"]
    assert {one["AlarmName"]: one["StateValue"] for one in found} == {"all": "OK", "a b": "OK"}


def test_the_world_is_an_hour_old_and_its_log_empty(world: World, config: Any, aws: Any) -> None:
    assert list(world.log) == []
    (one,) = members(aws, "stage-web")
    assert world.clock.now() - one["LaunchTime"].timestamp() == pytest.approx(3600, abs=5)


@pytest.mark.whole
def test_what_is_seeded_needs_no_change(seeded: Any, udo: Any, world: World) -> None:
    seeded()
    for role in ("stage webapp", "stage worker", "prod worker"):
        done = udo("updatelc", *role.split(), "--dry-run", "-o", "json")
        assert (done.exit, done.json["data"]["steps"]) == (0, []), done.stdout
    lagging = udo("updatelc", "prod", "webapp", "--dry-run")
    assert "  ~ ami  ami-" in lagging.stdout
    assert "user_data" not in lagging.stdout


@pytest.mark.whole
def test_a_fresh_world_takes_no_time(world: World, seeded: Any) -> None:
    config = seeded()
    taken = []
    for _ in range(3):
        began = time.process_time()
        world.reset()
        world.seed(config)
        taken.append(time.process_time() - began)
    assert min(taken) < 0.3


VOLUMES = """
app_name: shop
region: us-west-2
ami: ami-0fedcba9876543210
clusters:
  prod:
    roles:
      web:
        launch: {{as: {kind}}}
        security_groups: [default]
        block_device_mappings:
          - {{DeviceName: /dev/xvda, Ebs: {{VolumeType: gp3, Iops: 4000, Throughput: 250}}}}
          - {{DeviceName: /dev/sdf, Ebs: {{VolumeType: io1, VolumeSize: 20, Iops: 500}}}}
          - {{DeviceName: /dev/sdg, Ebs: {{SnapshotId: snap-0a1b2c3d4e5f60718}}}}
          - {{DeviceName: /dev/sdh, VirtualName: ephemeral0}}
"""


@pytest.mark.parametrize("kind", ["template", "configuration"])
def test_volumes_of_every_type_and_the_default_security_group_launch(aws: Any, seeded: Any, kind: str) -> None:
    seeded(VOLUMES.format(kind=kind))
    (reservation,) = aws("ec2").describe_instances()["Reservations"]
    (member,) = reservation["Instances"]
    found = {one["VolumeId"]: one for one in aws("ec2").describe_volumes()["Volumes"]}
    volumes = {one["DeviceName"]: found[one["Ebs"]["VolumeId"]] for one in member["BlockDeviceMappings"]}
    shown = {device: (one["VolumeType"], one["Size"], one.get("Iops")) for device, one in volumes.items()}
    assert shown == {
        "/dev/xvda": ("gp3", 15, 4000),
        "/dev/sdf": ("io1", 20, 500),
        "/dev/sdg": ("gp2", 8, shown["/dev/sdg"][2]),
    }
    assert volumes["/dev/xvda"]["Throughput"] == 250
    assert volumes["/dev/sdg"]["SnapshotId"] == "snap-0a1b2c3d4e5f60718"
    assert [one["GroupName"] for one in member["SecurityGroups"]] == ["default"]


def test_a_role_that_aws_would_refuse_is_named(seeded: Any) -> None:
    text = VOLUMES.format(kind="configuration").replace("io1", "io2")
    with pytest.raises(UdoError, match=r"prod web cannot be built .*Invalid volume type io2"):
        seeded(text)


def test_no_key_is_made_that_nobody_signs_with(seeded: Any, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.kms.models import kms_backends
    from moto.kms.utils import rsa

    with monkeypatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", lambda **_: pytest.fail("a key takes longer than a world"))
        seeded()
        made = [key for region in kms_backends[world.account].values() for key in region.keys.values()]
    assert [key.key_spec for key in made] == ["SYMMETRIC_DEFAULT"]
    signing = kms_backends[world.account]["us-east-1"].create_key("", "SIGN_VERIFY", "RSA_2048", "", None)
    signature = signing.private_key.sign(b"words", "RSASSA_PSS_SHA_256")
    assert signing.private_key.verify(b"words", signature, "RSASSA_PSS_SHA_256")
    assert not signing.private_key.verify(b"other words", signature, "RSASSA_PSS_SHA_256")
