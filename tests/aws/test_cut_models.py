"""Plain reads by cut-down models: the very same values as by whole ones, and never for what is sent back to AWS."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import deploy_worlds
import filled
import pytest
from botocore.utils import parse_timestamp
from launch_worlds import WORLDS, launch_data, write_config
from stack_reads import a_stack_and_a_change_set, of_stacks

from udo.aws import Aws
from udo.aws.connection import _use
from udo.aws.cut import PLAIN, SENT, WHOLE
from udo.aws.loading import CutLoader, FullLoader
from udo.aws.times import timestamp
from udo.change.plan import Read
from udo.config import load
from udo.launch.observe import observe_updatelc

OPERATIONS = {(service, operation) for service, operations in PLAIN.items() for operation in operations}


def reached(world: Any, **more: Any) -> Aws:
    return Aws(region="us-west-2", prepare=world.attach, **more)


def whole(world: Any, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Aws:
    """AWS read by whole models alone."""
    with monkeypatch.context() as patch:
        patch.setenv("UDO_CACHE", "off")
        aws = reached(world, **more)
        for service in PLAIN:
            assert len(aws._connection.client(service, "plain").meta.service_model.operation_names) > 40
    return aws


TOPIC = "arn:aws:sns:us-west-2:123456789012:on-call"
METRIC = {"Namespace": "Shop", "MetricName": "Latency"}
LATENCY = [{"Id": "a0", "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Average"}}]


class Sent(NamedTuple):
    """A command on one instance that has ended."""

    command_id: str
    instance_id: str


def send(world: Any) -> Sent:
    """Sends a command to an instance with an agent, and waits for its end."""
    world.client("iam").create_instance_profile(InstanceProfileName="agents")
    image = world.client("ec2").describe_images()["Images"][0]["ImageId"]
    launched = world.client("ec2").run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.small", IamInstanceProfile={"Name": "agents"}
    )
    one, ssm = launched["Instances"][0]["InstanceId"], world.client("ssm")
    sent = ssm.send_command(
        InstanceIds=[one], DocumentName="AWS-RunShellScript", Parameters={"commands": ["echo hi; exit 3"]}, Comment="c"
    )
    command = sent["Command"]["CommandId"]
    while ssm.list_commands(CommandId=command)["Commands"][0]["Status"] in ("Pending", "InProgress"):
        time.sleep(0.01)
    return Sent(command, one)


def read(aws: Aws, deployment: str, sent: Sent) -> list[Any]:
    """Whatever Udo reads by cut-down models."""
    groups = aws.autoscaling.groups()
    ids = [member.instance_id for group in groups.values() for member in group.members]
    place = ("shop", "prod-webapp")
    return [
        groups,
        {name: group.raw for name, group in groups.items()},
        aws.autoscaling.groups(["prod-webapp"]),
        aws.autoscaling.active_refresh("prod-webapp"),
        aws.ec2.instances(ids),
        aws.ec2.terminated(ids),
        aws.ec2.console_output(ids[0]),
        aws.ec2.versions_running("lt-0123456789abcdef0"),
        aws.codedeploy.deployment_groups("shop", ["prod-webapp", "prod-web", "gone"]),
        aws.codedeploy.deployment_group(*place),
        aws.codedeploy.deployment(deployment),
        aws.codedeploy.named([deployment]),
        [*aws.codedeploy.deployments(*place)],
        aws.codedeploy.target_ids(deployment),
        [*aws.codedeploy.targets(deployment, aws.codedeploy.target_ids(deployment))],
        aws.ssm.looked_up(["/shop/a", "/shop/secret", "/gone"]),
        aws.ssm.below("/shop/"),
        list(aws.autoscaling.activities("prod-webapp")),
        aws.autoscaling.refreshes("prod-webapp"),
        aws.autoscaling.policies("prod-webapp"),
        aws.autoscaling.schedules("prod-webapp"),
        aws.autoscaling.hooks("prod-webapp"),
        aws.elbv2.target_health(groups["prod-webapp"].raw["TargetGroupARNs"][0]),
        aws.cloudwatch.alarm_states(["slow", "gone"]),
        aws.cloudwatch.data(LATENCY, 1767600000.0, 1767603600.0),
        aws.codedeploy.deployment_group_names("shop"),
        aws.ec2.launch_templates(),
        aws.run_command.agents([sent.instance_id]),
        aws.run_command.invocations(sent.command_id),
        aws.run_command.content(sent.command_id, sent.instance_id),
        list(aws.run_command.commands("2026-01-01T00:00:00Z")),
        aws.autoscaling.warm_pool("prod-webapp"),
        aws.news.subscribed_topics(),
        aws.news.listeners(TOPIC),
        aws.news.event_rules(),
        *of_stacks(aws),
    ]


@pytest.mark.whole
def test_every_read_gives_the_values_it_gives_by_whole_models(
    world: Any, seeded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded(deploy_worlds.config("target_groups: [front]"))
    deployment = deploy_worlds.begin(world)
    deploy_worlds.end(world)
    (ssm := world.client("ssm")).put_parameter(Name="/shop/a", Value="one", Type="String")
    ssm.put_parameter(Name="/shop/secret", Value="two", Type="SecureString")
    words = {"MetricName": "Latency", "Namespace": "Shop", "Statistic": "Average", "Period": 60}
    limits = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    world.client("cloudwatch").put_metric_alarm(AlarmName="slow", **words, **limits)
    autoscaling, of = world.client("autoscaling"), {"AutoScalingGroupName": "prod-webapp"}
    autoscaling.put_scaling_policy(
        **of, PolicyName="p", PolicyType="SimpleScaling", AdjustmentType="ChangeInCapacity", ScalingAdjustment=1
    )
    autoscaling.put_scheduled_update_group_action(
        **of, ScheduledActionName="s", Recurrence="0 20 * * *", DesiredCapacity=1
    )
    autoscaling.put_warm_pool(**of, MinSize=1)
    world.client("sns").create_topic(Name="on-call")
    world.client("sns").subscribe(TopicArn=TOPIC, Protocol="sms", Endpoint="+491701234567")
    world.client("events").put_rule(Name="drains", EventPattern='{"source": ["aws.autoscaling"]}', State="ENABLED")
    a_stack_and_a_change_set(world)
    asked: set[tuple[str, ...]] = set()
    sent = send(world)
    seen = read(reached(world, trace=lambda action, _: asked.add((*action.split(":"),))), deployment, sent)
    assert asked == OPERATIONS
    assert seen == read(whole(world, monkeypatch), deployment, sent)
    assert all(seen[number] for number in (0, 1, 2, 4, *range(8, 18), *range(19, 41)))


@pytest.mark.whole
@pytest.mark.parametrize("kind", WORLDS)
def test_groups_of_every_kind_are_alike(kind: str, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    WORLDS[kind](world)
    plain, full = (aws.autoscaling.groups() for aws in (reached(world), whole(world, monkeypatch)))
    assert plain == full
    assert [group.raw for group in plain.values()] == [group.raw for group in full.values()]
    assert launch_data(world)


class Answering:
    """An endpoint that gives an answer with every member there is to whatever is asked."""

    def __init__(self) -> None:
        self.body = b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def aws(self) -> Aws:
        url = f"http://127.0.0.1:{self.server.server_port}"
        return Aws(region="us-west-2", endpoint=url, credentials=("AKIATESTTESTTESTTEST", "x"))


@pytest.fixture
def answering() -> Iterator[Answering]:
    made = Answering()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def full() -> FullLoader:
    return FullLoader()


@pytest.mark.parametrize(("service", "operation"), sorted(OPERATIONS))
def test_an_answer_with_every_member_there_is_loses_none_but_those_that_no_read_uses(
    service: str, operation: str, answering: Answering
) -> None:
    connection = answering.aws._connection
    model = connection.client(service).meta.service_model.operation_model(operation)
    answering.body = filled.body(model)
    asked = {name: _some(shape) for name, shape in model.input_shape.members.items() if name in _required(model)}
    plain, all_ = connection.ask(service, operation, asked), connection.ask(service, operation, asked, whole=True)
    for answer in (plain, all_):
        del answer["ResponseMetadata"]
    assert all_
    assert set(all_) >= set(model.output_shape.members) - {"NextToken", "nextToken"}
    members = PLAIN[service][operation]
    assert plain == (all_ if members == WHOLE else _along(all_, [path.split(".") for path in members]))
    assert len(connection.client(service, "plain").meta.service_model.operation_names) == len(PLAIN[service])


def test_an_instance_with_every_member_there_is_becomes_the_same_one(answering: Answering) -> None:
    aws = answering.aws
    answering.body = filled.body(aws._connection.client("ec2").meta.service_model.operation_model("DescribeInstances"))
    seen = aws.ec2.instances(["i-1"])
    aws._connection._clients["ec2", "plain"] = aws._connection.client("ec2")
    assert seen
    assert seen == aws.ec2.instances(["i-1"])
    assert all(vars(one)[name] for one in seen.values() for name in vars(one))


@pytest.mark.whole
def test_launch_data_is_read_by_whole_models(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[tuple[str, str]] = set()

    def noted(service: str, operation: str, *, whole: bool, writing: bool = False) -> str:
        use = _use(service, operation, whole=whole, writing=writing)
        used.add((operation, use))
        return use

    monkeypatch.setattr("udo.aws.connection._use", noted)
    for build in WORLDS.values():
        world.reset()
        build(world)
        observe_updatelc(reached(world), _role())
    whole = {operation for operation, use in used if use == "full"}
    assert {"DescribeAutoScalingGroups", "DescribeLaunchConfigurations", "DescribeLaunchTemplateVersions"} <= whole
    # Whether a refresh is active, and from which versions instances run.
    assert {operation for operation, use in used if use == "plain"} == {
        "DescribeInstanceRefreshes",
        "DescribeInstances",
    }


def _role() -> Any:
    write_config()
    return load(Path("udo.yml"), os.environ).role("prod", "webapp")


@pytest.mark.parametrize("service", PLAIN)
def test_what_a_plan_reads_is_read_by_whole_models_and_writes_are_sent_by_them(
    service: str, answering: Answering
) -> None:
    aws = answering.aws
    operation = next(iter(PLAIN[service]))
    model = aws._connection.client(service).meta.service_model.operation_model(operation)
    answering.body = filled.body(model)
    aws.read(Read(service, operation, {name: _some(model.input_shape.members[name]) for name in _required(model)}, "@"))
    aws.call(service, operation, {name: _some(model.input_shape.members[name]) for name in _required(model)})
    assert set(aws._connection._clients) == {(service, "full"), (service, "writing")}


@pytest.mark.parametrize(
    ("service", "operation"), [(service, name) for service, names in SENT.items() for name in names]
)
def test_a_write_that_is_sent_by_a_cut_down_model_lacks_no_member(
    service: str, operation: str, full: FullLoader, answering: Answering
) -> None:
    from botocore.model import ServiceModel

    cut = CutLoader(full, SENT, "sent-")
    few, all_ = (
        ServiceModel(one.load_service_model(service, "service-2")).operation_model(operation) for one in (cut, full)
    )
    assert _drawn(few.input_shape) == _drawn(all_.input_shape)
    assert _drawn(few.output_shape) == _drawn(all_.output_shape)
    assert [*map(_drawn, few.error_shapes)] == [*map(_drawn, all_.error_shapes)]
    assert (few.http, few.metadata) == (all_.http, all_.metadata)
    answering.body = filled.body(all_)
    aws = answering.aws
    aws.call(service, operation, {name: _some(all_.input_shape.members[name]) for name in _required(all_)})
    assert set(aws._connection._clients) == {(service, "sent")}
    client = aws._connection.client(service, "sent")
    assert set(client.meta.service_model.operation_names) == set(SENT[service])
    assert client.meta.config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize(("service", "operation"), sorted(OPERATIONS))
def test_what_may_be_asked_and_what_may_go_wrong_is_the_same(service: str, operation: str, full: FullLoader) -> None:
    from botocore.model import ServiceModel

    few, all_ = (ServiceModel(one.load_service_model(service, "service-2")) for one in (CutLoader(full), full))
    assert few.metadata == all_.metadata
    assert [shape.name for shape in few.error_shapes] == [shape.name for shape in all_.error_shapes]
    one, other = few.operation_model(operation), all_.operation_model(operation)
    assert _drawn(one.input_shape) == _drawn(other.input_shape)
    assert [*map(_drawn, one.error_shapes)] == [*map(_drawn, other.error_shapes)]
    assert one.http == other.http
    assert one.output_shape.required_members == other.output_shape.required_members
    assert [*one.output_shape.members] == [*other.output_shape.members]
    if PLAIN[service][operation] == WHOLE:
        assert _drawn(one.output_shape) == _drawn(other.output_shape)


def test_listings_go_on_as_they_do_by_whole_models(full: FullLoader) -> None:
    for service, operation in sorted(OPERATIONS):
        few, all_ = (
            loader.load_service_model(service, "paginators-1")["pagination"] for loader in (CutLoader(full), full)
        )
        assert few.get(operation) == all_.get(operation)


@pytest.mark.parametrize("service", [*PLAIN, "sts", "iam", "s3", "elb", "unheard-of"])
def test_endpoints_are_those_of_botocore_in_every_region(service: str, full: FullLoader) -> None:
    from botocore.regions import EndpointResolver

    few, all_ = (
        EndpointResolver(loader.load_data_with_path("endpoints")[0], True) for loader in (CutLoader(full), full)
    )
    regions = ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "aws-global", "mars-1"]
    for region in regions:
        for more in ({}, {"use_fips_endpoint": True}):
            assert few.construct_endpoint(service, region, **more) == all_.construct_endpoint(service, region, **more)
    assert few.get_available_endpoints(service) == all_.get_available_endpoints(service)


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-12T13:14:15Z",
        "2026-11-12T13:14:15.123Z",
        "2026-11-12T13:14:15.123456Z",
        "2026-11-12T13:14:15+02:00",
        "Thu, 12 Nov 2026 13:14:15 GMT",
        "1794489255",
        1794489255.25,
        1794489255,
    ],
)
def test_times_are_read_as_botocore_reads_them(written: Any) -> None:
    assert timestamp(written) == parse_timestamp(written)
    assert timestamp(written).utcoffset() == parse_timestamp(written).utcoffset()


@pytest.mark.parametrize("written", ["2026-11-12T25:14:15Z", "T", "          T  Z", ""])
def test_what_is_no_time_is_refused_as_botocore_refuses_it(written: str) -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        timestamp(written)


def _required(operation: Any) -> list[str]:
    return [*operation.input_shape.required_members]


def _some(shape: Any) -> Any:
    match shape.type_name:
        case "list":
            return [_some(shape.member)]
        case "string":
            return shape.enum[0] if shape.enum else "x" * int(shape.metadata.get("min", 1))
        case "structure":
            return {name: _some(shape.members[name]) for name in shape.required_members}
        case kind:
            return {"integer": 1, "boolean": True, "timestamp": 0}[kind]


def _along(value: Any, paths: list[list[str]]) -> Any:
    """What stands at the ends of these paths of members, and nothing else."""
    if isinstance(value, list):
        return [_along(one, paths) for one in value]
    if [] in paths or not isinstance(value, dict):
        return value
    names = {path[0] for path in paths}
    return {
        name: _along(value[name], [path[1:] for path in paths if path[0] == name]) for name in value if name in names
    }


def _drawn(shape: Any, above: tuple[str, ...] = ()) -> Any:
    """A shape with all below, as plain data."""
    if shape is None or shape.name in above:
        return shape and shape.name
    further = (*above, shape.name)
    own = (shape.name, shape.type_name, {**shape.serialization}, {**shape.metadata})
    match shape.type_name:
        case "structure":
            return own, shape.required_members, {name: _drawn(one, further) for name, one in shape.members.items()}
        case "list":
            return own, _drawn(shape.member, further)
        case "map":
            return own, _drawn(shape.key, further), _drawn(shape.value, further)
    return own
