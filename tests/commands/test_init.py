"""`udo init`: a file to begin with, and the file that leaves live groups as they are."""

from __future__ import annotations

import base64
import gzip
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands.launch_worlds import OLD_IMAGE, SCRIPT, WORLDS, ZONES, everything, register_images
from udo.config import Config, load
from udo.sandbox.faults import Fault

Udo = Callable[..., Any]

GZIPPED = gzip.compress(b"#!/bin/sh\necho packed\n", mtime=0)


def written() -> Config:
    return load(Path("udo.yml"), os.environ)


def unchanged(udo: Udo, groups: int) -> None:
    """The file holds together, and the plan of every group in it says so."""
    assert udo("check").exit == 0
    told = udo("plan", "-o", "json", "--exit-code")
    assert told.exit == 0, told.stdout
    rows = told.json["data"]
    assert [row["changes"] for row in rows] == [False] * groups, rows


def test_a_starter_file_loads_reads_well_and_names_what_was_said(udo: Udo, tmp_path: Path) -> None:
    told = udo("init", "prod", "web", "--app", "shop", "--region", "eu-west-1")
    assert (told.exit, told.stdout) == (0, "udo.yml written\n")
    role = written().role("prod", "web")
    assert (role.group_name, role.region, role.get("app_name")) == ("prod-web", "eu-west-1", "shop")
    assert Path("udo.yml").read_text().startswith("# yaml-language-server: $schema=udo.schema.json\n")
    assert stat.S_IMODE((tmp_path / "udo.yml").stat().st_mode) == 0o644
    assert udo("check").exit == 0


def test_what_stands_in_comments_of_a_starter_file_is_right_too(udo: Udo) -> None:
    assert udo("init", "--app", "shop").exit == 0
    text = Path("udo.yml").read_text()
    body = text[text.index("app_name") :]
    keys = [line.replace("# ", "", 1) if ": " in line or line.endswith(":") else line for line in body.splitlines()]
    prose = ("Udo refuses", "What instances", "Where revisions")
    Path("udo.yml").write_text("\n".join(line for line in keys if not line.startswith(prose)))
    assert udo("check").exit == 0, udo("check").stderr
    assert written().role("stage", "webapp").get("deploy.github.repo") == "example/shop"


def test_without_a_terminal_a_starter_file_takes_defaults(udo: Udo, tmp_path: Path) -> None:
    (tmp_path / "my shop").mkdir()
    os.chdir(tmp_path / "my shop")
    assert udo("init", env={"AWS_DEFAULT_REGION": "eu-north-1"}).exit == 0
    role = written().role("stage", "webapp")
    assert (role.get("app_name"), role.region) == ("my-shop", "eu-north-1")


def test_on_a_terminal_it_asks_for_what_was_not_said(udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    told = asked(udo, monkeypatch, "\neu-west-3\n", "prod.web", "--app", "shop")
    assert "The AWS region" in told
    assert "The name of the application" not in told


def test_an_answer_that_cannot_stand_is_asked_for_again(udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    told = asked(udo, monkeypatch, "shop\nmoon\neu-west-3\nprod\nprod.web\n")
    assert "'moon' cannot be the AWS region: it is a region like us-west-2" in told
    assert "'prod' cannot be the first cluster and role: it is two words of letters" in told
    assert (written().get("app_name"), written().role("prod", "web").region) == ("shop", "eu-west-3")


def asked(udo: Udo, monkeypatch: pytest.MonkeyPatch, answers: str, *words: str) -> str:
    """What `udo init` says on a terminal on which this is typed."""
    typed = io.StringIO(answers)
    typed.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", typed)
    told = udo("init", *words)
    assert told.stdout == "udo.yml written\n", told.stderr
    return str(told.stderr)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("prod",), "give both, or neither"),
        (("prod", "web", "more"), "give both, or neither"),
        (
            ("pr*d", "web"),
            "'pr*d web' cannot be the first cluster and role: it is two words of letters, digits, '_' and '-'",
        ),
        (("--region", "moon"), "'moon' cannot be the AWS region: it is a region like us-west-2"),
        (("--app", ""), "'' cannot be the name of the application"),
    ],
)
def test_what_cannot_stand_in_a_file_is_refused_and_nothing_is_written(
    udo: Udo, words: tuple[str, ...], told: str
) -> None:
    ended = udo("init", *words)
    assert ended.exit == 2
    assert told in ended.stderr
    assert not Path("udo.yml").exists()


@pytest.mark.parametrize("app", ["no", "1.10", "a: b", "${env:X}", "#1", "'", "früh"])
def test_any_name_of_an_application_is_read_back(udo: Udo, app: str) -> None:
    assert udo("init", "--app", app).exit == 0
    assert written().get("app_name") == app


def test_a_file_that_is_there_is_replaced_with_yes_only(udo: Udo) -> None:
    Path("udo.yml").write_text("precious")
    refused = udo("init")
    assert refused.exit == 7
    assert "udo.yml already exists" in refused.stderr
    assert "--yes" in refused.stderr
    assert Path("udo.yml").read_text() == "precious"
    assert udo("init", "--yes").stdout == "udo.yml replaced\n"
    assert written().roles("*", None)


def test_a_dangling_link_is_there_too(udo: Udo) -> None:
    Path("udo.yml").symlink_to("elsewhere")
    assert udo("init").exit == 7
    assert not Path("elsewhere").exists()


def test_the_same_again_says_so(udo: Udo) -> None:
    assert udo("init").exit == 0
    assert udo("init").stdout == "udo.yml is so already\n"


def test_a_dry_run_writes_nothing(udo: Udo) -> None:
    told = udo("init", "--dry-run")
    assert (told.exit, told.stdout) == (0, "udo.yml would be written\n")
    assert not Path("udo.yml").exists()


def test_a_folder_that_is_not_there_is_one_line(udo: Udo) -> None:
    told = udo("init", "-c", "nowhere/udo.yml")
    assert (told.exit, told.stderr) == (1, "udo: nowhere/udo.yml cannot be written: No such file or directory\n")


@pytest.mark.parametrize("kind", WORLDS)
def test_a_live_group_is_described_so_that_nothing_is_to_change(world: Any, udo: Udo, kind: str) -> None:
    WORLDS[kind](world)
    before = everything(world)
    told = udo("init", "--from-group", "prod-webapp")
    assert told.exit == 0, told.stderr
    role = written().role("prod", "webapp")
    kept = None if kind == "mixed" else "t3.small"
    assert (role.get("ami"), role.get("instance_type"), role.region) == (OLD_IMAGE, kept, "us-west-2")
    assert (role.account, role.has("group_name")) == (world.account, False)
    assert role.get("launch.as") == ("configuration" if kind == "configuration" else "template")
    assert role.get("scale_policy") == {"min_size": 1, "max_size": 3, "desired": 2}
    file = Path(role.get("user_data.file"))
    assert file.read_bytes() == SCRIPT.encode()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert everything(world) == before
    unchanged(udo, 1)


RICH = {
    "ImageId": OLD_IMAGE,
    "InstanceType": "m5.large",
    "KeyName": "shop",
    "SpotPrice": "0.10",
    "PlacementTenancy": "default",
    "AssociatePublicIpAddress": False,
    "EbsOptimized": True,
    "InstanceMonitoring": {"Enabled": True},
    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 3, "HttpEndpoint": "enabled"},
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "VolumeType": "gp3", "DeleteOnTermination": True}},
        {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
        {"DeviceName": "/dev/sdc", "NoDevice": True},
    ],
}
TAGS = {"team": "payments", "note": "${HOME}: no", "udo:launch": "{}", "empty": ""}


def _network(world: Any) -> tuple[str, str]:
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    ec2.import_key_pair(KeyName="shop", PublicKeyMaterial=world.public_key.encode())
    world.client("iam").create_instance_profile(InstanceProfileName="shop-web")
    return subnet, group


def _rich_group(world: Any, name: str, subnet: str, **launch: Any) -> None:
    balancer = world.client("elbv2")
    vpc = world.client("ec2").describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    target = balancer.create_target_group(Name=name.replace("_", "-")[:32], Protocol="HTTP", Port=80, VpcId=vpc)
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=2,
        DesiredCapacity=0,
        VPCZoneIdentifier=subnet,
        TargetGroupARNs=[target["TargetGroups"][0]["TargetGroupArn"]],
        HealthCheckType="ELB",
        HealthCheckGracePeriod=120,
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in TAGS.items()],
        **launch,
    )


def test_everything_udo_yml_has_words_for_is_described(world: Any, udo: Udo) -> None:
    register_images(world)
    subnet, group = _network(world)
    client = world.client("autoscaling")
    client.create_launch_configuration(
        LaunchConfigurationName="old",
        SecurityGroups=[group],
        IamInstanceProfile="shop-web",
        UserData=GZIPPED,
        **RICH,
    )
    _rich_group(world, "prod-web", subnet, LaunchConfigurationName="old")
    assert udo("init", "--from-group", "prod-web").exit == 0
    role = written().role("prod", "web")
    assert role.path("user_data.file").read_bytes() == GZIPPED  # type: ignore[union-attr]
    assert role.get("tags") == {"team": "payments", "note": "${HOME}: no", "empty": ""}
    assert role.get("subnets") == [subnet]
    assert role.get("security_groups") == [group]
    assert (role.get("keypair_name"), role.get("iam_profile"), role.get("spot_price")) == ("shop", "shop-web", "0.10")
    assert (role.get("tenancy"), role.get("associate_public_ip_address")) == ("default", False)
    assert role.get("instance_monitoring") is True
    assert role.get("metadata_options") == RICH["MetadataOptions"]
    assert [device["DeviceName"] for device in role.get("block_device_mappings")] == [
        "/dev/xvda",
        "/dev/sdb",
        "/dev/sdc",
    ]
    assert role.get("health_check") == {"type": ["ELB"], "grace": 120.0}
    assert len(role.get("target_groups")) == 1
    assert "EbsOptimized" in Path("udo.yml").read_text()
    unchanged(udo, 1)


def _rich_template(world: Any, name: str, group: str) -> None:
    data = {
        "ImageId": OLD_IMAGE,
        "InstanceType": "m5.large",
        "KeyName": "shop",
        "UserData": base64.b64encode(GZIPPED).decode(),
        "IamInstanceProfile": {"Name": "shop-web"},
        "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.10"}},
        "Placement": {"Tenancy": "default"},
        "Monitoring": {"Enabled": False},
        "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True, "Groups": [group]}],
        "MetadataOptions": {"HttpTokens": "required"},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True, "DeleteOnTermination": True}}
        ],
        "CreditSpecification": {"CpuCredits": "standard"},
    }
    world.client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)


@pytest.mark.parametrize("mixed", [False, True], ids=["template", "mixed"])
def test_a_template_is_described_in_the_same_words(world: Any, udo: Udo, mixed: bool) -> None:
    register_images(world)
    subnet, group = _network(world)
    _rich_template(world, "theirs", group)
    reference = {"LaunchTemplateName": "theirs", "Version": "1"}
    policy = {"LaunchTemplate": {"LaunchTemplateSpecification": reference, "Overrides": [{"InstanceType": "m5.large"}]}}
    _rich_group(
        world, "prod-web", subnet, **({"MixedInstancesPolicy": policy} if mixed else {"LaunchTemplate": reference})
    )
    assert udo("init", "--from-group", "prod-web").exit == 0
    role = written().role("prod", "web")
    assert role.path("user_data.file").read_bytes() == GZIPPED  # type: ignore[union-attr]
    assert (role.get("iam_profile"), role.get("spot_price"), role.get("tenancy")) == ("shop-web", "0.10", "default")
    assert (role.get("security_groups"), role.get("associate_public_ip_address")) == ([group], True)
    assert role.get("instance_monitoring") is False
    assert role.get("block_device_mappings")[0]["Ebs"]["VolumeSize"] == 30
    text = Path("udo.yml").read_text()
    assert "CreditSpecification" in text
    assert ("mixed instances policy" in text) is mixed
    unchanged(udo, 1)


def test_what_udo_yml_cannot_say_stays_with_the_live_data(world: Any, udo: Udo) -> None:
    register_images(world)
    world.client("ssm").put_parameter(Name="/shop/image", Value=OLD_IMAGE, Type="String")
    data = {"ImageId": "resolve:ssm:/shop/image", "InstanceType": "t3.small", "CpuOptions": {"CoreCount": 1}}
    world.client("ec2").create_launch_template(LaunchTemplateName="theirs", LaunchTemplateData=data)
    world.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="prod-web",
        LaunchTemplate={"LaunchTemplateName": "theirs", "Version": "1"},
        MinSize=0,
        MaxSize=1,
        **ZONES,
    )
    assert udo("init", "--from-group", "prod-web").exit == 0
    assert written().role("prod", "web").get("ami") == "resolve:ssm:/shop/image"
    assert "Only AWS says, and Udo carries over: CpuOptions." in Path("udo.yml").read_text()
    unchanged(udo, 1)


def _groups(world: Any, *names: str) -> None:
    register_images(world)
    client = world.client("autoscaling")
    for name in names:
        client.create_launch_configuration(
            LaunchConfigurationName=name, ImageId=OLD_IMAGE, InstanceType="t3.small", UserData=f"echo {name}"
        )
        client.create_auto_scaling_group(
            AutoScalingGroupName=name, LaunchConfigurationName=name, MinSize=0, MaxSize=1, **ZONES
        )


def test_only_a_name_that_can_be_read_one_way_becomes_cluster_and_role(world: Any, udo: Udo) -> None:
    names = ("prod-web", "prod-web-app", "lonely", "Füße & co", "default-lonely")
    _groups(world, *names)
    told = udo("init", "-o", "json", "--from-group", *names)
    assert [(row["cluster"], row["role"], row["group"]) for row in told.json["data"]["roles"]] == [
        ("prod", "web", "prod-web"),
        ("default", "prod-web-app", "prod-web-app"),
        ("default", "lonely", "lonely"),
        ("default", "F-e-co", "Füße & co"),
        ("default", "default-lonely", "default-lonely"),
    ]
    assert {role.group_name for role in written().roles("*", None)} == set(names)
    assert len({row["user_data"] for row in told.json["data"]["roles"]}) == len(names)
    unchanged(udo, len(names))


def test_what_all_groups_have_alike_stands_once(world: Any, udo: Udo) -> None:
    _groups(world, "prod-web", "prod-worker", "stage-web")
    assert udo("init", "--from-group", "prod-web", "prod-worker", "--from-group", "stage-web").exit == 0
    assert Path("udo.yml").read_text().count(OLD_IMAGE) == 1
    assert [role.get("ami") for role in written().roles("*", None)] == [OLD_IMAGE] * 3
    unchanged(udo, 3)


def test_every_group_that_is_not_there_is_named_and_nothing_is_written(world: Any, udo: Udo) -> None:
    _groups(world, "prod-web")
    told = udo("init", "--from-group", "prod-web", "gone", "prod-wep")
    assert (told.exit, told.stderr) == (1, "udo: group gone, prod-wep do not exist: looked in us-west-2\n")
    assert [path.name for path in Path().iterdir() if path.name != "home"] == []


def test_no_user_data_file_is_replaced_unless_yes_is_said(world: Any, udo: Udo) -> None:
    _groups(world, "prod-web", "prod-worker")
    Path("prod-worker.user-data").write_text("precious")
    words = ("init", "--from-group", "prod-web", "prod-worker")
    refused = udo(*words)
    assert refused.exit == 7
    assert "prod-worker.user-data already exists" in refused.stderr
    assert not Path("udo.yml").exists()
    assert not Path("prod-web.user-data").exists()
    assert Path("prod-worker.user-data").read_text() == "precious"
    assert udo(*words, "--yes").exit == 0
    assert Path("prod-worker.user-data").read_text() == "echo prod-worker"


def test_files_land_beside_the_file_that_config_names(world: Any, udo: Udo) -> None:
    _groups(world, "prod-web")
    Path("there").mkdir()
    assert udo("init", "-c", "there/shop.yml", "--from-group", "prod-web").exit == 0
    assert sorted(path.name for path in Path("there").iterdir()) == ["prod-web.user-data", "shop.yml"]
    assert udo("plan", "-c", "there/shop.yml", "--exit-code").exit == 0


def test_many_groups_are_read_in_batches(world: Any, udo: Udo) -> None:
    names = [f"prod-r{number}" for number in range(12)]
    _groups(world, *names)
    assert udo("init", "--from-group", *names).exit == 0
    asked = [one.operation for one in world.log]
    assert sorted(asked) == ["DescribeAutoScalingGroups", "DescribeLaunchConfigurations", "GetCallerIdentity"]


def test_an_account_that_cannot_be_told_is_left_out(world: Any, udo: Udo) -> None:
    _groups(world, "prod-web")
    world.faults.add(Fault("deny", "GetCallerIdentity", times=None))
    told = udo("init", "--from-group", "prod-web")
    assert told.exit == 0
    assert "the account is left out" in told.stderr
    assert written().role("prod", "web").account is None


def test_a_group_on_latest_says_what_the_first_change_will_be(world: Any, udo: Udo) -> None:
    WORLDS["template"](world)
    reference = {"LaunchTemplateName": "prod-webapp", "Version": "$Latest"}
    world.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", LaunchTemplate=reference)
    assert "the first updatelc pins to a number what prod-webapp" in udo("init", "--from-group", "prod-webapp").stderr
    assert "It follows $Latest of prod-webapp: the first updatelc pins it" in Path("udo.yml").read_text()
    (row,) = udo("plan", "-o", "json").json["data"]
    assert [one["key"] for one in row["differences"]] == ["version"]
