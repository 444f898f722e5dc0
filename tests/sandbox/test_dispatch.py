"""Asking moto without its web server, and writing its answers faster: the same answers."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deploy_worlds import config, revision
from moto.core.request import Request as MotoRequest
from moto.core.serialize import EC2Serializer, ResponseSerializer

from udo.sandbox import answers, dispatch, transports
from udo.sandbox.wire import Answer, Environ, Request, body_of

# How moto itself finds and writes what an answer holds.
MOTO_S = (
    (ResponseSerializer, "get_value", answers._as_moto),
    (ResponseSerializer, "_serialize_type_structure", answers._structure_as_moto),
    (EC2Serializer, "_serialize_body", answers._ec2_as_moto),
)
_IDS = re.compile(rb"(<requestId>|<RequestId>)[^<]*")
READS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("cloudwatch", "describe_alarms", {}),
    ("autoscaling", "describe_auto_scaling_groups", {}),
    ("autoscaling", "describe_auto_scaling_groups", {"AutoScalingGroupNames": ["prod-webapp", "nö"], "MaxRecords": 1}),
    ("autoscaling", "describe_launch_configurations", {}),
    ("autoscaling", "describe_instance_refreshes", {"AutoScalingGroupName": "none"}),
    ("autoscaling", "describe_policies", {}),
    ("ec2", "describe_instances", {}),
    ("ec2", "describe_instances", {"InstanceIds": ["i-0123456789abcdef0"]}),
    ("ec2", "describe_instances", {"Filters": [{"Name": "tag:Name", "Values": ["a=b&c", "ü"]}]}),
    ("ec2", "describe_launch_template_versions", {"LaunchTemplateName": "none"}),
    ("ec2", "describe_subnets", {}),
    ("ec2", "describe_security_groups", {}),
    ("ec2", "describe_images", {"Owners": ["self"]}),
    ("ec2", "describe_launch_templates", {}),
    ("ec2", "describe_launch_template_versions", {"Versions": ["$Latest"]}),
    ("ec2", "describe_instance_types", {"InstanceTypes": ["t3.small", "m7g.large"]}),
    ("ec2", "describe_vpcs", {}),
    ("ec2", "describe_images", {"ImageIds": ["ami-0aaaaaaaaaaaaaaaa"]}),
    ("autoscaling", "describe_scaling_activities", {}),
    ("autoscaling", "describe_auto_scaling_instances", {}),
    ("codedeploy", "list_applications", {}),
    ("codedeploy", "get_deployment_group", {"applicationName": "shop", "deploymentGroupName": "prod-webapp"}),
    ("codedeploy", "get_deployment", {"deploymentId": "d-ABCDEFGHI"}),
    ("codedeploy", "list_deployments", {"applicationName": "shop", "deploymentGroupName": "prod-webapp"}),
    ("codedeploy", "batch_get_deployment_groups", {"applicationName": "shop", "deploymentGroupNames": ["prod-webapp"]}),
    ("ssm", "get_parameters", {"Names": ["/udo/ä", "none"]}),
    ("ssm", "get_parameters_by_path", {"Path": "/udo"}),
    ("ssm", "get_parameter", {"Name": "none"}),
    ("iam", "list_instance_profiles", {}),
    ("iam", "get_role", {"RoleName": "none"}),
    ("sts", "get_caller_identity", {}),
)


@pytest.fixture
def both(world: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Answer, Answer]]:
    """What both ways answered to each request."""
    seen: list[tuple[Answer, Answer]] = []

    def asked_twice(asked: Request, environ: Environ) -> Answer:
        body_of(environ)
        straight = dispatch.straight(asked, dict(environ))
        environ["wsgi.input"].seek(0)
        with monkeypatch.context() as patch:
            for owner, name, moto_s in MOTO_S:
                patch.setattr(owner, name, moto_s)
            served = dispatch.served(environ)
        seen.append((straight, served))
        return straight

    monkeypatch.setattr(world, "_moto", asked_twice)
    return seen


@pytest.mark.parametrize(("service", "operation", "params"), READS, ids=lambda one: one if isinstance(one, str) else "")
def test_an_answer_is_the_one_of_moto_s_web_server(
    world: Any,
    aws: Callable[..., Any],
    seeded: Callable[..., Any],
    both: list[tuple[Answer, Answer]],
    service: str,
    operation: str,
    params: dict[str, Any],
) -> None:
    seeded(config())
    world.client("codedeploy").create_deployment(
        applicationName="shop", deploymentGroupName="prod-webapp", revision=revision(), description="ü <&>"
    )
    world.clock.step(6)
    both.clear()
    with contextlib.suppress(ClientError):
        getattr(aws(service), operation)(**params)
    [(straight, served)] = both
    assert straight.status == served.status
    assert _IDS.sub(rb"\1", straight.body) == _IDS.sub(rb"\1", served.body)
    assert _headers(straight) == _headers(served)


def _headers(answer: Answer) -> dict[str, str]:
    named = {name.lower(): value for name, value in answer.headers}
    assert int(named.pop("content-length")) == len(answer.body)
    # An id is another one for every answer, and so is a sum over it.
    return named | {"x-amzn-requestid": "", "x-amz-request-id": "", "x-amz-crc32": ""}


@pytest.mark.parametrize("service", ["autoscaling", "ec2", "codedeploy", "sts"])
def test_a_request_is_handed_on_as_moto_s_own_way_in_does(aws: Callable[..., Any], service: str) -> None:
    client, seen = aws(service), []
    client.meta.events.register_first("before-send", lambda request, **_: seen.append(request))
    operation, params = {"codedeploy": ("get_application", {"applicationName": "ü"})}.get(
        service, (f"{'get_caller_identity' if service == 'sts' else 'describe_account_limits'}", {})
    )
    if service == "ec2":
        operation, params = "describe_vpcs", {"Filters": [{"Name": "tag:a", "Values": ["ü&="]}]}
    with contextlib.suppress(ClientError):
        getattr(client, operation)(**params)
    [request] = seen
    ours = transports._environ(request)
    moto_s = MotoRequest.from_primitives(request.method, request.url, request.headers, request.body).environ
    assert body_of(ours) == body_of(moto_s)
    passing = ("wsgi.input", "wsgi.errors", "moto.preserved_header_names", "werkzeug.request")
    assert {key: ours[key] for key in ours if key not in passing} == {
        key: moto_s[key] for key in moto_s if key not in passing
    }


def test_what_s3_says_in_its_body_and_in_headers_is_there(world: Any, aws: Callable[..., Any]) -> None:
    world.client("s3").create_bucket(Bucket="releases", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    world.client("s3").put_object(Bucket="releases", Key="a/ü.tgz", Body=b"one", Metadata={"my_key": "two"})
    s3 = aws("s3")
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["releases"]
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="releases")["Contents"]] == ["a/ü.tgz"]
    told = s3.get_object(Bucket="releases", Key="a/ü.tgz")
    assert (told["Body"].read(), told["Metadata"], told["ContentLength"]) == (b"one", {"my_key": "two"}, 3)
