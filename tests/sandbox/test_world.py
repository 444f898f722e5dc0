"""The sandbox as an endpoint: both ways in, its log, its faults, and errors every client can read."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from udo.errors import UsageError
from udo.sandbox.faults import Cut, Fault, InstanceFault, Killed, parse
from udo.sandbox.transports import _moment
from udo.sandbox.world import World

ONE_TRY = Config(retries={"total_max_attempts": 1}, read_timeout=5)
READS = {
    "autoscaling": "describe_auto_scaling_groups",
    "ec2": "describe_vpcs",
    "codedeploy": "list_applications",
    "ssm": "describe_parameters",
    "s3": "list_buckets",
}


@pytest.fixture
def client(aws: Callable[..., Any]) -> Callable[..., Any]:
    return aws


@pytest.fixture
def over_http(served_world: Any, session: Callable[[], Any]) -> Callable[..., Any]:
    return lambda service: session().create_client(service, config=ONE_TRY, endpoint_url=served_world.endpoint)


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_what_is_made_in_process_is_seen_over_http(world: World, over_http: Any, client: Any) -> None:
    client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    blocks = {vpc["CidrBlock"] for vpc in over_http("ec2").describe_vpcs()["Vpcs"]}
    assert "10.9.0.0/16" in blocks


def test_a_reset_world_is_empty_and_quick(world: World, client: Any) -> None:
    client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    world.faults.add(Fault("throttle", times=None))
    assert min(_timed(world.reset) for _ in range(5)) < 0.05
    assert [vpc["CidrBlock"] for vpc in client("ec2").describe_vpcs()["Vpcs"]] == ["172.31.0.0/16"]
    assert [(seen.number, seen.name) for seen in world.log] == [(1, "ec2:DescribeVpcs")]


def test_what_is_reset_is_forgotten(world: World, client: Any) -> None:
    """Also under the environment of a test, which is not the one the world was made in."""

    def round_of_work() -> int:
        world.reset()
        client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
        gc.collect()
        return len(gc.get_objects())

    round_of_work()
    before = round_of_work()
    for _ in range(3):
        after = round_of_work()
    # Some hundreds of small things stay in a cache of moto's; what this is about are the ten thousands.
    assert after - before < 2_000
    assert client("ec2").describe_images()["Images"] == []


def test_the_log_holds_what_was_asked_but_not_what_builds_the_world(world: World, client: Any) -> None:
    world.client("ec2").describe_vpcs()
    client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["a"])
    client("codedeploy").list_applications()
    first, second = world.log
    assert first.name == "autoscaling:DescribeAutoScalingGroups"
    assert first.params["AutoScalingGroupNames.member.1"] == "a"
    assert (second.number, second.name, second.region) == (2, "codedeploy:ListApplications", "us-west-2")


def test_operations_of_s3_have_their_names_in_the_log_and_in_faults(world: World, client: Any) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="bundles", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="bundles", Key="a/b", Body=b"x")
    s3.copy_object(Bucket="bundles", Key="c", CopySource="bundles/a/b")
    s3.head_object(Bucket="bundles", Key="a/b")
    s3.list_objects_v2(Bucket="bundles")
    s3.get_bucket_location(Bucket="bundles")
    world.faults.add(Fault("deny", "s3:GetObject"))
    assert code(lambda: s3.get_object(Bucket="bundles", Key="c")) == "AccessDenied"
    asked = "CreateBucket PutObject CopyObject HeadObject ListObjectsV2 GetBucketLocation GetObject"
    assert [seen.operation for seen in world.log] == asked.split()


def test_a_service_or_region_that_is_not_there_is_named(world: World, client: Any, aws: Any) -> None:
    with pytest.raises(ClientError, match="does not have codeconnections:ListConnections"):
        client("codeconnections").list_connections()
    with pytest.raises(ClientError, match="valid region, not 'us-nowhere-1'"):
        aws("ec2", "us-nowhere-1").describe_vpcs()


@pytest.mark.parametrize("service", READS)
@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("throttle", {"Throttling", "RequestLimitExceeded", "ThrottlingException", "SlowDown"}),
        ("deny", {"AccessDenied", "UnauthorizedOperation", "AccessDeniedException"}),
        ("expire", {"ExpiredToken", "RequestExpired", "ExpiredTokenException"}),
        ("fail", {"InternalFailure", "InternalError"}),
    ],
)
def test_every_protocol_can_read_a_refusal(world: World, client: Any, service: str, kind: Any, codes: set[str]) -> None:
    world.faults.add(Fault(kind, times=None))
    assert code(getattr(client(service), READS[service])) in codes


@pytest.mark.parametrize(
    ("kind", "status", "told"),
    [
        ("throttle", 503, "SlowDown"),
        ("deny", 403, "AccessDenied"),
        ("expire", 400, "ExpiredToken"),
        ("fail", 500, "InternalError"),
    ],
)
def test_s3_refuses_by_its_own_codes_and_where_only_the_head_is_asked_for_by_status_alone(
    world: World, client: Any, kind: Any, status: int, told: str
) -> None:
    world.faults.add(Fault(kind, times=None))
    for asked, expected in ((client("s3").get_object, told), (client("s3").head_object, str(status))):
        with pytest.raises(ClientError) as error:
            asked(Bucket="bundles", Key="a")
        assert error.value.response["Error"]["Code"] == expected
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("drop", ConnectionClosedError),
        ("timeout", ReadTimeoutError),
        ("refuse", EndpointConnectionError),
        ("garbage", ResponseParserError),
    ],
)
def test_a_broken_network_raises_what_botocore_raises(world: World, client: Any, kind: Any, error: Any) -> None:
    world.faults.add(Fault(kind))
    with pytest.raises(error):
        client("ec2").describe_vpcs()
    assert client("ec2").describe_vpcs()["Vpcs"]


@pytest.mark.parametrize("kind", ["drop", "timeout"])
def test_a_lost_answer_over_http_ends_the_connection(world: World, served_world: Any, session: Any, kind: Any) -> None:
    settings = Config(retries={"total_max_attempts": 1}, read_timeout=1)
    ec2 = session().create_client("ec2", config=settings, endpoint_url=served_world.endpoint)
    world.faults.add(Fault(kind))
    with pytest.raises(ConnectionClosedError if kind == "drop" else ReadTimeoutError):
        ec2.describe_vpcs()
    assert ec2.describe_vpcs()["Vpcs"]


def test_only_the_nth_call_of_an_operation_meets_the_fault(world: World, client: Any) -> None:
    ec2 = client("ec2")
    world.faults.add(Fault("throttle", "ec2:DescribeVpcs", nth=2, times=2))
    ec2.describe_subnets()
    ec2.describe_vpcs()
    assert [code(ec2.describe_vpcs) for _ in range(2)] == ["RequestLimitExceeded"] * 2
    ec2.describe_vpcs()


def test_a_call_dropped_after_it_took_effect_has_taken_effect(world: World, client: Any) -> None:
    ec2 = client("ec2")
    for after in (False, True):
        world.faults.add(Fault("drop", "CreateVpc", after=after))
        with pytest.raises(ConnectionClosedError):
            ec2.create_vpc(CidrBlock=f"10.{8 + after}.0.0/16")
    blocks = {vpc["CidrBlock"] for vpc in ec2.describe_vpcs()["Vpcs"]}
    assert "10.9.0.0/16" in blocks
    assert "10.8.0.0/16" not in blocks


def test_a_second_operator_acts_just_before_a_call(world: World, client: Any) -> None:
    ec2 = client("ec2")
    world.faults.add(Fault("hook", "DescribeVpcs", hook=lambda _asked: ec2.create_vpc(CidrBlock="10.7.0.0/16")))
    assert "10.7.0.0/16" in {vpc["CidrBlock"] for vpc in ec2.describe_vpcs()["Vpcs"]}
    assert [seen.operation for seen in world.log] == ["DescribeVpcs"]


def test_a_killed_client_makes_no_further_call(world: World, client: Any) -> None:
    world.faults.add(Fault("kill", "CreateVpc", after=True))
    with pytest.raises(Killed):
        client("ec2").create_vpc(CidrBlock="10.9.0.0/16")
    with pytest.raises(Killed):
        client("ec2").describe_vpcs()
    world.faults.clear()
    assert len(client("ec2").describe_vpcs()["Vpcs"]) == 2


def test_an_operation_that_is_not_there_is_named(client: Any, over_http: Any) -> None:
    for made in (client, over_http):
        with pytest.raises(ClientError, match="autoscaling:GetPredictiveScalingForecast"):
            made("autoscaling").get_predictive_scaling_forecast(
                AutoScalingGroupName="a", PolicyName="b", StartTime=0, EndTime=1
            )
        assert code(made("codedeploy").list_git_hub_account_token_names) == "NotImplemented"
        assert code(made("lambda").get_account_settings) == "NotImplemented"


def test_a_part_of_an_operation_that_is_not_there_is_named(client: Any) -> None:
    ec2 = client("ec2")
    made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.small"})
    asked = {"LaunchTemplateId": made["LaunchTemplate"]["LaunchTemplateId"]}
    with pytest.raises(
        ClientError, match="ec2:DescribeLaunchTemplateVersions with this: the filter license-configuration-arn"
    ):
        ec2.describe_launch_template_versions(**asked, Filters=[{"Name": "license-configuration-arn", "Values": ["x"]}])


def test_a_crash_is_an_error_a_client_can_read(world: World, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.ec2.models import ec2_backends

    backend = ec2_backends[world.account]["us-west-2"]
    monkeypatch.setattr(backend, "describe_vpcs", lambda *_args, **_kwargs: 1 / 0)
    with pytest.raises(ClientError, match=r"ec2:DescribeVpcs crashed: ZeroDivisionError") as caught:
        client("ec2").describe_vpcs()
    assert caught.value.response["Error"]["Code"] == "InternalError"


def test_a_sandbox_with_a_key_refuses_every_other_one(
    world: World, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "access_key", "AKIAOTHEROTHEROTHERO")
    assert code(client("ec2").describe_vpcs) == "AuthFailure"
    assert code(client("autoscaling").describe_auto_scaling_groups) == "InvalidClientTokenId"
    assert code(client("ssm").describe_parameters) == "UnrecognizedClientException"


def test_errors_in_cbor_are_read_by_botocore(world: World) -> None:
    from botocore.model import ServiceModel
    from botocore.parsers import create_parser

    from udo.sandbox import wire

    asked = wire.Request(1, "x", "Y", "us-west-2", "k", "cbor", {})
    answer = wire.refusal(asked, 400, "ThrottlingException", "Rate exceeded")
    shape = ServiceModel({"metadata": {}, "shapes": {"O": {"type": "structure", "members": {}}}}).shape_for("O")
    parsed = create_parser("smithy-rpc-v2-cbor").parse(
        {"headers": dict(answer.headers), "body": answer.body, "status_code": 400}, shape
    )
    assert parsed["Error"]["Code"] == "ThrottlingException"
    assert parsed["Error"]["Message"] == "Rate exceeded"


def test_a_stopped_server_leaves_no_thread_and_no_socket(world: World, session: Any) -> None:
    before = set(threading.enumerate())
    with world.serve() as server:
        ec2 = session().create_client("ec2", endpoint_url=server.endpoint)
        ec2.describe_vpcs()
        assert set(threading.enumerate()) > before
    assert set(threading.enumerate()) == before
    with pytest.raises(EndpointConnectionError):
        ec2.describe_vpcs()


def test_a_taken_port_is_an_error(world: World) -> None:
    with world.serve() as server, pytest.raises(OSError, match="in use"), world.serve(port=server.port):
        pass


def test_a_fault_can_be_written_as_plain_data() -> None:
    assert parse({"kind": "deny", "operation": "ec2:DescribeVpcs", "times": None}) == Fault(
        "deny", "ec2:DescribeVpcs", times=None
    )
    assert parse({"kind": "hang", "instance_id": "i-1"}) == InstanceFault("hang", "i-1")
    for wrong in ({"kind": "sing"}, {"kind": "hook"}, {"kind": "deny", "colour": 1}):
        with pytest.raises(UsageError):
            parse(wrong)


def test_a_cut_says_how() -> None:
    assert Cut("timeout").how == "timeout"


def _timed(run: Callable[[], Any]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


@pytest.mark.parametrize("after", [False, True])
def test_a_client_process_is_killed_at_its_call(world: World, served_world: Any, aws: Any, after: bool) -> None:
    signed = "AWS4-HMAC-SHA256 Credential=k/20260105/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=0"
    body, headers = b"Action=CreateVpc&CidrBlock=10.9.0.0/16", {"Authorization": signed}
    call = f"r.urlopen(r.Request({served_world.endpoint!r}, {body!r}, {headers!r}))"
    asks = f"import sys, urllib.request as r; sys.stdin.readline(); {call}"
    client = subprocess.Popen([sys.executable, "-c", asks], stdin=subprocess.PIPE)
    world.faults.add(Fault("kill", "ec2:CreateVpc", after=after, pid=client.pid))
    client.communicate(b"now\n", timeout=20)
    assert client.returncode == -signal.SIGKILL
    blocks = {vpc["CidrBlock"] for vpc in aws("ec2").describe_vpcs()["Vpcs"]}
    assert ("10.9.0.0/16" in blocks) == after


@pytest.mark.parametrize(
    "told",
    [
        *("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123Z", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00"),
        *("Mon, 02 Mar 2026 10:00:00 GMT", 1764000000.5, "1764000000"),
    ],
)
def test_a_moment_is_the_one_that_botocore_reads(told: Any) -> None:
    assert _moment(told) == parse_timestamp(told)
