"""What comes in place of AWS's answers: asked for again where it is a read, and an error, never an empty answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from udo.aws import Aws
from udo.change.plan import Read as AwsRead
from udo.errors import AwsError, LostAnswer, UsageError

PAGE = b"<html><head><title>Sign in</title></head><body><p>Welcome to the hotel</p></body></html>"
DEEP = b'{"Parameters": ' + b"[" * 100_000
Given = tuple[int, bytes, int]


class Endpoint:
    """Answers in turn with what it is given (status, body, bytes declared more than sent); the last one for ever."""

    def __init__(self) -> None:
        self.given: list[Given] = []
        self.headers: dict[str, str] = {}
        self.asked = 0
        self.silent = threading.Event()
        self.silent.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked += 1
                outer.silent.wait(30)
                status, body, missing = outer.given.pop(0) if len(outer.given) > 1 else outer.given[0]
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) + missing))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = bool(missing)

            def do_HEAD(self) -> None:
                outer.asked += 1
                self.send_response(200)
                self.send_header("Content-Length", "7")
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def aws(self, **more: Any) -> Aws:
        url = f"http://127.0.0.1:{self.server.server_port}"
        return Aws(region="us-west-2", endpoint=url, credentials=("AKIATESTTESTTESTTEST", "x"), **more)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.silent.set()
    made.server.shutdown()
    made.server.server_close()


def query(operation: str, inside: str) -> bytes:
    return f"<{operation}Response><{operation}Result>{inside}</{operation}Result></{operation}Response>".encode()


GROUPS = query("DescribeAutoScalingGroups", "<AutoScalingGroups/>")
INSTANCES = b"<DescribeInstancesResponse><requestId>r</requestId><reservationSet/></DescribeInstancesResponse>"
PARAMETERS = json.dumps({"Parameters": [{"Name": "/a", "Value": "b", "Type": "String"}], "InvalidParameters": []})
DEPLOYMENTS = json.dumps({"deployments": []}).encode()
Read = Callable[[Aws], Any]
READS: dict[str, tuple[Read, bytes, Any]] = {
    "query": (lambda aws: aws.autoscaling.groups(["g"]), GROUPS, {}),
    "ec2": (lambda aws: aws.ec2.instances(["i-1"]), INSTANCES, {}),
    "json": (lambda aws: aws.ssm.parameters(["/a"]), PARAMETERS.encode(), {"/a": "b"}),
    "json list": (lambda aws: list(aws.codedeploy.deployments("a", "g")), DEPLOYMENTS, []),
}
ANYWHERE: dict[str, Given] = {
    "a page": (200, PAGE, 0),
    "a page refusing": (403, PAGE, 0),
    "an element": (200, b"<a/>", 0),
    "an element refusing": (403, b"<a/>", 0),
    "nothing": (200, b"", 0),
    "null": (200, b"null", 0),
    "a list": (200, b"[]", 0),
    "an empty object": (200, b"{}", 0),
    "depth": (200, DEEP, 0),
    "half an error": (400, b'{"__type": "Param', 0),
    "a redirect": (302, b"", 0),
}


def broken(kind: str) -> dict[str, Given]:
    whole = READS[kind][1]
    return ANYWHERE | {"cut short": (200, whole, 7), "cut": (200, whole[: len(whole) // 2], 0)}


CASES = [(kind, how) for kind in READS for how in broken(kind)]


@pytest.mark.parametrize(("kind", "how"), CASES)
def test_a_read_whose_answer_is_broken_is_asked_again(endpoint: Endpoint, kind: str, how: str) -> None:
    read, whole, value = READS[kind]
    endpoint.given = [broken(kind)[how], (200, whole, 0)]
    assert read(endpoint.aws()) == value
    assert endpoint.asked == 2


@pytest.mark.parametrize(("kind", "how"), CASES)
def test_a_read_that_stays_broken_is_an_error_that_says_so(endpoint: Endpoint, kind: str, how: str) -> None:
    endpoint.given = [broken(kind)[how]]
    with pytest.raises(LostAnswer, match="not one of AWS's"):
        READS[kind][0](endpoint.aws())
    assert endpoint.asked == 3


@pytest.mark.parametrize(
    "row",
    [
        {"Name": 17, "Value": "b"},
        {"Name": "/a", "Value": True},
        {"Name": "/a", "Value": "b", "Version": "x"},
        "b",
        None,
    ],
)
def test_an_answer_with_values_of_another_kind_is_broken(endpoint: Endpoint, row: Any) -> None:
    endpoint.given = [(200, json.dumps({"Parameters": [row]}).encode(), 0)]
    with pytest.raises(LostAnswer, match="not one of AWS's"):
        endpoint.aws().ssm.parameters(["/a"])


@pytest.mark.parametrize("tokens", [["a"], ["a", "b", "a"]])
def test_pages_that_go_round_in_a_circle_end_in_an_error(endpoint: Endpoint, tokens: list[str]) -> None:
    page = "<AutoScalingGroups/><NextToken>{}</NextToken>"
    endpoint.given = [(200, query("DescribeAutoScalingGroups", page.format(token)), 0) for token in tokens]
    with pytest.raises(LostAnswer, match="in a circle"):
        endpoint.aws().autoscaling.groups(["g"])
    assert endpoint.asked <= 3


def test_listings_that_botocore_has_no_paginator_for_are_read_to_their_end(endpoint: Endpoint) -> None:
    refresh = (
        "<InstanceRefreshes><member><InstanceRefreshId>{}</InstanceRefreshId><Status>Successful</Status></member>"
        "</InstanceRefreshes>"
    )
    source = "<TrafficSources><member><Identifier>{}</Identifier></member></TrafficSources>"
    more = "<NextToken>n</NextToken>"
    endpoint.given = [
        (200, query("DescribeInstanceRefreshes", refresh.format("one") + more), 0),
        (200, query("DescribeInstanceRefreshes", refresh.format("two")), 0),
        (200, query("DescribeTrafficSources", source.format("one") + more), 0),
        (200, query("DescribeTrafficSources", source.format("two")), 0),
    ]
    aws, asked = endpoint.aws(), {"AutoScalingGroupName": "g"}
    assert [one.refresh_id for one in aws.autoscaling.refreshes("g")] == ["one", "two"]
    read = AwsRead("autoscaling", "DescribeTrafficSources", asked, "TrafficSources[].Identifier")
    assert aws.read(read) == ["one", "two"]


def test_an_answer_without_a_member_that_every_one_has_is_broken(endpoint: Endpoint) -> None:
    endpoint.given = [(200, query("DescribeAutoScalingGroups", "<NextToken>n</NextToken>"), 0)]
    with pytest.raises(LostAnswer, match="it holds no AutoScalingGroups"):
        endpoint.aws().autoscaling.groups(["g"])


@pytest.mark.parametrize("how", ["a page", "null", "a list", "depth", "half an error", "a page refusing"])
def test_a_write_whose_answer_is_broken_is_sent_once_and_is_lost(endpoint: Endpoint, how: str) -> None:
    endpoint.given = [ANYWHERE[how]]
    with pytest.raises(LostAnswer):
        endpoint.aws().call("ssm", "PutParameter", {"Name": "/a", "Value": "b", "Type": "String"})
    assert endpoint.asked == 1


def test_an_error_of_aws_is_not_asked_for_again(endpoint: Endpoint) -> None:
    endpoint.given = [(400, b'{"__type": "ValidationException", "message": "no"}', 0)]
    with pytest.raises(AwsError, match="no ") as error:
        endpoint.aws().ssm.parameters(["/a"])
    assert (error.value.aws_code, endpoint.asked) == ("ValidationException", 1)


def test_an_answer_has_so_many_seconds_in_all_and_what_is_awaited_is_told(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UDO_ANSWER_TIMEOUT", "2")
    monkeypatch.setattr("udo.aws.patience._SOON", 0.1)
    endpoint.silent.clear()
    told: list[str] = []
    begun = time.monotonic()
    with pytest.raises(LostAnswer, match="ssm:GetParameters: no answer within 2 s"):
        endpoint.aws(tell=told.append).ssm.parameters(["/a"])
    assert 2 <= time.monotonic() - begun < 20
    assert told == ["no answer yet to ssm:GetParameters; waiting up to 2 s"]


@pytest.mark.parametrize("value", ["0", "soon", "-1", "1e9"])
@pytest.mark.parametrize("variable", ["UDO_ANSWER_TIMEOUT", "AWS_MAX_ATTEMPTS"])
def test_a_limit_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError) as told:
        Aws(region="us-west-2")
    assert (told.value.exit, told.value.message) == (2, f"{variable} is '{value}'")
    assert (told.value.hint or "").startswith("write ")


LACKING: dict[str, tuple[Read, bytes, str]] = {
    "a group": (
        lambda aws: aws.autoscaling.groups(["g"]),
        query(
            "DescribeAutoScalingGroups", "<AutoScalingGroups><member><MinSize>1</MinSize></member></AutoScalingGroups>"
        ),
        "AutoScalingGroupName",
    ),
    "a deployment": (
        lambda aws: list(aws.codedeploy.deployments("a", "g")),
        b'{"deployments": ["d-1"], "deploymentsInfo": [{"status": "Created"}]}',
        "deploymentId",
    ),
    "a parameter": (lambda aws: aws.ssm.parameters(["/a"]), b'{"Parameters": [{"Value": "b"}]}', "Name"),
}


@pytest.mark.parametrize("name", LACKING)
def test_an_answer_that_lacks_a_member_within_is_not_one_of_awss(endpoint: Endpoint, name: str) -> None:
    read, body, member = LACKING[name]
    endpoint.given = [(200, body, 0)]
    with pytest.raises(LostAnswer, match=f"the answer is not one of AWS's, it holds no {member}"):
        read(endpoint.aws())


@pytest.mark.whole
@pytest.mark.parametrize("headers", [{}, {"ETag": '""'}, {"x-amz-version-id": "3"}])
def test_an_object_without_an_etag_cannot_be_pinned_and_is_not_s3s(endpoint: Endpoint, headers: dict[str, str]) -> None:
    endpoint.headers = headers
    with pytest.raises(LostAnswer, match="the answer is not one of AWS's, it holds no ETag"):
        endpoint.aws().s3.stored("releases", "app.zip")


def test_an_object_is_known_by_its_etag(endpoint: Endpoint) -> None:
    endpoint.headers = {"ETag": '"abc"'}
    assert endpoint.aws().s3.stored("releases", "app.zip").etag == "abc"
