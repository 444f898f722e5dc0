"""AWS seen once: whatever service is asked, its answer is kept, but not a failure nor rows that are handed out."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from launch_worlds import configuration_world

from udo.aws import SERVICES, Aws
from udo.aws.cached import cached
from udo.errors import PermissionDenied
from udo.sandbox.faults import Fault

READS = (
    lambda aws: aws.autoscaling.groups(["prod-webapp"]),
    lambda aws: aws.callers.look(),
    lambda aws: aws.cloudformation.stack("net"),
    lambda aws: aws.cloudwatch.alarm_states(["slow"]),
    lambda aws: aws.codedeploy.deployment_groups("shop", ["prod"]),
    lambda aws: aws.ec2.images(["ami-0aaaaaaaaaaaaaaaa"]),
    lambda aws: aws.named.key_pairs(["ops"]),
    lambda aws: aws.news.subscribed_topics(),
    lambda aws: aws.simulation.principal("arn:aws:sts::123456789012:assumed-role/deployer/night"),
    lambda aws: aws.run_command.agents(["i-0aaaaaaaaaaaaaaaa"]),
    lambda aws: aws.s3.stored("releases", "web.zip", None),
    lambda aws: aws.ssm.parameters(["/x"]),
)


def reached(world: Any) -> Aws:
    aws = Aws(region="us-west-2", prepare=world.attach)
    configuration_world(world)
    client = world.client("s3")
    client.create_bucket(Bucket="releases", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    client.put_object(Bucket="releases", Key="web.zip", Body=b"")
    world.client("iam").create_role(RoleName="deployer", AssumeRolePolicyDocument='{"Statement": []}')
    world.client("codedeploy").create_application(applicationName="shop", computePlatform="Server")
    world.log.clear()
    return aws


@pytest.mark.whole
def test_every_service_is_asked_once_for_the_same(world: Any) -> None:
    aws = reached(world)
    vpc = world.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    made = world.client("elbv2").create_target_group(Name="front", Protocol="HTTP", Port=80, VpcId=vpc)
    front = made["TargetGroups"][0]["TargetGroupArn"]
    reads = (*READS, lambda aws: aws.elbv2.target_health(front))
    assert len(reads) == len(SERVICES), "a read of every service"
    seen = cached(aws)
    for read in reads:
        asked = len(world.log)
        first = read(seen)
        assert len(world.log) > asked
        asked = len(world.log)
        assert (read(seen), len(world.log)) == (first, asked)


def test_a_read_that_failed_is_asked_again(world: Any) -> None:
    seen = cached(reached(world))
    world.faults.add(Fault("deny", "DescribeKeyPairs", times=None))
    with pytest.raises(PermissionDenied):
        seen.named.key_pairs(["ops"])
    world.faults.clear()
    assert seen.named.key_pairs(["ops"]) == frozenset()


def test_rows_that_are_handed_out_one_by_one_are_there_the_second_time_too() -> None:
    class Pages:
        def rows(self) -> Iterator[str]:
            yield from "ab"

    seen: Any = cached(cast("Aws", SimpleNamespace(service=Pages())))
    assert (list(seen.service.rows()), list(seen.service.rows())) == (["a", "b"], ["a", "b"])
