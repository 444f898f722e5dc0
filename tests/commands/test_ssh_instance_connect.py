"""`ssh.instance_connect`: a one-time key that each instance is told of just before it is connected to."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ssm_worlds import params
from test_ssh import GROUPS, asked, members

from udo.sandbox.faults import Fault

Udo = Callable[..., Any]


@pytest.fixture
def stage(world: Any, ssh: Any, seeded: Any) -> Any:
    """A cluster whose instances answer ssh, and let nobody in but by a key that they were told of."""
    # No key of the operator's is any good: what is used is the one that was pushed.
    seeded(f"ssh: {{user: ec2-user, port: {ssh.port}, instance_connect: true}}\n" + GROUPS)
    return world


@pytest.mark.parametrize("via", ["paramiko", "openssh"])
def test_each_host_is_told_of_the_same_key_once_and_lets_the_user_in(stage: Any, udo: Udo, via: str) -> None:
    done = udo("ssh", "stage", "webapp", "echo $USER", "--via", via, "-o", "json")
    assert done.exit == 0, done.json
    assert {row["stdout"] for row in done.json["data"]["hosts"]} == {"ec2-user\n"}
    sent = params(stage, "SendSSHPublicKey")
    assert sorted(one["InstanceId"] for one in sent) == members(stage)
    assert {one["InstanceOSUser"] for one in sent} == {"ec2-user"}
    (key,) = {one["SSHPublicKey"] for one in sent}
    assert key.startswith("ssh-ed25519 ")
    again = udo("ssh", "stage", "webapp", "true", "-l", "deploy", "--via", via)
    assert again.exit == 0, again.stderr
    assert {(one["InstanceOSUser"], one["SSHPublicKey"] == key) for one in params(stage, "SendSSHPublicKey")[3:]} == {
        ("deploy", False)
    }
    # The key was in no file.
    assert not [path for path in Path.home().rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


def test_without_it_nobody_is_let_in(stage: Any, udo: Udo) -> None:
    path = Path("udo.yml")
    path.write_text(path.read_text().replace(", instance_connect: true", ""))
    assert udo("ssh", "stage", "webapp", "true").exit == 255
    assert asked(stage, "SendSSHPublicKey") == 0


def test_somebody_has_to_be_named(stage: Any, udo: Udo) -> None:
    path = Path("udo.yml")
    path.write_text(path.read_text().replace("user: ec2-user, ", ""))
    done = udo("ssh", "stage", "webapp", "true")
    assert (done.exit, "lets one user in, and none is named" in done.stderr) == (2, True)
    assert udo("ssh", "stage", "webapp", "true", "-l", "ec2-user").exit == 0


def test_a_denied_key_is_the_reason_why_hosts_are_refused(stage: Any, udo: Udo) -> None:
    stage.faults.add(Fault("deny", "SendSSHPublicKey", times=None))
    done = udo("ssh", "stage", "webapp", "true", "-o", "json")
    assert done.exit == 255
    for row in done.json["data"]["hosts"]:
        assert row["outcome"] == "refused"
        assert "the IAM action ec2-instance-connect:SendSSHPublicKey is missing" in row["reason"]


def test_where_aws_asks_to_slow_down_it_is_asked_again(stage: Any, udo: Udo) -> None:
    stage.faults.add(Fault("throttle", "SendSSHPublicKey", times=2))
    assert udo("ssh", "stage", "webapp", "true").exit == 0
    assert asked(stage, "SendSSHPublicKey") == 5


def test_a_login_is_let_in_by_the_agent_that_udo_is(stage: Any, udo: Udo, monkeypatch: pytest.MonkeyPatch) -> None:
    programs, real = Path("programs"), shutil.which("ssh")
    programs.mkdir()
    (programs / "ssh").write_text(f'#!/bin/sh\nexec {real} -F none "$@" "touch logged-in; exit 4"\n')
    (programs / "ssh").chmod(0o700)
    monkeypatch.setenv("PATH", str(programs.absolute()), prepend=":")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    done = udo("ssh", "stage", "webapp")
    assert done.exit == 4, done.stderr
    assert [path.parent.name for path in Path("instances").glob("i-*/logged-in")] == [
        one["InstanceId"] for one in params(stage, "SendSSHPublicKey")
    ]
