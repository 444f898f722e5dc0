"""Everything `udo sandbox` can be asked while it runs, typed at one that stands still: its clock moves when told to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

CONFIG = """
region: eu-west-1
account: "210987654321"
ami: ami-0123456789abcdef0
vpc: vpc-0aa1b2c3d4e5f6071
subnets: [subnet-0aa1b2c3d4e5f6071]
clusters:
  prod:
    roles:
      webapp:
        scale_policy: {min_size: 1, max_size: 4, desired: 2}
        deploy: {application: shop, deployment_group: prod, github: {repo: example/shop}}
"""
BOOT = 30
REVISION = {"revisionType": "GitHub", "gitHubLocation": {"repository": "example/shop", "commitId": "1" * 40}}


@dataclass(frozen=True)
class Running:
    """A sandbox that runs: its folder, and what its start said."""

    folder: Path
    data: dict[str, Any]


@pytest.fixture(scope="module")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("sandbox")
    (folder / "udo.yml").write_text(CONFIG)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}

    def run(*words: str) -> str:
        argv = [sys.executable, "-m", "udo", "sandbox", *words]
        return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=True, timeout=90).stdout

    told = run("start", "--speed", "0", "--boot", str(BOOT), "-o", "json")
    yield Running(folder, json.loads(told)["data"])
    assert "stopped" in run("stop")


@pytest.fixture
def running(_running: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The sandbox, found by command lines of this process, which stand in its folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(_running.folder / "state"))
    monkeypatch.chdir(_running.folder)
    return _running


@pytest.fixture
def sandbox(running: Running, udo: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Runs `udo sandbox ... -o json` and gives its data; afterwards no fault is left."""

    def run(*words: str) -> Any:
        done = udo("sandbox", *words, "-o", "json")
        assert done.exit == 0, done.stderr
        return done.json["data"]

    yield run
    run("fault", "clear")


@pytest.fixture
def client(running: Running, udo: Callable[..., Any], session: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Clients made by whoever has typed eval "$(udo sandbox env)"."""
    for line in udo("sandbox", "env").stdout.splitlines():
        if found := re.fullmatch(r"export (\w+)=(.*)", line):
            monkeypatch.setenv(found[1], found[2])
        else:
            monkeypatch.delenv(line.removeprefix("unset "), raising=False)
    once = Config(retries={"total_max_attempts": 1}, read_timeout=1)
    return lambda service: session().create_client(service, config=once)


def members(client: Any) -> list[str]:
    (group,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return [one["InstanceId"] for one in group["Instances"]]


def code(call: Callable[..., Any], **words: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**words)
    return str(caught.value.response["Error"]["Code"])


def deployed(sandbox: Any, client: Any) -> dict[str, Any]:
    """A deployment, at its end."""
    codedeploy = client("codedeploy")
    made = codedeploy.create_deployment(applicationName="shop", deploymentGroupName="prod", revision=REVISION)
    sandbox("step", "600")
    return dict(codedeploy.get_deployment(deploymentId=made["deploymentId"])["deploymentInfo"])


@pytest.mark.whole
def test_any_aws_client_finds_it_by_its_environment(
    running: Running, client: Any, udo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = udo("sandbox", "env").stdout.splitlines()
    assert {"unset AWS_PROFILE", "unset AWS_SESSION_TOKEN", "export UDO_SANDBOX=1"} <= set(lines)
    assert client("sts").get_caller_identity()["Account"] == "210987654321"
    reservations = client("ec2").describe_instances(InstanceIds=members(client))["Reservations"]
    for one in (one for reservation in reservations for one in reservation["Instances"]):
        assert one["PrivateIpAddress"].startswith("127.")
        assert (one["VpcId"], one["SubnetId"]) == ("vpc-0aa1b2c3d4e5f6071", "subnet-0aa1b2c3d4e5f6071")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSESKEY")
    assert code(client("sts").get_caller_identity) == "InvalidClientTokenId"


@pytest.mark.whole
def test_nothing_in_the_shell_stands_between_an_aws_client_and_it(
    running: Running, udo: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = {
        "http_proxy": "http://127.0.0.1:9",
        "no_proxy": "example.com",
        "AWS_DEFAULT_PROFILE": "nobody",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    for words in (("status",), ("updatelc", "prod", "webapp", "--dry-run")):
        told = udo("--sandbox", *words)
        assert told.exit == 0, told.stderr
    for name, value in udo("sandbox", "env", "-o", "json").json["data"].items():
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    assert os.environ["no_proxy"] == "example.com,127.0.0.1"
    assert session().create_client("sts").get_caller_identity()["Account"] == "210987654321"


def test_udo_on_the_sandbox_says_so_first(running: Running, udo: Any) -> None:
    done = udo("--sandbox", "instances", "prod", "webapp", "-o", "json")
    assert done.exit == 0
    assert done.stderr.splitlines()[0].startswith("sandbox: http://127.0.0.1:")
    assert len(done.json["data"]) == 2


def test_started_again_it_stays_the_same_one_and_a_reset_begins_anew(running: Running, sandbox: Any, udo: Any) -> None:
    again = udo("sandbox", "start")
    assert "running already" in again.stderr
    before = sandbox("status")
    assert before["pid"] == running.data["pid"]
    sandbox("fault", "add", "deny", "--forever")
    fresh = sandbox("reset")
    assert fresh["groups"][0]["instances"] == 2
    assert not set(fresh["groups"][0]["addresses"]) & set(before["groups"][0]["addresses"])
    assert sandbox("fault", "list") == []
    assert sandbox("log") == []


def test_its_clock_moves_when_told_to_and_instances_boot_by_it(sandbox: Any, client: Any) -> None:
    sandbox("reset")
    old = members(client)
    assert all("BEGIN SSH HOST KEY KEYS" in client("ec2").get_console_output(InstanceId=one)["Output"] for one in old)
    client("autoscaling").set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
    (born,) = set(members(client)) - set(old)

    def state() -> tuple[str, bool]:
        (row,) = client("autoscaling").describe_auto_scaling_instances(InstanceIds=[born])["AutoScalingInstances"]
        return row["LifecycleState"], "Output" in client("ec2").get_console_output(InstanceId=born)

    sandbox("step", str(BOOT - 1))
    assert state() == ("Pending", False)
    sandbox("step", "1")
    assert state() == ("InService", True)


def hours(udo: Any) -> int:
    """The age of the oldest member as a table shows it."""
    return max(map(int, re.findall(r"\b(\d+)h\b", udo("--sandbox", "instances", "prod", "webapp").stdout)))


@pytest.mark.whole
def test_ages_and_the_history_are_by_its_clock(sandbox: Any, client: Any, udo: Any) -> None:
    members(client)
    age = hours(udo)
    sandbox("step", "36000")
    aged = hours(udo)
    assert aged - age == 10
    changed = udo("--sandbox", "updatelc", "prod", "webapp", "--set", "instance_type=t3.large")
    assert changed.exit == 0
    assert changed.stderr.count("http://127.0.0.1") == 1
    told = udo("--sandbox", "history", "prod", "webapp", "-o", "json").json["data"]
    group = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    version = client("ec2").describe_launch_template_versions(
        LaunchTemplateId=group["LaunchTemplate"]["LaunchTemplateId"], Versions=["$Latest"]
    )["LaunchTemplateVersions"][0]
    assert told[0]["when"][:16] == version["CreateTime"].strftime("%Y-%m-%dT%H:%M"), told


def test_its_log_names_what_clients_asked_and_nothing_else(sandbox: Any, client: Any) -> None:
    sandbox("reset")
    client("ec2").describe_vpcs()
    client("codedeploy").list_applications()
    sandbox("status")
    assert [row["action"] for row in sandbox("log")] == ["ec2:DescribeVpcs", "codedeploy:ListApplications"]
    assert [row["number"] for row in sandbox("log", "--last", "1")] == [2]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("throttle", "RequestLimitExceeded"),
        ("deny", "UnauthorizedOperation"),
        ("expire", "RequestExpired"),
        ("fail", "InternalError"),
    ],
)
def test_the_nth_request_is_refused_as_told(sandbox: Any, client: Any, kind: str, answer: str) -> None:
    sandbox("fault", "add", kind, "--operation", "ec2:DescribeVpcs", "--nth", "2")
    ec2 = client("ec2")
    ec2.describe_vpcs()
    assert code(ec2.describe_vpcs) == answer
    assert ec2.describe_vpcs()["Vpcs"]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("garbage", ResponseParserError),
        ("drop", ConnectionClosedError),
        ("refuse", ConnectionClosedError),
        ("timeout", ReadTimeoutError),
        ("delay", ReadTimeoutError),
    ],
)
def test_answers_are_lost_as_told(sandbox: Any, client: Any, kind: str, error: type[Exception]) -> None:
    sandbox("fault", "add", kind, "--seconds", "1.5")
    with pytest.raises(error):
        client("ec2").describe_vpcs()
    assert client("ec2").describe_vpcs()["Vpcs"]


def test_a_request_can_take_effect_and_its_answer_be_lost(sandbox: Any, client: Any) -> None:
    sandbox("fault", "add", "drop", "--operation", "CreateVpc", "--after")
    before = len(client("ec2").describe_vpcs()["Vpcs"])
    with pytest.raises(ConnectionClosedError):
        client("ec2").create_vpc(CidrBlock="10.77.0.0/16")
    assert len(client("ec2").describe_vpcs()["Vpcs"]) == before + 1


def test_a_process_is_killed_at_a_request(sandbox: Any, client: Any) -> None:
    victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    sandbox("fault", "add", "kill", "--operation", "ec2:DescribeVpcs", "--pid", str(victim.pid))
    with pytest.raises(ConnectionClosedError):
        client("ec2").describe_vpcs()
    assert victim.wait(10) == -signal.SIGKILL
    assert victim.stdin
    victim.stdin.close()


def test_a_permission_is_missing_until_the_faults_are_cleared(sandbox: Any, client: Any, udo: Any) -> None:
    sandbox("fault", "add", "deny", "--operation", "autoscaling:SetDesiredCapacity", "--forever")
    scale = client("autoscaling").set_desired_capacity
    for _ in range(2):
        assert code(scale, AutoScalingGroupName="prod-webapp", DesiredCapacity=2) == "AccessDenied"
    assert "autoscaling:SetDesiredCapacity" in udo("sandbox", "fault", "list").stdout
    sandbox("fault", "add", "agent-slow", "--event", "AfterInstall", "--seconds", "60")
    assert "AfterInstall 60 s" in udo("sandbox", "fault", "list").stdout
    assert "did you mean 'disk-full'?" in udo("sandbox", "fault", "add", "disk-ful").stderr
    sandbox("fault", "clear")
    scale(AutoScalingGroupName="prod-webapp", DesiredCapacity=2)


def test_launch_configurations_are_refused_as_in_new_accounts(sandbox: Any, client: Any) -> None:
    sandbox("fault", "add", "new-account")
    words = {"LaunchConfigurationName": "new", "ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro"}
    with pytest.raises(ClientError, match="not available in your account"):
        client("autoscaling").create_launch_configuration(**words)
    assert [fault["kind"] for fault in sandbox("fault", "list")] == ["new-account"]


def test_a_deployment_fails_on_the_kth_instance_at_an_event(sandbox: Any, client: Any) -> None:
    sandbox("reset")
    where = ["--application", "shop", "--group", "prod", "--place", "1", "--event", "AfterInstall"]
    sandbox("fault", "add", "deployment", *where, "--times", "1")
    failed = deployed(sandbox, client)
    assert (failed["status"], failed["deploymentOverview"]["Failed"]) == ("Failed", 1)
    ids = client("codedeploy").list_deployment_targets(deploymentId=failed["deploymentId"])["targetIds"]
    found = client("codedeploy").batch_get_deployment_targets(deploymentId=failed["deploymentId"], targetIds=ids)
    events = {
        event["lifecycleEventName"]
        for target in found["deploymentTargets"]
        for event in target["instanceTarget"]["lifecycleEvents"]
        if event["status"] == "Failed"
    }
    assert events == {"AfterInstall"}
    assert deployed(sandbox, client)["status"] == "Succeeded"


def test_a_deployment_fails_as_a_whole_with_a_code_of_codedeploy(sandbox: Any, client: Any) -> None:
    sandbox("reset")
    (told,) = sandbox("fault", "add", "deployment", "--error", "IAM_ROLE_MISSING", "--times", "1")
    assert (told["kind"], told["error"]) == ("deployment", "IAM_ROLE_MISSING")
    failed = deployed(sandbox, client)
    assert (failed["status"], failed["errorInformation"]["code"]) == ("Failed", "IAM_ROLE_MISSING")
    sandbox("fault", "add", "deployment", "--creator", "CloudFormation", "--times", "1")
    assert deployed(sandbox, client)["creator"] == "CloudFormation"


def test_an_alarm_is_listed_and_rung(sandbox: Any, client: Any, udo: Any) -> None:
    words = {"MetricName": "Latency", "Namespace": "Shop", "Statistic": "Average", "Period": 60}
    limits = {"EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
    for name in ("slow", "slower"):
        client("cloudwatch").put_metric_alarm(AlarmName=name, **words, **limits)
    assert [row["state"] for row in sandbox("alarm")] == ["INSUFFICIENT_DATA", "INSUFFICIENT_DATA"]
    assert [(row["name"], row["state"]) for row in sandbox("alarm", "slow", "alarm")] == [("slow", "ALARM")]
    sandbox("step", "120")
    (found,) = client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
    assert found["AlarmName"] == "slow"
    for words_, why in ((("slow",), "which state?"), (("none", "OK"), "the sandbox has no alarm none")):
        told = udo("sandbox", "alarm", *words_)
        assert (told.exit, told.stdout) == (2, "")
        assert why in told.stderr


def test_an_instance_dies_and_is_replaced(sandbox: Any, client: Any) -> None:
    gone = members(client)[0]
    sandbox("fault", "add", "die", "--instance", gone)
    sandbox("step", "600")
    sandbox("step", "600")
    assert len(members(client)) == 2
    assert gone not in members(client)


@pytest.mark.parametrize("kind", ["refuse", "hang", "drop", "hang-command", "other-key", "no-login"])
def test_an_instance_misbehaves_under_ssh(running: Running, sandbox: Any, client: Any, udo: Any, kind: str) -> None:
    one = members(client)[0]
    sandbox("fault", "add", kind, "--instance", one)
    assert [(row["kind"], row["instance_id"]) for row in sandbox("fault", "list")] == [(kind, one)]
    address = client("ec2").describe_instances(InstanceIds=[one])["Reservations"][0]["Instances"][0]["PrivateIpAddress"]
    port = running.data["ssh"]["port"]
    if kind == "refuse":
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address, port), 5).close()
    else:
        with socket.create_connection((address, port), 5) as connection:
            connection.settimeout(0.3 if kind == "hang" else 5)
            if kind == "hang":
                with pytest.raises(TimeoutError):
                    connection.recv(4)
            else:
                assert connection.recv(4) == b"SSH-"


def test_a_jump_host_is_set_aside_and_that_is_said(running: Running, sandbox: Any, udo: Any, tmp_path: Path) -> None:
    sandbox("step", "600")
    for jump, told in (("", 0), ("        ssh: {jump: gate.example.com}\n", 1)):
        config = tmp_path / "udo.yml"
        config.write_text(CONFIG + jump)
        done = udo("--sandbox", "-c", str(config), "ssh", "prod", "webapp", "echo here", "--yes")
        assert done.exit == 0, done.stderr
        said = "reached directly: ssh.jump gate.example.com of udo.yml is ignored"
        assert done.stderr.count(said) == told


def test_a_mistyped_fault_is_a_usage_error(running: Running, udo: Any) -> None:
    endless = ["deny", "--times", "3", "--forever"]
    typed = (["sing"], ["die"], ["deny", "--operation", "ec2:DescribeVPCs"], ["hang", "--instance", "i-0"], endless)
    for words in typed:
        done = udo("sandbox", "fault", "add", *words)
        assert done.exit == 2, words
        assert len(done.stderr.splitlines()) == 1


def test_what_it_keeps_in_files_is_private(running: Running) -> None:
    folder = Path(running.data["folder"])
    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.glob("*")]} == {0}


def test_its_commands_without_it_say_how_to_start_it(udo: Any) -> None:
    for words in (["env"], ["reset"], ["status"], ["log"], ["step", "1"], ["fault", "list"]):
        done = udo("sandbox", *words)
        assert done.exit == 1
        assert "start it with 'udo sandbox start'" in done.stderr
    assert "not running" in udo("sandbox", "stop").stdout
    assert "start it with 'udo sandbox start'" in udo("--sandbox", "status").stderr
