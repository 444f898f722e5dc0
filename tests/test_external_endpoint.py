"""Udo on an AWS it did not make: a plain moto_server, somebody else's groups, and real sshd processes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import sshd_farm
from botocore.config import Config

pytestmark = pytest.mark.whole
SCRIPT = Path(__file__).parent / "somebody_elses_script.py"
COMMIT = "740800d7e4cc3e6e5a3b2c1d0f9e8d7c6b5a4938"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}


@dataclass(frozen=True)
class Elsewhere:
    """The endpoint, the folder with its udo.yml, and how its programs are run."""

    endpoint: str
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        home = {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state")}
        there = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
        return {"PATH": os.environ["PATH"], **home, **there, **KEYS}

    def udo(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "udo", *words]
        return subprocess.run(argv, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)

    def json(self, *words: str) -> dict[str, Any]:
        ended = self.udo("-o", "json", *words)
        document: dict[str, Any] = json.loads(ended.stdout)
        assert document["exit"] == ended.returncode
        return document

    def client(self, service: str) -> Any:
        once = Config(retries={"total_max_attempts": 1})
        return boto3.client(service, "us-east-1", endpoint_url=self.endpoint, config=once)

    def group(self, name: str) -> dict[str, Any]:
        answer = self.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        group: dict[str, Any] = answer["AutoScalingGroups"][0]
        return group


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a plain moto_server, which knows nothing of Udo."""
    log = tmp_path_factory.mktemp("moto") / "log"
    program = "import sys; from moto.server import main; main(sys.argv[1:])"
    argv = [sys.executable, "-c", program, "-p", "0"]
    env = {"PATH": os.environ["PATH"], "MOTO_EC2_LOAD_DEFAULT_AMIS": "false", **KEYS}
    with log.open("wb") as file:
        server = subprocess.Popen(argv, stdout=file, stderr=file, env=env)
    try:
        yield _address(log, server)
    finally:
        server.terminate()
        server.wait(10)


def _address(log: Path, server: subprocess.Popen[bytes]) -> str:
    import time

    for _ in range(600):
        if found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text()):
            return found[0]
        assert server.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(f"moto_server does not start: {log.read_text()}")


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd_farm.Farm]:
    """Real OpenSSH servers, which stand for two instances."""
    if not Path(sshd_farm.SSHD).exists():
        pytest.skip(f"{sshd_farm.SSHD} is missing: install openssh-server to run this")
    with sshd_farm.farm(tmp_path_factory.mktemp("farm")) as running:
        yield running


@pytest.fixture(scope="module")
def elsewhere(endpoint: str, farm: sshd_farm.Farm, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """Somebody else's groups, and a udo.yml that names them."""
    folder = tmp_path_factory.mktemp("elsewhere")
    # The first addresses of a subnet (.0 to .3) are AWS's own.
    hosts = farm.hosts(5)[3:]
    one = hosts[0]
    (folder / "udo.yml").write_text(f"""
app_name: shop
region: us-east-1
ssh: {{user: {one.user}, port: {one.port}, key: {one.key}, known_hosts: {one.known_hosts[0]}}}
deploy: {{application: shop, github: {{repo: example/shop}}}}
clusters:
  prod:
    roles:
      webapp: {{instance_type: m5.large, deployment_group: webapp}}
      worker: {{instance_type: m5.large, deployment_group: worker}}
      cache: {{}}
      empty: {{}}
      gone: {{}}
""")
    made = Elsewhere(endpoint, folder)
    subprocess.run([sys.executable, SCRIPT, *(host.address for host in hosts)], env=made.env, check=True)
    return made


def test_status_shows_groups_and_a_question_mark_where_codedeploy_cannot_tell(elsewhere: Elsewhere) -> None:
    ended = elsewhere.udo("status")
    assert ended.returncode == 0, ended.stderr
    rows = {line.split()[1]: line for line in ended.stdout.splitlines()[1:]}
    assert list(rows) == ["webapp", "worker", "cache", "empty", "gone"]
    assert "launch configuration webapp-by-hand" in rows["webapp"]
    assert "absent" in rows["gone"]
    assert " ? " in f"{rows['worker']} "
    assert ended.stderr.splitlines() == [
        "?: codedeploy:BatchGetDeploymentGroups: the answer is a page of HTML (500)",
        "instance_type of prod webapp, prod worker: differs from udo.yml, udo updatelc prod webapp,worker applies it",
    ]


def test_instances_are_listed_with_their_addresses(elsewhere: Elsewhere) -> None:
    rows = elsewhere.json("instances", "prod", "cache")["data"]
    assert [row["lifecycle_state"] for row in rows] == ["InService", "InService"]
    assert all(row["private_address"].startswith("127.") for row in rows)


def test_an_empty_group_says_so_and_a_missing_one_is_named(elsewhere: Elsewhere) -> None:
    assert "prod-empty is empty" in elsewhere.udo("instances", "prod", "empty").stderr
    missing = elsewhere.json("instances", "prod", "gone")
    assert (missing["exit"], missing["error"]["code"]) == (1, "absent")


def test_a_command_runs_on_every_instance_over_real_sshd(elsewhere: Elsewhere) -> None:
    ended = elsewhere.udo("ssh", "prod", "cache", "echo from $((40 + 2))")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("from 42") == 2


def test_a_remote_status_is_the_exit_code(elsewhere: Elsewhere) -> None:
    assert elsewhere.udo("ssh", "prod", "cache", "exit 7").returncode == 7


def test_updatelc_changes_a_group_on_a_launch_configuration(elsewhere: Elsewhere) -> None:
    before = elsewhere.client("autoscaling").describe_launch_configurations()["LaunchConfigurations"]
    dry = elsewhere.json("updatelc", "prod", "webapp", "--dry-run")
    assert (dry["exit"], dry["data"]["dry_run"]) == (0, True)
    assert elsewhere.group("prod-webapp")["LaunchConfigurationName"] == "webapp-by-hand"

    done = elsewhere.udo("updatelc", "prod", "webapp")
    assert (done.returncode, "<" in done.stderr) == (0, False)
    after = elsewhere.client("autoscaling").describe_launch_configurations()["LaunchConfigurations"]
    by_name = {row["LaunchConfigurationName"]: row for row in after}
    new = by_name[elsewhere.group("prod-webapp")["LaunchConfigurationName"]]
    old = by_name["webapp-by-hand"]
    assert (new["InstanceType"], old["InstanceType"]) == ("m5.large", "t3.small")
    same = ("ImageId", "UserData", "BlockDeviceMappings", "InstanceMonitoring")
    assert [new.get(key) for key in same] == [old.get(key) for key in same]
    assert len(after) == len(before) + 1
    assert elsewhere.group("prod-web")["LaunchConfigurationName"] == "prod-web-v2"

    again = elsewhere.json("updatelc", "prod", "webapp")
    assert (again["exit"], again["data"]["changed"]) == (0, False)


def test_updatelc_changes_a_group_on_a_launch_template(elsewhere: Elsewhere) -> None:
    assert elsewhere.json("updatelc", "prod", "worker")["exit"] == 0
    template = elsewhere.group("prod-worker")["LaunchTemplate"]
    assert template["Version"] == "2"
    versions = elsewhere.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=template["LaunchTemplateId"], Versions=["1", "2"]
    )["LaunchTemplateVersions"]
    old, new = (row["LaunchTemplateData"] for row in sorted(versions, key=lambda row: row["VersionNumber"]))
    assert new == {**old, "InstanceType": "m5.large"}


def test_deploy_starts_and_leaves_or_follows_to_its_deadline(elsewhere: Elsewhere) -> None:
    document = elsewhere.json("deploy", "prod", "worker", COMMIT, "--no-wait")
    assert document["exit"] == 0, document["error"]
    listed = elsewhere.client("codedeploy").list_deployments(applicationName="shop", deploymentGroupName="worker")
    (started,) = listed["deployments"]

    ended = elsewhere.udo("deploy", "prod", "worker", COMMIT, "--timeout", "1s")
    assert ended.returncode == 124, ended.stderr
    assert started in ended.stderr


def test_nobody_there_is_one_line(elsewhere: Elsewhere) -> None:
    nowhere = Elsewhere("http://127.0.0.1:9", elsewhere.folder)
    argv = [sys.executable, "-m", "udo", "status"]
    env = {**nowhere.env, "AWS_MAX_ATTEMPTS": "1"}
    ended = subprocess.run(argv, cwd=nowhere.folder, env=env, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "AWS_ENDPOINT_URL" in ended.stderr
