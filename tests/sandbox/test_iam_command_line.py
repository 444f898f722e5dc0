"""`udo sandbox start --iam` as a process: users are made by IAM's own calls, and verbs run with their keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

CONFIG = """
region: eu-west-1
ami: ami-0123456789abcdef0
clusters: {prod: {roles: {webapp: {scale_policy: {min_size: 1, max_size: 4, desired: 2}}}}}
"""
READS = {"Effect": "Allow", "Action": ["autoscaling:Describe*", "ec2:Describe*", "ssm:*"], "Resource": "*"}


@pytest.fixture(scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("sandbox")
    (folder / "udo.yml").write_text(CONFIG)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}

    def run(*words: str) -> str:
        argv = [sys.executable, "-m", "udo", "sandbox", *words]
        return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=True, timeout=90).stdout

    assert json.loads(run("start", "--iam", "-o", "json"))["data"]["iam"] is True
    yield folder
    assert "stopped" in run("stop")


@pytest.fixture
def client(_folder: Path, udo: Callable[..., Any], session: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Makes clients of the sandbox, with its own keys or with others."""
    monkeypatch.setenv("XDG_STATE_HOME", str(_folder / "state"))
    monkeypatch.chdir(_folder)
    found = udo("sandbox", "env", "-o", "json").json["data"]

    def make(service: str, keys: dict[str, str] | None = None) -> Any:
        env = {**found, **(keys or {})}
        named = {"aws_access_key_id": env["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": env["AWS_SECRET_ACCESS_KEY"]}
        return session().create_client(service, region_name="eu-west-1", endpoint_url=env["AWS_ENDPOINT_URL"], **named)

    return make


def keys_of(made: Any, udo: Callable[..., Any]) -> dict[str, str]:
    """What a shell that `sandbox env` has set on the sandbox has with a user's keys."""
    endpoint = udo("sandbox", "env", "-o", "json").json["data"]["AWS_ENDPOINT_URL"]
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
    }


def test_a_user_runs_the_verbs_that_its_policy_allows(client: Callable[..., Any], udo: Callable[..., Any]) -> None:
    assert "its users may do what their policies say" in udo("sandbox", "status").stderr
    iam = client("iam")
    iam.create_user(UserName="anna")
    keys = keys_of(iam.create_access_key(UserName="anna")["AccessKey"], udo)
    assert client("sts", keys).get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/anna"
    denied = udo("--sandbox", "instances", "prod", "webapp", env=keys)
    assert denied.exit == 6
    assert "User: arn:aws:iam::123456789012:user/anna is not authorized to perform: autoscaling:Desc" in denied.stderr
    policy = json.dumps({"Version": "2012-10-17", "Statement": [READS]})
    iam.put_user_policy(UserName="anna", PolicyName="reads", PolicyDocument=policy)
    assert udo("--sandbox", "instances", "prod", "webapp", env=keys).exit == 0
    denied = udo("--sandbox", "scale", "prod", "webapp", "3", env=keys)
    assert denied.exit == 6
    assert "the IAM action autoscaling:UpdateAutoScalingGroup is missing" in denied.stderr
    assert udo("--sandbox", "scale", "prod", "webapp", "3").exit == 0


def test_a_user_is_made_with_a_policy_in_one_line(
    client: Callable[..., Any], udo: Callable[..., Any], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [READS]}))
    keys = udo("sandbox", "env", "--user", "ci", "--policy", str(policy), "-o", "json").json["data"]
    variables = {name: value for name, value in keys.items() if value is not None}
    assert udo("ip", "prod", "webapp", env=variables).exit == 0
    assert udo("scale", "prod", "webapp", "4", env=variables).exit == 6
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [{**READS, "Action": "*"}]}))
    again = udo("sandbox", "env", "--user", "ci", "--policy", str(policy), "-o", "json").json["data"]
    assert again == keys
    assert udo("scale", "prod", "webapp", "4", env=variables).exit == 0
    assert udo("sandbox", "env", "--user", "ci", "-o", "json").json["data"] == keys
    assert "arn:aws:iam::123456789012:user/ci" in str(client("iam").list_users()["Users"])


def test_a_policy_that_is_none_or_nobodys_is_refused(
    client: Callable[..., Any], udo: Callable[..., Any], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text("{}")
    refused = udo("sandbox", "env", "--user", "bad", "--policy", str(policy))
    assert (refused.exit, "(MalformedPolicyDocument)" in refused.stderr) == (1, True)
    refused = udo("sandbox", "env", "--policy", str(policy))
    assert (refused.exit, "--policy wants --user" in refused.stderr) == (2, True)
    refused = udo("sandbox", "env", "--user", "bad", "--policy", str(tmp_path / "absent"))
    assert (refused.exit, "absent cannot be read: No such file" in refused.stderr) == (2, True)


def test_keys_that_nobody_has_are_unknown(client: Callable[..., Any], udo: Callable[..., Any]) -> None:
    keys = keys_of({"AccessKeyId": "AKIANOBODYNOBODYNOBO", "SecretAccessKey": "none"}, udo)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client("sts", keys).get_caller_identity()
    assert udo("--sandbox", "instances", "prod", "webapp", env=keys).exit == 6
