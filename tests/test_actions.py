"""The table of operations: whole, of names that AWS has, and held against every command line of the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import actions
import botocore.session
import pytest
from launch_worlds import CONFIG, template_world, write_config

from udo.actions import ANY, READS, WRITES, operations
from udo.permissions import permissions

# Signing names, by which requests and CloudTrail tell services, and botocore's own where that has another.
MODELS = {"elasticloadbalancing": ("elb", "elbv2"), "monitoring": ("cloudwatch",)}


def test_every_verb_has_its_row() -> None:
    assert set(READS) == actions.VERBS
    assert set(WRITES) <= actions.VERBS


def test_what_reads_is_no_write_and_what_writes_no_read() -> None:
    assert all(actions.is_read(name) for names in (*READS.values(), ANY) for name in names)
    assert not any(actions.is_read(name) for names in WRITES.values() for name in names)


def test_every_operation_is_one_of_aws_under_the_name_its_service_signs_by() -> None:
    loader = botocore.session.Session()
    asked = {name for verb in READS for name in operations(verb)}
    for service in {name.partition(":")[0] for name in asked}:
        models = [loader.get_service_model(one) for one in MODELS.get(service, (service,))]
        assert {model.signing_name for model in models} == {service}
        known = {f"{service}:{name}" for model in models for name in model.operation_names}
        assert {name for name in asked if name.startswith(f"{service}:")} <= known


def test_the_table_is_light() -> None:
    program = "import sys, udo.actions; print('botocore' in sys.modules or 'boto3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout == b"False\n"


def test_permissions_are_in_the_words_of_iam() -> None:
    assert {"s3:GetObject", "s3:GetObjectVersion", "codedeploy:RegisterApplicationRevision"} <= permissions("deploy")
    assert not {"s3:HeadObject", "sts:GetCallerIdentity"} & permissions("deploy")
    assert {"iam:PassRole", "ec2:RunInstances"} <= permissions("rollback")
    assert permissions("instances") == operations("instances")
    assert {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData"} <= permissions("alarms")


def test_a_call_that_the_table_does_not_have_fails_the_test_that_makes_it(
    seeded: Callable[..., Any], udo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded()
    assert udo("status").exit == 0
    monkeypatch.setattr(actions, "_FILE", None)
    monkeypatch.setitem(READS, "status", READS["status"] - {"autoscaling:DescribeAutoScalingGroups"})
    with pytest.raises(AssertionError, match=r"status asks for \"autoscaling:DescribeAutoScalingGroups\" \(READS\)"):
        udo("status")


def test_what_was_noted_is_held_against_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "seen"
    monkeypatch.setattr(actions, "_FILE", str(path))
    monkeypatch.setattr(actions, "_noted", set())
    for verb in READS:
        actions.check(verb.split(), operations(verb))
    assert actions.differences(actions.read(path)) == []
    actions.check(["--quiet", "ip", "prod", "webapp"], ["ec2:StopInstances"])
    assert actions.differences(actions.read(path)) == ['ip: missing "ec2:StopInstances" (WRITES)']
    seen = {**actions.read(path), "ip": frozenset({"ec2:DescribeInstances"})}
    assert actions.differences(seen) == ['ip: never asked for "autoscaling:DescribeAutoScalingGroups" (READS)']


def test_two_processes_note_whole_lines_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "seen"
    program = "import actions\nfor n in range(300): actions.check(['status'], [f'ec2:Describe{n}'])"
    env = os.environ | {"UDO_ACTIONS": str(path), "PYTHONPATH": str(Path(__file__).parent)}
    started = [subprocess.Popen([sys.executable, "-c", program], env=env) for _ in range(2)]
    assert [one.wait() for one in started] == [0, 0]
    assert set(path.read_text().splitlines()) == {f"status ec2:Describe{n}" for n in range(300)}


@pytest.mark.whole
def test_whatever_a_change_names_is_looked_up_by_plan_apply_and_rollback(world: Any, udo: Callable[..., Any]) -> None:
    template_world(world)
    ec2, vpc = world.client("ec2"), world.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    place = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    world.client("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", VPCZoneIdentifier=place, AvailabilityZones=["us-west-2a"]
    )
    for name in ("one", "two"):
        ec2.create_key_pair(KeyName=name)
        group = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        world.client("iam").create_instance_profile(InstanceProfileName=name)
        named = f"keypair_name: {name}, security_groups: [{group}], iam_profile: {name}, launch: {{keep: 1}}"
        write_config(CONFIG.replace("instance_type: m7g.large", named))
        assert udo("plan", "prod", "webapp", "--save", name).exit == 0
        done = udo("apply", name)
        assert done.exit == 0, done.stderr
    world.log.clear()
    assert udo("rollback", "prod", "webapp").exit == 0
    looked_up = {
        "ec2:DescribeSubnets",
        "ec2:DescribeKeyPairs",
        "ec2:DescribeSecurityGroups",
        "iam:ListInstanceProfiles",
    }
    assert looked_up <= {one.name for one in world.log}
    write_config(CONFIG.replace("instance_type: m7g.large", "instance_type: m7g.large, launch: {keep: 1}"))
    assert udo("plan", "prod", "webapp", "--save", "three").exit == 0
    world.log.clear()
    done = udo("apply", "three")
    assert done.exit == 0, done.stderr
    assert "ec2:DeleteLaunchTemplateVersions" in {one.name for one in world.log}
