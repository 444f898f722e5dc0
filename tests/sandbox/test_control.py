"""What the sandbox's own commands ask of its process."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from udo.sandbox.agent.trouble import KINDS
from udo.sandbox.control import Control
from udo.sandbox.faults import Fault
from udo.sandbox.ssm_faults import KINDS as SSM_KINDS
from udo.sandbox.world import World

CONFIG = """
region: us-west-2
ami: ami-0123456789abcdef0
clusters:
  prod:
    roles:
      webapp: {scale_policy: {min_size: 2, max_size: 4}, deploy: {application: shop, deployment_group: prod}}
"""


@pytest.fixture
def control(world: World, seeded: Any) -> Control:
    return Control(world, seeded(CONFIG))


def test_the_status_names_groups_members_and_time(world: World, control: Control) -> None:
    code, told = control.answer("status", {})
    assert code == 200
    (row,) = told["groups"]
    assert (row["cluster"], row["role"], row["launch"]) == ("prod", "webapp", "prod-webapp 1")
    assert row["addresses"] == [one.private_ip for one in world.instances()]
    assert told["now"] == world.clock.now()


def test_the_status_names_what_a_mixed_instances_policy_launches_from(control: Control, aws: Any) -> None:
    specification = {"LaunchTemplateName": "prod-webapp", "Version": "1"}
    template = {"LaunchTemplateSpecification": specification, "Overrides": [{"InstanceType": "t3.small"}]}
    aws("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName="prod-webapp", MixedInstancesPolicy={"LaunchTemplate": template}
    )
    (row,) = control.answer("status", {})[1]["groups"]
    assert row["launch"] == "prod-webapp 1"


def test_a_step_moves_the_clock_and_nothing_else_does(world: World, control: Control) -> None:
    before = world.clock.now()
    control.answer("status", {})
    assert control.answer("step", {"seconds": 90})[1]["now"] == before + 90
    for wrong in ({}, {"seconds": "soon"}, {"seconds": -1}, {"seconds": float("nan")}, {"seconds": float("inf")}):
        assert control.answer("step", wrong)[0] == 400


def test_the_clock_goes_no_further_than_dates_do(world: World, control: Control) -> None:
    ten_years = {"seconds": 315_000_000}
    assert [control.answer("step", ten_years)[0] for _ in range(9)].count(400) == 2
    assert world.clock.now() < 4_102_444_800


def member(world: World, number: int = 0) -> str:
    return str(list(world.instances())[number].id)


def deploys(control: Control, aws: Any) -> dict[str, Any]:
    """A deployment, at its end."""
    revision = {"revisionType": "GitHub", "gitHubLocation": {"repository": "a/b", "commitId": "1" * 40}}
    made = aws("codedeploy").create_deployment(applicationName="shop", deploymentGroupName="prod", revision=revision)
    control.answer("step", {"seconds": 600})
    return dict(aws("codedeploy").get_deployment(deploymentId=made["deploymentId"])["deploymentInfo"])


def test_faults_are_set_listed_and_cleared(world: World, control: Control, aws: Any) -> None:
    control.answer("fault", {"kind": "deny", "operation": "ec2:DescribeVpcs", "times": None})
    control.answer("fault", {"kind": "hang", "instance_id": member(world)})
    control.answer("fault", {"kind": "deployment", "event": "AfterInstall", "instance_id": member(world, 1)})
    control.answer("fault", {"kind": "launch", "zone": "us-west-2a", "deployment_group": "prod-webapp"})
    control.answer("fault", {"kind": "new-account"})
    control.answer("fault", {"kind": "ssm-lost", "instance_id": member(world)})
    control.answer("fault", {"kind": "stack", "resource": "AWS::SQS::Queue", "nth": 2})
    listed = control.answer("faults", {})[1]["faults"]
    kinds = ["deny", "hang", "ssm-lost", "deployment", "stack", "launch", "new-account"]
    assert [fault["kind"] for fault in listed] == kinds
    assert control.answer("clear", {})[1] == {"faults": []}
    assert aws("ec2").describe_vpcs()["Vpcs"]
    assert deploys(control, aws)["status"] == "Succeeded"


def test_faults_of_cloudwatch_go_by_the_name_that_errors_say(control: Control, aws: Any) -> None:
    control.answer("fault", {"kind": "deny", "operation": "cloudwatch:DescribeAlarms"})
    assert [fault["operation"] for fault in control.answer("faults", {})[1]["faults"]] == ["monitoring:DescribeAlarms"]
    with pytest.raises(ClientError, match="cloudwatch:DescribeAlarms"):
        aws("cloudwatch").describe_alarms()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"kind": "sing"}, "no fault 'sing'"),
        ({"kind": "throttle", "instance_id": "here"}, "'throttle' is a fault of requests"),
        ({"kind": "hang"}, "is a fault of an instance"),
        ({"kind": "die"}, "is a fault of an instance"),
        ({"kind": "hang", "instance_id": "i-00000000000000001"}, "no instance i-00000000000000001"),
        ({"kind": "deny", "operation": "ec2:DescribeVPCs"}, "ec2 has no operation DescribeVPCs"),
        ({"kind": "deny", "operation": "DescribeVPCs"}, "none of the services has operation DescribeVPCs"),
        ({"kind": "deny", "operation": "ec3:DescribeVpcs"}, "no service 'ec3'"),
        ({"kind": "deny", "operation": "s3:ListBukets"}, "s3 has no operation ListBukets"),
        ({"kind": "kill"}, "which process is to be killed?"),
        ({"kind": "new-account", "operation": "ec2:DescribeVpcs"}, "takes no --operation"),
        ({"kind": "deployment", "event": "Lunch"}, "no event 'Lunch'"),
        ({"kind": "deployment", "error": "HUNGER"}, "no error 'HUNGER'"),
        ({"kind": "deployment", "error": "Success"}, "no error 'Success'"),
        ({"kind": "deployment", "creator": "cook"}, "no creator 'cook'"),
        ({"kind": "deployment", "status": "Succeeded"}, "no fault leads to the status 'Succeeded'"),
        ({"kind": "deployment", "error": "TIMEOUT", "event": "Install"}, "takes no --event"),
        ({"kind": "deployment", "creator": "user", "instance_id": "here"}, "takes no --place or --instance"),
        ({"kind": "deny", "pig": 1}, "a fault of requests (deny) takes no --pig"),
        ({"kind": "deployment", "seconds": 1.0}, "takes no --seconds"),
        ({"kind": "launch", "error": "hunger"}, "launches do not fail for the reason 'hunger'"),
        ({"kind": "launch", "event": "Install"}, "takes no --event"),
        ({"kind": "ssm-lost", "seconds": 5}, "takes no --seconds"),
        ({"kind": "stack", "event": "lunch"}, "a stack has no event 'lunch'"),
        ({"kind": "stack", "zone": "us-west-2a"}, "takes no --zone"),
        ({"kind": "command"}, "which status?"),
        ({"kind": "command", "status": "Late"}, "no fault leads to the status 'Late'"),
        ({"kind": "command", "status": "RateExceeded", "instance_id": "here"}, "is of a command as a whole"),
    ],
)
def test_a_fault_that_could_never_happen_is_a_usage_error(
    world: World, control: Control, words: Any, told: str
) -> None:
    if words.get("instance_id") == "here":
        words = {**words, "instance_id": member(world)}
    code, answer = control.answer("fault", words)
    assert (code, answer["usage"]) == (400, True)
    assert told in answer["message"]
    assert control.answer("faults", {})[1] == {"faults": []}


def test_every_kind_of_fault_there_is_is_named_to_who_asks_for_another(control: Control) -> None:
    named = control.answer("fault", {"kind": "sing"})[1]["hint"].removeprefix("one of ").split(", ")
    of_requests = {"throttle", "deny", "expire", "fail", "garbage", "drop", "timeout", "refuse", "delay", "kill"}
    of_instances = {"die", "hang", "hang-command", "other-key", "no-login", "unhealthy"}
    assert {*named} == {*of_requests, *of_instances, "deployment", "launch", "new-account", "stack", *KINDS, *SSM_KINDS}
    assert len(named) == 20 + len(KINDS) + len(SSM_KINDS)


def test_the_second_queue_of_a_stack_fails(control: Control, aws: Any) -> None:
    fault = {"kind": "stack", "event": "create", "resource": "AWS::SQS::Queue", "nth": 2, "error": "Too many"}
    control.answer("fault", fault)
    body = '{"Resources": {"A": {"Type": "AWS::SQS::Queue"}, "B": {"Type": "AWS::SQS::Queue"}}}'
    aws("cloudformation").create_stack(StackName="shop", TemplateBody=body)
    control.answer("step", {"seconds": 60})
    told = aws("cloudformation").describe_stack_resources(StackName="shop")["StackResources"]
    assert [one["ResourceStatus"] for one in told] == ["DELETE_COMPLETE", "DELETE_COMPLETE"]
    events = aws("cloudformation").describe_stack_events(StackName="shop")["StackEvents"]
    failed = [one["LogicalResourceId"] for one in events if "Too many" in one.get("ResourceStatusReason", "")]
    assert failed == ["B"]
    (row,) = control.answer("faults", {})[1]["faults"]
    assert row == {**fault, "stack": "", "times": 1, "counted": 1}


@pytest.mark.parametrize("kind", ["refuse", "hang", "die"])
def test_what_a_fault_of_an_instance_does_not_take_is_said_in_the_words_of_the_command_line(
    control: Control, world: World, kind: str
) -> None:
    member = next(iter(world.instances())).id
    for key, value in (("times", 1), ("nth", 2), ("operation", "ec2:DescribeVpcs")):
        code, answer = control.answer("fault", {"kind": kind, "instance_id": member, key: value})
        assert (code, answer["usage"]) == (400, True)
        assert f"takes no --{key}" in answer["message"]
        assert answer["hint"]
    assert control.answer("faults", {})[1] == {"faults": []}
    if kind != "die":
        control.answer("fault", {"kind": kind, "instance_id": member, "times": None})
        (fault,) = control.answer("faults", {})[1]["faults"]
        assert (fault["kind"], fault["instance_id"]) == (kind, member)


def test_a_deployment_fails_where_it_is_told_to(control: Control, aws: Any) -> None:
    control.answer("fault", {"kind": "deployment", "event": "AfterInstall", "times": 1})
    assert deploys(control, aws)["status"] == "Failed"
    assert deploys(control, aws)["status"] == "Succeeded"


def test_a_deployment_fails_on_the_instance_in_the_place_that_is_told(control: Control, aws: Any) -> None:
    words = {"kind": "deployment", "event": "BeforeInstall", "application": "shop", "deployment_group": "prod"}
    control.answer("fault", {**words, "instance": 1})
    info = deploys(control, aws)
    assert (info["deploymentOverview"]["Failed"], info["deploymentOverview"]["Skipped"]) == (1, 1)
    control.answer("clear", {})
    control.answer("fault", {**words, "deployment_group": "another"})
    assert deploys(control, aws)["status"] == "Succeeded"


def test_an_instance_that_dies_is_replaced(world: World, control: Control, aws: Any) -> None:
    gone = member(world)
    control.answer("fault", {"kind": "die", "instance_id": gone})
    control.answer("step", {"seconds": 600})
    (found,) = aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    members = [one["InstanceId"] for one in found["Instances"]]
    assert len(members) == 2
    assert gone not in members


def test_new_instances_are_born_unhealthy_until_the_faults_are_cleared(control: Control, aws: Any) -> None:
    control.answer("fault", {"kind": "launch", "error": "unhealthy", "deployment_group": "prod-webapp"})
    aws("autoscaling").update_auto_scaling_group(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
    control.answer("step", {"seconds": 600})
    rows = aws("autoscaling").describe_scaling_activities(AutoScalingGroupName="prod-webapp")["Activities"]
    assert any("EC2 instance status check failure" in row["Cause"] for row in rows)
    assert control.answer("faults", {})[1]["faults"][0]["counted"] > 1
    control.answer("clear", {})
    control.answer("step", {"seconds": 600})
    (found,) = aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [one["HealthStatus"] for one in found["Instances"]] == ["Healthy"] * 3


def test_a_new_account_has_no_launch_configurations_until_the_faults_are_cleared(control: Control, aws: Any) -> None:
    create = aws("autoscaling").create_launch_configuration
    data = {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro"}
    control.answer("fault", {"kind": "new-account"})
    with pytest.raises(ClientError, match="not available in your account"):
        create(LaunchConfigurationName="one", **data)
    control.answer("clear", {})
    create(LaunchConfigurationName="one", **data)


def test_an_instance_prints_its_host_keys_once_it_has_booted(world: World, seeded: Any, aws: Any, ssh: Any) -> None:
    config = seeded(CONFIG)
    world.reset()
    control = Control(world, config, boot=30)
    control.begin()
    before = {one.id for one in world.instances()}
    console = aws("ec2").get_console_output
    assert all("KEYS" in console(InstanceId=one)["Output"] for one in before)
    aws("autoscaling").set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
    (born,) = {one.id for one in world.instances()} - before
    assert "Output" not in console(InstanceId=born)
    control.answer("step", {"seconds": 29})
    assert "Output" not in console(InstanceId=born)
    control.answer("step", {"seconds": 1})
    assert "BEGIN SSH HOST KEY KEYS" in console(InstanceId=born)["Output"]


def alarm(aws: Any, name: str = "slow") -> None:
    """An alarm that nothing has data of."""
    words = {"MetricName": "Latency", "Namespace": "Shop", "Statistic": "Average", "Period": 60}
    limits = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    aws("cloudwatch").put_metric_alarm(AlarmName=name, **words, **limits)


def test_an_alarm_rings_until_it_is_told_otherwise(control: Control, aws: Any) -> None:
    assert control.answer("alarms", {}) == (200, {"alarms": []})
    alarm(aws)
    aws("cloudwatch").put_composite_alarm(AlarmName="all", AlarmRule="ALARM(slow)")
    control.answer("alarm", {"name": "slow", "state": "ALARM"})
    control.answer("step", {"seconds": 3600})
    rows = control.answer("alarms", {})[1]["alarms"]
    assert [(row["name"], row["state"], row["held"]) for row in rows] == [
        ("all", "ALARM", False),
        ("slow", "ALARM", True),
    ]
    control.answer("alarm", {"name": "slow", "state": "OK"})
    rows = control.answer("alarms", {})[1]["alarms"]
    assert [(row["name"], row["state"], row["held"]) for row in rows] == [("all", "OK", False), ("slow", "OK", False)]
    control.answer("step", {"seconds": 60})
    assert control.answer("alarms", {})[1]["alarms"][1]["state"] == "INSUFFICIENT_DATA"


def test_an_alarm_that_is_not_there_is_a_usage_error(control: Control, aws: Any) -> None:
    assert control.answer("alarm", {"name": "slow", "state": "OK"})[1]["hint"] == "there are none"
    alarm(aws)
    code, told = control.answer("alarm", {"name": "slo", "state": "OK"})
    assert (code, told["usage"]) == (400, True)
    assert (told["message"], told["hint"]) == ("the sandbox has no alarm slo", "did you mean 'slow'?")
    assert (
        "one of OK, ALARM, INSUFFICIENT_DATA" in control.answer("alarm", {"name": "slow", "state": "LOUD"})[1]["hint"]
    )


def test_the_log_is_of_clients_only(control: Control, aws: Any) -> None:
    aws("ec2").describe_vpcs()
    control.answer("status", {})
    assert control.answer("log", {})[1]["requests"] == [
        {"number": 1, "region": "us-west-2", "action": "ec2:DescribeVpcs"}
    ]


def test_an_unknown_command_is_not_there(control: Control) -> None:
    assert control.answer("explode", {})[0] == 404


def test_nobody_without_the_key_has_control(
    world: World, control: Control, served_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "access_key", "AKIATHEKEYOFTHEOWNER")
    monkeypatch.setattr(world, "control", control.answer)
    world.faults.add(Fault("throttle", "nothing:Ever"))
    where = f"{served_world.endpoint}/udo/clear"
    foreign = urllib.request.Request(where, b"{}", {"Authorization": "Bearer AKIASOMEBODYELSESKEY"})
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(foreign)
    refused.value.close()
    assert len(world.faults.listed()) == 1
    ours = urllib.request.Request(where, b"{}", {"Authorization": "Bearer AKIATHEKEYOFTHEOWNER"})
    with urllib.request.urlopen(ours) as answer:
        assert json.load(answer) == {"faults": []}
