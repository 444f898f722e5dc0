"""One bad request, volume, listener or handler never ends the world."""

from __future__ import annotations

import json
import logging
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.utils import camelcase_to_underscores

from udo.sandbox import strict
from udo.sandbox.addresses import Block
from udo.sandbox.hosts import new_key
from udo.sandbox.strict import steady
from udo.sandbox.strict.autoscaling import capacity
from udo.sandbox.strict.rules import operations, responses
from udo.sandbox.strict.service import services
from udo.sandbox.world import World

SMALL = """
app_name: shop
region: us-west-2
ami: ami-0fedcba9876543210
clusters: {prod: {roles: {web: {}, cron: {}}}}
"""
UNCHECKED = Config(parameter_validation=False, retries={"total_max_attempts": 1})


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    steady._told.clear()
    logging.getLogger("udo.sandbox").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("udo.sandbox").setLevel(logging.NOTSET)


def _handlers() -> Iterator[tuple[str, str, str]]:
    """Each operation of the services here that has a handler, the sandbox's or moto's alone: service, name, method.

    In S3 moto goes by the address, not by the operation.
    """
    import botocore.session

    session = botocore.session.get_session()
    for service in services().keys() - {"s3"}:
        owner = responses(service)
        for name in session.get_service_model(service).operation_names:
            if hasattr(owner, method := camelcase_to_underscores(name)):
                yield service, name, method


def test_a_handler_that_throws_is_an_error_of_its_protocol_and_the_world_goes_on(
    world: World, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict.install()
    handlers = list(_handlers())
    assert len(handlers) > 300
    assert {one for one in operations() if one[0] != "s3"} <= {(service, name) for service, name, _ in handlers}

    def broken(*_given: Any, **_words: Any) -> Any:
        raise KeyError("a hole")

    made = session()
    made.set_credentials("AKIATESTTESTTESTTEST", "not-a-secret")
    world.attach(made)
    clients = {
        service: made.create_client(service, region_name="us-west-2", config=UNCHECKED) for service in services()
    }
    for service, name, method in handlers:
        with monkeypatch.context() as patch:
            patch.setattr(responses(service), method, broken)
            with pytest.raises(ClientError) as caught:
                # botocore itself needs the one word it makes a link of.
                clients[service]._make_api_call(name, {"SourceRegion": "us-west-2"} if "Copy" in name else {})
        told = caught.value.response["Error"]
        assert told["Code"] == ("InternalError" if service == "ec2" else "InternalFailure"), (service, name)
        assert f"{name} crashed" in told["Message"]
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert clients["sts"].get_caller_identity()["Account"] == world.account


def test_a_hole_in_s3_is_an_error_of_s3_and_the_world_goes_on(
    world: World, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="shop-releases", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})

    def broken(*_given: Any, **_words: Any) -> Any:
        raise KeyError("a hole")

    with monkeypatch.context() as patch:
        patch.setattr("moto.s3.models.S3Backend.put_object", broken)
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket="shop-releases", Key="one", Body=b"x")
    assert caught.value.response["Error"]["Code"] == "InternalError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert s3.list_buckets()["Buckets"]


def test_a_group_that_cannot_be_moved_on_holds_up_no_other(
    world: World, aws: Any, seeded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict.delays.boot = 10.0
    seeded(SMALL)
    scale = aws("autoscaling").set_desired_capacity
    for name in ("prod-web", "prod-cron"):
        aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=2)
    scale(AutoScalingGroupName="prod-cron", DesiredCapacity=2)
    tick = capacity.tick

    def broken(group: Any) -> None:
        if group.name == "prod-web":
            raise KeyError("a hole")
        tick(group)

    monkeypatch.setattr(capacity, "tick", broken)
    world.clock.step(20)
    groups = aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    (cron,) = [one for one in groups if one["AutoScalingGroupName"] == "prod-cron"]
    assert [one["LifecycleState"] for one in cron["Instances"]] == ["InService"] * 2
    assert len(groups) == 2


def test_a_launch_that_crashes_is_an_activity_and_is_tried_again(
    world: World, aws: Any, seeded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto.ec2.models.instances import Instance

    seeded(SMALL)
    with monkeypatch.context() as patch:
        patch.setattr(Instance, "add_tags", lambda *_given: [*_given][9])
        aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-web", MaxSize=2, DesiredCapacity=2)
        (failed, *_) = aws("autoscaling").describe_scaling_activities(AutoScalingGroupName="prod-web")["Activities"]
        assert (failed["StatusCode"], "IndexError" in failed["StatusMessage"]) == ("Failed", True)
        assert len(list(world.instances())) == 2
    world.clock.step(strict.delays.relaunch + 1)
    (group,) = aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["prod-web"])["AutoScalingGroups"]
    assert len(group["Instances"]) == 2


def test_a_group_whose_balancers_were_deleted_goes_on(world: World, aws: Any, seeded: Any) -> None:
    seeded(SMALL.replace("web: {}", "web: {elbs: [front]}"))
    aws("elb").delete_load_balancer(LoadBalancerName="front")
    aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-web", MaxSize=2, DesiredCapacity=2)
    (group,) = aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["prod-web"])["AutoScalingGroups"]
    assert len(group["Instances"]) == 2


def test_an_address_that_is_taken_costs_one_instance_its_ssh_and_no_more(
    world: World, aws: Any, seeded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("udo.sandbox.hosts._LETTING_GO", 0.0)
    before, world.block = world.block, Block.claimed()
    try:
        hosts = world.open_hosts(tmp_path / "instances", new_key()[0])
        first = str(world.block.network[10])
        with socket.create_server((first, hosts.port)):
            seeded(SMALL)
            addresses = {one.private_ip for one in world.instances()}
            assert first in addresses
            assert len(aws("ec2").describe_instances()["Reservations"]) == 2
            (other,) = addresses - {first}
            with socket.create_connection((other, hosts.port), timeout=5) as connection:
                assert connection.recv(4) == b"SSH-"
    finally:
        world.close_hosts()
        world.block.release()
        world.block = before


@pytest.mark.parametrize("service", ["ec2", "autoscaling", "ssm", "sts", "s3"])
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=%ff&\xff\xfe=1&Action"),
        ({"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.PutParameter"}, b"[[["),
        ({"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.PutParameter"}, b"null"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"Action=DescribeInstances&MaxResults=many"),
        ({"Content-Type": "text/plain"}, b"\0"),
    ],
)
def test_a_request_of_garbage_is_answered_without_a_page(
    served_world: Any, service: str, headers: dict[str, str], body: bytes
) -> None:
    scope = f"AWS4-HMAC-SHA256 Credential=AKIA/20260105/us-west-2/{service}/aws4_request, Signature=0"
    request = urllib.request.Request(served_world.endpoint, data=body, headers={"Authorization": scope, **headers})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            said = answer.read()
    except HTTPError as error:
        said = error.read()
    assert b"<html" not in said.lower()
    assert b"<!doctype" not in said.lower()


def test_a_command_of_the_sandbox_that_crashes_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_path: str, _words: Any) -> Any:
        raise KeyError("a hole")

    monkeypatch.setattr(world, "control", broken)
    monkeypatch.setattr(world, "access_key", "AKIA")
    with world.serve() as server:
        request = urllib.request.Request(
            f"{server.endpoint}/udo/status", data=b"{}", headers={"Authorization": "Bearer AKIA"}
        )
        with pytest.raises(HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)
        assert "'status' crashed" in json.load(caught.value)["message"]
